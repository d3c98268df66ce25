"""Wrapped rows: mapping between screen rows and the lines of a document with folds."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from explorer.core.body.search import SCAN_STEP
from explorer.core.body.structure import Folds
from explorer.core.text.cell_width import cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.body.document import Document


def row_breaks(text: str, width: int) -> list[int]:
    """Return the cells at which the rows of *text* start, without splitting wide characters."""
    if text.isascii():
        return list(range(0, max(len(text), 1), width))
    starts, at, taken = [0], 0, 0
    while True:
        row = text[at : at + width]
        size = cells(row)
        while size > width:
            row = row[: len(row) - max((size - width) // 2, 1)]
            size = cells(row)
        at, taken = at + max(len(row), 1), taken + size
        if at >= len(text):
            return starts
        starts.append(taken)


class WrappedRows:
    """Screen rows of the lines of *document*, with folds and optional wrapping.

    ``wrap`` processes the body in steps; lines that it has not reached take one row each.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.folds = Folds()
        self.width = 0
        """Cells per row; 0 if lines are not wrapped."""
        self._long: list[int] = []
        """Lines that take more than one row."""
        self._more: list[int] = []
        """Additional rows of each of these lines."""
        self._places: list[int] = []
        """For those that are visible: index among the visible lines, additional rows before each, first row."""
        self._before = [0]
        self._first: list[int] = []

    @property
    def count(self) -> int:
        """Number of rows."""
        return self.document.line_count - self.folds.hidden + self._before[-1]

    def row_of(self, line: int, cell: int = 0) -> int:
        """Return the first row of *line*, or its row with *cell*; for a hidden line the row of its fold's header."""
        place = self.folds.shown_at(line)
        row = place + self._before[bisect_left(self._places, place)]
        if cell and self.width and self.folds.header_over(line) is None:
            row += min(bisect_right(self.starts(line), cell) - 1, self.height(line) - 1)
        return row

    def at(self, row: int) -> tuple[int, int]:
        """Return the line at *row*, and which of its rows that is."""
        i = bisect_right(self._first, row) - 1
        if i >= 0:
            more = self._before[i + 1] - self._before[i]
            if row - self._first[i] <= more:
                return self.folds.line_at(self._places[i]), row - self._first[i]
        return self.folds.line_at(row - self._before[i + 1]), 0

    def height(self, line: int) -> int:
        """Return the number of rows of *line*."""
        i = bisect_left(self._long, line)
        return 1 + (self._more[i] if i < len(self._long) and self._long[i] == line else 0)

    def starts(self, line: int) -> list[int] | range:
        """Return the cells at which the rows of *line* start."""
        if not self.width:
            return [0]
        if self.document.is_long(line):
            return range(0, self.height(line) * self.width, self.width)
        return row_breaks(self.document.line(line), self.width)

    def unwrap(self) -> None:
        """Show each line in one row."""
        self.width, self._long, self._more = 0, [], []
        self.changed()

    def wrap(self, width: int) -> Iterator[None]:
        """Wrap lines at *width* cells, in steps."""
        self.unwrap()
        self.width = max(width, 8)
        document, data = self.document, self.document.data
        # Only a line with more bytes than cells can need more rows, or one with tabs.
        tabs = b"|[^\n]*\t[^\n]*" if b"\t" in data[: 1 << 20] else b""
        pattern = re.compile(b"[^\n]{%d,}" % (self.width + 1) + tabs)
        start, size = 0, len(data)
        while start < size and self.width:
            end = data.find(b"\n", min(start + SCAN_STEP, size))
            end = size if end < 0 else end
            for match in pattern.finditer(data, start, end):
                self._measure(document.line_at(match.start()))
            self.changed()
            start = end
            yield

    def _measure(self, line: int) -> None:
        if self.document.is_long(line):
            start, end = self.document.span(line)
            width = self.document.cell_of(line, end - start)
            more = -(-width // self.width) - 1
        else:
            more = len(row_breaks(self.document.line(line), self.width)) - 1
        if more > 0:
            self._long.append(line)
            self._more.append(more)

    def changed(self) -> None:
        """Recompute the rows after folds were opened or closed."""
        if not self._long:
            if self._places:
                self._places, self._before, self._first = [], [0], []
            return
        folds = self.folds
        pairs = list(zip(self._long, self._more, strict=True))
        if len(folds):
            pairs = [pair for pair in pairs if folds.header_over(pair[0]) is None and folds.end_of(pair[0]) is None]
            self._places = [folds.shown_at(line) for line, _ in pairs]
        else:
            self._places = list(self._long)
        self._before = [0, *accumulate(more for _, more in pairs)]
        self._first = [place + before for place, before in zip(self._places, self._before, strict=False)]
