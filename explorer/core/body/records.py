"""Records of a JSON, XML or CSV body, and their cells."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.parsers import expat

import msgspec

from explorer.core.body.structure import INDENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.body.document import Document
    from explorer.core.text.data import Data


class Cell(NamedTuple):
    """Value to show: ``kind`` is a token kind (string, number, constant, punctuation), ``text`` is not sanitized."""

    kind: str
    text: str


def is_number(text: str) -> bool:
    """Return whether *text* is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


_MAX_XML_DEPTH: Final = 4
"""Deepest level below the root at which to look for records."""
_HEAD: Final = 1 << 20
"""First bytes of a body that decide which element repeats."""
_MAX_RECORD: Final = 4_000_000
"""Most bytes of a record to parse."""
_CONSTANTS: Final = frozenset({"true", "false", "null"})


class XmlRecords:
    """Repeated elements of an XML body; ``path`` is their path from below the root."""

    def __init__(self, path: tuple[str, ...], data: Data, starts: list[int], indent: int) -> None:
        self.path = path
        self._data = data
        self._starts = starts
        self._indent = indent
        self._tag = re.escape(path[-1].encode())

    def __len__(self) -> int:
        return len(self._starts)

    def start(self, n: int) -> int:
        """Return the offset in the formatted body at which record *n* starts."""
        return self._starts[n] + self._indent

    def raw(self, n: int) -> bytes:
        """Return record *n* as formatted."""
        start = self.start(n)
        stop = self._starts[n + 1] if n + 1 < len(self._starts) else len(self._data)
        line = self._data.find(b"\n", start)
        line = stop if line < 0 else min(line, stop)
        first = self._data[start:line].rstrip()
        if first.endswith(b"/>") or re.search(rb"</" + self._tag + rb"\s*>$", first):
            return first
        closing = re.compile(rb"\n {%d}</%s\s*>" % (self._indent, self._tag))
        match = closing.search(self._data, line, min(len(self._data), start + _MAX_RECORD))
        return self._data[start : match.end()] if match else first

    def cells(self, n: int) -> dict[str, Cell]:
        """Return the cells of record *n* by column name."""
        raw = self.raw(n)
        try:
            return _parse_record(raw)
        except (expat.ExpatError, ValueError):
            return {"value": Cell("error", raw.decode("utf-8", "replace"))}


def xml_records(document: Document) -> XmlRecords | None:
    """Return the records in a formatted XML *document*: the most frequent repeated element at the lowest depth that has
    one, or None."""
    if document.kind != "xml" or not document.laid_out:
        return None
    data = document.data
    head = data[:_HEAD]
    for depth in range(1, _MAX_XML_DEPTH + 1):
        indent = depth * INDENT
        names: Counter[bytes] = Counter(re.findall(rb"\n {%d}<([^\s<>!?/]+)" % indent, head))
        if not names:
            return None
        tag, count = names.most_common(1)[0]
        if count < 2:
            continue
        opening = re.compile(rb"\n {%d}<%s(?=[\s/>])" % (indent, re.escape(tag)))
        starts = [match.start() + 1 for match in opening.finditer(data)]
        if len(starts) > 1:
            path = (*_ancestor_names(data, starts[0], indent), tag.decode("utf-8", "replace"))
            return XmlRecords(path, data, starts, indent)
    return None


def _ancestor_names(data: Data, start: int, indent: int) -> list[str]:
    """Return the names of the elements around the line at *start*, from below the root."""
    path: list[str] = []
    for depth in range(INDENT, indent, INDENT):
        openings = list(re.finditer(rb"\n {%d}<([^\s<>!?/]+)" % depth, data[:start]))
        if openings:
            path.append(openings[-1][1].decode("utf-8", "replace"))
    return path


class _RecordParser:
    """Expat handlers that collect the cells of one element."""

    def __init__(self) -> None:
        self.cells: dict[str, Cell] = {}
        self._open: list[str] = []
        self._texts: list[list[str]] = []
        self._inner: list[bool] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle a start tag."""
        if self._inner:
            self._inner[-1] = True
        self._open.append(name)
        self._texts.append([])
        self._inner.append(False)
        for key, value in attributes.items():
            self._put(f"{self._name()}@{key}", value)

    def text(self, text: str) -> None:
        """Handle text in the innermost element."""
        self._texts[-1].append(text)

    def end(self, _name: str) -> None:
        """Handle an end tag: an element without child elements is a cell."""
        text, inner = "".join(self._texts.pop()).strip(), self._inner.pop()
        if not inner or text:
            self._put(self._name() or "value", text)
        self._open.pop()

    def _name(self) -> str:
        """Return the column name: the first two levels below the record, also for deeper elements."""
        return ".".join(self._open[1:3])

    def _put(self, name: str, text: str) -> None:
        name = name.removeprefix(".")
        if name in self.cells:
            before = self.cells[name].text
            self.cells[name] = Cell("string", f"{before}, {text}" if before and text else before or text)
        elif text or not name.startswith("value"):
            kind = "number" if is_number(text) else "constant" if text in _CONSTANTS else "string"
            self.cells[name] = Cell(kind, text)


def _parse_record(raw: bytes) -> dict[str, Cell]:
    if b"<!" in raw.replace(b"<![CDATA[", b"").replace(b"<!--", b""):
        raise ValueError("a declaration inside a record")
    record, parser = _RecordParser(), expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = record.start, record.end
    parser.CharacterDataHandler = record.text
    parser.Parse(raw, True)
    return record.cells


_USUAL_KEYS = ("data", "items", "results", "records", "rows", "entries", "list")
_MAX_DEPTH = 3


class JsonRecords:
    """Elements of the array at ``path``; members of ``attributes`` (JSON:API 1.1, 5.2) become columns beside ``id``."""

    def __init__(self, path: tuple[str, ...], raws: Sequence[msgspec.Raw | bytes]) -> None:
        self.path = path
        self._raws = raws

    def __len__(self) -> int:
        return len(self._raws)

    def raw(self, n: int) -> bytes:
        """Return record *n* as sent."""
        return bytes(self._raws[n])

    def cells(self, n: int) -> dict[str, Cell]:
        """Return the cells of record *n* by column name."""
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
    """Rows of a CSV file (RFC 4180), named by its first row; a quoted cell may contain line breaks."""

    path: tuple[str, ...] = ()

    def __init__(self, rows: list[bytes], delimiter: str) -> None:
        self._delimiter = delimiter
        self._names = self._row(rows[0]) if rows else []
        self._rows = rows[1:]

    def __len__(self) -> int:
        return len(self._rows)

    def raw(self, n: int) -> bytes:
        """Return row *n* as sent."""
        return self._rows[n]

    def cells(self, n: int) -> dict[str, Cell]:
        """Return the cells of row *n* by column name."""
        cells: dict[str, Cell] = {}
        for i, text in enumerate(self._row(self._rows[n])):
            name = self._names[i] if i < len(self._names) and self._names[i] else f"({i + 1})"
            name = name if name not in cells else f"{name} ({i + 1})"
            cells[name] = Cell("number" if is_number(text) else "text", text)
        return cells

    def _row(self, raw: bytes) -> list[str]:
        try:
            return next(csv.reader([raw.decode("utf-8", "replace")], delimiter=self._delimiter), [])
        except csv.Error:
            return [raw.decode("utf-8", "replace")]


Records = JsonRecords | CsvRecords | XmlRecords


def records_of(document: Document) -> Records | None:
    """Return the records in *document*, or None. Blocks for about 2 ms per megabyte."""
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
    for opening in (b"[", b"{"):
        for name in names:
            if bytes(memoryview(members[name])[:1]) == opening:
                records = _find_records(members[name], (*path, name))
                if records is not None and (len(records) or opening == b"{" or name in _USUAL_KEYS):
                    return records
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


def _members(members: dict[str, msgspec.Raw], prefix: str, levels: int) -> Iterator[tuple[str, Cell]]:
    for name, raw in members.items():
        value = bytes(raw)
        if levels and value[:1] == b"{" and value != b"{}":
            inner = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
            flat = name == "attributes" and not prefix
            yield from _members(inner, "" if flat else f"{prefix}{name}.", levels if flat else levels - 1)
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
