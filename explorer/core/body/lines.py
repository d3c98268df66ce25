"""Line index over growing bytes, and chunked access to very long lines."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from explorer.core.text.cell_width import cells
from explorer.core.text.data import MemoryStore
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.text.data import Data, Store


BLOCK = 1 << 16
_CACHED_BLOCKS = 8
_newlines = re.compile(b"\n").finditer


class LineIndex:
    """Index of the lines of UTF-8 bytes in *store*, separated by ``\\n``. A final newline does not start another line.

    One thread may append while another reads.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store: Store = store if store is not None else MemoryStore()
        self._before = array("Q", [0])
        """Newlines before block i, for every block that has started."""
        self._size = 0
        self._newlines = 0
        self._open = False
        """Whether there are bytes after the last newline."""
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
        """Number of lines so far."""
        return self._newlines + self._open

    @property
    def size(self) -> int:
        """Number of indexed bytes."""
        return self._size

    def append(self, chunk: bytes) -> None:
        """Add *chunk* to the store and to the index."""
        if chunk:
            self.store.append(chunk)
            self.index(chunk)

    def index(self, chunk: bytes) -> None:
        """Index the next *chunk*, which the store already contains."""
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

    def snapshot(self, known: int) -> dict[str, Any]:
        """Return the index without its first *known* blocks, for ``apply``."""
        return {
            "size": self._size,
            "newlines": self._newlines,
            "open": self._open,
            "width": self.width,
            "before": self._before[known:].tolist(),
        }

    @property
    def blocks(self) -> int:
        """Number of blocks that have started."""
        return len(self._before)

    def apply(self, update: dict[str, Any], store: Store) -> None:
        """Apply the ``snapshot`` of another index of the same bytes, which *store* now contains."""
        self.store = store
        self._size, self._newlines, self._open = update["size"], update["newlines"], update["open"]
        self._before[update["known"] :] = array("Q", update["before"])
        self.width, self._measured, self._carry = max(self.width, update["width"]), self._size, 0

    def start(self, n: int) -> int:
        """Return the offset at which line *n* (from 0, below ``count``) starts."""
        if n <= 0:
            return 0
        block = bisect_left(self._before, n) - 1
        return self._newlines_of(block)[n - self._before[block] - 1] + 1

    def span(self, n: int) -> tuple[int, int]:
        """Return start and end of line *n*, without its newline."""
        start = self.start(n)
        end = self.data.find(b"\n", start)
        return start, len(self.data) if end < 0 else end

    def line_at(self, offset: int) -> int:
        """Return the line that contains the byte at *offset*."""
        block = min(offset, self._size) // BLOCK
        block = min(block, len(self._before) - 1)
        return self._before[block] + self.data[block * BLOCK : offset].count(b"\n")

    def measure(self) -> Iterator[None]:
        """Update ``width`` block by block. The caller decides when to continue or stop."""
        data = self.data
        while self._measured < len(data):
            at = self._measured
            self._measured = min(at + BLOCK, len(data))
            block = data[at : self._measured]
            end = block.find(b"\n")
            if end < 0:
                self._carry += len(block)
            else:
                # A line across blocks counts its bytes: at least its cells, except for tabs.
                self._carry, first = len(block) - block.rfind(b"\n") - 1, self._carry + end
                self.width = max(self.width, first) if first > end else self._wider(block[:end])
                self._measure_inside(block, end + 1, len(block) - self._carry)
            yield
        self.width = max(self.width, self._carry)

    def _measure_inside(self, block: bytes, start: int, end: int) -> None:
        """Measure the lines that may be wider than ``width``: those with more bytes, and those with tabs."""
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
        # The cache of a block that still grows is valid until it has more bytes.
        until = min((block + 1) * BLOCK, self._size)
        cached = self._ends.get(block)
        if cached is not None and cached[0] == until:
            return cached[1]
        start = block * BLOCK
        ends = [match.start() for match in _newlines(self.data, start, start + BLOCK)]
        if len(self._ends) >= _CACHED_BLOCKS:
            self._ends.pop(next(iter(self._ends)), None)
        self._ends[block] = (until, ends)
        return ends


CHUNK = 2048
"""Bytes per chunk, plus a few so that no character is split."""
LONG_LINE = CHUNK
"""Most bytes of a line that is not long."""


class LongLine:
    """The line at bytes *start* to *end* of *lines*. Its chunks are measured as they are reached."""

    def __init__(self, lines: LineIndex, start: int, end: int) -> None:
        self.lines = lines
        self.start = start
        self.end = end
        self.count = -(-(end - start) // CHUNK)
        self._cells = [0]
        """Cells before chunk i."""
        self._characters = [0]
        self._strings = [(False, False)]
        """At the start of chunk i: whether inside a JSON string, and whether right after a backslash in it."""

    def _edge(self, i: int) -> int:
        at = self.start + i * CHUNK
        if at >= self.end:
            return self.end
        for _ in range(3):
            if self.lines.data[at] & 0xC0 != 0x80:
                break
            at += 1
            if at >= self.end:
                return self.end
        return at

    def bytes_of(self, i: int) -> tuple[int, int]:
        """Return start and end of chunk *i* in the data."""
        return self._edge(i), self._edge(i + 1)

    def text(self, i: int) -> str:
        """Return chunk *i*, sanitized."""
        low, high = self.bytes_of(i)
        return sanitize_line(self.lines.data[low:high].decode("utf-8", "replace"))

    def chunk_at(self, cell: int) -> int:
        """Return the chunk that contains *cell* of the line, or the last chunk if the line is shorter."""
        while len(self._cells) <= self.count and self._cells[-1] <= cell:
            self._grow()
        return min(max(bisect_right(self._cells, cell) - 1, 0), self.count - 1)

    def cell_of(self, i: int) -> int:
        """Return the number of cells before chunk *i*."""
        while len(self._cells) <= i:
            self._grow()
        return self._cells[i]

    def column_of(self, offset: int) -> int:
        """Return the character of the shown line for the byte at *offset* of the data."""
        i = min((offset - self.start) // CHUNK, self.count - 1)
        if i > 0 and self._edge(i) > offset:
            i -= 1
        self.cell_of(i)
        low = self._edge(i)
        return self._characters[i] + len(sanitize_line(self.lines.data[low:offset].decode("utf-8", "replace")))

    def cell_at(self, column: int) -> int:
        """Return the cell at which character *column* of the shown line starts."""
        while len(self._characters) <= self.count and self._characters[-1] <= column:
            self._grow()
        i = min(max(bisect_right(self._characters, column) - 1, 0), self.count - 1)
        return self.cell_of(i) + cells(self.text(i)[: column - self._characters[i]])

    def _grow(self) -> None:
        text = self.text(len(self._cells) - 1)
        self._cells.append(self._cells[-1] + cells(text))
        self._characters.append(self._characters[-1] + len(text))

    def in_string(self, i: int) -> bool:
        """Return whether chunk *i* starts inside a JSON string, by the parity of unescaped quotes."""
        while len(self._strings) <= i:
            inside, escaped = self._strings[-1]
            low, high = self.bytes_of(len(self._strings) - 1)
            chunk = self.lines.data[low + escaped : high]
            trailing = len(chunk) - len(chunk.rstrip(b"\\"))
            quotes = chunk.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"')
            self._strings.append((inside != bool(quotes & 1), bool(trailing & 1)))
        return self._strings[i][0]
