"""A body made ready in steps: the same as at once, readable in between, whatever the pieces are."""

from __future__ import annotations

import json

import msgspec
import pytest

from explorer.core.body.document import Document
from explorer.core.body.json_text import IncrementalJsonLayout, NotSplittable
from tests.properties import given, st

SCALARS = st.one_of(
    st.sampled_from(["1.0", "1e400", "-0", "18446744073709551616", "true", "null", '""', '"a,b"', r'"\\"', r'"\","']),
    st.text(max_size=12).map(json.dumps),
)


def array(parts: list[str]) -> str:
    return "[" + ",".join(parts) + "]"


def table(pairs: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key} :{value}" for key, value in pairs) + "}"


KEYS = st.sampled_from(['"k"', '"k"', '"a,b"', r'"\""', '"{["'])
TEXTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5).map(array), st.lists(st.tuples(KEYS, inner), max_size=5).map(table)
    ),
    max_leaves=40,
)
RECORDS = [{"id": n, "name": "kettle, blue", "tags": ["a", "b"], "price": {"amount": 19.5}} for n in range(5_000)]


def shown(document: Document) -> list[str]:
    return [document.line(n) for n in range(document.line_count)]


@given(TEXTS, st.integers(1, 30), st.integers(1, 30))
def test_pieces_make_what_the_formatter_makes_of_the_whole(text: str, first: int, others: int) -> None:
    data = text.encode()
    assert b"".join(IncrementalJsonLayout(first, others).lay_out(data, whole=True)) == msgspec.json.format(
        data, indent=2
    )


@pytest.mark.parametrize(
    "text",
    [
        "[1,]",
        "[,1]",
        "[1,,2]",
        '{"a":1,}',
        '{"a":,"b":1}',
        '{"a","b":1}',
        "[1,2",
        "[1,2]]",
        "[1}",
        "[1,2}",
        '["a,b',
        "1,2",
        "",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_is_no_json_does_not_pass_because_it_was_cut(text: str, size: int) -> None:
    with pytest.raises(NotSplittable):
        list(IncrementalJsonLayout(size, size).lay_out(text.encode(), whole=True))


def test_the_first_lines_are_there_after_the_first_step() -> None:
    body = json.dumps({"data": RECORDS}).encode()
    document = Document.opened(body, "application/json")
    steps = document.steps()
    next(steps)
    assert shown(document)[:4] == ["{", '  "data": [', "    {", '      "id": 0,']
    early, complete = document.line_count, document.complete
    assert not complete
    for _ in steps:
        assert document.line(0) == "{"
    assert document.complete
    assert document.line_count > 10 * early
    assert shown(document) == shown(Document(body, "application/json"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<a>" + b"<b><c>1</c><d/></b>" * 20_000 + b"<!-- end --><e>x<f/></e></a>", "application/xml"),
        (b"<p>one<br>two</p>" * 20_000, "text/html"),
        (b"one two three\n" * 100_000, "text/plain"),
        ((json.dumps(RECORDS) + "x").encode(), "application/json"),
    ],
    ids=["xml", "html", "plain", "broken-json"],  # a name made of a body of megabytes is sent to every process
)
def test_steps_end_where_the_whole_is(body: bytes, content_type: str) -> None:
    document = Document.opened(body, content_type)
    seen = [document.line_count for _ in document.steps()]
    assert len(seen) > 2
    assert seen[0] > 0
    whole = Document(body, content_type)
    assert (document.note, document.line_count) == (whole.note, whole.line_count)
    assert shown(document) == shown(whole)


def test_lines_that_turn_out_to_be_no_json_are_told_to_have_changed() -> None:
    body = json.dumps(RECORDS).encode()[:-1] + b"}"
    document = Document.opened(body, "application/json")
    steps = document.steps()
    next(steps)
    before = document.generation
    assert document.line(1) == "  {"
    for _ in steps:
        pass
    assert document.generation > before
    assert document.line_count == 1
    assert "expected" in document.note


def test_the_raw_text_needs_no_second_look() -> None:
    document = Document(b'\xef\xbb\xbf{"a": 1}', "application/json")
    raw = document.as_sent()
    for _ in raw.steps():
        pass
    assert shown(raw) == ['{"a": 1}']
    assert (raw.kind, raw.note, raw.complete) == ("json", document.note, True)
