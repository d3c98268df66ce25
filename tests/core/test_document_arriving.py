"""A body that is laid out while it arrives: what is there is readable, and in the end it is what the whole makes."""

from __future__ import annotations

import json

import msgspec
import pytest

from explorer.core.body.document import Document
from explorer.core.text.data import MemoryStore
from tests.core.test_document_steps import TEXTS
from tests.properties import given, st

RECORDS = [{"id": n, "name": 'kettle, "blue" é', "tags": ["a", {"x": 1}]} for n in range(60)]
BODIES = [
    (json.dumps({"data": RECORDS}, ensure_ascii=False).encode(), "application/json"),
    (json.dumps({"a": 1}, indent=1).encode(), "text/html"),
    (b"[1,2,3,fals", "application/json"),
    (b"[1,2,,3]", "application/json"),
    (b"a,b\n1,2\n", "text/csv"),
    (b"<a>" + b"<b>1</b>" * 50 + b"</a>", "application/xml"),
    ('{"é":[1,2,"ü"]}'.encode("utf-16"), "application/json"),
    ('{"é":[1,2,"ü"]}'.encode("latin-1"), "application/json; charset=iso-8859-1"),
    (b'\xef\xbb\xbf{"a":[1,2,3]}', "application/json"),
    (b"\x89PNG\r\n\x1a\n" + bytes(200), "image/png"),
    (b"a\r\nb\rc\n", "text/plain"),
    (b'{"a":' * 300 + b"1" + b"}" * 300, "application/json"),
    (b'{"a":1}\n{"a":2}\n', "application/x-ndjson"),
    (b'"' + b"x," * 4000 + b'"', "application/json"),
    (b"", "text/plain"),
]


def lines(document: Document) -> list[str]:
    return [document.line(n) for n in range(document.line_count)]


def grown(body: bytes, content_type: str, step: int, view: str = "pretty") -> tuple[Document, list[str]]:
    """The document after all has come bit by bit, and what it showed before it was told that this was all."""
    document, arriving = Document.opened(b"", content_type, view="raw" if view == "raw" else "pretty"), MemoryStore()
    for start in range(0, len(body), step):
        arriving.append(body[start : start + step])
        for _ in document.lay_out_ahead(arriving):
            pass
    before = lines(document)
    document.complete_body(body)
    for _ in document.steps():
        pass
    return document, before


@pytest.mark.parametrize(("body", "content_type"), BODIES)
@pytest.mark.parametrize("view", ["pretty", "raw"])
@pytest.mark.parametrize("step", [3, 1000])
def test_in_the_end_it_is_what_the_whole_makes(body: bytes, content_type: str, view: str, step: int) -> None:
    document, _ = grown(body, content_type, step, view)
    whole = Document(body, content_type, view="raw" if view == "raw" else "pretty")
    assert lines(document) == lines(whole)
    for name in ("kind", "note", "charset", "laid_out", "complete", "source", "size"):
        assert getattr(document, name) == getattr(whole, name), name


def test_json_is_laid_out_as_far_as_it_came_and_stays() -> None:
    # With small bits it is shown as sent up to its first comma; it does not become something else after that.
    for step, generation in ((50, 0), (5, 1)):
        document, before = grown(BODIES[0][0], "application/json", step)
        assert len(before) > 300
        assert lines(document)[: len(before) - 1] == before[:-1]
        assert document.generation == generation


def test_json_without_a_comma_is_shown_as_sent_until_it_is_whole() -> None:
    document, before = grown(b'{"text":"' + b"x" * 500 + b'"}', "application/json", 9)
    assert before == ['{"text":"' + "x" * 500 + '"}']
    assert lines(document) == ["{", '  "text": "' + "x" * 500 + '"', "}"]


def test_xml_is_laid_out_as_far_as_it_came_and_stays() -> None:
    record = b"<kettle id='1'><name>Blue &amp; red</name><empty/><price>9.90</price> </kettle>\n"
    for rest in (b"", b"<!-- <note> --><last>1</last>", b"<p>text <b>and</b> tags</p>"):
        body = b'<?xml version="1.0"?><shop>' + record * 20 + rest + b"</shop>"
        for step in (1, 7, 200):
            document, before = grown(body, "application/xml", step)
            assert len(before) > 80
            assert lines(document)[: len(before) - 1] == before[:-1]
            assert document.generation == 0
            assert lines(document) == lines(Document(body, "application/xml"))


@given(
    st.lists(
        st.sampled_from(
            [*("<a>", "</a>", "<b/>", "<c x='>'>t</c>", "text", " ", "\n", "<!-- <a> -->", "<![CDATA[<a>]]>", "<")]
        ),
        max_size=20,
    ),
    st.integers(1, 9),
)
def test_xml_in_any_bits_is_what_the_whole_makes(parts: list[str], step: int) -> None:
    body = ("<root>" + "".join(parts)).encode()
    document, _ = grown(body, "application/xml", step)
    assert lines(document) == lines(Document(body, "application/xml"))


def test_text_is_readable_up_to_its_unfinished_line() -> None:
    document, arriving = Document.opened(b"", "text/plain"), MemoryStore(b"one\ntw")
    for _ in document.lay_out_ahead(arriving):
        pass
    assert lines(document) == ["one", "tw"]


@given(TEXTS, st.integers(1, 9))
def test_pieces_of_what_arrives_begin_what_the_formatter_makes_of_the_whole(text: str, step: int) -> None:
    body = text.encode()
    _, before = grown(body, "application/json", step)
    shown = "\n".join(before)
    assert msgspec.json.format(body, indent=2).decode().startswith(shown) or shown == text or "\\u" in text
