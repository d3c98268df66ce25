"""The panes of the main screen: which are seen, which has the focus, what the footer says of it.

At first only the tree, the title and an empty right side are there; everything else is made after the first frame.
"""

from __future__ import annotations

import asyncio
import gc
from functools import partial
from typing import TYPE_CHECKING, Literal, cast

from textual import work
from textual.containers import Container, Horizontal
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from explorer.errors import ExplorerError
from explorer.tui.actions import ALWAYS, BY_ID, FOOTERS, keys_of, shown
from explorer.tui.desk import Desk
from explorer.tui.drafts import DraftBook
from explorer.tui.widgets.endpoint_tree import EndpointTree
from explorer.tui.widgets.key_bar import Hint, KeyBar
from explorer.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from explorer.session import Session
    from explorer.tui.app import ExplorerApp
    from explorer.tui.widgets.history_panel import HistoryPanel
    from explorer.tui.widgets.request_pane import RequestPane
    from explorer.tui.widgets.response_pane import ResponsePane

Pane = Literal["tree", "request", "response", "history"]
NARROW = 100
"""Columns below which one pane has the whole room."""
WIDE = 160
"""Columns from which the response stands beside the request, unless told otherwise."""


ROOMY = 190
"""Columns from which the history has room beside request and response."""


class PanesScreen(Screen[None]):
    """Tree, request, response and history, and moving among them."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    PanesScreen {
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
        from explorer.session.following import links_of
        from explorer.session.tracing import traced_exchange
        from explorer.tui.widgets.history_panel import HistoryPanel
        from explorer.tui.widgets.request_pane import RequestPane
        from explorer.tui.widgets.response_pane import ResponsePane

        trace, links = partial(traced_exchange, self.session), partial(links_of, self.session)
        request, response = RequestPane(id="request"), ResponsePane(id="response", trace=trace, links=links)
        history = HistoryPanel(now=self.session.now, id="history")
        for one in (request, response, history):
            one.display = False
        await self.query_one("#work").mount(request, response, history)
        app = self._app
        app.on_end.append(self.desk.drafts.save)
        app.startup_problems += await asyncio.to_thread(self.desk.drafts.load)
        self.session.on_warning = lambda text: app.tell(text, severity="warning")
        settings_problems = self.session.settings_problems
        for problem in (*app.startup_problems, *settings_problems, *map(str, self.session.catalog_problems)):
            app.tell(problem, severity="warning")
        self._furnished.set()
        self._arrange()
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

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

    @property
    def roomy(self) -> bool:
        """Whether the history has room beside request and response."""
        return self.beside and self.size.width >= ROOMY

    def visible_panes(self) -> set[str]:
        """Which panes are seen."""
        if self.narrow or self.zoomed:
            return {self.pane}
        panes = {"request", "response"}
        if self.sidebar or not self.desk.address:
            panes.add("tree")
        if self.history_open:
            panes.add("history")
            if not self.roomy:
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
            work.display = bool(seen & {"request", "response", "history"})
            work.set_class(self.beside, "-beside")
            work.set_class(self.roomy and len(seen) > 1 and opened, "-roomy")
            self.query_one("#welcome").display = not opened and "history" not in seen
            middle = self.query_one("#middle")
            middle.set_class(len(seen) == 1, "-single")
            middle.set_class(self.size.width >= WIDE, "-wide")
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
        if self.sending and self.pane == "response":
            return "sending"
        focused = self.focused
        if isinstance(focused, Input):
            return {"tree": "filter", "history": "search", "response": "box"}.get(self.pane, "field")
        if type(focused).__name__ == "FieldMark":
            return "mark"
        if type(focused).__name__ in ("Select", "SelectOverlay", "ChoiceLine"):
            return "field"
        return self.pane

    def _show_keys(self) -> None:
        keymap = self._app.session.settings.keymap
        hints = [] if self.scope in ("field", "filter", "search", "box", "mark") else self._own_keys()
        for action_id in FOOTERS[self.scope]:
            one = BY_ID[action_id]
            keys = keys_of(action_id, keymap)
            hints.append(Hint(shown(keys[0]), one.title, one.run if not one.scope else ""))
        hints.sort(key=lambda one: one.key == "esc")
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

    def _opened(self) -> bool:
        """Whether an endpoint is open; says so where none is."""
        if not self.desk.address:
            self._app.tell("Open an endpoint first.")
        return bool(self.desk.address)

    def action_filter(self) -> None:
        """Find an endpoint."""
        self.sidebar, self.pane = True, "tree"
        self._arrange()
        self.query_one(EndpointTree).focus_filter()

    def action_tab(self, step: int) -> None:
        """The tab beside the open one, of the pane with the focus; from the tree it is the request's."""
        if not self._opened():
            return
        if self.pane == "tree":
            self._go("request")
        pane = self.response_pane if self.pane == "response" else self.request_pane
        pane.action_tab(step)

    def action_zoom(self) -> None:
        """Give the pane the whole room, or give it back."""
        if self.narrow and not self.zoomed:
            self._app.tell(f"Below {NARROW} columns the pane has the whole room already.")
            return
        self.zoomed = not self.zoomed
        self._arrange()

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

    def action_layout(self) -> None:
        """Put the response beside or below the request."""
        if self.narrow:
            self._app.tell(f"Below {NARROW} columns one pane has the whole room; 2 and 3 change between them.")
            return
        self.placing = "stacked" if self.beside else "beside"
        self._arrange()
        self._remember(layout=self.placing)

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


WELCOME = """\
Choose an endpoint on the left.

  type      finds by name, path or vendor
  enter     opens it
  F5        sends it, to the sandbox on this machine unless you choose otherwise
  F1        help, every key
  ctrl+p    every command
  J         guided tracks: lessons that check what you did

The sandbox checks signatures, tokens and parameters as strictly as the vendors do. Its demo \
credentials are ready: the first request works as it stands.
"""
