"""An index of the lines of a byte string that costs eight bytes per 64 KiB, however many lines there are."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from explorer.core.document.cells import cells
from explorer.core.sanitise import sanitise_line

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 16
_KEPT = 8
_newlines = re.compile(b"\n").finditer


class Lines:
    """The lines of UTF-8 *data*, separated by ``\\n``; a newline at the very end opens no further line."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._before = array("Q", [0])
        """Newlines before block i; one entry more than there are blocks."""
        total = 0
        for start in range(0, len(data), BLOCK):
            total += data.count(b"\n", start, start + BLOCK)
            self._before.append(total)
        self.count = total + (1 if data and not data.endswith(b"\n") else 0)
        self.width = 0
        """Cells of the widest line measured so far."""
        self._ends: dict[int, list[int]] = {}

    def start(self, n: int) -> int:
        """The offset at which line *n* (from 0, below ``count``) begins."""
        if n <= 0:
            return 0
        block = bisect_left(self._before, n) - 1
        return self._newlines_of(block)[n - self._before[block] - 1] + 1

    def span(self, n: int) -> tuple[int, int]:
        """Start and end of line *n*, without its newline."""
        start = self.start(n)
        end = self.data.find(b"\n", start)
        return start, len(self.data) if end < 0 else end

    def line_at(self, offset: int) -> int:
        """The line that the byte at *offset* belongs to."""
        block = min(offset, len(self.data)) // BLOCK
        return self._before[min(block, len(self._before) - 1)] + self.data.count(b"\n", block * BLOCK, offset)

    def measure(self) -> Iterator[None]:
        """Widen ``width`` block by block; the caller decides when to go on, or to stop."""
        carry = 0
        for at in range(0, len(self.data), BLOCK):
            first, *rest = self.data[at : at + BLOCK].split(b"\n")
            if not rest:
                carry += len(first)
            else:
                # A line across blocks counts by its bytes: at least its cells, but for tabs.
                self.width = max(self.width, carry + len(first)) if carry else self._wider(first)
                carry = len(rest.pop())
                if rest and max(map(len, rest)) * (4 if b"\t" in self.data[at : at + BLOCK] else 1) > self.width:
                    for line in rest:
                        self._wider(line)
            yield
        self.width = max(self.width, carry)

    def _wider(self, line: bytes) -> int:
        if b"\t" in line or len(line) > self.width:
            self.width = max(self.width, cells(sanitise_line(line.decode("utf-8", "replace"))))
        return self.width

    def _newlines_of(self, block: int) -> list[int]:
        ends = self._ends.get(block)
        if ends is None:
            if len(self._ends) >= _KEPT:
                self._ends.pop(next(iter(self._ends)))
            start = block * BLOCK
            ends = self._ends[block] = [match.start() for match in _newlines(self.data, start, start + BLOCK)]
        return ends
