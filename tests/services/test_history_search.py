"""What the filters of a search find in a history; notes and tags. What it costs: scripts/bench_history.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from explorer.core.model import Call, Exchange, Failure, ReceivedResponse, SentRequest, Verdict
from explorer.errors import UnknownName, UsageError
from explorer.store.history import History
from explorer.store.history.rows import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_700_000_000.0


def made(
    vendor: str,
    endpoint: str,
    status: int | None,
    outcome: str,
    *,
    method: str = "GET",
    env: str = "sandbox",
    age: float = 0,
) -> Exchange:
    return Exchange(
        call=Call(vendor=vendor, endpoint=endpoint, environment=env),
        started_at=NOW - age,
        request=SentRequest(method=method, url=f"https://{vendor}.example/{endpoint}?size=80%25"),
        response=ReceivedResponse(status=status, body=b'{"customer": "Zelda Hyrule"}') if status else None,
        verdict=msgspec.convert({"outcome": outcome, "http_status": status}, Verdict),
        failure=None if status else Failure(kind="TimedOut", title="Timed out", message="nothing came"),
    )


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "history.sqlite3", now=lambda: NOW)
    for one in (
        made("shop", "orders", 200, "OK", age=90_000),  # 1
        made("shop", "orders_create", 422, "FAILED", method="POST", age=7_000),  # 2
        made("shop", "refunds", 200, "FAILED", env="live", age=3_000),  # 3
        made("shopping_mall", "orders", 503, "FAILED", age=60),  # 4
        made("other", "orders", None, "UNKNOWN", method="PUT", env="live"),  # 5
    ):
        history.complete(0, one)
    yield history
    history.close()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("vendor:shop", [4, 3, 2, 1]),
        ("vendor:shopping_m", [4]),
        ("vendor:other,shopping", [5, 4]),
        ("vendor:s%", []),
        ("endpoint:orders", [5, 4, 2, 1]),
        ("endpoint:shop.orders", [2, 1]),
        ("endpoint:shop.orders_", [2]),
        ("env:live", [5, 3]),
        ("status:>=400", [4, 2]),
        ("status:4xx", [2]),
        ("status:none", [5]),
        ("status:none,503", [5, 4]),
        ("verdict:failed", [4, 3, 2]),
        ("verdict:failed status:<300", [3]),
        ("method:post,put", [5, 2]),
        ("since:2h", [5, 4, 3, 2]),
        ("since:2h until:1h", [2]),
        ("hyrule", [4, 3, 2, 1]),
        ("zelda hyr verdict:ok", [1]),
        ("zel* hyr verdict:ok", [1]),
        ("zel hyrule", []),
        ("z", []),
        ('"zelda hyrule" env:live', [3]),
        ('"zelda hyr"', []),
        ('"hyrule zelda"', []),
        ("nothing came", [5]),
        ("*** vendor:other", []),
    ],
)
def test_filters_and_words_narrow_the_newest_first(history: History, text: str, wanted: list[int]) -> None:
    assert [row.id for row in history.recent(text=text)] == wanted
    assert [row.id for row in history.recent(text=text, limit=1)] == wanted[:1]
    if wanted:
        assert [row.id for row in history.recent(text=text, before=wanted[0])] == wanted[1:]


def test_a_filter_that_cannot_be_read_is_an_error_that_names_it(history: History) -> None:
    with pytest.raises(UsageError, match="status:many"):
        history.recent(text="status:many")


def test_a_thousand_words_are_searched_for_all_the_same(history: History) -> None:
    assert history.recent(text="zelda " * 1000)[0].id == 4


def test_notes_and_tags_are_kept_changed_and_found(history: History) -> None:
    row = history.annotate(2, Annotation(note="  ask Łukasz about the size ", add=("#Later", "sizes")))
    assert (row.note, row.tag_names) == ("ask Łukasz about the size", ("later", "sizes"))
    assert [row.id for row in history.recent(text="łukasz")] == [2]
    assert [row.id for row in history.recent(text="tag:later")] == [2]
    assert [row.id for row in history.recent(text="tag:si tag:later")] == [2]
    assert history.recent(text="tag:ter") == []

    row = history.annotate(2, Annotation(remove=("later",)))
    assert (row.note, row.tag_names) == ("ask Łukasz about the size", ("sizes",))
    assert history.recent(text="tag:later") == []
    history.annotate(2, Annotation(note=""))
    assert history.recent(text="łukasz") == []
    assert [row.id for row in history.recent(text="zelda tag:sizes")] == [2]


def test_a_note_made_while_the_answer_is_awaited_stays(history: History) -> None:
    exchange = made("shop", "slow", 200, "OK")
    number = history.begin(msgspec.structs.replace(exchange, response=None, verdict=Verdict()))
    history.annotate(number, Annotation(note="patience", add=("slow",)))
    history.complete(number, exchange)
    row = history.row(number)
    assert (row.status, row.note, row.tag_names) == (200, "patience", ("slow",))
    assert [row.id for row in history.recent(text="patience hyrule tag:slow")] == [number]


@pytest.mark.parametrize("tag", ["", " ", "two words", "a,b", 'a"b', "a:b", "x" * 65])
def test_what_cannot_be_a_tag_is_refused_and_nothing_changes(history: History, tag: str) -> None:
    with pytest.raises(UsageError):
        history.annotate(1, Annotation(note="half", add=(tag,)))
    assert history.row(1).note == ""


def test_an_entry_that_is_not_there_takes_no_note(history: History) -> None:
    with pytest.raises(UnknownName):
        history.annotate(99, Annotation(note="x"))
    with pytest.raises(UnknownName):
        history.row(99)


def test_replays_are_linked_to_their_origin(history: History) -> None:
    again = msgspec.structs.replace(made("shop", "orders", 200, "OK"), origin=1, replayed="again")
    number = history.complete(0, again)
    assert history.row(number).origin == 1
    assert history.get(number).replayed == "again"
    assert history.replays(1) == [number]
    assert history.replays(number) == []
