"""The main screen: tree, request, response and history, and the way from what a person does to calls of the session.

    widgets ── messages ──► MainScreen ── desk.call() ──► Session (in workers) ──► results back, late ones dropped

At first only the tree, the title and an empty right side are there; everything else is made after the first frame.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from textual import events, on, work
from textual.containers import Container, Horizontal
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerState

from explorer.errors import CredentialMissing, ExplorerError, FormError, Problem
from explorer.tui.actions import ALWAYS, BY_ID, FOOTERS, bindings, keys_of, shown
from explorer.tui.desk import Desk
from explorer.tui.drafts import Draft, DraftBook
from explorer.tui.widgets.endpoint_tree import EndpointTree
from explorer.tui.widgets.key_bar import Hint, KeyBar
from explorer.tui.widgets.title_bar import Place, TitleBar

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from explorer.client import Progress
    from explorer.core.exchange import Call, Entry, Exchange
    from explorer.core.pagination import PageInfo
    from explorer.session import Prepared, Session
    from explorer.tui.app import ExplorerApp
    from explorer.tui.widgets.history_panel import HistoryPanel
    from explorer.tui.widgets.request_pane import RequestPane
    from explorer.tui.widgets.response_pane import ResponsePane

Pane = Literal["tree", "request", "response", "history"]
NARROW = 100
"""Columns below which one pane has the whole room."""
WIDE = 160
"""Columns from which the response stands beside the request, unless told otherwise."""
PREVIEW_PAUSE = 0.08
"""Seconds without a change before the signed preview is made again."""
SAVE_PAUSE = 1.0
"""Seconds without a change before drafts are written."""


class MainScreen(Screen[None]):
    """The one screen that everything happens on."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    MainScreen {
        layout: vertical;
        & #middle { height: 1fr; }
        & #tree { width: 38; height: 1fr; }
        & #work { width: 1fr; height: 1fr; layout: vertical; }
        & #work.-beside { layout: horizontal; }
        & #welcome { padding: 1 2; color: $text-muted; height: 1fr; width: 1fr; }
        & #history { width: 1fr; }
        & #middle.-wide #history { width: 60; }
        & #middle.-single #tree { width: 1fr; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("")]

    def __init__(self, session: Session) -> None:
        self.session = session
        self.desk = Desk(session, DraftBook(session.folders, session.catalog))
        self.pane: Pane = "tree"
        self.sidebar = session.settings.sidebar
        self.placing = session.settings.layout
        self.history_open = False
        self.zoomed = False
        self.sending = 0
        """The number of the send that is under way, 0 for none."""
        self._numbers = 0
        self._preview_number = 0
        self._preview_timer: Timer | None = None
        self._save_timer: Timer | None = None
        self._furnished = asyncio.Event()
        super().__init__()

    # --- making ------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The first frame."""
        yield TitleBar()
        with Horizontal(id="middle"):
            yield EndpointTree(self.session.catalog, id="tree")
            with Container(id="work"):
                yield Static(WELCOME, id="welcome", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Start in the filter; furnish the rest after the first frame."""
        tree = self.query_one(EndpointTree)
        tree.focus_filter()
        tree.listing.cursor_line = 0
        self._arrange()
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        """Make the panes of the right side, and read the drafts."""
        from explorer.tui.widgets.history_panel import HistoryPanel
        from explorer.tui.widgets.request_pane import RequestPane
        from explorer.tui.widgets.response_pane import ResponsePane

        request, response = RequestPane(id="request"), ResponsePane(id="response")
        history = HistoryPanel(id="history")
        for one in (request, response, history):
            one.display = False
        await self.query_one("#work").mount(request, response)
        await self.query_one("#middle").mount(history)
        app = self._app
        app.on_end.append(self.desk.drafts.save)
        app.startup_problems += await asyncio.to_thread(self.desk.drafts.load)
        self.session.on_warning = lambda text: app.tell(text, severity="warning")
        settings_problems = self.session.settings_problems
        for problem in (*app.startup_problems, *settings_problems, *map(str, self.session.catalog_problems)):
            app.tell(problem, severity="warning")
        self._furnished.set()
        self._arrange()

    @property
    def _app(self) -> ExplorerApp:
        return cast("ExplorerApp", self.app)

    @property
    def request_pane(self) -> RequestPane:
        """The request side."""
        from explorer.tui.widgets.request_pane import RequestPane

        return self.query_one(RequestPane)

    @property
    def response_pane(self) -> ResponsePane:
        """The response side."""
        from explorer.tui.widgets.response_pane import ResponsePane

        return self.query_one(ResponsePane)

    @property
    def history_panel(self) -> HistoryPanel:
        """The history."""
        from explorer.tui.widgets.history_panel import HistoryPanel

        return self.query_one(HistoryPanel)

    # --- arranging ---------------------------------------------------------------------------------------------------

    @property
    def narrow(self) -> bool:
        """Whether there is room for one pane only."""
        return self.size.width < NARROW

    @property
    def beside(self) -> bool:
        """Whether the response stands beside the request."""
        if self.placing == "auto":
            return self.size.width >= WIDE
        return self.placing == "beside"

    def visible_panes(self) -> set[str]:
        """Which panes are seen."""
        if self.narrow or self.zoomed:
            return {self.pane}
        panes = {"request", "response"}
        if self.sidebar or not self.desk.address:
            panes.add("tree")
        if self.history_open:
            panes.add("history")
            if self.size.width < WIDE:
                panes.discard("response")
        return panes

    def _arrange(self) -> None:
        """Show the panes that are to be seen."""
        seen = self.visible_panes()
        opened = bool(self.desk.address)
        with self.app.batch_update():
            for name in ("tree", "request", "response", "history"):
                for one in self.query(f"#{name}"):
                    one.display = name in seen and (opened or name in ("tree", "history"))
            work = self.query_one("#work")
            work.display = bool(seen & {"request", "response"})
            work.set_class(self.beside, "-beside")
            self.query_one("#welcome").display = not opened
            middle = self.query_one("#middle")
            middle.set_class(self.size.width >= WIDE, "-wide")
            middle.set_class(len(seen) == 1, "-single")
        self._show_keys()

    def on_resize(self) -> None:
        """Room has changed."""
        self._arrange()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane with the focus is the one that keys are told of."""
        pane = self._pane_of(event.widget)
        if pane is not None:
            self.pane = pane
        self._show_keys()

    def _pane_of(self, widget: Widget | None) -> Pane | None:
        node: object = widget
        while isinstance(node, Widget) and node is not self:
            if node.id in ("tree", "request", "response", "history"):
                return cast("Pane", node.id)
            node = node.parent
        return None

    # --- footer ------------------------------------------------------------------------------------------------------

    @property
    def scope(self) -> str:
        """Which row of the table of footers fits what has the focus."""
        from textual.widgets import Select

        if self.sending and self.pane == "response":
            return "sending"
        focused = self.focused
        if isinstance(focused, Input):
            return "filter" if self.pane in ("tree", "history") else "field"
        if type(focused).__name__ == "FieldMark":
            return "mark"
        if isinstance(focused, Select):
            return "field"
        return self.pane

    def _show_keys(self) -> None:
        keymap = self._app.session.settings.keymap
        hints = [] if self.scope in ("field", "filter", "mark") else self._own_keys()
        for action_id in FOOTERS[self.scope]:
            one = BY_ID[action_id]
            keys = keys_of(action_id, keymap)
            hints.append(Hint(shown(keys[0]), one.title, one.run if not one.scope else ""))
        typing = isinstance(self.focused, Input)
        last = []
        for action_id in ALWAYS:
            keys = keys_of(action_id, keymap)
            key = next((one for one in keys if len(one) > 1 and "_" not in one), keys[0]) if typing else keys[0]
            last.append(Hint(shown(key), BY_ID[action_id].title, BY_ID[action_id].run))
        self.query_one(KeyBar).show(hints[: 8 - len(last)], last)

    async def on_key_bar_pressed(self, event: KeyBar.Pressed) -> None:
        """A key in the footer was clicked."""
        await self.run_action(event.run)

    def _own_keys(self) -> list[Hint]:
        """What the focused widget and its pane offer themselves."""
        hints: dict[str, Hint] = {}
        for active in self.active_bindings.values():
            binding = active.binding
            node = active.node
            if not (isinstance(node, Widget) and active.enabled and binding.show) or self._pane_of(node) is None:
                continue
            if not binding.action.startswith("tab("):
                hints.setdefault(binding.action, Hint(shown(binding.key), binding.description))
        return list(hints.values())[:4]

    # --- opening -----------------------------------------------------------------------------------------------------

    @on(EndpointTree.Chosen)
    def _chosen(self, event: EndpointTree.Chosen) -> None:
        event.stop()
        self.open(event.address)

    @work(exclusive=True, group="open", exit_on_error=False, description="open")
    async def open(self, address: str, draft: Draft | None = None) -> None:
        """Open an endpoint, with its own draft unless one is given."""
        await self._furnished.wait()
        self._keep_draft()
        self.desk.open(address, draft)
        if draft is not None:
            self.desk.keep()
        await self._show_endpoint()
        self.pane = "request"
        self._arrange()
        self.request_pane.focus_start()
        last = self.desk.last.get(address)
        if self.sending:
            return
        if last is not None:
            await self._show_exchange(last)
        else:
            self.response_pane.show_idle("Nothing sent yet. F5 or ctrl+r sends.")

    async def _show_endpoint(self) -> None:
        """Make the form of what is on the desk."""
        from explorer.tui.widgets.request_pane import Shown

        desk = self.desk
        operation = desk.operation
        shown_ = Shown(
            vendor=operation.vendor,
            endpoint=operation.endpoint,
            environment=desk.environment,
            readings=desk.readings,
            chosen=dict(desk.draft.readings),
            method=desk.draft.method,
            headers=desk.draft.headers,
            extra=desk.draft.extra,
        )
        self._title(desk.plain_url())
        await self.request_pane.show(shown_, desk.draft.entries)
        self._check()
        self._preview_soon()
        self._look_up_credentials()

    def _title(self, url: str = "") -> None:
        bar = self.query_one(TitleBar)
        desk = self.desk
        operation = desk.operation
        bar.place = Place(
            vendor=operation.vendor.title,
            endpoint=operation.endpoint.title,
            environment=desk.environment,
            guarded=desk.guarded,
            method=desk.draft.method or operation.endpoint.method,
            url=url or bar.place.url,
            badges=desk.badges(),
        )

    # --- while typing ------------------------------------------------------------------------------------------------

    def on_request_pane_changed(self) -> None:
        """Check at once; sign, and write the draft, when there is a pause."""
        self._keep_draft()
        self._check()
        self._preview_soon()
        if self._save_timer is not None:
            self._save_timer.stop()
        self._save_timer = self.set_timer(SAVE_PAUSE, self._save_drafts)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed with what nobody expected says so; it never stays as if it went on. The error's own
        text is not shown, since nobody knows what it holds."""
        if event.state is not WorkerState.ERROR or event.worker.error is None:
            return
        error = event.worker.error
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f" ({trace.tb_frame.f_code.co_name}, line {trace.tb_lineno})" if trace is not None else ""
        text = f"A defect of this program: {type(error).__name__}{where} during {event.worker.description}."
        if event.worker.group == "send":
            self.response_pane.show_failure("Something went wrong", text, "Please report it. Nothing was lost.")
            self.query_one(TitleBar).state = "failed"
        else:
            self._app.tell(text, severity="error")

    def _keep_draft(self) -> None:
        if self.desk.address and self._furnished.is_set():
            pane = self.request_pane
            self.desk.keep(entries=pane.entries, headers=pane.extra_headers, extra=pane.extra_params)

    def _check(self) -> tuple[Problem, ...]:
        checked = self.session.check(self.desk.call())
        self.request_pane.show_problems(checked.problems)
        return checked.errors

    def _preview_soon(self) -> None:
        if self._preview_timer is not None:
            self._preview_timer.stop()
        self._preview_timer = self.set_timer(PREVIEW_PAUSE, self._preview)

    def _preview(self) -> None:
        self._preview_number += 1
        self._prepare(self._preview_number)

    @work(exclusive=True, group="preview", exit_on_error=False, description="preview")
    async def _prepare(self, number: int) -> None:
        call = self.desk.call(force=True)
        try:
            prepared = await asyncio.to_thread(self.session.prepare, call)
            url = prepared.shown.url
        except ExplorerError as error:
            if number == self._preview_number:
                self._title(f"{self.desk.plain_url()}  ({error.message})")
            return
        if number == self._preview_number:
            self._prepared(prepared, url)

    def _prepared(self, prepared: Prepared, url: str) -> None:
        self._title(url)
        self.request_pane.show_prepared(prepared)

    @work(exclusive=True, group="credentials", exit_on_error=False, description="credentials")
    async def _look_up_credentials(self) -> None:
        vendor = self.session.vendor(self.desk.vendor_id)
        found = await asyncio.to_thread(self.session.credentials, vendor, self.desk.environment)
        self.request_pane.show_credentials(found)

    @work(exclusive=True, group="drafts", exit_on_error=False, description="drafts")
    async def _save_drafts(self) -> None:
        await self._write_drafts()

    async def _write_drafts(self) -> None:
        try:
            for note in await asyncio.to_thread(self.desk.drafts.save):
                self._app.tell(note, severity="warning")
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")

    async def on_request_pane_reading_changed(self, event: RequestPane.ReadingChanged) -> None:
        """Make the form anew under the other reading; what was typed stays."""
        self._keep_draft()
        readings = {**self.desk.draft.readings, event.key: event.choice}
        if self.desk.readings[event.key].default == event.choice:
            del readings[event.key]
        self.desk.keep(readings=readings)
        self._reshow(event.key, unfolded=self.request_pane.readings_open)

    @work(exclusive=True, group="open", exit_on_error=False, description="reading")
    async def _reshow(self, key: str, *, unfolded: bool) -> None:
        await self._show_endpoint()
        await self.request_pane.focus_reading(key, unfolded=unfolded)

    def on_request_pane_method_changed(self, event: RequestPane.MethodChanged) -> None:
        """Another method of the call."""
        self.desk.keep(method=event.method)
        self._title()
        self._preview_soon()

    @work(exclusive=True, group="file", exit_on_error=False, description="file")
    async def on_request_pane_file_pick_requested(self, event: RequestPane.FilePickRequested) -> None:
        """Pick a file and put its path into the field."""
        from explorer.core.exchange import Entry
        from explorer.tui.screens.file_picker import FilePickerDialog

        path = await self.app.push_screen_wait(FilePickerDialog(title=f"A file for {event.name}"))
        if path:
            self.request_pane.fill(event.name, Entry(name=event.name, kind="file", value=path))

    # --- sending -----------------------------------------------------------------------------------------------------

    def action_send(self) -> None:
        """Send what is on the desk."""
        self._send_checked(force=False)

    def action_send_anyway(self) -> None:
        """Send it although the form has errors."""
        self._send_checked(force=True)

    def _send_checked(self, *, force: bool) -> None:
        if not self.desk.address:
            self._app.tell("Open an endpoint first.")
            return
        self._keep_draft()
        errors = self._check()
        if errors and not force:
            self._refuse(errors)
        else:
            self._send(self.desk.call(force=force))

    def _refuse(self, errors: tuple[Problem, ...]) -> None:
        """Nothing is sent: tell what to mend and go to the first field of it."""
        text = "\n".join(f"· {one}" for one in errors)
        hint = "Mend them, put examples into them with x, or send it as it is with ! (outside of fields)."
        self.response_pane.show_failure("Not sent: the form has errors", text, hint)
        self.request_pane.focus_field(errors[0].field)
        if self.narrow:
            self._app.tell(f"Not sent: {errors[0]}", severity="warning")

    @work(exclusive=True, group="send", exit_on_error=False, description="send")
    async def _send(self, call: Call) -> None:
        if not await self._agreed(call):
            return
        self._numbers += 1
        number = self.sending = self._numbers
        pane = self.response_pane
        pane.show_sending(time.monotonic())
        self.query_one(TitleBar).state = "sending, esc cancels"
        if self.narrow or self.zoomed:
            self._go("response")
        self._show_keys()

        def progress(one: Progress) -> None:
            if self.sending == number:
                pane.progress(one)

        try:
            exchange = await self.session.send(call, on_progress=progress)
            exchange = await asyncio.to_thread(self.session.redacted, exchange)
            self.desk.last[call.address] = exchange
            if self.sending == number:
                await self._show_exchange(exchange)
        except asyncio.CancelledError:
            if self.sending == number and pane.is_mounted:
                pane.show_failure("Cancelled", "You stopped it before the answer was whole.", "F5 sends it again.")
                self.query_one(TitleBar).state = "cancelled"
            raise
        except ExplorerError as error:
            if self.sending == number:
                self._show_error(error)
        finally:
            if self.sending == number:
                self.sending = 0
                self._after_send()

    async def _agreed(self, call: Call) -> bool:
        """Whether a person says yes to what the session asks; True where it asks nothing."""
        question = self.session.confirmation(call)
        if not question:
            return True
        from explorer.tui.screens.dialogs import ConfirmDialog

        said = await self.app.push_screen_wait(ConfirmDialog("Really send this?", question))
        if not said:
            self.response_pane.show_failure("Not sent", "You said no; nothing left this machine.", "")
        return bool(said)

    async def _show_exchange(self, exchange: Exchange) -> None:
        page: PageInfo | None = await asyncio.to_thread(self._page_of, exchange)
        self.response_pane.show_exchange(exchange, page)
        self.query_one(TitleBar).state = _state_of(exchange)

    def _page_of(self, exchange: Exchange) -> PageInfo | None:
        try:
            return self.session.page_info(exchange)
        except ExplorerError:
            return None

    def _show_error(self, error: ExplorerError) -> None:
        hint = error.hint
        if isinstance(error, CredentialMissing):
            hint = f"Press K to type it. {hint}"
        elif isinstance(error, FormError):
            hint = "Mend the fields, or send it as it is with ! (outside of fields)."
        self.response_pane.show_failure(error.title, error.message, hint)
        self.query_one(TitleBar).state = error.title

    def _after_send(self) -> None:
        self._show_keys()
        if self.history_open:
            self._show_history("")

    def action_back(self) -> None:
        """Stop a send; else leave the field, close the history, give back the room."""
        if self.sending:
            self._cancel()
        elif isinstance(self.focused, Input):
            if self.pane == "tree":
                self.query_one(EndpointTree).focus_tree()
            else:
                self.request_pane.focus_tabs()
        elif self.pane == "history":
            self.on_history_panel_closed()
        elif self.zoomed:
            self.action_zoom()
        elif self.narrow and self.desk.address:
            self._go("tree" if self.pane == "request" else "request")

    def _cancel(self) -> None:
        self.workers.cancel_group(self, "send")

    def on_response_pane_cancel_requested(self) -> None:
        """Esc in the response pane."""
        self._cancel()

    def on_response_pane_page_requested(self, event: ResponsePane.PageRequested) -> None:
        """Another page of what is shown."""
        exchange = self.response_pane.exchange
        if exchange is not None:
            self._turn(exchange, event.to)

    @work(exclusive=True, group="turn", exit_on_error=False, description="turn")
    async def _turn(self, exchange: Exchange, to: str) -> None:
        try:
            call = await asyncio.to_thread(self.session.turn, exchange, to)
        except ExplorerError as error:
            self._show_error(error)
            return
        if call is None:
            self._app.tell(f"There is no {to} page.")
            return
        draft = Draft(call.entries, dict(call.readings), call.headers, call.extra, call.method)
        self.desk.open(call.address, draft)
        self.desk.keep()
        await self._show_endpoint()
        self._send(self.desk.call(force=call.force))

    def on_response_pane_field_requested(self, event: ResponsePane.FieldRequested) -> None:
        """A field that the vendor complained about."""
        if not self.request_pane.focus_field(event.name):
            self._app.tell(f"The form has no field {event.name}.")
        elif self.narrow or self.zoomed:
            self.pane = "request"
            self._arrange()
            self.request_pane.focus_field(event.name)

    # --- moving ------------------------------------------------------------------------------------------------------

    def _go(self, pane: Pane) -> None:
        """Show a pane and put the focus into it."""
        if pane in ("request", "response") and not self.desk.address:
            self._app.tell("Open an endpoint first.")
            return
        self.pane = pane
        if pane == "tree":
            self.sidebar = True
        self._arrange()
        if pane == "tree":
            self.query_one(EndpointTree).focus_tree()
        elif pane == "request":
            self.request_pane.focus_tabs()
        elif pane == "response":
            self.response_pane.focus_content()
        else:
            self.history_panel.focus_content()
        self.pane = pane
        self._arrange()

    def action_pane(self, pane: Pane) -> None:
        """Go to a pane; the history opens and closes with its key."""
        if not self._furnished.is_set():
            return
        if pane == "history":
            if self.history_open and self.pane == "history":
                self.on_history_panel_closed()
                return
            self.history_open = True
            self._show_history("", focus=True)
            return
        if pane == "response" and self.history_open and self.size.width < WIDE:
            self.history_open = False
        self._go(pane)

    def action_filter(self) -> None:
        """Find an endpoint."""
        self.sidebar, self.pane = True, "tree"
        self._arrange()
        self.query_one(EndpointTree).focus_filter()

    def action_sidebar(self) -> None:
        """Show or hide the tree."""
        if self.narrow or self.zoomed:
            self._go("request" if self.pane == "tree" else "tree")
            return
        self.sidebar = not self.sidebar
        self._arrange()
        if not self.sidebar and self.pane == "tree":
            self._go("request")
        self._remember(sidebar=self.sidebar)

    def action_tab(self, step: int) -> None:
        """The tab beside the open one, of the pane with the focus."""
        if not self.desk.address:
            return
        pane = self.response_pane if self.pane == "response" else self.request_pane
        pane.action_tab(step)

    def action_zoom(self) -> None:
        """Give the pane the whole room, or give it back."""
        self.zoomed = not self.zoomed
        self._arrange()

    def action_layout(self) -> None:
        """Put the response beside or below the request."""
        self.placing = "stacked" if self.beside else "beside"
        self._arrange()
        self._remember(layout=self.placing)

    async def action_readings(self) -> None:
        """Unfold the readings above the form."""
        if self.desk.address:
            if self.pane != "request":
                self._go("request")
            await self.request_pane.toggle_readings()

    def action_examples(self) -> None:
        """Put examples into required fields that are blank."""
        if self.desk.address and not self.request_pane.fill_examples():
            self._app.tell("No required field with an example is blank.")

    def action_method(self) -> None:
        """The next method of the call."""
        if self.desk.address:
            methods = self.desk.operation.endpoint.methods
            now = self.desk.draft.method or methods[0]
            following = methods[(methods.index(now) + 1) % len(methods)]
            if following == now:
                self._app.tell(f"{now} is its only method.")
                return
            self.desk.keep(method=following)
            self.request_pane.show_method(following)
            self._title()
            self._preview_soon()

    def action_copy_url(self) -> None:
        """Copy the URL of the request, secrets masked."""
        url = self.query_one(TitleBar).place.url
        if url:
            self.app.copy_to_clipboard(url)
            self._app.tell(f"Copied the URL, {len(url)} characters.")

    @work(exclusive=True, group="open", exit_on_error=False, description="discard")
    async def action_discard(self) -> None:
        """Clear the form and its draft, after asking."""
        if not self.desk.address:
            return
        from explorer.tui.screens.dialogs import ConfirmDialog

        question = f"Clear everything that was typed for {self.desk.address}?"
        if await self.app.push_screen_wait(ConfirmDialog("Clear the form?", question, yes="Yes, clear it")):
            self.desk.keep(entries=(), readings={}, headers=(), extra=(), method="")
            await self._show_endpoint()
            self.request_pane.focus_start()
            self._save_drafts()

    # --- environment, credentials, theme -----------------------------------------------------------------------------

    @work(exclusive=True, group="ask", exit_on_error=False, description="environment")
    async def action_environment(self) -> None:
        """Choose where the vendor's calls go."""
        if not self.desk.address:
            self._app.tell("Open an endpoint first: environments belong to a vendor.")
            return
        from explorer.session import SANDBOX
        from explorer.tui.screens.dialogs import EnvironmentChoice, EnvironmentDialog

        vendor = self.session.vendor(self.desk.vendor_id)
        sandbox = EnvironmentChoice(SANDBOX, "the embedded server on this machine", "Sandbox")
        choices = [sandbox]
        for name, one in vendor.environments.items():
            choices.append(EnvironmentChoice(name, one.base_url, one.title, one.guarded, one.note))
        chosen = await self.app.push_screen_wait(EnvironmentDialog(vendor.title, choices, self.desk.environment))
        if chosen:
            await self.change_environment(chosen)

    async def change_environment(self, name: str) -> None:
        """Send the open vendor's calls to another environment from now on."""
        vendor = self.desk.vendor_id
        self.desk.chosen[vendor] = name
        self._keep_draft()
        await self._show_endpoint()
        self._remember(environments={**self.session.settings.environments, **self.desk.chosen})

    def on_request_pane_credentials_requested(self) -> None:
        """The button of the auth tab."""
        self.action_credentials()

    @work(exclusive=True, group="ask", exit_on_error=False, description="credentials")
    async def action_credentials(self) -> None:
        """Type the vendor's credentials for the environment; they are kept for this session only."""
        if not self.desk.address:
            self._app.tell("Open an endpoint first: credentials belong to a vendor.")
            return
        from explorer.tui.screens.dialogs import CredentialDialog

        vendor, environment = self.session.vendor(self.desk.vendor_id), self.desk.environment
        asked = await asyncio.to_thread(self.session.credentials, vendor, environment)
        title = f"{vendor.title}, {environment}"
        typed = await self.app.push_screen_wait(CredentialDialog(title, asked, "in memory until you leave"))
        if typed:
            try:
                for name, secret in typed.items():
                    self.session.vault.remember(vendor, environment, name, secret)
            except ExplorerError as error:
                self._app.tell(f"{error.message} {error.hint}", severity="error")
            self._look_up_credentials()
            self._preview_soon()

    def action_theme(self) -> None:
        """The next theme."""
        names = self._app.theme_names
        if names:
            at = names.index(self.app.theme) if self.app.theme in names else -1
            self.change_theme(names[(at + 1) % len(names)])

    def change_theme(self, name: str) -> None:
        """Wear another theme, and keep it."""
        self.app.theme = name
        self._app.tell(f"Theme: {name}")
        self._remember(theme=name)

    @work(exclusive=False, group="settings", exit_on_error=False, description="settings")
    async def _remember(self, **changes: object) -> None:
        """Keep a setting."""
        from explorer.settings import change_settings

        try:
            settings, notes = await asyncio.to_thread(lambda: change_settings(self.session.folders, **changes))
        except ExplorerError as error:
            self._app.tell(f"Not kept: {error.message}", severity="warning")
            return
        self.session.settings = settings
        for note in notes:
            self._app.tell(note, severity="warning")

    # --- history -----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="history", exit_on_error=False, description="history")
    async def _show_history(self, text: str, *, focus: bool = False) -> None:
        try:
            rows = await self.session.recent(limit=1000, text=text)
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
            rows = []
        self.history_panel.show_rows(rows)
        if focus:
            self._go("history")

    def on_history_panel_search_changed(self, event: HistoryPanel.SearchChanged) -> None:
        """Rows that hold a text."""
        self._show_history(event.text)

    def on_history_panel_closed(self) -> None:
        """Give the room back."""
        self.history_open = False
        self._go("request" if self.desk.address else "tree")

    def on_history_panel_opened(self, event: HistoryPanel.Opened) -> None:
        """Show what was sent and received then."""
        self._recall(event.id, "open")

    def on_history_panel_replay_requested(self, event: HistoryPanel.ReplayRequested) -> None:
        """Send it again."""
        self._recall(event.id, "replay")

    def on_history_panel_edit_requested(self, event: HistoryPanel.EditRequested) -> None:
        """Put it into the form."""
        self._recall(event.id, "edit")

    @work(exclusive=True, group="recall", exit_on_error=False, description="recall")
    async def _recall(self, number: int, then: Literal["open", "replay", "edit"]) -> None:
        try:
            exchange = await self.session.past(number)
            self.session.endpoint(exchange.call.address)
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
            return
        call = exchange.call
        if then == "open":
            if call.address != self.desk.address:
                await self.open(call.address).wait()
        else:
            draft = Draft(_unmasked(call.entries), dict(call.readings), call.headers, call.extra, call.method)
            self.desk.chosen[call.vendor] = call.environment
            await self.open(call.address, draft).wait()
        if then == "open":
            self.desk.last[call.address] = exchange
            if self.size.width < WIDE and not self.narrow:
                self.history_open = False
            await self._show_exchange(exchange)
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(exchange.started_at))
            self.response_pane.explain(f"From the history: sent {when} to {call.environment}.")
            self._go("response")
        elif then == "replay":
            self.history_open = self.history_open and self.size.width >= WIDE
            self._go("response")
            self._send_checked(force=call.force)

    # --- help, palette, end ------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """What this pane is, and every key."""
        from explorer.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.pane, self._app.session.settings.keymap))

    def action_palette(self) -> None:
        """Every action, endpoint, environment and theme by name."""
        self.app.action_command_palette()

    def action_jump(self) -> None:
        """Letters at every pane and tab."""
        from explorer.tui.screens.jump import JumpScreen

        self.app.push_screen(JumpScreen(self), self._jumped)

    def _jumped(self, target: tuple[str, str] | None) -> None:
        if target is None:
            return
        pane, tab = target
        self._go(cast("Pane", pane))
        if tab and pane == "request":
            self.request_pane.open_tab(tab)
        elif tab:
            self.response_pane.show_tab(tab)

    def action_quit(self) -> None:
        """Leave; the app writes the drafts when it ends."""
        self.app.exit(0)


def _state_of(exchange: Exchange) -> str:
    if exchange.response is None:
        return exchange.failure.title if exchange.failure else ""
    return f"{exchange.verdict.outcome} {exchange.response.status} {exchange.response.reason}".strip()


def _unmasked(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries without those that the history keeps masked: they must be typed again."""
    from explorer.core.secret import MASK

    return tuple(entry for entry in entries if MASK not in entry.value)


WELCOME = """\
Choose an endpoint on the left.

  type      finds by name, path or vendor
  enter     opens it
  F5        sends it, to the sandbox on this machine unless you choose otherwise
  F1        help, every key
  ctrl+p    every command

The sandbox checks signatures, tokens and parameters as strictly as the vendors do. Its demo \
credentials are ready: the first request works as it stands.
"""
