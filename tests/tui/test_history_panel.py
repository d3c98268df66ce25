"""The history panel: what its rows say, and which messages its keys send."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input

from explorer.core.history_search import FilterNames
from explorer.session.history import EntryDetails
from explorer.store.history import HistoryRow
from explorer.tui.panes.history.list import HistoryList, row_text
from explorer.tui.panes.history.pane import HistoryPanel
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
        app.widget.show_rows([row(10, tags=" later slow ", origin=9), *ROWS], more=True)
        app.widget.focus_content()
        async with asyncio.timeout(20):
            while "words or filters:" in app.painted():  # the hint of the search goes when the focus has left it
                await pilot.pause(0.02)
        lines = [line.strip(" │┃─━╭╮╰╯┏┓┗┛") for line in app.painted().splitlines()]
    assert lines[0].startswith("History · 5+")
    assert [" ".join(line.split()) for line in lines[2:10]] == [
        "Today",
        "12:00:00 ✓ 200 GET teahouse.orders ↻ sandbox #later #slow 173 ms 1.2 kB",
        "12:00:00 ✓ 200 GET teahouse.orders sandbox 173 ms 1.2 kB",
        "11:59:00 ✗ 401 GET teahouse.orders sandbox 173 ms 1.2 kB",
        "Yesterday",
        "12:00:00 ✓ 200 GET teahouse.orders sandbox 173 ms 1.2 kB",
        "Saturday, 22 August 2026",
        "12:00:00 ✓ 200 GET teahouse.orders sandbox 173 ms 1.2 kB",
    ]


async def test_the_keys_send_the_number_of_the_row() -> None:
    app = bench()
    async with app.run_test(size=(100, 14), message_hook=app.note) as pilot:
        app.widget.show_rows(ROWS)
        app.widget.focus_content()
        await pilot.press("enter", "down", "r", "b", "down", "o", "t", "delete", "escape")
        await pilot.pause()
    asked = [(one.what, one.id) for one in app.of(HistoryPanel.Wanted)]
    assert asked == [("open", 9), ("again", 8), ("exact", 8), ("form", 7), ("annotate", 7), ("delete", 7)]
    assert len(app.of(HistoryPanel.Closed)) == 1


async def test_letters_in_the_search_are_letters_and_enter_searches_at_once() -> None:
    app = bench()
    async with app.run_test(size=(100, 14), message_hook=app.note) as pilot:
        app.widget.show_rows(ROWS)
        app.widget.focus_content()
        await pilot.press("slash", *"re", "enter")
        await pilot.pause()
        assert isinstance(app.focused, HistoryList)
    assert app.of(HistoryPanel.Wanted) == []
    assert app.of(HistoryPanel.SearchChanged)[-1].text == "re"


async def test_a_filter_is_completed_by_tab_and_the_line_below_names_what_fits() -> None:
    app = bench()
    async with app.run_test(size=(100, 14)) as pilot:
        app.widget.offer(FilterNames(vendors=("teahouse", "teapot"), tags=("later",)))
        app.widget.show_rows(ROWS)
        app.widget.focus_search()
        await pilot.press(*"cup ven")
        await pilot.pause()
        await pilot.press("tab", "t")
        await pilot.pause()
        assert "vendor:teahouse  vendor:teapot" in app.painted()
        await pilot.press("tab")
        assert app.widget.search == "cup vendor:teahouse"


async def test_what_is_wrong_with_a_search_stands_beside_it_and_the_rows_stay() -> None:
    app = bench()
    async with app.run_test(size=(100, 14)) as pilot:
        app.widget.show_rows(ROWS)
        app.widget.show_problem("status:x is not a status. Such as 404.")
        await pilot.pause()
        assert "✗ status:x is not a status. Such as 404." in app.painted()
        assert len(app.widget.rows) == 4
        app.widget.show_rows(ROWS[:1])
        await pilot.pause()
        assert "is not a status" not in app.painted()


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
        assert "No history entry matches '[/x]'." in app.painted()
        app.widget.focus_content()
        await pilot.press("escape", "escape")
        await pilot.pause()
    assert len(app.of(HistoryPanel.Closed)) == 1


async def test_details_name_note_tags_links_and_what_changed_and_a_link_is_followed() -> None:
    app = bench()
    async with app.run_test(size=(100, 30), message_hook=app.note) as pilot:
        app.widget.show_rows([row(9, origin=7, note="ask [/them]", tags=" later "), *ROWS[1:]])
        app.widget.focus_content()
        await pilot.pause(0.3)
        assert [one.id for one in app.of(HistoryPanel.DetailsWanted)] == [9]
        app.widget.show_details(9, EntryDetails("exact", (11, 12), ("the credential token was not set",)))
        app.widget.show_details(8, EntryDetails("", (), ("of another row",)))
        await pilot.pause()
        painted = app.painted()
        for words in ("ask [/them]", "#later", "Changed: the credential", "replay of #7, exact bytes", "#11", "#12"):
            assert words in painted, words
        assert "of another row" not in painted
        await pilot.press("tab", "enter")
        assert app.widget.selected == 7
        app.widget.listing.select(9)
        await pilot.pause()
        app.widget.show_details(9, EntryDetails("exact", (11, 12), ()))
        await pilot.press("tab", "down", "enter")
        await pilot.pause()
    assert [one.id for one in app.of(HistoryPanel.Followed)] == [11]


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


async def test_thousands_of_rows_are_listed_and_further_ones_are_asked_for_once() -> None:
    app = bench()
    async with app.run_test(size=(100, 14), message_hook=app.note) as pilot:
        app.widget.show_rows([row(50_000 - n, NOON - n * 600) for n in range(20_000)], more=True)
        app.widget.focus_content()
        await pilot.pause()
        assert app.of(HistoryPanel.MoreWanted) == []
        await pilot.press("G")
        await pilot.pause()
        assert app.widget.selected == 30_001
        assert [one.before for one in app.of(HistoryPanel.MoreWanted)] == [30_001]
        app.widget.add_rows([row(30_000 - n, NOON - n * 600) for n in range(10)], more=False)
        await pilot.press("G", "g")
        await pilot.pause()
        assert app.widget.selected == 50_000
    assert len(app.of(HistoryPanel.MoreWanted)) == 1
