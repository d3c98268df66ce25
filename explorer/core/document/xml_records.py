"""The records of an XML body: elements of one name that repeat at one depth, read off the laid-out lines.

<stores>          path   ("stores", "item")
  <item>…</item>  start  the byte of the laid-out body at which record n begins
  <item>…</item>  cells  child elements by name, attributes as ``@name``, one level deeper as ``a.b``
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from explorer.core.document.cell import Cell, is_number
from explorer.core.document.folding import INDENT

if TYPE_CHECKING:
    from explorer.core.document.document import Document
    from explorer.core.text.data import Data

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
