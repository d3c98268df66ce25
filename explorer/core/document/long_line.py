"""One very long line, read in chunks: a window of it costs the same wherever it is."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from explorer.core.document.cells import cells
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from explorer.core.document.lines import LineIndex

CHUNK = 2048
"""Bytes a chunk, but for the few that keep a character whole."""
LONG_LINE = CHUNK
"""A line of more bytes is long."""


class LongLine:
    """The line at bytes *start* to *end* of *lines*. What is known of its chunks grows as they are reached."""

    def __init__(self, lines: LineIndex, start: int, end: int) -> None:
        self.lines = lines
        self.start = start
        self.end = end
        self.count = -(-(end - start) // CHUNK)
        self._cells = [0]
        """Cells before chunk i."""
        self._characters = [0]
        self._strings = [(False, False)]
        """At the start of chunk i: inside a JSON string, and right after a backslash in it."""

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
        """The span of chunk *i* in the data."""
        return self._edge(i), self._edge(i + 1)

    def text(self, i: int) -> str:
        """Chunk *i*, sanitized."""
        low, high = self.bytes_of(i)
        return sanitize_line(self.lines.data[low:high].decode("utf-8", "replace"))

    def chunk_at(self, cell: int) -> int:
        """The chunk that shows the cell *cell* of the line (the last one where the line is shorter)."""
        while len(self._cells) <= self.count and self._cells[-1] <= cell:
            self._grow()
        return min(max(bisect_right(self._cells, cell) - 1, 0), self.count - 1)

    def cell_of(self, i: int) -> int:
        """Cells before chunk *i*."""
        while len(self._cells) <= i:
            self._grow()
        return self._cells[i]

    def column_of(self, offset: int) -> int:
        """The character of the shown line that stands for the byte at *offset* of the data."""
        i = min((offset - self.start) // CHUNK, self.count - 1)
        if i > 0 and self._edge(i) > offset:
            i -= 1
        self.cell_of(i)
        low = self._edge(i)
        return self._characters[i] + len(sanitize_line(self.lines.data[low:offset].decode("utf-8", "replace")))

    def cell_at(self, column: int) -> int:
        """The cell at which character *column* of the shown line begins."""
        while len(self._characters) <= self.count and self._characters[-1] <= column:
            self._grow()
        i = min(max(bisect_right(self._characters, column) - 1, 0), self.count - 1)
        return self.cell_of(i) + cells(self.text(i)[: column - self._characters[i]])

    def _grow(self) -> None:
        text = self.text(len(self._cells) - 1)
        self._cells.append(self._cells[-1] + cells(text))
        self._characters.append(self._characters[-1] + len(text))

    def in_string(self, i: int) -> bool:
        """Whether chunk *i* begins inside a JSON string: the parity of quotes that no backslash escapes."""
        while len(self._strings) <= i:
            inside, escaped = self._strings[-1]
            low, high = self.bytes_of(len(self._strings) - 1)
            chunk = self.lines.data[low + escaped : high]
            trailing = len(chunk) - len(chunk.rstrip(b"\\"))
            quotes = chunk.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"')
            self._strings.append((inside != bool(quotes & 1), bool(trailing & 1)))
        return self._strings[i][0]
