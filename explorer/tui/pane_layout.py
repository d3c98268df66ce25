"""The panes of the main screen: which are visible, which has the focus, and navigation between them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, cast

from textual.widget import Widget

from explorer.errors import ExplorerError
from explorer.tui.panes.tree import EndpointTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen

    from explorer.session.context import SessionContext
    from explorer.tui.app_base import AppBase
    from explorer.tui.panes.history.pane import HistoryPanel
    from explorer.tui.panes.request.pane import RequestPane
    from explorer.tui.panes.response.pane import ResponsePane
    from explorer.tui.workspace import Workspace

Pane = Literal["tree", "request", "response", "history"]
NARROW = 100
"""Width in columns below which only one pane is visible."""
WIDE = 160
"""Width in columns from which the response is beside the request by default."""
EXTRA_WIDE = 190
"""Width in columns from which the history fits beside request and response."""


class PaneLayout:
    """Tree, request, response and history. *show_keys* updates the footer."""

    def __init__(
        self, screen: Screen[None], session: SessionContext, workspace: Workspace, show_keys: Callable[[], None]
    ) -> None:
        self.screen = screen
        self.session = session
        self.workspace = workspace
        self.show_keys = show_keys
        self.pane: Pane = "tree"
        self.sidebar = session.settings.sidebar
        self.placing = session.settings.layout
        self.history_open = False
        self.zoomed = False

    @property
    def _app(self) -> AppBase:
        return cast("AppBase", self.screen.app)

    @property
    def request_pane(self) -> RequestPane:
        """The request pane."""
        from explorer.tui.panes.request.pane import RequestPane

        return self.screen.query_one(RequestPane)

    @property
    def response_pane(self) -> ResponsePane:
        """The response pane."""
        from explorer.tui.panes.response.pane import ResponsePane

        return self.screen.query_one(ResponsePane)

    @property
    def history_panel(self) -> HistoryPanel:
        """The history pane."""
        from explorer.tui.panes.history.pane import HistoryPanel

        return self.screen.query_one(HistoryPanel)

    @property
    def is_narrow(self) -> bool:
        """Whether only one pane fits."""
        return self.screen.size.width < NARROW

    @property
    def beside(self) -> bool:
        """Whether the response is beside the request."""
        if self.placing == "auto":
            return self.screen.size.width >= WIDE
        return self.placing == "beside"

    @property
    def is_extra_wide(self) -> bool:
        """Whether the history fits beside request and response."""
        return self.beside and self.screen.size.width >= EXTRA_WIDE

    def visible_panes(self) -> set[str]:
        """Return the names of the visible panes."""
        if self.is_narrow or self.zoomed:
            return {self.pane}
        panes = {"request", "response"}
        if self.sidebar or not self.workspace.address:
            panes.add("tree")
        if self.history_open:
            panes.add("history")
            if not self.is_extra_wide:
                panes.discard("response")
        return panes

    def arrange(self) -> None:
        """Show the visible panes and hide the others."""
        visible = self.visible_panes()
        opened = bool(self.workspace.address)
        with self.screen.app.batch_update():
            for name in ("tree", "request", "response", "history"):
                for pane in self.screen.query(f"#{name}"):
                    pane.display = name in visible and (opened or name in ("tree", "history"))
            work = self.screen.query_one("#work")
            work.display = bool(visible & {"request", "response", "history"})
            work.set_class(self.beside, "-beside")
            work.set_class(self.is_extra_wide and len(visible) > 1 and opened, "-roomy")
            self.screen.query_one("#welcome").display = not opened and "history" not in visible
            middle = self.screen.query_one("#middle")
            middle.set_class(len(visible) == 1, "-single")
            middle.set_class(self.screen.size.width >= WIDE, "-wide")
        self.show_keys()

    def pane_of(self, widget: Widget | None) -> Pane | None:
        """Return the pane that contains *widget*, None if there is none."""
        node: object = widget
        while isinstance(node, Widget) and node is not self.screen:
            if node.id in ("tree", "request", "response", "history"):
                return cast("Pane", node.id)
            node = node.parent
        return None

    def go(self, pane: Pane) -> None:
        """Show a pane and focus it."""
        if pane in ("request", "response") and not self.workspace.address:
            self._app.tell("Open an endpoint first.")
            return
        self.pane = pane
        if pane == "tree":
            self.sidebar = True
        self.arrange()
        if pane == "tree":
            self.screen.query_one(EndpointTree).focus_tree()
        elif pane == "request":
            self.request_pane.focus_tabs()
        elif pane == "response":
            self.response_pane.focus_content()
        else:
            self.history_panel.focus_content()
        self.pane = pane
        self.arrange()

    def require_endpoint(self) -> bool:
        """Return whether an endpoint is open; if not, notify the user."""
        if not self.workspace.address:
            self._app.tell("Open an endpoint first.")
        return bool(self.workspace.address)

    def focus_filter(self) -> None:
        """Focus the endpoint filter."""
        self.sidebar, self.pane = True, "tree"
        self.arrange()
        self.screen.query_one(EndpointTree).focus_filter()

    def step_tab(self, step: int) -> None:
        """Go to the next or previous tab of the focused pane; from the tree, of the request."""
        if not self.require_endpoint():
            return
        if self.pane == "tree":
            self.go("request")
        pane = self.response_pane if self.pane == "response" else self.request_pane
        pane.action_tab(step)

    def toggle_zoom(self) -> None:
        """Show the pane in full screen, or restore the layout."""
        if self.is_narrow and not self.zoomed:
            self._app.tell(f"Below {NARROW} columns, every pane is already full screen.")
            return
        self.zoomed = not self.zoomed
        self.arrange()

    def toggle_sidebar(self) -> None:
        """Show or hide the endpoint tree."""
        if not self.require_endpoint():
            return
        if self.is_narrow or self.zoomed:
            self.go("request" if self.pane == "tree" else "tree")
            return
        self.sidebar = not self.sidebar
        self.arrange()
        if not self.sidebar and self.pane == "tree":
            self.go("request")
        self.store_setting(sidebar=self.sidebar)

    def toggle_placing(self) -> None:
        """Show the response beside or below the request."""
        if not self.require_endpoint():
            return
        if self.is_narrow:
            self._app.tell(f"Below {NARROW} columns, only one pane fits. Press 2 or 3 to switch.")
            return
        self.placing = "stacked" if self.beside else "beside"
        self.arrange()
        self.store_setting(layout=self.placing)

    def store_setting(self, **changes: object) -> None:
        """Write a setting to the settings file, in the background."""
        self.screen.run_worker(
            self._store_setting(changes), group="settings", exit_on_error=False, description="settings"
        )

    async def _store_setting(self, changes: dict[str, object]) -> None:
        from explorer.store.preferences import change_settings

        try:
            settings, notes = await asyncio.to_thread(lambda: change_settings(self.session.folders, **changes))
        except ExplorerError as error:
            self._app.tell(f"Setting not saved: {error.message}", severity="warning")
            return
        self.session.settings = settings
        for note in notes:
            self._app.tell(note, severity="warning")
