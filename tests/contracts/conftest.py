"""The app's session, for contracts that look at a screen."""

from __future__ import annotations

from tests.tui.conftest import port, session

__all__ = ["port", "session"]
