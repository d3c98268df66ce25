"""Where a line is in the structure: its path and its value, read from the layout and not from a parsed tree.

Paths: ``data[3].attributes.price`` for JSON (a key that is no plain word as ``["odd key"]``), an XPath for XML.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from explorer.core.document import scanning
from explorer.core.document.folding import DEEPEST, INDENT, indent_of
from explorer.core.text.json_path import format_step
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Generator

    from explorer.core.document.document import Document

_KEY = re.compile(rb'"((?:[^"\\]|\\.)*+)": ')
_TAG = re.compile(rb"<([^\s<>!?/]+)")
_JSON_STARTS = (b'"', b"{", b"[")


class Outline:
    """Paths of the lines of one laid-out document. What was counted is kept, so that the next line costs little."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._parents: dict[int, tuple[int, int]] = {}
        """By indent: the last parent found, and up to where it is known to be the parent."""
        self._counted: dict[tuple[int, bytes], tuple[list[int], list[int]]] = {}
        """By parent and pattern: offsets, and siblings before each."""

    def path(self, n: int) -> Generator[None, None, str]:
        """The path of line *n* in steps; empty where there is none to be told."""
        document = self._document
        if not document.laid_out or document.kind not in ("json", "xml") or not 0 <= n < document.line_count:
            return ""
        if document.kind == "json":
            return (yield from self._json_path(n))
        return (yield from self._xml_path(n))

    # -- JSON ------------------------------------------------------------------------------------------------------

    def _json_path(self, n: int) -> Generator[None, None, str]:
        document, parts = self._document, list[str]()
        start = document.span(n)[0]
        indent = indent_of(document, n)
        data = document.data
        if indent and data[start + indent : start + indent + 1] in (b"}", b"]"):
            starts = tuple(b"\n" + b" " * indent + one for one in _JSON_STARTS)
            start = 1 + (yield from scanning.find_last(data, starts, 0, start - 1))
        while indent > 0 and len(parts) < DEEPEST["json"]:
            parent = yield from self._parent(start, indent, _JSON_STARTS)
            key = _KEY.match(data, start + indent, start + indent + 4096)
            if key is not None:
                parts.append(_step(key[1]))
            else:
                elements = b"\n" + b" " * indent + rb"[^ }\]]"
                parts.append(f"[{(yield from self._count(parent, start, elements))}]")
            start, indent = parent, indent - INDENT
        return "".join(reversed(parts)).removeprefix(".")

    def _parent(self, start: int, indent: int, starts: tuple[bytes, ...]) -> Generator[None, None, int]:
        """The offset of the line that opens what the line at *start* is in."""
        if indent <= INDENT:
            return self._root()
        known, until = self._parents.get(indent, (-1, -1))
        low = until if known < until <= start else 0
        if known < start <= until:
            return known
        needles = tuple(b"\n" + b" " * (indent - INDENT) + one for one in starts)
        at = yield from scanning.find_last(self._document.data, needles, max(low - 1, 0), start - 1)
        found = at + 1 if at >= 0 else max(known, 0)
        self._parents[indent] = (found, start)
        return found

    def _root(self) -> int:
        if self._document.kind == "json":
            return 0
        match = re.compile(rb"^<[^\s<>!?/]", re.MULTILINE).search(self._document.data)
        return match.start() if match else 0

    def _count(self, parent: int, start: int, pattern: bytes) -> Generator[None, None, int]:
        """How many lines like *pattern* (which begins with the newline) stand between *parent* and *start*."""
        offsets, counts = self._counted.setdefault((parent, pattern), ([parent], [0]))
        i = bisect_right(offsets, start - 1) - 1
        at, count = offsets[i], counts[i]
        for match in scanning.find_pattern(self._document.data, re.compile(pattern), at, start - 1, len(pattern)):
            if match is not None:
                count += 1
                at = match.end()
            elif i == len(offsets) - 1 and at > offsets[-1] + scanning.STEP:
                offsets.append(at)
                counts.append(count)
                i += 1
                yield
            else:
                yield
        return count

    # -- XML -------------------------------------------------------------------------------------------------------

    def _xml_path(self, n: int) -> Generator[None, None, str]:
        document, parts = self._document, list[str]()
        data = document.data
        start, indent = document.span(n)[0], indent_of(document, n)
        name = _TAG.match(data, start + indent)
        if name is None:
            name = yield from self._opening(start, indent)
            if name is None:
                return ""
            start = name.start() - indent
        while name is not None and len(parts) < DEEPEST["xml"]:
            tag = name[1]
            if indent <= 0:
                parts.append(f"/{tag.decode('utf-8', 'replace')}")
                break
            parent = yield from self._parent(start, indent, (b"<",))
            siblings = b"\n" + b" " * indent + b"<" + re.escape(tag) + rb"(?=[\s/>])"
            number = 1 + (yield from self._count(parent, start, siblings))
            parts.append(f"/{tag.decode('utf-8', 'replace')}[{number}]")
            start, indent = parent, indent - INDENT
            name = _TAG.match(data, start + indent)
        return sanitize_line("".join(reversed(parts)))

    def _opening(self, start: int, indent: int) -> Generator[None, None, re.Match[bytes] | None]:
        """The start tag that the line at *start*, which has none, belongs to."""
        data = self._document.data
        at = yield from scanning.find_last(data, (b"\n" + b" " * indent + b"<",), 0, max(start - 1, 0))
        return _TAG.match(data, at + 1 + indent) if at >= 0 else None


def _step(raw: bytes) -> str:
    """A key as a step of a path."""
    try:
        key = json.loads(b'"' + raw + b'"')
    except ValueError:
        key = raw.decode("utf-8", "replace")
    return sanitize_line(format_step(key))


def value_at(document: Document, n: int, end: int | None) -> bytes:
    """What line *n* says: a scalar (a string without its quotes and escapes), or with *end* all up to that line,
    set to the left. What comes out is as it was sent, not sanitized."""
    start, stop = document.span(n)
    data = document.data
    if end is not None:
        indent = indent_of(document, n)
        text = data[start + indent : document.span(end)[1]].replace(b"\n" + b" " * indent, b"\n")
        key = _KEY.match(text) if document.kind == "json" else None
        return (text[key.end() :] if key else text).rstrip(b",")
    text = data[start:stop].strip(b" ")
    if document.kind == "json" and document.laid_out:
        key = _KEY.match(text)
        text = (text[key.end() :] if key else text).removesuffix(b",")
        if text[:1] == b'"':
            try:
                return str(json.loads(text)).encode("utf-8", "surrogatepass")
            except ValueError:
                return text
        return text
    if document.kind == "xml" and (inner := re.fullmatch(rb"<[^<>]+>([^<]*)</[^<>]+>", text)):
        return inner[1]
    if document.kind == "form" and document.view == "pretty":
        return text.partition(b"=")[2]
    return text


def record_line(document: Document, path: tuple[str, ...], n: int) -> Generator[None, None, int]:
    """The line at which element *n* of the array at *path* begins; -1 where it is not found."""
    if not document.laid_out:
        return n + (document.kind == "csv")
    data, start, indent = document.data, 0, INDENT
    for key in path:
        needle = b"\n" + b" " * indent + json.dumps(key, ensure_ascii=False).encode("utf-8", "replace") + b": "
        at = yield from scanning.find(data, needle, start)
        if at < 0:
            return -1
        start, indent = at + 1, indent + INDENT
    pattern = re.compile(b"\n" + b" " * indent + rb"[^ }\]]")
    left = n
    for match in scanning.find_pattern(data, pattern, start, len(data), indent + 2):
        if match is None:
            yield
        elif left == 0:
            return document.line_at(match.start() + 1)
        else:
            left -= 1
    return -1
