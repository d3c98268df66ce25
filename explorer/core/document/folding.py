"""What can be folded away, read from the indentation of laid-out JSON, XML and HTML, and which of it is.

A fold hides the lines behind its header up to and with the closing line. Folds inside of a fold are forgotten.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from itertools import accumulate
from typing import TYPE_CHECKING

from explorer.core.document import scanning

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from explorer.core.document.document import Document

INDENT = 2
DEEPEST = {"json": 32, "xml": 24, "html": 24}
"""Levels that the layouts indent; what is deeper cannot be told apart by its indentation."""
_OPENED = re.compile(rb"<[^\s!?/]")


def indent_of(document: Document, n: int) -> int:
    """Spaces that line *n* begins with."""
    start, end = document.span(n)
    head = document.data[start : min(end, start + 256)]
    return len(head) - len(head.lstrip(b" "))


def foldable(document: Document, n: int) -> bool:
    """Whether something hides behind line *n*."""
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
    """Line *n* and the closing line of what it opens; None where it opens nothing that is closed."""
    if not foldable(document, n):
        return None
    end = document.span(n)[1]
    indent = b"\n" + b" " * indent_of(document, n)
    data = document.data
    closing = {b"{": b"}", b"[": b"]"}.get(data[end - 1 : end], b"</")
    at = yield from scanning.find(data, indent + closing, end)
    return (n, document.line_at(at + 1)) if at >= 0 else None


def fold_around(document: Document, n: int) -> Generator[None, None, tuple[int, int] | None]:
    """Header and closing line of what line *n* is in; None where it is in nothing."""
    indent = indent_of(document, n) - INDENT
    if not document.laid_out or document.kind not in DEEPEST or indent < 0:
        return None
    start = document.span(n)[0]
    starts = (b'"', b"{", b"[") if document.kind == "json" else (b"<",)
    needles = tuple(b"\n" + b" " * indent + one for one in starts)
    at = yield from scanning.find_last(document.data, needles, 0, start - 1)
    return (yield from fold_at(document, document.line_at(at + 1)))


def folds_at(document: Document, depth: int) -> Iterator[tuple[int, int] | None]:
    """Header and closing line of everything that can be folded at *depth* (1 is right below the root), in order.

    None after each step.
    """
    deepest = DEEPEST.get(document.kind)
    if deepest is None or not document.laid_out or depth >= deepest:
        return
    indent = b" " * (INDENT * depth)
    pattern = re.compile(b"\n" + indent + rb"(?:([}\]]|</)|[^ \n])")
    data, size = document.data, len(document.data)
    line = at = 0
    opened: int | None = None
    for match in scanning.find_pattern(data, pattern, 0, size, len(indent) + 3):
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
    """The folds of a document as sorted headers and closing lines; translates lines to the ones that show."""

    def __init__(self) -> None:
        self._headers: list[int] = []
        self._ends: list[int] = []
        self._hidden = [0]
        """Lines hidden before fold i."""
        self._rows: list[int] = []
        """The place of header i among the lines that show."""

    def __len__(self) -> int:
        return len(self._headers)

    @property
    def hidden(self) -> int:
        """Lines that do not show."""
        return self._hidden[-1]

    def clear(self) -> None:
        """Show everything."""
        self.replace(())

    def replace(self, folds: Iterable[tuple[int, int]]) -> None:
        """Have *folds* (in order, none inside of another) and no others."""
        pairs = list(folds)
        self._headers = [header for header, _ in pairs]
        self._ends = [end for _, end in pairs]
        self._count()

    def add(self, header: int, end: int) -> None:
        """Fold the lines behind *header* up to *end*."""
        low, high = bisect_left(self._headers, header), bisect_right(self._headers, end)
        del self._headers[low:high]
        del self._ends[low:high]
        insort(self._headers, header)
        self._ends.insert(low, end)
        self._count()

    def remove(self, header: int) -> None:
        """Unfold what is behind *header*."""
        i = bisect_left(self._headers, header)
        if i < len(self._headers) and self._headers[i] == header:
            del self._headers[i]
            del self._ends[i]
            self._count()

    def end_of(self, header: int) -> int | None:
        """The last line hidden behind *header*; None where nothing is."""
        i = bisect_left(self._headers, header)
        return self._ends[i] if i < len(self._headers) and self._headers[i] == header else None

    def header_over(self, line: int) -> int | None:
        """The header behind which *line* is hidden; None where it shows."""
        i = bisect_left(self._headers, line) - 1
        return self._headers[i] if i >= 0 and line <= self._ends[i] else None

    def shown_at(self, line: int) -> int:
        """The place of *line* (or of the header that hides it) among the lines that show."""
        i = bisect_left(self._headers, line) - 1
        if i >= 0 and line <= self._ends[i]:
            return self._rows[i]
        return line - self._hidden[i + 1]

    def line_at(self, place: int) -> int:
        """The line at *place* among the lines that show."""
        return place + self._hidden[bisect_left(self._rows, place)]

    def _count(self) -> None:
        sizes = (end - header for header, end in zip(self._headers, self._ends, strict=True))
        self._hidden = [0, *accumulate(sizes)]
        self._rows = [header - hidden for header, hidden in zip(self._headers, self._hidden, strict=False)]
