"""Undoing and redoing what was done to the form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from collections.abc import Callable


class UndoController(Controller):
    """Puts back what the form held."""

    def action_undo(self) -> None:
        """Put back what the form held before the last change."""
        self._step(forward=False)

    def action_redo(self) -> None:
        """Put back what was undone."""
        self._step(forward=True)

    def _step(self, *, forward: bool) -> None:
        if not self.opened():
            return
        self.main.form.keep_draft()
        if not self.workspace.go_back(forward=forward):
            self.tell("Nothing to redo." if forward else "Nothing to undo.")
            return
        self.main.form.schedule_save()
        self._put_back(self.request_pane.focused_field, self.app.type_ahead.hold())

    @background(group="open", description="undo")
    async def _put_back(self, name: str, release: Callable[[], None]) -> None:
        try:
            await self.main.form.show()
            if not (name and self.request_pane.focus_field(name)):
                self.request_pane.focus_first_field()
        finally:
            release()
