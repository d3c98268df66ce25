"""Save drafts to disk: soon after a change, before a send, and on request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.tui.features.controller import MainContext

SAVE_PAUSE = 0.5
"""Seconds from the first unsaved change until drafts are written, even if the user types on."""


class DraftsController(Controller):
    """Writes the drafts of the workspace."""

    def __init__(self, main: MainContext) -> None:
        self._timer: Timer | None = None
        super().__init__(main)

    def schedule_save(self) -> None:
        """Save the drafts ``SAVE_PAUSE`` after the first unsaved change."""
        if self._timer is None:
            self._timer = self.main.screen.set_timer(SAVE_PAUSE, self._save_due)

    def _save_due(self) -> None:
        self._timer = None
        self.save()

    @background(group="drafts", description="drafts")
    async def save(self) -> None:
        """Save the drafts now, in the background."""
        await self.write()

    async def write(self) -> None:
        """Save the drafts now; return when they are on disk."""
        try:
            for note in await asyncio.to_thread(self.workspace.drafts.save):
                self.tell(note, severity="warning")
        except ExplorerError as error:
            self.notify_error(error)
