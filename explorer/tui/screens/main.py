"""The main screen: all of it.

widgets ── messages ──► screen ── desk.call() ──► Session (in workers) ──► results back, late ones dropped

PanesScreen ─► EditingScreen ─► ChoosingScreen ─► SendingScreen ─► PagingScreen ─► CollectingScreen ─► FaultingScreen
─► TrackingScreen ─► MainScreen: each adds one thing to the one before
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from textual import work
from textual.widgets import Input

from explorer.errors import ExplorerError
from explorer.tui.actions import bindings
from explorer.tui.drafts import Draft
from explorer.tui.screens.tracking import TrackingScreen
from explorer.tui.widgets.endpoint_tree import EndpointTree

if TYPE_CHECKING:
    from textual.binding import BindingType

    from explorer.core.exchange import Entry
    from explorer.tui.screens.panes import Pane
    from explorer.tui.widgets.history_panel import HistoryPanel


class MainScreen(TrackingScreen):
    """The one screen that everything happens on."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("")]

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
        if pane == "response" and self.history_open and not self.roomy:
            self.history_open = False
        self._go(pane)

    def action_back(self) -> None:
        """Stop a send or the fetching of all pages; else leave the field, close the history, give back the room."""
        if self.sending or (self.collecting and self.pane == "response"):
            self._cancel()
        elif self.logging_in:
            self.workers.cancel_group(self, "login")
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

    def _after_send(self) -> None:
        super()._after_send()
        if self.history_open:
            self._show_history("")

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
            if not self.roomy and not self.narrow:
                self.history_open = False
            await self._show_exchange(exchange)
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(exchange.started_at))
            self.response_pane.explain(f"From the history: sent {when} to {call.environment}.")
            self._go("response")
        elif then == "replay":
            self.history_open = self.history_open and self.roomy
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


def _unmasked(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries without those that the history keeps masked: they must be typed again."""
    from explorer.core.secret import MASK

    return tuple(entry for entry in entries if MASK not in entry.value)
