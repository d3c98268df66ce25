"""Bodies as they are read: what is shown, what is said of it, and that nothing makes it fall over."""

from __future__ import annotations

import gzip
import json
import re
import struct
import unicodedata
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from explorer.core.body.document import Document, DocumentView
from tests.properties import given, settings, st

if TYPE_CHECKING:
    from explorer.core.body.search import BodySearch, Hit

TYPES = st.sampled_from(
    [
        "",
        "application/json",
        "application/problem+json; charset=utf-8",
        "application/json; charset=utf-16",
        "application/xml",
        "text/html; charset=shift_jis",
        "text/csv",
        "text/plain; charset=zlib",
        "application/x-www-form-urlencoded",
        "application/x-ndjson",
        "image/png",
        "; charset=",
    ]
)
PIECES = st.sampled_from(
    [
        *(
            b"{",
            b"}",
            b"[",
            b"]",
            b'"',
            b"\\",
            b",",
            b":",
            b"-1.0",
            b"true",
            b" ",
            b"\n",
            b"\r\n",
            b"\t",
            b"&",
            b"=",
            b"%0a",
        ),
        *(
            b"<a>",
            b"</a>",
            b"<a b='",
            b"<!--",
            b"-->",
            b"<script>",
            b"</script>",
            b"<![CDATA[",
            b"]]>",
            b"<!DOCTYPE a [",
        ),
        *(b"\x1b]0;t\x07", b"\xc2\x9b2J", b"\xe2\x80\xae", b"\xff", b"\xe4\xb8\xad", b"\xf0\x9f\x98\x80", b"\x00"),
        b"x" * 2100,
    ]
)
BODIES = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(b"".join))
VIEWS = st.sampled_from(["pretty", "raw"])


def lines(document: Document) -> list[str]:
    return [document.line(n) for n in range(document.line_count)]


def kinds(document: Document, n: int) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in document.tokens(n) if text.strip()]


def flat(value: Any) -> Any:
    """Objects as lists of pairs, numbers as their own text: everything that laying out could lose."""
    return json.loads(
        value, parse_int=lambda t: ("number", t), parse_float=lambda t: ("number", t), object_pairs_hook=list
    )


class TestAnyBytes:
    @given(BODIES, TYPES, VIEWS)
    def test_nothing_raises_and_nothing_that_acts_is_shown(
        self, body: bytes, content_type: str, view: DocumentView
    ) -> None:
        document = Document(body, content_type, view=view)
        for n in range(document.line_count):
            line = document.line(n)
            assert "".join(text for _, text in document.tokens(n)) == line
            document.window(n, 7, 20)
            bad = [
                c for c in line if unicodedata.category(c) in {"Cc", "Cs"} or "\u202a" <= c <= "\u202e" or c == "\ufeff"
            ]
            assert not bad
        assert document.tokens(-1) == document.tokens(document.line_count) == []
        assert document.note.isprintable()

    @given(BODIES, TYPES, st.sampled_from(["a", '"', "A", "<", "中", "\\"]))
    def test_every_match_is_where_it_is_said_to_be(self, body: bytes, content_type: str, needle: str) -> None:
        document = Document(body, content_type)
        found = list(document.find(needle))
        if document.kind != "hex":
            shown = [document.line(line)[column : column + length] for line, column, length in found]
            assert all(text == needle or text.lower() == needle for text in shown)
            whole = "\n".join(lines(document))
            assert len(found) == (whole if needle == "A" else whole.lower()).count(needle)


SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)


class TestJson:
    @given(VALUES, st.booleans(), st.sampled_from([None, 1]))
    def test_laying_out_changes_no_token(self, value: Any, ascii_only: bool, indent: int | None) -> None:
        sent = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
        try:
            sent.decode()
        except UnicodeDecodeError:
            return
        document = Document(sent, "application/json")
        assert document.note == ""
        assert flat(document.data) == flat(sent)

    @pytest.mark.parametrize(
        "token", ["1.0", "1e400", "-0", "12345678901234567890123", '"\\u00e9\\/"', '"\\ud83d"', '"\\u001b[2J"', "0.10"]
    )
    def test_tokens_stay_as_sent(self, token: str) -> None:
        document = Document(f'{{"a":{token},"a":[{token}],"e":{{}},"f":[]}}'.encode(), "application/vnd.api+json")
        assert lines(document) == [
            "{", f'  "a": {token},', '  "a": [', f"    {token}", "  ],", '  "e": {},', '  "f": []', "}",
        ]  # fmt: skip
        assert document.note == ""

    def test_tokens_have_kinds(self) -> None:
        document = Document(b'{"a":"b","n":1.50,"c":null}', "application/json")
        assert kinds(document, 1) == [("key", '"a"'), ("punctuation", ":"), ("string", '"b"'), ("punctuation", ",")]
        assert ("number", "1.50") in kinds(document, 2)
        assert ("constant", "null") in kinds(document, 3)

    def test_json_that_ends_too_early_is_laid_out_as_far_as_it_came(self) -> None:
        document = Document(b'{"a": 1, "b": [true, fals', "application/json")
        assert document.note.startswith("invalid JSON: it ends too early at line 1, column 26")
        assert lines(document) == ["{", '  "a": 1,', '  "b": [', "    true,", "    fals"]
        raw = Document(b'{"a": 1, "b": [true, fals', "application/json", view="raw")
        assert lines(raw) == ['{"a": 1, "b": [true, fals']

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            (b'{"a": 1,\n "b": nope}', "line 2, column 7"),
            ("{\"é\": 'x'}".encode(), "line 1, column 7"),
            (b'{"a": "\\ud83d",}', "line 1, column 16"),
            (b"[1, 2] tail", "line 1, column 8"),
            (b'["a, t\x01"]', "line 1, column 7"),
        ],
    )
    def test_invalid_json_is_shown_as_sent_with_the_place_of_the_error(self, body: bytes, where: str) -> None:
        document = Document(body, "application/json")
        assert document.note.startswith("invalid JSON")
        assert where in document.note
        assert "\n".join(lines(document)) == body.decode().replace("\x01", "␁")

    def test_raw_is_as_sent(self) -> None:
        assert lines(Document(b'{"a":1}\n', "application/json", view="raw")) == ['{"a":1}']

    def test_deep_nesting_neither_fails_nor_blows_up(self) -> None:
        deep = Document(b"[" * 50_000 + b"]" * 50_000, "application/json")
        assert deep.note == ""
        assert deep.line_count == 99_999
        wide = Document(b"[" * 900 + b",".join([b"1"] * 200_000) + b"]" * 900, "application/json")
        assert len(wide.data) < 64 * wide.size + 1_000_000

    def test_a_json_line_of_a_stream_has_colours_too(self) -> None:
        document = Document(b'{"a":1}\n{"a":2}\n', "application/x-ndjson")
        assert document.line_count == 2
        assert kinds(document, 1)[1] == ("key", '"a"')
        assert document.note == ""


class TestWhatItIs:
    @pytest.mark.parametrize(
        ("body", "content_type", "kind", "note"),
        [
            (b"", "application/json", "empty", ""),
            (b"<!DOCTYPE html><html></html>", "application/json", "html", "declared application/json, is HTML"),
            (b'{"a":1}', "text/html; charset=utf-8", "json", "declared text/html, is JSON"),
            (b'{"a":1}', "", "json", ""),
            (b"{not json}", "text/plain", "text", ""),
            (b"<a/>", "application/atom+xml", "xml", ""),
            (b"a=1&b=2", "application/x-www-form-urlencoded", "form", ""),
            (b"a,b\n1,2\n", "text/csv", "csv", ""),
            (gzip.compress(b"{}" * 50, mtime=0), "application/json", "hex", "declared application/json, is gzip data"),
            (b"\x00\x01\x02", "", "hex", ""),
        ],
    )
    def test_kind_and_note(self, body: bytes, content_type: str, kind: str, note: str) -> None:
        document = Document(body, content_type)
        assert (document.kind, document.note) == (kind, note)

    def test_a_hostile_media_type_is_not_shown_as_it_is(self) -> None:
        assert "\x1b" not in Document(b'{"a":1}', "text/\x1b[2J").note

    def test_an_image_is_named_with_its_size(self) -> None:
        header = struct.pack(">IIBBBBB", 640, 480, 8, 2, 0, 0, 0)
        png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(header))
        document = Document(png, "image/png")
        assert document.title == "PNG image, 640 × 480"
        assert document.line(0) == "00000000  89 50 4e 47 0d 0a 1a 0a  00 00 00 0d 49 48 44 52  │·PNG········IHDR│"
        assert list(document.find("IHDR")) == [(0, document.line(0).index("IHDR"), 4)]


class TestCharset:
    @pytest.mark.parametrize(
        ("body", "content_type", "shown", "note"),
        [
            ("café".encode(), "text/plain", "café", ""),
            ("café".encode("latin-1"), "text/plain; charset=ISO-8859-1", "café", ""),
            (b"\x93hi\x94", "text/plain; charset=iso-8859-1", "“hi”", ""),
            ("café".encode("latin-1"), "text/plain", "caf\ufffd", "invalid UTF-8 at byte 3"),
            ("日本".encode("shift_jis"), 'text/plain; charset="Shift_JIS"', "日本", ""),
            ("日本".encode("utf-16"), "text/plain", "日本", ""),
            ("\ufeffhi".encode(), "text/plain; charset=latin1", "hi", "has a utf-8 byte order mark"),
            ("日本".encode(), "text/plain; charset=klingon", "日本", "unknown charset 'klingon'"),
            (b"hi", "text/plain; charset=zlib", "hi", "unknown charset"),
            ("<?xml version='1.0' encoding='koi8-r'?><a>мир</a>".encode("koi8-r"), "text/xml", "<a>мир</a>", ""),
        ],
    )
    def test_where_the_charset_comes_from(self, body: bytes, content_type: str, shown: str, note: str) -> None:
        document = Document(body, content_type)
        assert lines(document)[-1] == shown
        assert note in document.note
        assert bool(note) == bool(document.note)

    def test_json_in_utf_16_without_a_mark(self) -> None:
        assert lines(Document('["é"]'.encode("utf-16-le"), "application/json"))[1] == '  "é"'


class TestMarkup:
    def test_xml_is_indented_and_text_stays(self) -> None:
        body = b'<?xml version="1.0"?><r a="1 > 0"><p>one  <b>two</b> </p><e/><!-- <x> --><q><s>1</s></q><n></n></r>'
        assert lines(Document(body, "application/xml")) == [
            '<?xml version="1.0"?>',
            '<r a="1 > 0">',
            "  <p>one  <b>two</b> </p>",
            "  <e/>",
            "  <!-- <x> -->",
            "  <q>",
            "    <s>1</s>",
            "  </q>",
            "  <n></n>",
            "</r>",
        ]

    def test_records_are_indented_like_any_other_xml(self) -> None:
        body = b"<r>\n <a><b x='/'/>\n</a><c> t </c><d y='1 > 0'><e></e></d></r>\n"
        expected = [
            "<r>",
            "  <a>",
            "    <b x='/'/>",
            "  </a>",
            "  <c> t </c>",
            "  <d y='1 > 0'>",
            "    <e></e>",
            "  </d>",
            "</r>",
        ]
        assert lines(Document(body, "text/xml")) == expected
        with_comment = lines(Document(body + b"<!-- end -->", "text/xml"))
        assert with_comment == [*expected, "<!-- end -->"], "the general way lays out the same"

    def test_entities_are_never_expanded(self) -> None:
        bomb = (
            b'<!DOCTYPE a [<!ENTITY x "haha"><!ENTITY y "&x;&x;"><!ENTITY z SYSTEM "file:///etc/passwd">]><a>&y;&z;</a>'
        )
        document = Document(bomb, "application/xml")
        assert "entities" in document.note
        assert lines(document)[-1] == "<a>&y;&z;</a>"

    def test_xml_that_is_broken_says_where(self) -> None:
        assert Document(b"<a>\n <b></a>", "text/xml").note == "not well-formed XML: mismatched tag at line 2, column 7"

    def test_html_scripts_and_void_elements_are_left_alone(self) -> None:
        head = b'<html><head><meta charset="utf-8"><script>if (a < b) {\n go("<p>") }</script></head>'
        body = head + b"<body><br><p>Hi</p></body></html>"
        assert lines(Document(body, "text/html")) == [
            "<html>",
            "  <head>",
            '    <meta charset="utf-8">',
            "    <script>if (a < b) {",
            ' go("<p>") }</script>',
            "  </head>",
            "  <body>",
            "    <br>",
            "    <p>Hi</p>",
            "  </body>",
            "</html>",
        ]

    def test_colour_knows_what_began_far_above(self) -> None:
        comment = b"<!--" + b"\n<b>" * 500 + b"-->"
        document = Document(b"<r>" + comment + b"<x y='1'>t</x></r>", "application/xml")
        assert document.tokens(400) == [("comment", "<b>")]
        assert kinds(document, document.line_count - 2)[:2] == [("tag", "<x"), ("attribute", "y=")]

    def test_tokens_do_not_depend_on_the_order_of_asking(self) -> None:
        body = b"<r>" + b"<x y='1'>text &amp; more</x>" * 200 + b"</r>"
        forward, backward = Document(body, "text/xml"), Document(body, "text/xml")
        there = [forward.tokens(n) for n in range(forward.line_count)]
        back = [backward.tokens(n) for n in reversed(range(backward.line_count))]
        assert there == back[::-1]


class TestOtherText:
    def test_a_form_is_shown_pair_by_pair_decoded(self) -> None:
        document = Document(b"name=J%C3%BCrgen+K&x=a%0Ab&flag", "application/x-www-form-urlencoded")
        assert lines(document) == ["name=Jürgen K", "x=a%0Ab", "flag"]
        assert kinds(document, 0) == [("key", "name"), ("punctuation", "="), ("string", "Jürgen K")]

    def test_csv_cells_have_kinds(self) -> None:
        document = Document(b'id,name\r\n7,"a,b"\r\n', "text/csv")
        assert kinds(document, 0) == [("key", "id"), ("punctuation", ","), ("key", "name")]
        assert kinds(document, 1) == [("number", "7"), ("punctuation", ","), ("string", '"a,b"')]

    def test_line_ends_of_every_kind(self) -> None:
        assert lines(Document(b"a\r\nb\rc\n\nd", "text/plain")) == ["a", "b", "c", "", "d"]


class TestLargeBodies:
    BODY = b"[" + b",".join(b'{"id":%d,"name":"kettle \\"blue\\" \\\\"}' % n for n in range(30_000)) + b"]"

    def test_any_line_is_found_in_the_index(self) -> None:
        document = Document(self.BODY, "application/json")
        expected = bytes(document.data).decode().split("\n")
        assert document.line_count == len(expected)
        for n in [0, 1, 65_535, 65_536, document.line_count // 2, document.line_count - 1]:
            assert document.line(n) == expected[n]
        for _ in document.measure():
            pass
        assert document.width == max(map(len, expected))

    def test_a_window_of_one_long_line_is_the_text_there_with_its_colours(self) -> None:
        document = Document(self.BODY, "application/json", view="raw")
        text = self.BODY.decode()
        assert document.line_count == 1
        for left in [0, 2_000, 2_048, 500_000, len(text) - 50]:
            start, tokens = document.window(0, left, 80)
            shown = "".join(part for _, part in tokens)
            assert shown == text[start : start + len(shown)]
            assert start <= left
            assert start + len(shown) >= min(left + 80, len(text))
            assert len(shown) < 8_192
            whole_keys = {part for kind, part in tokens if kind == "key"} - {'"'}
            assert {part for part in whole_keys if part.startswith('"')} <= {'"id"', '"name"'}

    def test_a_long_line_of_wide_characters_is_found_by_cells(self) -> None:
        document = Document(("中" * 50_000).encode(), "text/plain")
        start, tokens = document.window(0, 60_001, 40)
        assert start % 2 == 0
        assert start <= 60_001 < start + 2 * len(tokens[0][1])
        assert document.cell_of(0, 30_000) == 60_000


class TestSearch:
    BODY = b"alpha Beta\n" * 60_000 + "ünd\tGamma beta\n".encode() + b"end"

    def document(self) -> Document:
        return Document(self.BODY, "text/plain")

    def counted(self, search: BodySearch) -> int:
        for _ in search.scan():
            pass
        assert search.complete
        return search.count

    def nearest(self, search: BodySearch, offset: int, *, forward: bool = True) -> Hit:
        return next(hit for hit in search.seek(offset, forward=forward) if hit)

    def test_counts_all_of_the_body(self) -> None:
        assert self.counted(self.document().search("beta")) == 60_001
        assert self.counted(self.document().search("Beta")) == 60_000
        assert self.counted(self.document().search(r"^alpha\s\w+$", regex=True)) == 60_000
        assert self.counted(self.document().search("alpha.")) == 0

    def test_goes_forward_and_back_from_anywhere(self) -> None:
        document = self.document()
        search = document.search("beta")
        self.counted(search)
        middle = document.line_offset(30_000)
        after, before = self.nearest(search, middle), self.nearest(search, middle, forward=False)
        assert (after.line, after.column, before.line) == (30_000, 6, 29_999)
        assert search.ordinal(after) == 30_001
        last = self.nearest(search, len(document.data), forward=False)
        assert document.line(last.line)[last.column : last.column + last.length] == "beta"
        first = self.nearest(search, 0)
        assert self.nearest(search, last.end) == first
        assert self.nearest(search, 0, forward=False) == last

    def test_a_match_across_a_cut_of_a_long_line_is_found_once(self) -> None:
        edge = 1 << 20
        document = Document(b"x" * (edge - 3) + b"needle" + b"x" * edge, "text/plain")
        search = document.search("needle")
        assert self.counted(search) == 1
        hit = self.nearest(search, 0)
        assert (hit.line, hit.column, hit.length) == (0, edge - 3, 6)
        assert self.nearest(search, 2 * edge, forward=False) == hit

    def test_bad_patterns_are_said_or_find_nothing(self) -> None:
        with pytest.raises(re.error):
            self.document().search("(", regex=True)
        with pytest.raises(ValueError, match="empty"):
            self.document().search("")
        assert list(self.document().find("(", regex=True)) == []


@settings(max_examples=40)
@given(st.binary(max_size=6000), st.integers(0, 6000))
def test_a_window_into_any_long_line_is_part_of_the_line(body: bytes, left: int) -> None:
    document = Document(b"x" * 2100 + body.replace(b"\n", b" ").replace(b"\0", b" "), "text/plain")
    if document.kind == "text":
        _, tokens = document.window(0, left, 50)
        assert "".join(text for _, text in tokens) in document.line(0)
