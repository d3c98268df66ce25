"""What the history takes, on the screen: figures, rules, prune, vacuum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.session.history import annotate_entry
from explorer.store.preferences import load_settings
from explorer.tui.screens.dialogs import ConfirmDialog
from explorer.tui.screens.storage import StorageDialog
from tests.tui.driving import SIZES, driven
from tests.tui.test_history_screen import STOCK, numbers, opened, sent

if TYPE_CHECKING:
    from explorer.session.context import SessionContext


async def test_rules_are_changed_and_pruning_says_what_goes_before_it_does(session: SessionContext) -> None:
    await sent(session, *[STOCK] * 12)
    await annotate_entry(session, 1, note="the first one")
    async with driven(session) as app:
        await opened(app)
        await app.keys("M")
        await app.until(lambda: isinstance(app.app.screen, StorageDialog), "the dialog")
        await app.see("12")
        await app.see("1 with a note or a tag")
        await app.keys("p")
        await app.see("Nothing to prune")
        await app.keys("r", "tab", "1", "x", "enter")
        await app.see("is not a whole number")
        await app.keys("backspace", "0", "enter")
        await app.see("Rules saved")
        await app.see("2 entries")
        await app.keys("p")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the question")
        await app.see("2 entries")
        await app.keys("n")
        await app.until(lambda: isinstance(app.app.screen, StorageDialog), "the dialog")
        await app.keys("p")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the question again")
        await app.keys("y")
        await app.see("✓ Deleted")
        await app.keys("v")
        await app.see("✓ Released")
        await app.keys("escape")
        await app.until(lambda: numbers(app) == [*range(12, 3, -1), 1], "the rows that stay")
    assert load_settings(session.folders)[0].history_max_entries == 10


@pytest.mark.parametrize("size", SIZES)
async def test_everything_fits(session: SessionContext, size: tuple[int, int]) -> None:
    await sent(session, STOCK)
    async with driven(session, size) as app:
        await opened(app)
        await app.keys("M")
        for words in ("Entries", "Bodies in files above", "To prune now", "v Vacuum", "Prune now", "Close"):
            await app.see(words)
