"""The records of a body: the array of JSON objects in it, the rows of a CSV file, or
the elements that repeat in XML, each taken apart when wanted."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import msgspec

from explorer.core.document.cell import Cell, is_number
from explorer.core.document.xml_records import XmlRecords, xml_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.document.document import Document

_USUAL_KEYS = ("data", "items", "results", "records", "rows", "entries", "list")
_MAX_DEPTH = 3


class JsonRecords:
    """Elements of an array. ``path`` leads to it; values of ``attributes`` (JSON:API 1.1, 5.2) stand beside ``id``."""

    def __init__(self, path: tuple[str, ...], raws: Sequence[msgspec.Raw | bytes]) -> None:
        self.path = path
        self._raws = raws

    def __len__(self) -> int:
        return len(self._raws)

    def raw(self, n: int) -> bytes:
        """Record *n* as sent."""
        return bytes(self._raws[n])

    def cells(self, n: int) -> dict[str, Cell]:
        """Record *n* by the names of its columns."""
        raw = self._raws[n]
        try:
            first = bytes(memoryview(raw)[:1])
            if first == b"{":
                return dict(_members(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]), "", 1))
            if first == b"[":
                inner = msgspec.json.decode(raw, type=list[msgspec.Raw])
                return {str(i): _cell(bytes(value)) for i, value in enumerate(inner)}
        except (msgspec.DecodeError, RecursionError):
            return {"value": Cell("error", bytes(raw).decode("utf-8", "replace"))}
        return {"value": _cell(bytes(raw))}


class CsvRecords:
    """Rows of a CSV file (RFC 4180) with names from its first; a row goes on over line ends inside of quotes."""

    path: tuple[str, ...] = ()

    def __init__(self, rows: list[bytes], delimiter: str) -> None:
        self._delimiter = delimiter
        self._names = self._row(rows[0]) if rows else []
        self._rows = rows[1:]

    def __len__(self) -> int:
        return len(self._rows)

    def raw(self, n: int) -> bytes:
        """Row *n* as sent."""
        return self._rows[n]

    def cells(self, n: int) -> dict[str, Cell]:
        """Row *n* by the names of its columns."""
        made: dict[str, Cell] = {}
        for i, text in enumerate(self._row(self._rows[n])):
            name = self._names[i] if i < len(self._names) and self._names[i] else f"({i + 1})"
            name = name if name not in made else f"{name} ({i + 1})"
            made[name] = Cell("number" if is_number(text) else "text", text)
        return made

    def _row(self, raw: bytes) -> list[str]:
        try:
            return next(csv.reader([raw.decode("utf-8", "replace")], delimiter=self._delimiter), [])
        except csv.Error:
            return [raw.decode("utf-8", "replace")]


Records = JsonRecords | CsvRecords | XmlRecords


def records_of(document: Document) -> Records | None:
    """The records in *document*; None where it has none. Blocks for some 2 ms a megabyte."""
    try:
        if document.kind == "csv":
            return _csv(document)
        if document.kind == "xml":
            return xml_records(document)
        if document.kind != "json":
            return None
        if document.media.json_lines:
            return JsonRecords((), [line for line in document.source.split(b"\n") if line.strip()])
        return _find_records(msgspec.Raw(document.source), ())
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _find_records(raw: msgspec.Raw, path: tuple[str, ...]) -> JsonRecords | None:
    first = bytes(memoryview(raw)[:64]).lstrip()[:1]
    if first == b"[":
        return JsonRecords(path, msgspec.json.decode(raw, type=list[msgspec.Raw]))
    if first != b"{" or len(path) >= _MAX_DEPTH:
        return None
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    names = sorted(members, key=lambda name: _USUAL_KEYS.index(name) if name in _USUAL_KEYS else len(_USUAL_KEYS))
    for wanted in (b"[", b"{"):
        for name in names:
            if bytes(memoryview(members[name])[:1]) == wanted:
                found = _find_records(members[name], (*path, name))
                if found is not None and (len(found) or wanted == b"{" or name in _USUAL_KEYS):
                    return found
    return None


def _csv(document: Document) -> CsvRecords:
    rows: list[bytes] = []
    part = b""
    for line in document.source.split(b"\n"):
        part = part + b"\n" + line if part else line
        if part.count(b'"') % 2 == 0:
            if part.strip():
                rows.append(part)
            part = b""
    if part:
        rows.append(part)
    head = rows[0].decode("utf-8", "replace") if rows else ""
    tabs = document.media.name == "text/tab-separated-values"
    return CsvRecords(rows, "\t" if tabs else max(",;\t|", key=head.count))


def _members(members: dict[str, msgspec.Raw], prefix: str, deeper: int) -> Iterator[tuple[str, Cell]]:
    for name, raw in members.items():
        value = bytes(raw)
        if deeper and value[:1] == b"{" and value != b"{}":
            inner = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
            flat = name == "attributes" and not prefix
            yield from _members(inner, "" if flat else f"{prefix}{name}.", deeper if flat else deeper - 1)
        else:
            yield prefix + name, _cell(value)


def _cell(value: bytes) -> Cell:
    first = value[:1]
    if first == b'"':
        try:
            return Cell("string", str(json.loads(value)))
        except ValueError:
            return Cell("string", value.decode("utf-8", "replace"))
    text = value.decode("utf-8", "replace")
    if first in (b"{", b"["):
        return Cell("punctuation", text)
    return Cell("constant" if first in (b"t", b"f", b"n") else "number", text)
