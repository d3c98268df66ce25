"""The main screen: composes panes and controllers.

    key ─► action ─► the controller with a method of that name
    message of a pane ─► the handler below ─► the controller it concerns

A feature is one controller in ``features/`` and one line in ``_compose_features``. Only the tree, the title and an
empty right side exist at first; everything else is created after the first frame.
"""

from __future__ import annotations

import asyncio
import gc
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.containers import Container, Horizontal
from textual.screen import Screen
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerState

from explorer.tui.actions import bindings
from explorer.tui.drafts import DraftBook
from explorer.tui.features.collect import CollectController
from explorer.tui.features.collection import CollectionController
from explorer.tui.features.compare import CompareController
from explorer.tui.features.controller import MainContext
from explorer.tui.features.drafts import DraftsController
from explorer.tui.features.environment import EnvironmentController, FaultsController
from explorer.tui.features.explain import ExplainController
from explorer.tui.features.export import ExportController
from explorer.tui.features.form import FormController
from explorer.tui.features.form_actions import FormActionsController, UndoController
from explorer.tui.features.history import HistoryController
from explorer.tui.features.history_entry import HistoryEntryController
from explorer.tui.features.links import LinksController
from explorer.tui.features.login import LoginController
from explorer.tui.features.overviews import ReadingsController, TokensController, TrustController, VendorsController
from explorer.tui.features.pages import CollectPlanController, PageController
from explorer.tui.features.preview import PreviewController, UploadsController
from explorer.tui.features.response import ResponseController
from explorer.tui.features.save import SaveController, SavedFormController
from explorer.tui.features.saved import SavedFilesController, SavedSendController
from explorer.tui.features.send import SendController
from explorer.tui.features.tracks import TracksController
from explorer.tui.footer import Footer
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.pane_layout import Pane, PaneLayout
from explorer.tui.panes.title_bar import TitleBar
from explorer.tui.panes.tree import EndpointTree
from explorer.tui.saved_form import SavedForm
from explorer.tui.workspace import Workspace

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.session.context import SessionContext
    from explorer.session.saved import SavedRequestStore
    from explorer.tui.app_base import AppBase
    from explorer.tui.body.panel import BodyPanel
    from explorer.tui.features.controller import Controller
    from explorer.tui.panes.history.pane import HistoryPanel
    from explorer.tui.panes.request.docs_view import DocsView
    from explorer.tui.panes.request.pane import RequestPane
    from explorer.tui.panes.response.pages_view import CollectView
    from explorer.tui.panes.response.pane import ResponsePane


class MainScreen(Screen[None]):
    """The screen that contains all panes."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("")]
    DEFAULT_CSS = """
    MainScreen {
        layout: vertical; background: $background; color: $foreground;
        & #middle { height: 1fr; }
        & #tree { width: 38; height: 1fr; }
        & #work { width: 1fr; height: 1fr; layout: vertical; }
        & #work.-beside { layout: horizontal; }
        & #welcome { padding: 1 2; color: $text-muted; height: 1fr; width: 1fr; }
        & #work.-roomy #history { width: 60; }
        & .-single #history { width: 1fr; }
        & #middle.-wide #tree { width: 48; }
        & #middle.-single #tree { width: 1fr; }
    }
    """

    def __init__(self, session: SessionContext) -> None:
        self.session = session
        self.workspace = Workspace(session, DraftBook(session.folders, session.catalog))
        self.ready = asyncio.Event()
        """Set once the panes exist."""
        self._vain_key, self._vain_at = "", 0.0
        """The last key that did nothing, and when it was pressed."""
        super().__init__()
        self.panes = PaneLayout(self, session, self.workspace, self._show_keys)
        self.main_context = MainContext(self, session, self.workspace, self.panes, self.ready)
        self._compose_features(self.main_context)
        self._footer = Footer(self, session, self.panes, lambda: bool(self.sender.sending))

    def _compose_features(self, context: MainContext) -> None:
        """Create every controller. The context calls their hooks in this order."""
        saved_form = SavedForm(self.workspace, self._open_saved)
        self.workspace.fill = saved_form.filled
        self.form = context.form = FormController(context)
        self.form_actions = FormActionsController(context)
        self.collection = context.collection = CollectionController(context)
        self.collect = CollectController(context)
        self.drafts = context.drafts = DraftsController(context)
        self.response = context.response = ResponseController(context)
        self.sender = context.sender = SendController(context)
        self.faults = FaultsController(context)
        self.tracks = TracksController(context)
        self.history = context.history = HistoryController(context)
        self.entry = HistoryEntryController(context)
        self.page = PageController(context)
        self.links = LinksController(context)
        self.login = LoginController(context)
        self.environment = EnvironmentController(context)
        self.saved_files = SavedFilesController(context, saved_form)
        self.saved_send = SavedSendController(context, saved_form)
        self.compare = CompareController(context)
        context.controllers = (
            self.form,
            self.drafts,
            PreviewController(context),
            self.form_actions,
            UndoController(context),
            self.environment,
            self.login,
            TrustController(context),
            UploadsController(context),
            self.collection,
            self.collect,
            self.sender,
            self.response,
            self.page,
            CollectPlanController(context),
            self.faults,
            self.tracks,
            VendorsController(context),
            self.history,
            self.entry,
            ExportController(context),
            ExplainController(context),
            self.links,
            TokensController(context),
            ReadingsController(context),
            SavedFormController(context, saved_form),
            self.saved_send,
            self.saved_files,
            SaveController(context, saved_form),
            self.compare,
        )
        for controller in context.controllers:
            self._own(controller)

    def _own(self, controller: Controller) -> None:
        """Add the actions of *controller* to this screen."""
        for name in controller.actions():
            if hasattr(self, name):
                raise TypeError(f"two controllers have {name}")
            setattr(self, name, getattr(controller, name))

    def _open_saved(self) -> SavedRequestStore:
        from explorer.session.saved import SavedRequestStore, subscribe_exchanges

        subscribe_exchanges(self.session, self.saved_send.remember_response)
        self.watch(self.app, "app_focus", self._focus_changed, init=False)
        return SavedRequestStore(self.session)

    def _show_keys(self) -> None:
        self._footer.show()

    def _focus_changed(self, focus: bool) -> None:
        """Reload the file of the open request when the user returns from another program."""
        if focus:
            self.saved_files.refresh_file()

    @property
    def _app(self) -> AppBase:
        return cast("AppBase", self.app)

    # --- composing ---------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Yield the widgets of the first frame."""
        yield TitleBar()
        with Horizontal(id="middle"):
            yield EndpointTree(self.session.catalog, id="tree")
            with Container(id="work"):
                yield Static(WELCOME, id="welcome", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Focus the filter; create the rest after the first frame."""
        tree = self.query_one(EndpointTree)
        tree.focus_filter()
        tree.listing.cursor_line = 0
        self.panes.arrange()
        self.call_after_refresh(self._mount_panes)

    async def _mount_panes(self) -> None:
        """Create the panes of the right side, and load the drafts."""
        from explorer.session.links import links_of
        from explorer.session.prepare import trace_exchange
        from explorer.tui.panes.history.pane import HistoryPanel
        from explorer.tui.panes.request.pane import RequestPane
        from explorer.tui.panes.response.pane import ResponsePane

        trace, links = partial(trace_exchange, self.session), partial(links_of, self.session)
        request, response = RequestPane(id="request"), ResponsePane(id="response", trace=trace, links=links)
        history = HistoryPanel(now=self.session.now, id="history")
        for pane in (request, response, history):
            pane.display = False
        await self.query_one("#work").mount(request, response, history)
        app = self._app
        app.on_end.append(self.workspace.drafts.save)
        app.startup_problems += await asyncio.to_thread(self.workspace.drafts.load)
        self.session.on_warning = lambda text: app.tell(text, severity="warning")
        settings_problems = self.session.settings_problems
        for problem in (*app.startup_problems, *settings_problems, *map(str, self.session.catalog_problems)):
            app.tell(problem, severity="warning")
        self.ready.set()
        self.panes.arrange()
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        for controller in self.main_context.controllers:
            await controller.panes_ready()

    def on_unmount(self) -> None:
        """Tell every controller that the screen is gone."""
        for controller in self.main_context.controllers:
            controller.unmounted()

    def on_resize(self) -> None:
        """Arrange the panes for the new size."""
        self.panes.arrange()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Update the current pane and the footer."""
        pane = self.panes.pane_of(event.widget)
        if pane is not None:
            self.panes.pane = pane
        self._footer.show()

    def on_key(self, event: events.Key) -> None:
        """Notify the user why a key does nothing, if neither a widget nor a binding handles it.

        Textual looks up bindings after the event has passed the screen.
        """
        if not self.ready.is_set() or event.key in self.active_bindings:
            return
        from explorer.tui.key_reasons import REPEAT, reason_for

        reason = reason_for(event.key, self._app.keymap, self.main_context.controllers)
        now = self._app.clock()
        held = event.key == self._vain_key and now - self._vain_at < REPEAT
        self._vain_key, self._vain_at = event.key, now
        if reason and not held:
            self._app.tell(reason)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Report a worker that failed unexpectedly. The error's text is not shown, since it may contain a secret."""
        if event.state is not WorkerState.ERROR or event.worker.error is None:
            return
        error = event.worker.error
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f" ({trace.tb_frame.f_code.co_name}, line {trace.tb_lineno})" if trace is not None else ""
        text = f"Internal error: {type(error).__name__}{where} during {event.worker.description}."
        if event.worker.group == "send":
            self.panes.response_pane.show_failure(
                "Internal error", text, "Your drafts and history are safe. Please report it."
            )
            self.query_one(TitleBar).state = "failed"
        else:
            self._app.tell(text, severity="error")

    # --- messages of the panes ---------------------------------------------------------------------------------------

    @on(EndpointTree.Chosen)
    def _endpoint_chosen(self, event: EndpointTree.Chosen) -> None:
        event.stop()
        self.form.open(event.address)

    def on_request_pane_changed(self) -> None:
        self.form.changed()

    def on_request_pane_reading_changed(self, event: RequestPane.ReadingChanged) -> None:
        self.form_actions.change_reading(event.key, event.choice)

    def on_request_pane_method_changed(self, event: RequestPane.MethodChanged) -> None:
        self.form_actions.change_method(event.method)

    def on_request_pane_file_pick_requested(self, event: RequestPane.FilePickRequested) -> None:
        self.form_actions.pick_file(event.name)

    def on_request_pane_credentials_requested(self) -> None:
        self.environment.action_credentials()

    def on_docs_view_document_wanted(self, event: DocsView.DocumentWanted) -> None:
        event.stop()
        self.form_actions.read_document(self.workspace.vendor_id)

    def on_response_pane_cancel_requested(self) -> None:
        self._cancel()

    def on_response_pane_field_requested(self, event: ResponsePane.FieldRequested) -> None:
        """Focus a field that the vendor rejected."""
        panes = self.panes
        if not panes.request_pane.focus_field(event.name):
            self._app.tell(f"The form has no field {event.name}.")
        elif panes.is_narrow or panes.zoomed:
            panes.pane = "request"
            panes.arrange()
            panes.request_pane.focus_field(event.name)

    def on_response_pane_page_requested(self, event: ResponsePane.PageRequested) -> None:
        """Fetch another page. If ``to`` is empty, ask for its number."""
        exchange = self.panes.response_pane.exchange
        if exchange is not None:
            self.page.turn(exchange, event.to)

    def on_response_pane_continue_requested(self) -> None:
        self.collect.resume()

    def on_collect_view_start_requested(self) -> None:
        self.collect.start()

    def on_collect_view_retry_requested(self, event: CollectView.RetryRequested) -> None:
        self.collect.retry(event.page)

    def on_collect_view_pause_requested(self) -> None:
        self.collect.pause()

    def on_body_panel_value_activated(self, event: BodyPanel.ValueActivated) -> None:
        event.stop()
        self.links.follow(event)

    def on_history_panel_search_changed(self) -> None:
        self.history.show()

    def on_history_panel_more_wanted(self, event: HistoryPanel.MoreWanted) -> None:
        self.history.show_more(event.before)

    def on_history_panel_followed(self, event: HistoryPanel.Followed) -> None:
        self.history.show_from(event.id)

    def on_history_panel_closed(self) -> None:
        self.history.close()

    def on_history_panel_details_wanted(self, event: HistoryPanel.DetailsWanted) -> None:
        self.entry.show_details(event.id)

    def on_history_panel_wanted(self, event: HistoryPanel.Wanted) -> None:
        self.entry.do(event.what, event.id)

    def on_history_panel_compare_requested(self, event: HistoryPanel.CompareRequested) -> None:
        self.compare.compare_entries(event.left_id, event.right_id)

    # --- actions of the screen itself --------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Focus the endpoint filter."""
        self.panes.focus_filter()

    def action_tab(self, step: int) -> None:
        """Go to the next or previous tab of the focused pane; from the tree, of the request."""
        self.panes.step_tab(step)

    def action_zoom(self) -> None:
        """Show the pane in full screen, or restore the layout."""
        self.panes.toggle_zoom()

    def action_sidebar(self) -> None:
        """Show or hide the tree."""
        self.panes.toggle_sidebar()

    def action_layout(self) -> None:
        """Show the response beside or below the request."""
        self.panes.toggle_placing()

    def action_pane(self, pane: Pane) -> None:
        """Go to a pane; the key of the history also closes it."""
        if not self.ready.is_set():
            return
        panes = self.panes
        if pane == "history":
            if panes.history_open and panes.pane == "history":
                self.history.close()
                return
            panes.history_open = True
            self.history.show(focus=True)
            return
        seen = pane in panes.visible_panes() and bool(self.workspace.address)
        if pane == "response" and seen and panes.response_pane.state == "idle":
            self._app.tell("There is no response yet. Press F5 to send.")
        if pane == "response" and panes.history_open and not panes.is_extra_wide:
            panes.history_open = False
        panes.go(pane)

    def _cancel(self) -> None:
        any(controller.cancel_running() for controller in self.main_context.controllers)

    def action_back(self) -> None:
        """Stop a send or a collection; otherwise leave the field, close the history, go back along the trail or restore
        the layout."""
        panes = self.panes
        if self.sender.sending or (self.collection.active and panes.pane == "response"):
            self._cancel()
        elif self.login.active:
            self.workers.cancel_group(self, "login")
        elif isinstance(self.focused, Input) or (panes.pane == "request" and panes.request_pane.has_form_focus):
            if panes.pane == "tree":
                self.query_one(EndpointTree).focus_tree()
            else:
                panes.request_pane.focus_tabs()
        elif panes.pane == "history":
            self.history.close()
        elif self.links.followed and panes.pane in ("request", "response"):
            self.links.action_trail_back()
        elif panes.zoomed:
            panes.toggle_zoom()
        elif panes.is_narrow and self.workspace.address:
            panes.go("tree" if panes.pane == "request" else "request")
        else:
            self._app.tell("There is nothing to leave. Press ctrl+q to quit.")

    def action_help(self) -> None:
        """Show help for this pane, and every key."""
        from explorer.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.panes.pane, self._app.session.settings.keymap))

    def action_palette(self) -> None:
        """Open the command palette."""
        self.app.action_command_palette()

    def action_jump(self) -> None:
        """Show a letter at every pane and tab."""
        from explorer.tui.screens.jump import JumpScreen

        self.app.push_screen(JumpScreen(self), self._jumped)

    def _jumped(self, target: tuple[str, str] | None) -> None:
        if target is None:
            return
        pane, tab = target
        self.panes.go(cast("Pane", pane))
        if tab and pane == "request":
            self.panes.request_pane.open_tab(tab)
        elif tab:
            self.panes.response_pane.show_tab(tab)

    def action_quit(self) -> None:
        """Quit. The app writes the drafts when it ends."""
        self.form.keep_draft()
        self.app.exit(0)


WELCOME = """\
Choose an endpoint on the left.

  type      Find by name, path or vendor
  enter     Open the endpoint
  F5        Send the request, to the sandbox on this machine by default
  F1        Help and every key
  ctrl+p    Every command
  J         Guided tracks: lessons that check what you did

The sandbox checks signatures, tokens and parameters as strictly as the vendors do. Its demo \
credentials are ready, so the first request works without any setup.
"""
