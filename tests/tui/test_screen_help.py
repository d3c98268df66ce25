"""Help and commands on every screen over the main one: its own keys, those that its footer names among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.command import CommandPalette

from explorer.tui.kit.key_bar import KeyBar
from tests.tui.driving import Driver, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext

SCREENS = {
    "J": "Guided tracks",
    "C": "Compare vendors",
    "U": "Tokens",
    "O": "Saved requests",
    "N": "Drift",
    "B": "Readings",
    "f8": "Debugger",
    "f9": "Doctor",
}


async def test_the_help_names_the_screen_and_every_key_of_its_footer(session: SessionContext) -> None:
    async with driven(session, (80, 24)) as app:
        await app.open("cottoncart.stats_sales")
        await app.keys("escape")
        for key, title in SCREENS.items():
            await help_of(app, key, title)


async def help_of(app: Driver, key: str, title: str) -> None:
    """Open a screen over the main one and its help, and come back."""
    await app.keys(key)
    await app.until(lambda: app.app.screen is not app.main and app.app.screen.query(KeyBar), "the screen")
    screen = app.app.screen
    await app.see("? Help")
    footer = [hint.key.replace("→ ←", "→").replace("←→", "→").split() for hint in screen.query_one(KeyBar).hints]
    await app.keys("question_mark")
    await app.see("On this screen")
    lines = " ".join(str(one.render()) for one in app.app.screen.query("Static"))
    assert title in lines, key
    assert all(any(name in lines for name in names) for names in footer), key
    await app.keys("escape")
    await app.until(lambda: app.app.screen is screen, "the screen again")
    await app.keys("escape")
    await app.until(lambda: app.app.screen is app.main, "the main screen")


async def test_the_palette_there_has_what_the_screen_can_do(session: SessionContext) -> None:
    async with driven(session, (80, 24)) as app:
        await app.keys("escape", "J")
        await app.see("Guided tracks")
        await app.keys("ctrl+p")
        await app.until(lambda: isinstance(app.app.screen, CommandPalette), "the palette")
        await app.see("Restart")
        await app.write("go back")
        await app.see("Close")
        await app.keys("enter", "enter")
        await app.until(lambda: app.app.screen is app.main, "the main screen")
