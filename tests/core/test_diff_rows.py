"""What a screen or a terminal shows of a comparison, and what is masked in it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from explorer.core.diff import DiffPart, VolatileMask, parse_patterns
from explorer.core.diff.aligned_rows import BLANK, FOLD, FOLD_EDGE, HEAD, MORE, DiffRow, DiffRowList, fold_label
from explorer.core.diff.changes import EQUAL, MASKED
from explorer.core.diff.exchange import body_job
from explorer.core.diff.volatile import GENERAL
from explorer.core.diff.worker import apply_batch, job_header, worker_main
from explorer.core.model import Call, Exchange, ReceivedResponse, SentRequest, Verdict
from tests.core.diffs import compare_bodies, compare_exchanges
from tests.core.test_diff import JSON, values
from tests.properties import given, settings, st

if TYPE_CHECKING:
    from collections.abc import Iterator


def part_of(left: Any, right: Any, *patterns: str) -> DiffPart:
    bodies = json.dumps(left).encode(), json.dumps(right).encode()
    return compare_bodies(*bodies, JSON, parse_patterns(patterns))


def rows_of(*parts: DiffPart, everything: bool = False, unified: bool = False) -> list[DiffRow]:
    rows = DiffRowList(lambda: parts, everything=everything, unified=unified)
    while rows.extend(3):
        pass
    return [rows.row(n) for n in range(rows.count)]


def shown(part: DiffPart, *, everything: bool = False) -> list[str]:
    """The rows one above the other, as ``diff`` writes them."""
    lines = []
    for row in rows_of(part, everything=everything, unified=True):
        if row.code in (FOLD, MORE):
            lines.append(fold_label(row))
        elif row.code not in (HEAD, BLANK):
            sign = {EQUAL: " ", MASKED: "≈"}.get(row.code, "-" if row.left >= 0 else "+")
            lines.append(sign + (part.left.line(row.left) if row.left >= 0 else part.right.line(row.right)))
    return lines


@given(values, values, st.booleans())
@settings(max_examples=150)
def test_all_lines_are_shown_once(left: Any, right: Any, unified: bool) -> None:
    part = part_of(left, right)
    rows = rows_of(part, everything=True, unified=unified)
    lefts = [row.left for row in rows if row.left >= 0]
    rights = [row.right for row in rows if row.right >= 0]
    assert sorted(lefts) == list(range(part.left.line_count))
    if not unified:
        assert sorted(rights) == list(range(part.right.line_count))


@given(values, values)
@settings(max_examples=150)
def test_folds_count_what_they_hide(left: Any, right: Any) -> None:
    part = part_of(left, right)
    rows = rows_of(part)
    hidden = sum(row.lines for row in rows if row.code == FOLD)
    seen = sum(1 for row in rows if row.code == EQUAL)
    blocks = [part.record.block(n) for n in range(part.record.block_count)]
    assert hidden + seen == sum(max(one.left_lines, one.right_lines) for one in blocks if one.kind == EQUAL)


def test_only_the_changes_are_shown_with_three_lines_around() -> None:
    left = {"a": list(range(20)), "b": 1, "c": list(range(20))}
    assert shown(part_of(left, {**left, "b": 2})) == [
        "… 20 equal lines",
        "     18,",
        "     19",
        "   ],",
        '-  "b": 1,',
        '+  "b": 2,',
        '   "c": [',
        "     0,",
        "     1,",
        "… 20 equal lines",
    ]


def test_volatile_lines_are_folded_with_the_equal_ones() -> None:
    left = {"a": 1, "b": 2, "c": 3, "at": 4, "d": 5, "e": 6}
    assert shown(part_of(left, {**left, "at": 9}, "at")) == ["… 8 equal lines (1 volatile)"]
    assert '≈  "at": 9,' in shown(part_of(left, {**left, "at": 9}, "at"), everything=True)


def test_of_a_long_change_the_beginning_is_shown() -> None:
    part = part_of({"a": 1}, {"a": 1, "new": list(range(100))})
    lines = shown(part)
    assert lines[-2] == "… 94 more lines"
    assert sum(line.startswith("+") for line in lines) == FOLD_EDGE
    assert sum(line.startswith("+") for line in shown(part, everything=True)) == 102


def test_next_and_previous_go_from_change_to_change() -> None:
    left = {f"k{n}": n for n in range(100)}
    part = part_of(left, {**left, "k10": "x", "k50": "y", "k51": "z"})
    rows = DiffRowList(lambda: [part], everything=False, unified=False)
    rows.extend()
    seen, at = [], rows.next_change_row(-1)
    while at is not None:
        seen.append(part.left.line(rows.row(at).left).strip(" ,"))
        at = rows.next_change_row(at)
    assert seen == ['"k10": 10', '"k50": 50', '"k51": 51']
    assert rows.previous_change_row(rows.count) == rows.change_rows[-1]
    assert rows.previous_change_row(rows.change_rows[0]) is None
    assert rows.rows_of[0, 2] == rows.change_rows[1]


# --- another process -------------------------------------------------------------------------------------------------


def answers_to(left: bytes, right: bytes, volatile: VolatileMask) -> DiffPart:
    """What the other process answers, taken in."""
    job = body_job("response", (left, right), JSON, volatile)
    head = job_header(job) | {"size": len(left) + len(right)}
    answers = io.BytesIO()
    worker_main(io.BytesIO(json.dumps(head).encode() + b"\n" + left + right), answers)
    answers.seek(0)
    for batch, blocks in batches(answers):
        apply_batch(job, batch, blocks)
    job.lay_out(lambda: None)
    return job.part


def batches(answers: io.BytesIO) -> Iterator[tuple[dict[str, Any], bytes]]:
    while line := answers.readline():
        batch = json.loads(line)
        yield batch, answers.read(batch["size"])


def test_another_process_finds_the_same() -> None:
    left = json.dumps([{"id": n, "v": n, "at": n} for n in range(3000)]).encode()
    right = json.dumps([{"id": n, "v": n * 2, "at": n + 1} for n in range(3001)]).encode()
    volatile = parse_patterns(["at", "[*].nothing", "header:x"])
    here, there = compare_bodies(left, right, JSON, volatile), answers_to(left, right, volatile)
    assert there.done
    assert there.record.changes == here.record.changes
    assert there.record.counts == here.record.counts
    assert there.record.masked == here.record.masked == 3000
    assert rows_of(there) == rows_of(here)


def test_another_process_starts_anew_where_the_structure_does_not_hold() -> None:
    left, right = b'{"a": 1', b'{"a": 2'
    assert answers_to(left, right, VolatileMask()).record.changes == compare_bodies(left, right, JSON).record.changes


# --- exchanges -------------------------------------------------------------------------------------------------------


def exchange(
    status: int = 200, query: str = "", headers: tuple[tuple[str, str], ...] = (), body: bytes = b"{}"
) -> Exchange:
    return Exchange(
        call=Call(vendor="v", endpoint="e"),
        started_at=1.0,
        request=SentRequest(method="GET", url=f"http://127.0.0.1:{status}/p{query}", headers=headers),
        response=ReceivedResponse(status=status, headers=(("Content-Type", "application/json"),), body=body),
        verdict=Verdict(outcome="OK" if status == 200 else "FAILED"),
    )


def test_the_headline_says_what_differs() -> None:
    left = exchange(body=b'{"a": 1, "b": 2, "at": 1}')
    right = exchange(401, body=b'{"a": 2, "at": 2, "c": 1}')
    comparison = compare_exchanges(left, right, GENERAL | parse_patterns(["at"]))
    assert comparison.headline == "status 200 → 401 · response: 1 changed, 1 added, 1 removed · 2 volatile masked"
    assert comparison.found()
    same = compare_exchanges(left, left)
    assert (same.headline, same.found()) == ("the same", 0)


def test_the_port_of_this_machine_is_no_change_but_another_host_is() -> None:
    local = compare_exchanges(exchange(200), exchange(500), GENERAL)
    assert local.found("request") == 0
    assert [change.path for _, change in compare_exchanges(exchange(200), exchange(500)).changes("request")] == ["host"]
    left = exchange()
    elsewhere = Exchange(
        **{name: getattr(left, name) for name in left.__struct_fields__}
        | {"request": SentRequest(method="GET", url="https://shop.example/p")}
    )
    assert [change.path for _, change in compare_exchanges(left, elsewhere, GENERAL).changes("request")] == ["host"]


def test_an_auth_parameter_is_masked_where_it_changed_and_counts_where_it_is_missing() -> None:
    volatile = VolatileMask(
        params=frozenset({"sig"}), headers=frozenset({"x-token"}), placed=frozenset({"sig", "x-token"})
    )
    signed = exchange(query="?sig=1&a=1", headers=(("X-Token", "one"),))
    again = exchange(query="?a=1&sig=2", headers=(("x-token", "two"),))
    bare = exchange(query="?a=1")
    assert compare_exchanges(signed, again, volatile).found() == 0
    assert compare_exchanges(signed, again, volatile).masked() == 2
    missing = [(change.kind, change.path) for _, change in compare_exchanges(signed, bare, volatile).changes()]
    assert missing == [("removed", "sig"), ("removed", "X-Token")]


@given(values, values)
@settings(max_examples=100)
def test_a_row_is_found_again_in_the_other_layout(left: Any, right: Any) -> None:
    part = part_of(left, right)
    for one in (True, False):
        here, there = (
            DiffRowList(lambda: [part], everything=True, unified=one),
            DiffRowList(lambda: [part], everything=True, unified=not one),
        )
        here.extend()
        there.extend()
        for n in range(here.count):
            row = here.row(n)
            if row.change and row.code < HEAD:
                assert there.row(there.where(row)).change == row.change
            elif row.code == EQUAL:
                assert there.where(row) <= there.count
