"""The history panel: what its rows say, and which messages its keys send."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input

from explorer.history import HistoryRow
from explorer.tui.widgets.history_panel import HistoryList, HistoryPanel, row_text
from tests.tui.exchanges import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 9, 21, 12, 0, 0, tzinfo=UTC).timestamp()
DAY = 86_400


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def row(number: int, started_at: float = NOON, **values: Any) -> HistoryRow:
    given: dict[str, Any] = {
        "vendor": "teahouse",
        "endpoint": "orders",
        "environment": "sandbox",
        "method": "GET",
        "url": "http://h/",
        "status": 200,
        "outcome": "OK",
        "size": 1200,
        "seconds": 0.173,
        "state": "done",
    }
    return HistoryRow(id=number, started_at=started_at, **given | values)


ROWS = [row(9), row(8, NOON - 60, outcome="FAILED", status=401), row(7, NOON - DAY), row(3, NOON - 30 * DAY)]


def bench() -> Bench[HistoryPanel]:
    return Bench(HistoryPanel(now=lambda: NOON + 60))


async def test_rows_are_grouped_by_day_newest_first() -> None:
    app = bench()
    async with app.run_test(size=(100, 14)) as pilot:
        app.widget.show_rows(ROWS)
        await pilot.pause()
        lines = [line.strip(" │┃─━╭╮╰╯┏┓┗┛") for line in app.painted().splitlines()]
    assert lines[0].startswith("History · 4")
    assert lines[2:9] == [
        "Today",
        "12:00:00 ✓ 200 GET    teahouse.orders · sandbox · 173 ms · 1.2 kB",
        "11:59:00 ✗ 401 GET    teahouse.orders · sandbox · 173 ms · 1.2 kB",
        "Yesterday",
        "12:00:00 ✓ 200 GET    teahouse.orders · sandbox · 173 ms · 1.2 kB",
        "Saturday, 22 August 2026",
        "12:00:00 ✓ 200 GET    teahouse.orders · sandbox · 173 ms · 1.2 kB",
    ]


async def test_the_keys_send_the_number_of_the_row() -> None:
    app = bench()
    async with app.run_test(size=(100, 14), message_hook=app.note) as pilot:
        app.widget.show_rows(ROWS)
        app.widget.focus_content()
        await pilot.press("enter", "down", "r", "down", "e", "escape")
        await pilot.pause()
    assert [one.id for one in app.of(HistoryPanel.Opened)] == [9]
    assert [one.id for one in app.of(HistoryPanel.ReplayRequested)] == [8]
    assert [one.id for one in app.of(HistoryPanel.EditRequested)] == [7]
    assert len(app.of(HistoryPanel.Closed)) == 1


async def test_letters_in_the_search_are_letters_and_enter_searches_at_once() -> None:
    app = bench()
    async with app.run_test(size=(100, 14), message_hook=app.note) as pilot:
        app.widget.show_rows(ROWS)
        app.widget.focus_content()
        await pilot.press("slash", *"re", "enter")
        await pilot.pause()
        assert isinstance(app.focused, HistoryList)
    assert app.of(HistoryPanel.ReplayRequested) == []
    assert app.of(HistoryPanel.SearchChanged)[-1].text == "re"


async def test_the_chosen_row_stays_chosen_when_newer_ones_come() -> None:
    app = bench()
    async with app.run_test(size=(100, 14)) as pilot:
        app.widget.show_rows(ROWS)
        app.widget.focus_content()
        await pilot.press("down")
        assert app.widget.selected == 8
        app.widget.show_rows([row(10, NOON + 30), *ROWS])
        assert app.widget.selected == 8
        app.widget.show_rows(ROWS[:1])
        assert app.widget.selected == 9


async def test_an_empty_history_and_an_empty_search_say_so() -> None:
    app = bench()
    async with app.run_test(size=(80, 12), message_hook=app.note) as pilot:
        app.widget.show_rows([])
        await pilot.pause()
        assert "Nothing has been sent yet." in app.painted()
        app.query_one(Input).value = "[/x]"
        app.widget.show_rows([])
        await pilot.pause()
        assert "Nothing in the history holds '[/x]'." in app.painted()
        app.widget.focus_content()
        await pilot.press("escape", "escape")
        await pilot.pause()
    assert len(app.of(HistoryPanel.Closed)) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": None, "outcome": "UNKNOWN", "state": "sent", "size": 0}, "⇅ …   GET"),
        ({"status": None, "outcome": "UNKNOWN", "state": "failed"}, "✗ ––– GET"),
        ({"status": 500, "outcome": "FAILED", "state": "failed"}, "✗ 500 GET"),
        ({"outcome": "PARTIAL"}, "◐ 200 GET"),
        ({"outcome": "UNKNOWN"}, "? 200 GET"),
        ({"endpoint": "a[/b]\x1b[2J", "method": "PO\x07ST"}, "PO␇ST  teahouse.a[/b]␛[2J"),
    ],
)
def test_a_row_says_how_it_ended(values: dict[str, Any], words: str) -> None:
    assert words in row_text(row(1, **values), "12:00:00").plain


async def test_thousands_of_rows_are_listed() -> None:
    app = bench()
    async with app.run_test(size=(100, 14)) as pilot:
        app.widget.show_rows([row(5000 - n, NOON - n * 600) for n in range(3000)])
        app.widget.focus_content()
        await pilot.press("G")
        await pilot.pause()
        assert app.widget.selected == 2001
