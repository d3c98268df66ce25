"""Every screen on top of the main one is closed once, and no letter typed before it was seen confirms anything."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

import pytest
from textual import events
from textual.screen import Screen

import explorer.tui.screens
from explorer.tui.kit.screens import LETTER_GRACE, ClosingScreen
from explorer.tui.main import MainScreen
from explorer.tui.screens.dialogs import ConfirmDialog
from tests.tui.driving import Driver, driven

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.session.context import SessionContext

OPENERS = [
    "ctrl+o",
    "K",
    "E",
    "F",
    "J",
    "C",
    "f8",
    "U",
    "P",
    "X",
    "S",
    "O",
    "f9",
    "N",
    "R",
    "B",
    "M",
    "f1",
    "ctrl+p",
    "V",
    "T",
    "D",
]
"""Keys that put a screen on top of the main one, where there is something to show."""


def screens(kind: type[Screen[object]]) -> Iterator[type[Screen[object]]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from screens(subclass)


def test_every_screen_that_is_pushed_closes_once() -> None:
    for module in pkgutil.iter_modules(explorer.tui.screens.__path__):
        importlib.import_module(f"explorer.tui.screens.{module.name}")
    ours = {
        one for one in screens(Screen) if one.__module__.startswith("explorer.") and not issubclass(one, MainScreen)
    }
    assert len(ours) > 20
    assert not [one for one in ours if not issubclass(one, ClosingScreen) or one.dismiss is not ClosingScreen.dismiss]


async def burst(app: Driver, *keys: str) -> None:
    """Send keys to what has the focus now, all before the first of them has taken effect."""
    target = app.app.focused or app.app.screen
    for key in keys:
        if not await app.app._check_bindings(key, priority=True):
            target._forward_event(events.Key(key, key if len(key) == 1 else None))
    await app.pilot.pause()


async def test_the_closing_key_twice_in_one_burst_closes_one_screen(session: SessionContext) -> None:
    opened = set()
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        for key in OPENERS:
            app.main.panes.request_pane.focus_tabs()
            await app.keys(key)
            if isinstance(app.app.screen, MainScreen):
                continue
            opened.add(type(app.app.screen))
            await burst(app, "escape", "escape", "escape")
            await app.until(lambda: isinstance(app.app.screen, MainScreen), f"the screen of {key} to close")
            assert app.app.screen_stack == [app.main]
    assert len(opened) > 12


async def test_a_screen_below_another_takes_that_one_along_and_leaves_the_rest(session: SessionContext) -> None:
    async with driven(session) as app:
        answers: list[bool | None] = []
        below, above = ConfirmDialog("a", "b"), ConfirmDialog("c", "d")
        await app.app.push_screen(below, answers.append)
        await app.app.push_screen(above, answers.append)
        below.dismiss(True)
        below.dismiss(False)
        await app.pilot.pause()
        assert app.app.screen_stack == [app.main]
        assert answers == [None, True]


@pytest.mark.parametrize(("seconds", "answers"), [(LETTER_GRACE / 2, []), (LETTER_GRACE + 0.1, [True])])
async def test_a_confirmation_ignores_letters_that_were_typed_before_it_was_seen(
    session: SessionContext, seconds: float, answers: list[bool]
) -> None:
    async with driven(session) as app:
        now = 100.0
        app.app.clock = lambda: now
        given: list[bool | None] = []
        await app.app.push_screen(ConfirmDialog("Clear?", "All of it."), given.append)
        await app.pilot.pause()
        now += seconds
        await app.keys("y")
        assert given == answers
        await app.keys("escape")
        assert given == answers or given == [False]
