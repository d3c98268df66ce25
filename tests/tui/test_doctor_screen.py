"""The doctor on screen: each check with its evidence, again on a key, and what to do about what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.core.text.secret import Secret
from explorer.tui.screens.doctor import DoctorScreen
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_vendor_of_the_open_endpoint_is_looked_over(session: SessionContext, size: tuple[int, int]) -> None:
    async with driven(session, size) as app:
        await app.open("cottoncart.manage_my_stores")
        app.main.panes.request_pane.focus_tabs()
        await app.keys("f9")
        await app.see("7 checks passed, 3 skipped")
        await app.see("Host reachable")
        session.vault.remember(session.vendor("cottoncart"), "sandbox", "secret", Secret("another-secret-1"))
        await app.keys("r")
        await app.see("of 10 checks failed")
        screen = app.app.screen
        assert isinstance(screen, DoctorScreen)
        read = next(check for check in screen.checks if check.check == "read")
        assert read.state == "failed"
        assert "another-secret-1" not in app.text
        await app.keys("l", "y", "escape")
        await app.until(lambda: app.app.screen is app.main, "the main screen")
