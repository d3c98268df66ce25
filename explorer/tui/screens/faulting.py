"""Letting the embedded sandbox go wrong on purpose, and a mark in the title for as long as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.tui.screens.collecting import CollectingScreen
from explorer.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.session import Session

LOOK = 0.5
"""Seconds between two looks whether faults have worn out, while there are any."""


class FaultingScreen(CollectingScreen):
    """Faults of the sandbox."""

    def __init__(self, session: Session) -> None:
        self._fault_timer: Timer | None = None
        super().__init__(session)

    async def _furnish(self) -> None:
        await super()._furnish()
        self._show_faults()

    @property
    def faults_offered(self) -> bool:
        """Whether faults would show: calls go to the sandbox, or may."""
        return not self.desk.address or self.desk.in_sandbox

    def action_faults(self) -> None:
        """Switch faults on and off."""
        if not self.faults_offered:
            self._app.tell(
                f"Only the sandbox goes wrong on purpose, and calls go to {self.desk.environment}. E chooses."
            )
            return
        from explorer.tui.screens.faults import FaultsDialog

        self.app.push_screen(FaultsDialog(self._change_faults, self.session.faults))

    def _change_faults(self, words: list[str]) -> None:
        self.session.set_faults(words)
        self._show_faults()

    def _show_faults(self) -> None:
        """Mark the title; faults with a number of times go away by themselves, so look again while there are any."""
        faults = self.session.faults
        self.query_one(TitleBar).faults = " ".join(map(str, faults))
        if self._fault_timer is None and faults:
            self._fault_timer = self.set_interval(LOOK, self._show_faults)
        elif self._fault_timer is not None and not faults:
            self._fault_timer.stop()
            self._fault_timer = None

    def _after_send(self) -> None:
        super()._after_send()
        self._show_faults()
