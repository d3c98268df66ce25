"""The history keeps what was sent and what came back, finds it again, and lets the oldest go."""

from __future__ import annotations

import random
import sqlite3
import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec
import pytest

from explorer.core.model import (
    Call,
    Entry,
    Exchange,
    Failure,
    Hop,
    ReceivedResponse,
    RejectedField,
    SentRequest,
    Timings,
    Verdict,
)
from explorer.errors import StoreError, UnknownName
from explorer.store.history import History
from explorer.store.history.opening import STEPS, migrate
from explorer.store.history.rows import Annotation, columns, pack, search_columns

if TYPE_CHECKING:
    from pathlib import Path

Open = Callable[..., History]
FIRST_SHAPE = (
    "started_at", "vendor", "endpoint", "environment", "method", "url", "status", "outcome", "size", "seconds", "state"
)  # fmt: skip
"""The columns of a row in the first release's file."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite3"


@pytest.fixture
def open_history(path: Path) -> Iterator[Open]:
    opened: list[History] = []

    def opening(**limits: int) -> History:
        history = History(path, now=lambda: 1_700_000_000.0, **limits)
        opened.append(history)
        return history

    yield opening
    for history in opened:
        history.close()


def sent(number: int = 1, *, vendor: str = "shop", endpoint: str = "orders", body: bytes = b"") -> Exchange:
    return Exchange(
        call=Call(vendor=vendor, endpoint=endpoint, entries=(Entry(name="page_size", value=str(number)),)),
        started_at=1_700_000_000.0 + number,
        request=SentRequest(
            method="POST", url=f"https://shop.example/v1/orders/{number}", headers=(("Accept", "*/*"),), body=body
        ),
    )


def answered(
    number: int = 1,
    body: bytes = b'{"customer": "Z\xc3\xa9lda Hyrule"}',
    *,
    vendor: str = "shop",
    endpoint: str = "orders",
) -> Exchange:
    before = sent(number, vendor=vendor, endpoint=endpoint)
    return Exchange(
        call=before.call,
        started_at=before.started_at,
        request=before.request,
        response=ReceivedResponse(status=201, reason="Created", headers=(("X-A", "1"), ("X-A", "2")), body=body),
        hops=(Hop(purpose="auth", request=SentRequest(method="POST", url="https://shop.example/token")),),
        timings=Timings(connected=0.1, total=0.75),
        verdict=Verdict(outcome="OK", http_status=201, fields=(RejectedField(name="page_size", message="odd"),)),
    )


def test_an_exchange_comes_back_as_it_was_kept(open_history: Open) -> None:
    history = open_history()
    number = history.begin(sent())
    assert history.get(number).response is None

    history.complete(number, answered(body=bytes(range(256)) * 40))
    again = history.get(number)
    assert again.id == number
    assert again.response is not None
    assert again.response.body == bytes(range(256)) * 40
    assert again.response.headers == (("X-A", "1"), ("X-A", "2"))
    assert again.hops[0].purpose == "auth"
    assert again.verdict.fields[0].message == "odd"
    assert again.call.entries == (Entry(name="page_size", value="1"),)


def test_a_row_tells_what_a_list_shows(open_history: Open) -> None:
    history = open_history()
    number = history.begin(sent(3))
    row = history.recent()[0]
    assert (row.id, row.state, row.status, row.outcome) == (number, "sent", None, "UNKNOWN")

    history.complete(number, answered(3))
    row = history.recent()[0]
    assert (row.state, row.status, row.outcome, row.size, row.seconds) == ("done", 201, "OK", 29, 0.75)
    assert (row.method, row.url, row.address) == ("POST", "https://shop.example/v1/orders/3", "shop.orders")
    assert row.started_at == 1_700_000_003.0


def test_no_answer_is_a_failed_row_that_says_why(open_history: Open) -> None:
    history = open_history()
    failure = Failure(kind="TimedOut", title="Timed out", message="no answer within 30 s")
    exchange = sent()
    number = history.begin(exchange)
    history.complete(number, msgspec.structs.replace(exchange, failure=failure))
    assert history.recent()[0].state == "failed"
    assert history.get(number).failure == failure
    assert [row.id for row in history.recent(text="within")] == [number]


def test_newest_first_and_page_by_page(open_history: Open) -> None:
    history = open_history()
    numbers = [history.complete(0, answered(one)) for one in range(7)]
    first = history.recent(limit=3)
    assert [row.id for row in first] == numbers[:-4:-1]
    rest = history.recent(limit=10, before=first[-1].id)
    assert [row.id for row in rest] == numbers[3::-1]


@pytest.mark.parametrize(
    "text",
    [
        "zelda",
        "ZÉLDA",
        "hyr",
        "customer hyr",
        "orders/1",
        "page_size",
        "v1",
        "  ",
        '"',
        "***",
        "a OR b NEAR(",
        "\0",
        "\ud800",
    ],
)
def test_any_text_can_be_searched_for(open_history: Open, text: str) -> None:
    history = open_history()
    number = history.complete(0, answered(1))
    history.complete(0, answered(2, body=b"nothing of it", vendor="other"))
    found = [row.id for row in history.recent(text=text)]
    words = {"zelda", "ZÉLDA", "hyr", "customer hyr"}
    if text in words:
        assert found == [number]
    elif text in {"orders/1", "page_size", "v1"}:
        assert number in found


def test_search_is_narrowed_by_vendor_and_endpoint(open_history: Open) -> None:
    history = open_history()
    mine = history.complete(0, answered(1))
    other = history.complete(0, answered(2, vendor="other"))
    refund = history.complete(0, answered(3, endpoint="refunds"))
    assert [row.id for row in history.recent(vendor="shop")] == [refund, mine]
    assert [row.id for row in history.recent(vendor="shop", endpoint="orders", text="zelda")] == [mine]
    assert [row.id for row in history.recent(text="zelda", before=refund)] == [other, mine]


def test_an_answer_is_found_only_after_it_came(open_history: Open) -> None:
    history = open_history()
    number = history.begin(sent())
    assert history.recent(text="zelda") == []
    history.complete(number, answered())
    assert [row.id for row in history.recent(text="zelda")] == [number]
    history.delete([number])
    assert history.recent(text="zelda") == []
    with pytest.raises(UnknownName):
        history.get(number)


def test_text_that_no_encoding_holds_is_kept_all_the_same(open_history: Open) -> None:
    history = open_history()
    odd = Exchange(
        call=Call(vendor="shop", endpoint="up", entries=(Entry(name="f", kind="file", value="a\udcff.jpg"),)),
        started_at=0.0,
        request=SentRequest(method="GET", url="https://shop.example/\ud800"),
        response=ReceivedResponse(status=200, body=b"\xff\xfe\0"),
    )
    number = history.complete(0, odd)
    kept = history.get(number)
    assert kept.call.entries[0].value.startswith("a")
    assert kept.response is not None
    assert kept.response.body == b"\xff\xfe\0"


def test_the_oldest_go_when_there_are_too_many(open_history: Open) -> None:
    history = open_history(max_entries=5)
    numbers = [history.complete(0, answered(one)) for one in range(9)]
    assert history.count() == 5
    assert [row.id for row in history.recent()] == numbers[:-6:-1]
    assert [row.id for row in history.recent(text="zelda")] == numbers[:-6:-1]


def test_the_oldest_go_when_they_are_too_large_and_the_newest_stays(open_history: Open) -> None:
    noise = random.Random(1)  # noqa: S311 - bytes that do not pack
    history = open_history(max_bytes=100_000)
    for one in range(6):
        history.complete(0, answered(one, body=b"\0" + noise.randbytes(30_000)))
    assert history.size() <= 100_000
    assert history.count() == 3
    newest = history.complete(0, answered(9, body=b"\0" + noise.randbytes(300_000)))
    assert [row.id for row in history.recent()] == [newest]


def test_what_is_under_way_is_never_cleared_out(open_history: Open) -> None:
    history = open_history(max_entries=3)
    waiting = history.begin(sent(0))
    for one in range(1, 6):
        history.complete(0, answered(one))
    assert waiting in [row.id for row in history.recent()]
    history.complete(waiting, answered(0))
    assert history.get(waiting).response is not None


def test_only_the_owner_can_read_it(open_history: Open, path: Path) -> None:
    open_history().complete(0, answered())
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_history_of_every_older_shape_is_brought_up_to_date(open_history: Open, path: Path) -> None:
    for steps in range(1, len(STEPS)):
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        with sqlite3.connect(path, isolation_level=None) as old:
            migrate(old, steps)
            values = {name: columns(answered(4))[name] for name in FIRST_SHAPE} | {"owner": "1.x", "stored": 10}
            names, marks = ",".join(values), ",".join("?" * len(values))
            old.execute(f"INSERT INTO entries ({names}) VALUES ({marks})", [*values.values()])  # noqa: S608 - ours
            old.execute("INSERT INTO blobs VALUES (1, ?)", (pack(answered(4)),))
            if steps > 1:
                old.execute(
                    "INSERT INTO search (rowid, place, form, bodies, said) VALUES (1, ?, ?, ?, ?)",
                    search_columns(answered(4)),
                )
        old.close()
        history = open_history()
        assert history.problems == []
        assert [row.id for row in history.recent(text="zelda")] == [1]
        assert history.get(1).verdict.outcome == "OK"
        assert history.count() == 1
        assert (history.row(1).note, history.row(1).tag_names, history.row(1).origin) == ("", (), 0)
        history.annotate(1, Annotation(note="from long ago", add=("kept",)))
        assert [row.id for row in history.recent(text='"long ago" tag:kept')] == [1]
        history.close()


def test_a_newer_history_is_left_alone(open_history: Open, path: Path) -> None:
    open_history().close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StoreError) as refused:
        open_history()
    assert "newer version" in refused.value.message
    assert "Update" in refused.value.hint
    assert path.read_bytes() == before
    assert len(list(path.parent.glob("*.sqlite3"))) == 1


def test_a_place_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as refused:
        History(tmp_path / "file" / "history.sqlite3", now=lambda: 0.0)
    assert str(tmp_path / "file") in refused.value.message
    assert "API_EXPLORER_HOME" in refused.value.hint
    (tmp_path / "folder.sqlite3").mkdir()
    with pytest.raises(StoreError):
        History(tmp_path / "folder.sqlite3", now=lambda: 0.0)


def test_a_closed_history_says_so(open_history: Open) -> None:
    history = open_history()
    history.close()
    history.close()
    with pytest.raises(StoreError, match="closed"):
        history.recent()
