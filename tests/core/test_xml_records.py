"""XML as a table: which elements are the records, and their cells, compared with a tree that the library parsed."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from explorer.core.body.document import Document
from explorer.core.body.records import XmlRecords, records_of
from explorer.core.body.table import RecordTable
from tests.properties import given, st

SHOP = b"""<?xml version="1.0" encoding="UTF-8"?>
<response><success>true</success>
  <stores>
    <item id="7"><name>Gulls &amp; Co</name><price>1.10</price><empty/><tags><t>a</t><t>b</t></tags></item>
    <item><name><![CDATA[<Teapot>]]></name><price>2</price><owner><city>Whitby</city><geo><x>1</x></geo></owner></item>
    <item/>
  </stores>
  <pagination><total>3</total></pagination>
</response>"""


def found(body: bytes, content_type: str = "application/xml") -> XmlRecords:
    records = records_of(Document(body, content_type))
    assert isinstance(records, XmlRecords)
    return records


def test_the_elements_that_repeat_are_the_records() -> None:
    records = found(SHOP)
    assert (records.path, len(records)) == (("stores", "item"), 3)
    first = {name: cell.text for name, cell in records.cells(0).items()}
    assert first == {"@id": "7", "name": "Gulls & Co", "price": "1.10", "empty": "", "tags.t": "a, b"}
    assert records.cells(0)["price"].kind == "number"
    assert {name: cell.text for name, cell in records.cells(1).items()} == {
        "name": "<Teapot>",
        "price": "2",
        "owner.city": "Whitby",
        "owner.geo": "1",
    }
    assert records.cells(2) == {}


def test_a_record_leads_back_to_its_line() -> None:
    document = Document(SHOP, "text/xml")
    records = records_of(document)
    assert isinstance(records, XmlRecords)
    for number, start in ((0, '<item id="7">'), (1, "<item>"), (2, "<item/>")):
        assert document.line(document.line_at(records.start(number))).strip().startswith(start)


def test_the_table_shows_and_finds_them() -> None:
    document = Document(SHOP, "application/xml")
    table = RecordTable(document, found(SHOP))
    for _ in table.steps():
        pass
    assert table.columns == ["@id", "name", "price", "empty", "tags.t", "owner.city", "owner.geo"]
    assert "Gulls & Co" in table.line(0)
    search = table.search("whitby")
    for _ in search.scan():
        pass
    assert search.count == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<a><b>1</b><c>2</c></a>",
        b"<a/>",
        b"<a>only text</a>",
        b"<a><b>",
        b"",
    ],
)
def test_what_has_no_records_has_no_table(body: bytes) -> None:
    assert records_of(Document(body, "application/xml")) is None


def test_an_entity_is_never_expanded() -> None:
    records = found(b'<!DOCTYPE a [<!ENTITY e "boom">]><a><b><c>&e;</c></b><b><c>2</c></b></a>')
    cell = records.cells(0)["value"]
    assert cell.kind == "error"
    assert "boom" not in cell.text
    assert records.cells(1)["c"].text == "2"


def test_prefixes_and_attributes_need_no_namespace() -> None:
    body = b'<f:feed xmlns:f="urn:f"><f:entry f:id="1"><f:t>A</f:t></f:entry><f:entry><f:t>B</f:t></f:entry></f:feed>'
    records = found(body, "application/atom+xml")
    assert [cells["f:t"].text for cells in map(records.cells, range(2))] == ["A", "B"]
    assert records.cells(0)["@f:id"].text == "1"


_TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=20)


@given(st.lists(st.dictionaries(st.sampled_from(["name", "price", "note"]), _TEXTS, min_size=1), min_size=2))
def test_cells_are_what_a_parser_finds(rows: list[dict[str, str]]) -> None:
    root = ElementTree.Element("root")
    for row in rows:
        item = ElementTree.SubElement(root, "row")
        for name, text in row.items():
            ElementTree.SubElement(item, name).text = text
    body = ElementTree.tostring(root, encoding="utf-8")
    records = found(body)
    told: list[dict[str, Any]] = [
        {name: cell.text for name, cell in records.cells(n).items()} for n in range(len(records))
    ]
    assert told == [{name: text.strip() for name, text in row.items()} for row in rows]
