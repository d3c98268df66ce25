"""Reading a laid-out body: folds, rows, paths, values, tables and filters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

import pytest

from explorer.core.body.document import Document
from explorer.core.body.filters import Filter
from explorer.core.body.records import records_of
from explorer.core.body.structure import Folds, Outline, fold_around, fold_at, folds_at, record_line, value_at
from explorer.core.body.table import RecordTable
from explorer.core.body.wrapping import WrappedRows, row_breaks
from tests.properties import given, st

if TYPE_CHECKING:
    from collections.abc import Generator

T = TypeVar("T")


def finished(steps: Generator[None, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def json_document(value: object) -> Document:
    return Document(json.dumps(value).encode(), "application/json")


def line_of(document: Document, text: str) -> int:
    return next(n for n in range(document.line_count) if text in document.line(n))


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f\ufeff"), min_size=1, max_size=6)
VALUES = st.recursive(
    st.one_of(st.integers(0, 99), st.booleans(), st.none(), st.text('ab{["\\,: \n', max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=25,
)


def all_paths(value: object, path: str = "") -> list[str]:
    """Every path in the order in which lines are laid out."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            plain = key.isascii() and key.replace("_", "a").isalnum() and not key[0].isdigit()
            step = f".{key}" if plain else f"[{json.dumps(key, ensure_ascii=False)}]"
            found += all_paths(inner, path + step)
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            found += all_paths(inner, f"{path}[{n}]")
    return found


PLAIN_KEYS = st.sampled_from(["a", "b", "long_name", "odd key", "1st", "é"])
PLAIN = st.recursive(
    st.one_of(st.integers(0, 99), st.none(), st.text('ab{["\\,: \n', max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(PLAIN_KEYS, inner, max_size=4)),
    max_leaves=25,
)


class TestPaths:
    @given(st.one_of(st.lists(PLAIN, max_size=4), st.dictionaries(PLAIN_KEYS, PLAIN, max_size=4)))
    def test_every_line_has_the_path_of_what_it_shows(self, value: object) -> None:
        document = json_document(value)
        outline = Outline(document)
        wanted = [path.removeprefix(".") for path in all_paths(value)]
        found = [finished(outline.path(n)) for n in range(document.line_count)]
        opening = [path for n, path in enumerate(found) if document.line(n).strip(" ,") not in ("}", "]") and path]
        assert opening == wanted
        # In any order the same, whatever was kept from before.
        again = Outline(document)
        assert [finished(again.path(n)) for n in reversed(range(document.line_count))] == found[::-1]

    def test_a_closing_line_has_the_path_of_what_it_closes(self) -> None:
        document = json_document({"a": [{"b": [1]}, 2]})
        outline = Outline(document)
        assert [finished(outline.path(n)) for n in range(document.line_count)] == [
            *("", "a", "a[0]", "a[0].b", "a[0].b[0]", "a[0].b", "a[0]", "a[1]", "a", ""),
        ]

    def test_xml_paths_count_siblings_of_a_name(self) -> None:
        document = Document(b"<?xml version='1.0'?><r><a/><b>1</b><a><c>x</c></a></r>", "text/xml")
        outline = Outline(document)
        found = {document.line(n).strip(): finished(outline.path(n)) for n in range(document.line_count)}
        assert found["<b>1</b>"] == "/r/b[1]"
        assert found["<c>x</c>"] == "/r/a[2]/c[1]"
        assert found["</a>"] == "/r/a[2]"

    @pytest.mark.parametrize("body", [b"plain", b'{"a": oops}', b"\x00\x01"])
    def test_what_has_no_structure_has_no_paths(self, body: bytes) -> None:
        document = Document(body)
        assert [finished(Outline(document).path(n)) for n in range(document.line_count)] == [""] * document.line_count

    def test_values_are_as_sent(self) -> None:
        document = Document(b'{"a":"x\\u00e9\\n","b":1e400,"c":{"d":[1.0]},"e":null}', "application/json")
        values = {text: value_at(document, line_of(document, f'"{text}"'), None) for text in "abe"}
        assert values == {"a": "xé\n".encode(), "b": b"1e400", "e": b"null"}
        header, end = finished(fold_at(document, line_of(document, '"c"'))) or (0, 0)
        assert json.loads(value_at(document, header, end)) == {"d": [1.0]}
        assert b"1.0" in value_at(document, header, end)


class TestFolds:
    @given(VALUES)
    def test_a_fold_is_a_whole_value(self, value: object) -> None:
        document = json_document(value)
        for n in range(document.line_count):
            fold = finished(fold_at(document, n))
            opens = document.line(n).endswith(("{", "["))
            assert (fold is not None) == opens
            if fold is not None:
                json.loads(value_at(document, *fold))

    @given(VALUES, st.integers(1, 3))
    def test_a_level_is_everything_at_that_depth(self, value: object, depth: int) -> None:
        document = json_document(value)
        found = [fold for fold in folds_at(document, depth) if fold is not None]
        indent = "  " * depth
        headers = [
            n
            for n in range(document.line_count)
            if document.line(n).endswith(("{", "["))
            and document.line(n).startswith(indent)
            and document.line(n)[2 * depth] != " "
        ]
        assert [header for header, _ in found] == headers
        assert found == [finished(fold_at(document, header)) for header in headers]

    def test_what_a_line_is_in(self) -> None:
        document = json_document({"a": {"b": [1, 2]}})
        assert finished(fold_around(document, 3)) == (2, 5)
        assert finished(fold_around(document, 2)) == (1, 6)
        assert finished(fold_around(document, 0)) is None

    def test_xml_folds_by_elements(self) -> None:
        document = Document(b"<r><a><b>1</b><c/></a><d>x</d></r>", "text/xml")
        assert [finished(fold_at(document, n)) for n in range(document.line_count)] == [
            *((0, 6), (1, 4), None, None, None, None, None),
        ]

    @given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 15)), max_size=12), st.integers(0, 5))
    def test_places_and_lines_are_each_others_inverse(self, wanted: list[tuple[int, int]], opened: int) -> None:
        folds, hidden, taken = Folds(), dict[int, int](), list[tuple[int, int]]()
        for header, size in wanted:
            if all(header > end or header + size < first for first, end in taken):
                folds.add(header, header + size)
                taken.append((header, header + size))
        for header, end in taken[:opened]:
            folds.remove(header)
            taken = [one for one in taken if one != (header, end)]
        for header, end in taken:
            hidden |= dict.fromkeys(range(header + 1, end + 1), header)
        shown = [line for line in range(80) if line not in hidden]
        assert [folds.line_at(place) for place in range(len(shown))] == shown
        assert [folds.shown_at(line) for line in shown] == list(range(len(shown)))
        assert folds.hidden == len(hidden)
        for line, header in hidden.items():
            assert folds.header_over(line) == header
            assert folds.shown_at(line) == folds.shown_at(header)

    def test_folds_inside_of_a_fold_are_forgotten(self) -> None:
        folds = Folds()
        folds.add(4, 6)
        folds.add(2, 9)
        assert len(folds) == 1
        folds.remove(2)
        assert folds.hidden == 0


class TestWrapping:
    @pytest.mark.parametrize(
        ("text", "starts"), [("", [0]), ("abcdefgh", [0, 3, 6]), ("中文中文", [0, 2, 4, 6]), ("a中b文", [0, 3])]
    )
    def test_rows_begin_where_the_width_is_full(self, text: str, starts: list[int]) -> None:
        assert row_breaks(text, 3) == starts

    @given(st.lists(st.integers(0, 60), min_size=1, max_size=30), st.integers(8, 30), st.booleans())
    def test_rows_and_lines_lead_to_each_other(self, lengths: list[int], width: int, fold: bool) -> None:
        document = Document("\n".join("x" * length for length in lengths).encode() + b"\n", "text/plain")
        rows = WrappedRows(document)
        for _ in rows.wrap(width):
            pass
        hidden = range(0)
        if fold and document.line_count > 4:
            rows.folds.add(1, 3)
            rows.changed()
            hidden = range(2, 4)
        wanted = [
            (line, part)
            for line, length in enumerate(lengths)
            if line not in hidden
            for part in range(1 if fold and document.line_count > 4 and line == 1 else max(-(-length // width), 1))
        ]
        assert [rows.at(row) for row in range(rows.count)] == wanted
        assert all(rows.row_of(line) + part == row for row, (line, part) in enumerate(wanted))

    def test_a_line_of_megabytes_is_wrapped(self) -> None:
        document = Document(b"x" * 1_000_000, "text/plain")
        rows = WrappedRows(document)
        for _ in rows.wrap(100):
            pass
        assert rows.count == 10_000
        assert rows.at(9_999) == (0, 9_999)
        assert rows.row_of(0, 123_456) == 1_234


class TestTables:
    @pytest.mark.parametrize(
        ("body", "path", "count"),
        [
            (b'[{"a":1},{"a":2}]', (), 2),
            (b'{"meta":{"x":[1]},"data":[{"a":1}]}', ("data",), 1),
            (b'{"response":{"orders":[{"a":1}],"total":1}}', ("response", "orders"), 1),
            (b'{"errors":[],"items":[{"a":1}]}', ("items",), 1),
        ],
    )
    def test_records_are_found(self, body: bytes, path: tuple[str, ...], count: int) -> None:
        records = records_of(Document(body, "application/json"))
        assert records is not None
        assert (records.path, len(records)) == (path, count)

    @pytest.mark.parametrize("body", [b'{"a": 1}', b'"x"', b"[1,", b"", b"<a/>"])
    def test_bodies_without_records_have_no_table(self, body: bytes) -> None:
        assert records_of(Document(body)) is None

    def test_attributes_are_flattened_and_tokens_stay(self) -> None:
        record = b'{"type":"t","id":"1","attributes":{"price":1.0,"size":{"w":-0}},"links":{"self":"/1"}}'
        body = b'{"data":[' + record + b', {"id":null}]}'
        document = Document(body, "application/vnd.api+json")
        records = records_of(document)
        assert records is not None
        table = RecordTable(document, records)
        for _ in table.steps():
            pass
        assert table.columns == ["type", "id", "price", "size.w", "links.self"]
        assert table.line(0).split() == ["0", "t", "1", "1.0", "-0", "/1"]
        assert table.line(1).split() == ["1", "null"]
        assert "".join(text for _, text in table.header()).split() == ["#", *table.columns]
        assert finished(record_line(document, records.path, 1)) == line_of(document, '"id": null') - 1

    def test_lines_of_json_are_records(self) -> None:
        document = Document(b'{"a":1}\n{"a":"two","b":3}\n', "application/x-ndjson")
        records = records_of(document)
        assert records is not None
        assert [dict(records.cells(n)) for n in range(2)] == [
            {"a": ("number", "1")},
            {"a": ("string", "two"), "b": ("number", "3")},
        ]

    def test_nothing_that_acts_is_shown_in_a_cell(self) -> None:
        document = json_document([{"a\x1b[2J": "x\x1b]52;c;eA==\x07\ny"}])
        records = records_of(document)
        assert records is not None
        table = RecordTable(document, records)
        for _ in table.steps():
            pass
        text = "".join(part for _, part in table.header()) + table.line(0)
        assert not {"\x1b", "\x07", "\n"} & set(text)


class TestFilters:
    @pytest.mark.parametrize(
        ("expression", "left"),
        [
            ("[0].price", b"1.0"),
            ("[*].price", b"[1.0,1e400]"),
            ("[].id", b"[-0,18446744073709551617]"),
            ("[?price > `5`].name", b'["b"]'),
            ("sum([*].count)", b"3"),
            ("length(@)", b"2"),
            ("[0].nothing", b"null"),
            ("max_by(@, &count).name", b'"b"'),
        ],
    )
    def test_jmespath_keeps_the_tokens_of_numbers(self, expression: str, left: bytes) -> None:
        first = b'{"id":-0,"name":"a","price":1.0,"count":1}'
        second = b'{"id":18446744073709551617,"name":"b","price":1e400,"count":2}'
        body = b"[" + first + b"," + second + b"]"
        filtered = Filter("json", body).run(expression)
        assert (filtered.problem, filtered.body) == ("", left)

    @pytest.mark.parametrize("expression", ["[?", "nope(@)", "length(`1`)", "sum(@)", ""])
    def test_an_expression_that_is_none_says_why(self, expression: str) -> None:
        filtered = Filter("json", b'["a"]').run(expression)
        assert filtered.body == b""
        assert filtered.problem

    @pytest.mark.parametrize(
        ("expression", "left"),
        [
            ("//b", b'<results><b>1</b><b k="v">2</b></results>'),
            ("/r/a/b[2]/@k", b"v"),
            ("a/b/text()", b"1\n2"),
            ("/other/b", b"<results></results>"),
            ("k=", b'    <b k="v">2</b>'),
        ],
    )
    def test_xpath_or_words_for_xml(self, expression: str, left: bytes) -> None:
        filtered = Filter("xml", b'<r><a><b>1</b><b k="v">2</b></a></r>').run(expression)
        assert (filtered.problem, filtered.body) == ("", left)

    def test_entities_are_not_expanded(self) -> None:
        bomb = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r>&b;</r>'
        filtered = Filter("xml", bomb).run("//r")
        assert filtered.body == b""
        assert "entities" in filtered.problem

    def test_lines_that_hold_the_words(self) -> None:
        assert Filter("text", b"one Two\nthree\ntwo").run("two").body == b"one Two\ntwo"
        assert Filter("text", b"one Two\nthree\ntwo").run("Two").body == b"one Two"

    @given(st.binary(max_size=60), st.sampled_from(["json", "xml", "text"]), st.text(max_size=12))
    def test_nothing_raises(self, body: bytes, kind: str, expression: str) -> None:
        Filter(kind, body).run(expression)
