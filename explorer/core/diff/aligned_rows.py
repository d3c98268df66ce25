"""The rows that a screen shows of the parts of a comparison: all of them, or the changes with a few lines around.

Blocks become segments of rows, in order and as they come; a row is looked up by its number. Nothing is rendered here.
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
"""Equal lines that are shown before and after a change."""
LONG_FOLD: Final = 24
"""Lines above which only the beginning of a change is shown."""
FOLD_EDGE: Final = 8
HEAD: Final = 100
FOLD: Final = 101
BLANK: Final = 102
MORE: Final = 103
_WIDTH: Final = 8


class DiffRow(NamedTuple):
    """A row. *code* is that of its block (``record.EQUAL`` …), ``HEAD`` of a part, ``FOLD`` of *lines* that are equal
    (*change* volatile ones among them), ``MORE`` of *lines* of a change, or ``BLANK``; *left* and *right* are lines,
    -1 where the row has none; *change* counts from 1."""

    code: int
    part: int
    left: int = -1
    right: int = -1
    change: int = 0
    lines: int = 0


class DiffRowList:
    """The rows of *parts*, which may still grow: call ``extend`` until it says that there is no more for now.

    With *unified* what was on the left stands above what is on the right in place of beside it.
    """

    def __init__(self, parts: Callable[[], Sequence[DiffPart]], *, everything: bool, unified: bool) -> None:
        self.unified = unified
        self._parts, self._everything = parts, everything
        self._starts = array("Q")
        self._segments = array("I")
        self._part = 0
        self._block = -1
        """The next block of the part that is next; -1 before its heading."""
        self._waiting: list[Block] = []
        """Blocks since the last change that are the same."""
        self._changed = -1
        """The part in which there was a change already."""
        self.change_count = array("Q")
        """Rows at which changes begin."""
        self.rows_of: dict[tuple[int, int], int] = {}
        """Part and change → row."""
        self.count = 0

    def extend(self, blocks: int = 4_000) -> bool:
        """Take in up to *blocks* blocks; whether there may be more at once."""
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
                self._take(part, self._block, last=done and self._block == available - 1)
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
        """Row *n*; a blank one where there is none."""
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
        one = left + inside if inside < lefts else -1
        other = right + inside if inside < rights else -1
        return DiffRow(code, part, one, other, change)

    def where(self, row: DiffRow) -> int:
        """The number of the row that shows what *row* of the other layout shows, or the first behind it."""
        if row.change and (found := self.rows_of.get((row.part, row.change))) is not None and row.code < HEAD:
            return found
        low, high = 0, self.count
        while low < high:  # left lines grow but where something moved, which is near enough
            middle = (low + high) // 2
            at = self._starts_at(middle)
            if at < (row.part, max(row.left, 0)):
                low = middle + 1
            else:
                high = middle
        return low

    def _starts_at(self, n: int) -> tuple[int, int]:
        """The part of row *n*, and the left line at or before it."""
        at = bisect_right(self._starts, n) - 1
        code, part, left, lefts = self._segments[at * _WIDTH : at * _WIDTH + 4]
        return part, left + min(n - self._starts[at], max(lefts - 1, 0)) if code < HEAD else left

    def next_change_row(self, row: int) -> int | None:
        """The next row at which a change begins, or None."""
        at = bisect_right(self.change_count, row)
        return self.change_count[at] if at < len(self.change_count) else None

    def previous_change_row(self, row: int) -> int | None:
        """The row before *row* at which a change begins, or None."""
        at = bisect_right(self.change_count, row - 1) - 1
        return self.change_count[at] if at >= 0 else None

    def change_number(self, row: int) -> int:
        """How many changes begin up to *row*."""
        return bisect_right(self.change_count, row)

    # --- building ----------------------------------------------------------------------------------------------------

    def _take(self, part: DiffPart, n: int, *, last: bool) -> None:
        block = part.record.block(n)
        if block.kind not in (EQUAL, MASKED):
            self._flush(last=False)
            self._change(part, block)
        elif self._everything:
            self._same(block)
        else:
            self._waiting.append(block)
        if last:
            self._flush(last=True)

    def _change(self, part: DiffPart, block: Block) -> None:
        if block.change:
            self.rows_of.setdefault((self._part, block.change), self.count)
        if block.change or part.record.is_full:
            self.change_count.append(self.count)
        lefts, rights = block.left_lines, block.right_lines
        hidden = max(lefts, rights) - LONG_FOLD
        if self._everything or hidden < 2:
            self._add(block.kind, self._height(block), block)
            return
        # Of what is long on one side or both the beginning tells enough.
        shown = block._replace(left_lines=min(lefts, FOLD_EDGE), right_lines=min(rights, FOLD_EDGE))
        self._add(block.kind, self._height(shown), shown)
        self._add(MORE, 1, block, max(lefts, rights) - FOLD_EDGE)

    def _same(self, block: Block) -> None:
        if block.kind == MASKED and block.change:
            self.rows_of.setdefault((self._part, block.change), self.count)
        self._add(block.kind, self._height(block), block)

    def _height(self, block: Block) -> int:
        if self.unified and block.kind not in (EQUAL, MOVED):
            return block.left_lines + block.right_lines
        return max(block.left_lines, block.right_lines)

    def _flush(self, *, last: bool) -> None:
        """What is the same between two changes: a few lines after the one and before the other, the rest folded."""
        waiting, self._waiting = self._waiting, []
        before, after = (CONTEXT if self._changed == self._part else 0), (0 if last else CONTEXT)
        self._changed = -1 if last else self._part
        lines = sum(max(one.left_lines, one.right_lines) for one in waiting)
        if lines - before - after < 2:
            for one in waiting:
                self._same(one)
            return
        hidden = masked = start = 0
        fold = waiting[0]
        for one in waiting:
            size = max(one.left_lines, one.right_lines)
            for low, high in ((start, before), (before, lines - after), (lines - after, lines)):
                cut, end = max(low, start), min(high, start + size)
                if end <= cut:
                    continue
                if low == before:
                    masked += one.kind == MASKED
                    hidden += end - cut
                    continue
                if hidden:
                    self._add(FOLD, 1, fold._replace(change=masked), hidden)
                    hidden = masked = 0
                self._same(_slice_block(one, cut - start, end - start))
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
    """What stands in place of folded lines."""
    if row.code == MORE:
        return f"… {row.lines:,} more lines of it"
    volatile = f", {row.change:,} volatile among them" if row.change else ""
    return f"… {row.lines:,} equal line{'' if row.lines == 1 else 's'}{volatile}"


def _slice_block(block: Block, low: int, high: int) -> Block:
    """Lines *low* to *high* (not included) of a block."""
    lefts, rights = min(block.left_lines, high) - low, min(block.right_lines, high) - low
    return block._replace(
        left=block.left + low, left_lines=max(lefts, 0), right=block.right + low, right_lines=max(rights, 0)
    )
