"""The part of the app that screens, panes and features use: session, settings and notifications.

The app itself is in ``app``, which imports the main screen. Lower modules import this one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.app import App

from explorer.core.text.sanitize import sanitize
from explorer.tui.type_ahead import TypeAhead

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.session.context import SessionContext


class AppBase(App[int]):
    """A terminal app over one session."""

    def __init__(self, session: SessionContext) -> None:
        self.session = session
        self.theme_names: list[str] = []
        self.startup_problems: list[str] = []
        """Problems of the user's files, shown after the first frame."""
        self.on_end: list[Callable[[], object]] = []
        """Functions that save state when the app ends; they may block."""
        self.clock: Callable[[], float] = time.monotonic
        """Monotonic seconds, for the age of a dialog."""
        super().__init__()
        self.type_ahead = TypeAhead(self, super().on_event)

    @property
    def keymap(self) -> Mapping[str, str]:
        """Action id → keys, from the settings."""
        return self.session.settings.keymap

    def tell(self, text: str, *, severity: str = "information") -> None:
        """Show a notification; *severity* is information, warning or error."""
        level = severity if severity in ("information", "warning", "error") else "information"
        self.notify(sanitize(text), severity=level, markup=False)  # type: ignore[arg-type]  # one of three literals
