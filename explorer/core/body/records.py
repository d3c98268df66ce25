"""Find the records of a body, in JSON, XML or CSV, and their cells."""

from __future__ import annotations

import csv
import json
import re
from bisect import bisect_right
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
    """A value to show: ``kind`` as of a token (string, number, constant, punctuation), ``text`` not sanitized."""

    kind: str
    text: str


def is_number(text: str) -> bool:
    """Whether *text* is written as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


_MAX_XML_DEPTH: Final = 4
"""How deep below the root records are looked for."""
_HEAD: Final = 1 << 20
"""Bytes of the beginning by which is decided what repeats."""
_MAX_RECORD: Final = 4_000_000
"""Bytes of a record that is taken apart."""
_CONSTANTS: Final = frozenset({"true", "false", "null"})


class XmlRecords:
    """Elements that repeat. ``path`` leads to them from below the root."""

    def __init__(self, path: tuple[str, ...], data: Data, starts: list[int], indent: int) -> None:
        self.path = path
        self._data = data
        self._starts = starts
        self._indent = indent
        self._tag = re.escape(path[-1].encode())

    def __len__(self) -> int:
        return len(self._starts)

    def start(self, n: int) -> int:
        """The byte of the laid-out body at which record *n* begins."""
        return self._starts[n] + self._indent

    def raw(self, n: int) -> bytes:
        """Record *n*, as laid out."""
        start = self.start(n)
        stop = self._starts[n + 1] if n + 1 < len(self._starts) else len(self._data)
        line = self._data.find(b"\n", start)
        line = stop if line < 0 else min(line, stop)
        first = self._data[start:line].rstrip()
        if first.endswith(b"/>") or re.search(rb"</" + self._tag + rb"\s*>$", first):
            return first
        closing = re.compile(rb"\n {%d}</%s\s*>" % (self._indent, self._tag))
        found = closing.search(self._data, line, min(len(self._data), start + _MAX_RECORD))
        return self._data[start : found.end()] if found else first

    def cells(self, n: int) -> dict[str, Cell]:
        """Record *n* by the names of its columns."""
        raw = self.raw(n)
        try:
            return _parse_record(raw)
        except (expat.ExpatError, ValueError):
            return {"value": Cell("error", raw.decode("utf-8", "replace"))}


def xml_records(document: Document) -> XmlRecords | None:
    """The records in a laid-out XML *document*: the elements that repeat most at the smallest depth where any do; None
    where none does."""
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
        starts = [found.start() + 1 for found in opening.finditer(data)]
        if len(starts) > 1:
            return XmlRecords(
                (*_ancestor_names(data, starts[0], indent), tag.decode("utf-8", "replace")), data, starts, indent
            )
    return None


def _ancestor_names(data: Data, start: int, indent: int) -> list[str]:
    """The names of the elements around the line at *start*, from below the root."""
    path: list[str] = []
    for depth in range(INDENT, indent, INDENT):
        lines = [(found.start(), found[1]) for found in re.finditer(rb"\n {%d}<([^\s<>!?/]+)" % depth, data[:start])]
        at = bisect_right([offset for offset, _ in lines], start) - 1
        if at >= 0:
            path.append(lines[at][1].decode("utf-8", "replace"))
    return path


class _RecordParser:
    """Takes one element apart while it is parsed."""

    def __init__(self) -> None:
        self.cells: dict[str, Cell] = {}
        self._open: list[str] = []
        self._texts: list[list[str]] = []
        self._inner: list[bool] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if self._inner:
            self._inner[-1] = True
        self._open.append(name)
        self._texts.append([])
        self._inner.append(False)
        for key, value in attributes.items():
            self._put(f"{self._name()}@{key}", value)

    def text(self, text: str) -> None:
        """Text within the innermost element."""
        self._texts[-1].append(text)

    def end(self, _name: str) -> None:
        """An element ends: one without elements in it is a cell."""
        text, inner = "".join(self._texts.pop()).strip(), self._inner.pop()
        if not inner or text:
            self._put(self._name() or "value", text)
        self._open.pop()

    def _name(self) -> str:
        """The open elements below the record: two levels by name, what is deeper under the second."""
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
        raise ValueError("a declaration inside of a record")
    apart, parser = _RecordParser(), expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = apart.start, apart.end
    parser.CharacterDataHandler = apart.text
    parser.Parse(raw, True)
    return apart.cells


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
