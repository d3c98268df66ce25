"""Making the embedded sandbox fail on purpose, with a mark in the title while it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.tui.features.controller import Controller

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.tui.features.controller import MainContext


LOOK = 0.5
"""Seconds between two looks whether faults have worn out, while there are any."""


class FaultsController(Controller):
    """Faults of the sandbox."""

    def __init__(self, main: MainContext) -> None:
        self._fault_timer: Timer | None = None
        super().__init__(main)

    async def panes_ready(self) -> None:
        self._show_faults()

    @property
    def is_available(self) -> bool:
        """Whether faults would show: calls go to the sandbox, or may."""
        return not self.workspace.address or self.workspace.in_sandbox

    def action_faults(self) -> None:
        """Switch faults on and off."""
        if not self.is_available:
            self.tell(
                f"Only the sandbox goes wrong on purpose, and calls go to {self.workspace.environment}. E chooses."
            )
            return
        from explorer.tui.screens.faults import FaultsDialog

        self.app.push_screen(FaultsDialog(self._change_faults, self.session.sandbox.faults))

    def _change_faults(self, words: list[str]) -> None:
        self.session.sandbox.set_faults(words, self.session.catalog)
        self._show_faults()

    def _show_faults(self) -> None:
        """Mark the title; faults with a number of times go away by themselves, so look again while there are any."""
        faults = self.session.sandbox.faults
        self.title_bar.faults = " ".join(map(str, faults))
        if self._fault_timer is None and faults:
            self._fault_timer = self.main.screen.set_interval(LOOK, self._show_faults)
        elif self._fault_timer is not None and not faults:
            self._fault_timer.stop()
            self._fault_timer = None

    def send_ended(self) -> None:
        self._show_faults()
