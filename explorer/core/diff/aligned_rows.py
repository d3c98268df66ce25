"""Rows of a comparison for the screen: all lines, or the changes with some context.

Blocks are appended in order as segments of rows, and rows are looked up by number. Nothing is rendered here.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from explorer.core.diff.changes import EQUAL, MASKED, MOVED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.core.diff.changes import Block, DiffPart

CONTEXT: Final = 3
"""Equal lines to show before and after a change."""
LONG_FOLD: Final = 24
"""Most lines of a change to show in full."""
FOLD_EDGE: Final = 8
"""First lines to show of a longer change."""
HEAD: Final = 100
FOLD: Final = 101
BLANK: Final = 102
MORE: Final = 103
_WIDTH: Final = 8


class DiffRow(NamedTuple):
    """A row of the screen.

    *code* is that of its block (``changes.EQUAL`` …), ``HEAD`` of a part, ``FOLD`` of *lines* equal lines (*change* of
    them volatile), ``MORE`` of *lines* further lines of a change, or ``BLANK``. *left* and *right* are line numbers,
    or -1. *change* is a number from 1.
    """

    code: int
    part: int
    left: int = -1
    right: int = -1
    change: int = 0
    lines: int = 0


class DiffRowList:
    """Rows of *parts*, which may still grow: call ``extend`` until it returns False.

    With *unified* the left lines are above the right ones, instead of beside them.
    """

    def __init__(self, parts: Callable[[], Sequence[DiffPart]], *, everything: bool, unified: bool) -> None:
        self.unified = unified
        self._parts, self._everything = parts, everything
        self._starts = array("Q")
        self._segments = array("I")
        self._part = 0
        self._block = -1
        """The next block of the current part; -1 before its heading."""
        self._waiting: list[Block] = []
        """Equal blocks since the last change."""
        self._changed = -1
        """The part of the last change."""
        self.change_rows = array("Q")
        """Rows at which changes start."""
        self.rows_of: dict[tuple[int, int], int] = {}
        """Part and change → row."""
        self.count = 0

    def extend(self, blocks: int = 4_000) -> bool:
        """Append up to *blocks* blocks, and return whether more are available now."""
        parts = self._parts()
        while blocks > 0 and self._part < len(parts):
            part = parts[self._part]
            done, available = part.done, part.record.block_count
            if self._block < 0:
                if not done and not available:
                    return False
                self._add(HEAD, 1)
                self._block = 0
            last = available - (not done)
            while self._block < last and blocks > 0:
                self._append(part, self._block, last=done and self._block == available - 1)
                self._block += 1
                blocks -= 1
            if self._block < last:
                return True
            if not done:
                return False
            self._part, self._block = self._part + 1, -1
            if self._part < len(parts):
                self._add(BLANK, 1, part=self._part - 1)
        return self._part < len(parts)

    def row(self, n: int) -> DiffRow:
        """Return row *n*, or a blank one."""
        if not 0 <= n < self.count:
            return DiffRow(BLANK, 0)
        at = bisect_right(self._starts, n) - 1
        code, part, left, lefts, right, rights, change, hidden = self._segments[at * _WIDTH : (at + 1) * _WIDTH]
        inside = n - self._starts[at]
        if code in (HEAD, FOLD, BLANK, MORE):
            return DiffRow(code, part, -1, -1, change, hidden)
        if self.unified and code not in (EQUAL, MOVED):
            if inside < lefts:
                return DiffRow(code, part, left + inside, -1, change)
            return DiffRow(code, part, -1, right + inside - lefts, change)
        left_line = left + inside if inside < lefts else -1
        right_line = right + inside if inside < rights else -1
        return DiffRow(code, part, left_line, right_line, change)

    def where(self, row: DiffRow) -> int:
        """Return the number of the row that corresponds to *row* of the other layout, or the first one after it."""
        if row.change and (number := self.rows_of.get((row.part, row.change))) is not None and row.code < HEAD:
            return number
        low, high = 0, self.count
        while low < high:  # left lines are ascending, except moved ones, for which an approximation is enough
            middle = (low + high) // 2
            at = self._position_of(middle)
            if at < (row.part, max(row.left, 0)):
                low = middle + 1
            else:
                high = middle
        return low

    def _position_of(self, n: int) -> tuple[int, int]:
        """Return the part of row *n*, and the left line at or before it."""
        at = bisect_right(self._starts, n) - 1
        code, part, left, lefts = self._segments[at * _WIDTH : at * _WIDTH + 4]
        return part, left + min(n - self._starts[at], max(lefts - 1, 0)) if code < HEAD else left

    def next_change_row(self, row: int) -> int | None:
        """Return the next row at which a change starts, or None."""
        at = bisect_right(self.change_rows, row)
        return self.change_rows[at] if at < len(self.change_rows) else None

    def previous_change_row(self, row: int) -> int | None:
        """Return the last row before *row* at which a change starts, or None."""
        at = bisect_right(self.change_rows, row - 1) - 1
        return self.change_rows[at] if at >= 0 else None

    def change_number(self, row: int) -> int:
        """Return how many changes start up to *row*."""
        return bisect_right(self.change_rows, row)

    # --- building ----------------------------------------------------------------------------------------------------

    def _append(self, part: DiffPart, n: int, *, last: bool) -> None:
        block = part.record.block(n)
        if block.kind not in (EQUAL, MASKED):
            self._flush(last=False)
            self._append_change(part, block)
        elif self._everything:
            self._append_equal(block)
        else:
            self._waiting.append(block)
        if last:
            self._flush(last=True)

    def _append_change(self, part: DiffPart, block: Block) -> None:
        if block.change:
            self.rows_of.setdefault((self._part, block.change), self.count)
        if block.change or part.record.is_full:
            self.change_rows.append(self.count)
        lefts, rights = block.left_lines, block.right_lines
        hidden = max(lefts, rights) - LONG_FOLD
        if self._everything or hidden < 2:
            self._add(block.kind, self._height(block), block)
            return
        # The first lines of a long change are enough.
        shown = block._replace(left_lines=min(lefts, FOLD_EDGE), right_lines=min(rights, FOLD_EDGE))
        self._add(block.kind, self._height(shown), shown)
        self._add(MORE, 1, block, max(lefts, rights) - FOLD_EDGE)

    def _append_equal(self, block: Block) -> None:
        if block.kind == MASKED and block.change:
            self.rows_of.setdefault((self._part, block.change), self.count)
        self._add(block.kind, self._height(block), block)

    def _height(self, block: Block) -> int:
        if self.unified and block.kind not in (EQUAL, MOVED):
            return block.left_lines + block.right_lines
        return max(block.left_lines, block.right_lines)

    def _flush(self, *, last: bool) -> None:
        """Append the equal lines between two changes: some context at both ends, the rest folded."""
        waiting, self._waiting = self._waiting, []
        before, after = (CONTEXT if self._changed == self._part else 0), (0 if last else CONTEXT)
        self._changed = -1 if last else self._part
        lines = sum(max(block.left_lines, block.right_lines) for block in waiting)
        if lines - before - after < 2:
            for block in waiting:
                self._append_equal(block)
            return
        hidden = masked = start = 0
        fold = waiting[0]
        for block in waiting:
            size = max(block.left_lines, block.right_lines)
            for low, high in ((start, before), (before, lines - after), (lines - after, lines)):
                cut, end = max(low, start), min(high, start + size)
                if end <= cut:
                    continue
                if low == before:
                    masked += block.kind == MASKED
                    hidden += end - cut
                    continue
                if hidden:
                    self._add(FOLD, 1, fold._replace(change=masked), hidden)
                    hidden = masked = 0
                self._append_equal(_slice_block(block, cut - start, end - start))
            start += size
        if hidden:
            self._add(FOLD, 1, fold._replace(change=masked), hidden)

    def _add(self, code: int, rows: int, block: Block | None = None, hidden: int = 0, part: int = -1) -> None:
        if not rows:
            return
        numbers = block[1:] if block is not None else (0, 0, 0, 0, 0)
        self._starts.append(self.count)
        self._segments.extend((code, self._part if part < 0 else part, *numbers, hidden))
        self.count += rows


def fold_label(row: DiffRow) -> str:
    """Return the text of a row for folded lines."""
    if row.code == MORE:
        return f"… {row.lines:,} more lines"
    volatile = f" ({row.change:,} volatile)" if row.change else ""
    return f"… {row.lines:,} equal line{'' if row.lines == 1 else 's'}{volatile}"


def _slice_block(block: Block, low: int, high: int) -> Block:
    """Return lines *low* to *high* (exclusive) of a block."""
    lefts, rights = min(block.left_lines, high) - low, min(block.right_lines, high) - low
    return block._replace(
        left=block.left + low, left_lines=max(lefts, 0), right=block.right + low, right_lines=max(rights, 0)
    )
