"""An index of the lines of growing bytes that costs eight bytes per 64 KiB, however many lines there are."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from explorer.core.document.cells import cells
from explorer.core.text.data import MemoryStore
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.text.data import Data, Store

BLOCK = 1 << 16
_CACHED_BLOCKS = 8
_newlines = re.compile(b"\n").finditer


class LineIndex:
    """The lines of UTF-8 bytes in *store*, separated by ``\\n``; a newline at the very end opens no further line.

    One thread may add to them while another reads.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store: Store = store if store is not None else MemoryStore()
        self._before = array("Q", [0])
        """Newlines before block i, for every block whose start has been seen."""
        self._size = 0
        self._newlines = 0
        self._open = False
        """Whether bytes stand behind the last newline."""
        self.width = 0
        """Cells of the widest line measured so far."""
        self._measured = 0
        self._carry = 0
        self._ends: dict[int, tuple[int, list[int]]] = {}

    @property
    def data(self) -> Data:
        """The bytes."""
        return self.store.data

    @property
    def count(self) -> int:
        """Lines so far."""
        return self._newlines + self._open

    @property
    def size(self) -> int:
        """Bytes that are indexed."""
        return self._size

    def append(self, chunk: bytes) -> None:
        """Add *chunk* to the store and to the index."""
        if chunk:
            self.store.append(chunk)
            self.index(chunk)

    def index(self, chunk: bytes) -> None:
        """Take the next *chunk* of what the store already holds into the index."""
        at, total, size = 0, self._newlines, self._size
        while at < len(chunk):
            room = min(BLOCK - size % BLOCK, len(chunk) - at)
            total += chunk.count(b"\n", at, at + room)
            at += room
            size += room
            if size % BLOCK == 0:
                self._before.append(total)
        self._open = not chunk.endswith(b"\n") if chunk else self._open
        self._size, self._newlines = size, total

    def told(self, known: int) -> dict[str, Any]:
        """The index but for its first *known* blocks, for ``take``."""
        return {
            "size": self._size,
            "newlines": self._newlines,
            "open": self._open,
            "width": self.width,
            "before": self._before[known:].tolist(),
        }

    @property
    def blocks(self) -> int:
        """Blocks whose start has been seen."""
        return len(self._before)

    def take(self, told: dict[str, Any], store: Store) -> None:
        """Take in what another index of the same bytes, which are in *store* now, ``told``."""
        self.store = store
        self._size, self._newlines, self._open = told["size"], told["newlines"], told["open"]
        self._before[told["known"] :] = array("Q", told["before"])
        self.width, self._measured, self._carry = max(self.width, told["width"]), self._size, 0

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
        block = min(offset, self._size) // BLOCK
        block = min(block, len(self._before) - 1)
        return self._before[block] + self.data[block * BLOCK : offset].count(b"\n")

    def measure(self) -> Iterator[None]:
        """Widen ``width`` block by block up to where the lines are; the caller decides when to go on, or to stop."""
        data = self.data
        while self._measured < len(data):
            at = self._measured
            self._measured = min(at + BLOCK, len(data))
            block = data[at : self._measured]
            end = block.find(b"\n")
            if end < 0:
                self._carry += len(block)
            else:
                # A line across blocks counts by its bytes: at least its cells, but for tabs.
                self._carry, first = len(block) - block.rfind(b"\n") - 1, self._carry + end
                self.width = max(self.width, first) if first > end else self._wider(block[:end])
                self._measure_inside(block, end + 1, len(block) - self._carry)
            yield
        self.width = max(self.width, self._carry)

    def _measure_inside(self, block: bytes, start: int, end: int) -> None:
        """Lines that may be wider than what is known: those of more bytes, and those with tabs."""
        if b"\t" in block:
            for line in block[start:end].split(b"\n"):
                self._wider(line)
            return
        lines = block[start:end].split(b"\n")
        if max(map(len, lines)) > self.width:
            for line in lines:
                self._wider(line)

    def _wider(self, line: bytes) -> int:
        if b"\t" in line or len(line) > self.width:
            self.width = max(self.width, cells(sanitize_line(line.decode("utf-8", "replace"))))
        return self.width

    def _newlines_of(self, block: int) -> list[int]:
        # What was read of a block that still grows holds until there is more of it.
        until = min((block + 1) * BLOCK, self._size)
        kept = self._ends.get(block)
        if kept is not None and kept[0] == until:
            return kept[1]
        start = block * BLOCK
        ends = [match.start() for match in _newlines(self.data, start, start + BLOCK)]
        if len(self._ends) >= _CACHED_BLOCKS:
            self._ends.pop(next(iter(self._ends)), None)
        self._ends[block] = (until, ends)
        return ends
