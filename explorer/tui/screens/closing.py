"""What every screen on top of the main one has in common: it is closed once, however many keys close it."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

Result = TypeVar("Result")


class ClosingScreen(Screen[Result]):
    """A screen that is pushed and dismissed."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close this screen and what lies on top of it; do nothing where it is closed already.

        The library pops whatever is on top, so that two closing keys in one burst would take a screen below with them.
        """
        app = self.app
        if self not in app.screen_stack:
            return AwaitComplete()
        while (top := app.screen) is not self:
            top.dismiss()
        return super().dismiss(result)
