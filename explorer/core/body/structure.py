"""Structure of a formatted body: folds, the path and value at a line, and its siblings."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right, insort
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from explorer.core.body import search
from explorer.core.text.json_path import format_step
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from explorer.core.body.document import Document


INDENT = 2
DEEPEST = {"json": 32, "xml": 24, "html": 24}
"""Levels that the formatters indent; deeper levels have the same indentation."""
_OPENED = re.compile(rb"<[^\s!?/]")


def indent_of(document: Document, n: int) -> int:
    """Return the number of leading spaces of line *n*."""
    start, end = document.span(n)
    head = document.data[start : min(end, start + 256)]
    return len(head) - len(head.lstrip(b" "))


def foldable(document: Document, n: int) -> bool:
    """Return whether line *n* can be folded."""
    if not document.laid_out or not 0 <= n < document.line_count - 1:
        return False
    deepest = DEEPEST.get(document.kind)
    if deepest is None or indent_of(document, n) >= INDENT * deepest:
        return False
    start, end = document.span(n)
    data = document.data
    if document.kind == "json":
        return data[end - 1 : end] in (b"{", b"[")
    head = data[start : min(end, start + 256)].lstrip(b" ")
    return bool(_OPENED.match(head)) and indent_of(document, n + 1) > indent_of(document, n)


def fold_at(document: Document, n: int) -> Generator[None, None, tuple[int, int] | None]:
    """Return line *n* and the closing line of what it opens, or None."""
    if not foldable(document, n):
        return None
    end = document.span(n)[1]
    indent = b"\n" + b" " * indent_of(document, n)
    data = document.data
    closing = {b"{": b"}", b"[": b"]"}.get(data[end - 1 : end], b"</")
    at = yield from search.find(data, indent + closing, end)
    return (n, document.line_at(at + 1)) if at >= 0 else None


def fold_around(document: Document, n: int) -> Generator[None, None, tuple[int, int] | None]:
    """Return header and closing line of the innermost fold around line *n*, or None."""
    indent = indent_of(document, n) - INDENT
    if not document.laid_out or document.kind not in DEEPEST or indent < 0:
        return None
    start = document.span(n)[0]
    starts = (b'"', b"{", b"[") if document.kind == "json" else (b"<",)
    needles = tuple(b"\n" + b" " * indent + start_byte for start_byte in starts)
    at = yield from search.find_last(document.data, needles, 0, start - 1)
    return (yield from fold_at(document, document.line_at(at + 1)))


def folds_at(document: Document, depth: int) -> Iterator[tuple[int, int] | None]:
    """Yield header and closing line of every fold at *depth* (1 is directly below the root) in order, and None after
    each step."""
    deepest = DEEPEST.get(document.kind)
    if deepest is None or not document.laid_out or depth >= deepest:
        return
    indent = b" " * (INDENT * depth)
    pattern = re.compile(b"\n" + indent + rb"(?:([}\]]|</)|[^ \n])")
    data, size = document.data, len(document.data)
    line = at = 0
    opened: int | None = None
    for match in search.find_pattern(data, pattern, 0, size, len(indent) + 3):
        if match is None:
            yield None
            continue
        start = match.start() + 1
        line, at = line + data[at:start].count(b"\n"), start
        if match[1] is None:
            opened = line
        elif opened is not None:
            yield opened, line
            opened = None


class Folds:
    """Closed folds of a document, and the mapping between lines and visible lines."""

    def __init__(self) -> None:
        self._headers: list[int] = []
        self._ends: list[int] = []
        self._hidden = [0]
        """Lines hidden before fold i."""
        self._rows: list[int] = []
        """Index of header i among the visible lines."""

    def __len__(self) -> int:
        return len(self._headers)

    @property
    def hidden(self) -> int:
        """Number of hidden lines."""
        return self._hidden[-1]

    def clear(self) -> None:
        """Open all folds."""
        self.replace(())

    def replace(self, folds: Iterable[tuple[int, int]]) -> None:
        """Close exactly *folds* (in order, none inside another)."""
        pairs = list(folds)
        self._headers = [header for header, _ in pairs]
        self._ends = [end for _, end in pairs]
        self._count()

    def add(self, header: int, end: int) -> None:
        """Fold the lines after *header* up to *end*."""
        low, high = bisect_left(self._headers, header), bisect_right(self._headers, end)
        del self._headers[low:high]
        del self._ends[low:high]
        insort(self._headers, header)
        self._ends.insert(low, end)
        self._count()

    def remove(self, header: int) -> None:
        """Open the fold at *header*."""
        i = bisect_left(self._headers, header)
        if i < len(self._headers) and self._headers[i] == header:
            del self._headers[i]
            del self._ends[i]
            self._count()

    def end_of(self, header: int) -> int | None:
        """Return the last line of the fold at *header*, or None."""
        i = bisect_left(self._headers, header)
        return self._ends[i] if i < len(self._headers) and self._headers[i] == header else None

    def header_over(self, line: int) -> int | None:
        """Return the header of the fold that hides *line*, or None if it is visible."""
        i = bisect_left(self._headers, line) - 1
        return self._headers[i] if i >= 0 and line <= self._ends[i] else None

    def shown_at(self, line: int) -> int:
        """Return the index of *line* (or of the header that hides it) among the visible lines."""
        i = bisect_left(self._headers, line) - 1
        if i >= 0 and line <= self._ends[i]:
            return self._rows[i]
        return line - self._hidden[i + 1]

    def line_at(self, place: int) -> int:
        """Return the line at index *place* among the visible lines."""
        return place + self._hidden[bisect_left(self._rows, place)]

    def _count(self) -> None:
        sizes = (end - header for header, end in zip(self._headers, self._ends, strict=True))
        self._hidden = [0, *accumulate(sizes)]
        self._rows = [header - hidden for header, hidden in zip(self._headers, self._hidden, strict=False)]


_LINE: Final = re.compile(rb'\s*(?:"((?:[^"\\]|\\.)*+)": )?("(?:[^"\\]|\\.)*+"|[^\s{}\[\],"]+),?')
_MAX_LINES: Final = 60
"""Most lines to search in each direction."""
_LONGEST: Final = 1_000
"""Most bytes of a line to parse as a member."""


def member_at(document: Document, n: int) -> tuple[str, str] | None:
    """Return key (empty in an array) and value of the scalar on line *n*, or None."""
    start, end = document.span(n)
    if end - start > _LONGEST:
        return None
    match = _LINE.fullmatch(document.data[start:end].rstrip())
    if match is None:
        return None
    key, value = match[1] or b"", match[2]
    return _unescape(key), _unescape(value[1:-1]) if value[:1] == b'"' else value.decode("utf-8", "replace")


def siblings(document: Document, n: int) -> dict[str, str]:
    """Return the scalars by key, up to 60 lines away, of the object that contains line *n*."""
    if not document.laid_out or document.kind != "json":
        return {}
    indent, members = indent_of(document, n), dict[str, str]()
    for step in (-1, 1):
        at = n if step < 0 else n + 1
        while abs(at - n) <= _MAX_LINES and 0 <= at < document.line_count:
            depth = indent_of(document, at)
            if depth < indent:
                break
            member = member_at(document, at) if depth == indent else None
            if member is not None and member[0]:
                members[member[0]] = member[1]
            at += step
    return members


def _unescape(raw: bytes) -> str:
    try:
        return str(json.loads(b'"' + raw + b'"'))
    except ValueError:
        return raw.decode("utf-8", "replace")


_KEY = re.compile(rb'"((?:[^"\\]|\\.)*+)": ')
_TAG = re.compile(rb"<([^\s<>!?/]+)")
_JSON_STARTS = (b'"', b"{", b"[")


class Outline:
    """Paths of the lines of a formatted document. Counts are cached, so that the next line costs little."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._parents: dict[int, tuple[int, int]] = {}
        """By indent: the last parent, and the offset up to which it is known to be the parent."""
        self._counts: dict[tuple[int, bytes], tuple[list[int], list[int]]] = {}
        """By parent and pattern: offsets, and the number of siblings before each."""

    def path(self, n: int) -> Generator[None, None, str]:
        """Return the path of line *n*, in steps; empty if there is none."""
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
            starts = tuple(b"\n" + b" " * indent + start_byte for start_byte in _JSON_STARTS)
            start = 1 + (yield from search.find_last(data, starts, 0, start - 1))
        while indent > 0 and len(parts) < DEEPEST["json"]:
            parent = yield from self._parent(start, indent, _JSON_STARTS)
            key = _KEY.match(data, start + indent, start + indent + 4096)
            if key is not None:
                parts.append(_path_step(key[1]))
            else:
                elements = b"\n" + b" " * indent + rb"[^ }\]]"
                parts.append(f"[{(yield from self._count(parent, start, elements))}]")
            start, indent = parent, indent - INDENT
        return "".join(reversed(parts)).removeprefix(".")

    def _parent(self, start: int, indent: int, starts: tuple[bytes, ...]) -> Generator[None, None, int]:
        """Return the offset of the line that opens the container of the line at *start*."""
        if indent <= INDENT:
            return self._root()
        known, until = self._parents.get(indent, (-1, -1))
        low = until if known < until <= start else 0
        if known < start <= until:
            return known
        needles = tuple(b"\n" + b" " * (indent - INDENT) + start_byte for start_byte in starts)
        at = yield from search.find_last(self._document.data, needles, max(low - 1, 0), start - 1)
        parent = at + 1 if at >= 0 else max(known, 0)
        self._parents[indent] = (parent, start)
        return parent

    def _root(self) -> int:
        if self._document.kind == "json":
            return 0
        match = re.compile(rb"^<[^\s<>!?/]", re.MULTILINE).search(self._document.data)
        return match.start() if match else 0

    def _count(self, parent: int, start: int, pattern: bytes) -> Generator[None, None, int]:
        """Count the matches of *pattern* (which starts with a newline) between *parent* and *start*."""
        offsets, counts = self._counts.setdefault((parent, pattern), ([parent], [0]))
        i = bisect_right(offsets, start - 1) - 1
        at, count = offsets[i], counts[i]
        for match in search.find_pattern(self._document.data, re.compile(pattern), at, start - 1, len(pattern)):
            if match is not None:
                count += 1
                at = match.end()
            elif i == len(offsets) - 1 and at > offsets[-1] + search.SCAN_STEP:
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
            pattern = b"\n" + b" " * indent + b"<" + re.escape(tag) + rb"(?=[\s/>])"
            number = 1 + (yield from self._count(parent, start, pattern))
            parts.append(f"/{tag.decode('utf-8', 'replace')}[{number}]")
            start, indent = parent, indent - INDENT
            name = _TAG.match(data, start + indent)
        return sanitize_line("".join(reversed(parts)))

    def _opening(self, start: int, indent: int) -> Generator[None, None, re.Match[bytes] | None]:
        """Return the start tag of the element that the line at *start*, which has none, belongs to."""
        data = self._document.data
        at = yield from search.find_last(data, (b"\n" + b" " * indent + b"<",), 0, max(start - 1, 0))
        return _TAG.match(data, at + 1 + indent) if at >= 0 else None


def _path_step(raw: bytes) -> str:
    """Return a key as a step of a path."""
    try:
        key = json.loads(b'"' + raw + b'"')
    except ValueError:
        key = raw.decode("utf-8", "replace")
    return sanitize_line(format_step(key))


def value_at(document: Document, n: int, end: int | None) -> bytes:
    """Return the value on line *n*, not sanitized: a scalar (a string unquoted and unescaped), or with *end* all lines
    up to that line, dedented."""
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
    """Return the line at which element *n* of the array at *path* starts, or -1."""
    if not document.laid_out:
        return n + (document.kind == "csv")
    data, start, indent = document.data, 0, INDENT
    for key in path:
        needle = b"\n" + b" " * indent + json.dumps(key, ensure_ascii=False).encode("utf-8", "replace") + b": "
        at = yield from search.find(data, needle, start)
        if at < 0:
            return -1
        start, indent = at + 1, indent + INDENT
    pattern = re.compile(b"\n" + b" " * indent + rb"[^ }\]]")
    remaining = n
    for match in search.find_pattern(data, pattern, start, len(data), indent + 2):
        if match is None:
            yield
        elif remaining == 0:
            return document.line_at(match.start() + 1)
        else:
            remaining -= 1
    return -1
