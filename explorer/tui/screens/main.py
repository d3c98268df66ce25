"""The main screen: all of it.

widgets ── messages ──► screen ── desk.call() ──► Session (in workers) ──► results back, late ones dropped

The screen is made of floors: each is a class that inherits the one before and adds one thing, and hands on with
``super()`` what it overrides. A floor may call what stands below it, never what stands above:

    PanesScreen         panes: which are seen, the focus, the footer
    EditingScreen       an endpoint opened, its form, problems, preview, readings
    ChoosingScreen      environment, credentials, theme
    SendingScreen       asking first, sending, stopping
    PagingScreen        another page, by hand
    CollectingScreen    all pages
    FaultingScreen      the sandbox made to go wrong
    TrackingScreen      guided tracks, vendors side by side
    RememberingScreen   the history
    SharingScreen       curl, HTTPie, HAR … out; curl in
    DebuggingScreen     how it is signed, why it was refused
    FollowingScreen     ids followed, and the way back
    DoubtingScreen      readings tried, drift
    FillingScreen       a saved request in the form
    SavingScreen        saved requests: written, opened, changed by others
    DifferingScreen     comparisons and the lens of versions
    MainScreen          panes by key, help, palette, end
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.widgets import Input

from explorer.tui.actions import bindings
from explorer.tui.screens.differing import DifferingScreen
from explorer.tui.widgets.endpoint_tree import EndpointTree

if TYPE_CHECKING:
    from textual.binding import BindingType

    from explorer.tui.screens.panes import Pane


class MainScreen(DifferingScreen):
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
            self._show_history(focus=True)
            return
        if pane == "response" and self.history_open and not self.roomy:
            self.history_open = False
        self._go(pane)

    def action_back(self) -> None:
        """Stop a send or the fetching of all pages; else leave the field, close the history, go back along the trail,
        give back the room."""
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
        elif self.followed and self.pane in ("request", "response"):
            self.action_trail_back()
        elif self.zoomed:
            self.action_zoom()
        elif self.narrow and self.desk.address:
            self._go("tree" if self.pane == "request" else "request")

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
        self._keep_draft()
        self.app.exit(0)
