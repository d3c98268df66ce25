"""Export and import in the app: seen before it is copied or saved, and a pasted line into the form."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

from explorer.core.model import Call, Entry
from explorer.core.text.secret import Secret
from explorer.tui.screens.export import ExportDialog
from explorer.tui.screens.import_curl import ImportDialog
from tests.tui.driving import driven
from tests.tui.test_history_screen import BALANCE, STOCK, opened, sent

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

MARK = "MarkedSecret47"


async def exporting(app: Driver) -> ExportDialog:
    await app.keys("X")
    await app.until(lambda: isinstance(app.app.screen, ExportDialog), "the export")
    screen = app.app.screen
    assert isinstance(screen, ExportDialog)
    await app.until(lambda: screen._data, "the text")
    return screen


async def test_every_form_is_shown_and_copied_with_variables_for_secrets(session: SessionContext) -> None:
    session.vault.remember(session.vendor("cottoncart"), "sandbox", "secret", Secret(MARK))
    await sent(session, BALANCE)
    async with driven(session) as app:
        await opened(app)
        await exporting(app)
        for key, words in (("1", "openssl dgst"), ("2", "http --ignore-stdin"), ("3", "import hmac"), ("5", '"log"')):
            await app.keys(key)
            await app.see(words)
            assert MARK not in app.text
        await app.keys("4")
        await app.see(" HTTP/1.1")
        await app.keys("left", "y")
        await app.see("✓ Copied as Python")
        assert "hmac.new(" in app.app.clipboard
        assert MARK not in app.app.clipboard
        await app.keys("v")
        await app.see("⚠ contains secrets")
        assert MARK in app.text
        await app.keys("escape")
        await app.until(lambda: not isinstance(app.app.screen, ExportDialog), "the main screen")


async def test_what_stands_in_the_form_and_what_was_answered_are_exported(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.products_list")
        await app.keys("escape")
        await exporting(app)
        await app.see("endlessaisles.products_list (form)")
        await app.keys("escape", "f5")
        await app.see("✓ OK")
        await app.keys("3")
        screen = await exporting(app)
        await app.see("#1 endlessaisles.products_list")
        await app.keys("5")
        await app.until(lambda: screen._data.startswith(b"{"), "the archive")
        assert json.loads(screen._data)["log"]["entries"][0]["response"]["status"] == 200


async def test_all_that_a_search_finds_becomes_one_archive_in_a_file_of_ones_own(
    session: SessionContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await sent(session, BALANCE, STOCK, STOCK)
    async with driven(session) as app:
        await opened(app)
        await app.keys("slash")
        await app.write("stock")
        await app.until(lambda: len(app.main.panes.history_panel.rows) == 2, "two rows")
        await app.keys("enter")
        screen = await exporting(app)
        await app.keys("a")
        await app.until(lambda: screen._data.startswith(b"{"), "the archive")
        await app.keys("s", "enter")
        await app.see("✓ Saved as")
        await app.keys("s", "enter")
        await app.see("The file exists")
        await app.keys("enter")
        await app.see("✓ Saved as")
    path = tmp_path / "history.har"
    assert len(json.loads(path.read_bytes())["log"]["entries"]) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_is_too_long_for_the_clipboard_says_so_and_is_not_copied(session: SessionContext) -> None:
    await sent(session, *[STOCK] * 60)
    async with driven(session) as app:
        await opened(app)
        screen = await exporting(app)
        await app.keys("a")
        await app.until(lambda: len(screen._data) > 75_000, "the archive")
        await app.keys("y")
        await app.see("too long to copy")
        assert app.app.clipboard == ""


async def test_a_pasted_line_is_recognised_while_one_looks_and_fills_the_form(session: SessionContext) -> None:
    url = session.base_url(Call(vendor="endlessaisles", endpoint="stock"))
    async with driven(session) as app:
        await app.keys("escape", "P")
        await app.until(lambda: isinstance(app.app.screen, ImportDialog), "the box")
        await app.write(f"curl '{url}/api/stock?sku=81001&odd=1' \\\n  -H 'X-Trace: 12'")
        await app.see("endlessaisles.stock")
        await app.see("! odd is not a query parameter")
        await app.keys("enter")
        await app.until(lambda: app.main.panes.request_pane.address == "endlessaisles.stock", "the form")
        draft = app.main.workspace.draft
    assert draft.entries == (Entry(name="sku", value="81001"),)
    assert (draft.extra, draft.headers) == ((("odd", "1"),), (("X-Trace", "12"),))


async def test_a_line_that_is_no_call_says_why_and_a_backslash_goes_on(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.keys("escape", "P")
        await app.until(lambda: isinstance(app.app.screen, ImportDialog), "the box")
        await app.write("wget x")
        await app.keys("enter")
        await app.see("✗")
        await app.keys("space", "backslash", "enter", "z")
        await app.see("wget x \\")
        assert isinstance(app.app.screen, ImportDialog)
        await app.keys("escape")
        await app.until(lambda: not isinstance(app.app.screen, ImportDialog), "the main screen")
        assert app.main.workspace.address == ""
