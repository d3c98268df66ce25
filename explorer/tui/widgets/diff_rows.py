"""The rows of a comparison in a view that scrolls: which there are, the cursor, the way from change to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from textual.geometry import Size
from textual.message import Message

from explorer.core.diff.record import CHANGED
from explorer.core.diff.rows import FOLD, MORE, DiffRow, DiffRowList
from explorer.tui.actions import bindings
from explorer.tui.kit.cursor_view import CursorView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from explorer.core.diff import DiffPart
    from explorer.core.document.lexing import Token

_LOOKAHEAD: Final = 10_000
"""Characters of a line in which the first difference is looked for."""
_GUTTER: Final = 10
_SEEN: Final = 12
"""Cells of a difference that must be seen."""
SIDE_BY_SIDE: Final = 100
"""Cells from which both sides stand beside each other."""


class DiffRows(CursorView):
    """``show`` parts, ``grow`` while they grow."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("diff")

    @dataclass
    class Moved(Message):
        """The cursor is at another row."""

        row: DiffRow

    @dataclass
    class FoldChosen(Message):
        """Folded lines were clicked."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._parts: Sequence[DiffPart] = ()
        self._rows = DiffRowList(lambda: (), everything=False, unified=False)
        self._everything = False
        self._shift = 0
        self._peek = 0, 0, 0
        """First and last row that are shifted further, and by how many cells."""
        self._shown_rows = 0
        super().__init__(id=id, classes=classes)

    # --- what it shows -----------------------------------------------------------------------------------------------

    def show(self, parts: Sequence[DiffPart], *, everything: bool) -> None:
        """Show *parts*, which may still grow, from the top."""
        self._parts, self._everything = parts, everything
        self.cursor = self._shift = 0
        self._peek = 0, 0, 0
        self._build()
        self.scroll_to(y=0, animate=False)

    def grow(self, *, show: bool = True) -> bool:
        """Take in more of the parts, and *show* what was; whether there may be more at once."""
        more = self._rows.extend()
        if show or self._shown_rows < self.size.height:
            if self._shown_rows != self._rows.count:
                self._shown_rows = self._rows.count
                self.virtual_size = Size(self.size.width, self._rows.count)
            self.refresh()
        return more

    def _build(self) -> None:
        parts = self._parts
        self._rows = DiffRowList(lambda: parts, everything=self._everything, unified=not self.beside)
        self._shown_rows = 0
        self.grow()

    @property
    def beside(self) -> bool:
        """Whether there is room for both sides beside each other."""
        return self.size.width >= SIDE_BY_SIDE

    @property
    def row(self) -> DiffRow:
        """The row of the cursor."""
        return self._rows.row(self.cursor)

    @property
    def change_count(self) -> int:
        """Number of changes to go to, so far."""
        return len(self._rows.change_count)

    @property
    def stop(self) -> int:
        """The number of the change that the cursor is at or behind, from 1; 0 before the first."""
        return self._rows.change_number(self.cursor)

    # --- moving ------------------------------------------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return self._rows.count

    def go_to(self, row: int) -> None:
        """Put the cursor at *row*, seen with some lines around it."""
        self.move_cursor_to(row, margin=(1, 2), quiet=True)
        self._show_difference()
        self.cursor_moved()

    def cursor_moved(self) -> None:
        self.post_message(self.Moved(self.row))

    def _show_difference(self) -> None:
        """Shift the line of the cursor so far that its first difference is seen."""
        row, self._peek = self.row, (0, 0, 0)
        if row.code != CHANGED or row.part >= len(self._parts):
            return
        part = self._parts[row.part]
        left = row.left if row.left >= 0 else self._rows.row(self.cursor - 1).left
        right = row.right if row.right >= 0 else self._rows.row(self.cursor + 1).right
        one, other = part.left.line(left)[:_LOOKAHEAD], part.right.line(right)[:_LOOKAHEAD]
        start = cell_len(one[: changed_span([("text", one)], [("text", other)])[0]])
        room = (self.size.width // 2 if self.beside else self.size.width) - _GUTTER
        if start > room - _SEEN:
            unified = 0 if self.beside else 1
            first, last = self.cursor - (unified and row.left < 0), self.cursor + (unified and row.left >= 0)
            self._peek = first, last, start - room // 2

    def go_to_change(self, part: int, change: int) -> None:
        """Put the cursor at a change of a part (its place among those that are shown)."""
        row = self._rows.rows_of.get((part, change))
        if row is not None:
            self.go_to(row)

    def go_on(self, step: int) -> bool:
        """To the next change, or the one before; False where there is none."""
        row = self._rows.next_change_row(self.cursor) if step > 0 else self._rows.previous_change_row(self.cursor)
        if row is not None:
            self.go_to(row)
        return row is not None

    def action_sideways(self, cells: int) -> None:
        """Both sides some columns to the left or right."""
        self._shift = max(0, max(self._shift, self._peek[2]) + cells)
        self._peek = 0, 0, 0
        self.refresh()

    def row_clicked(self, row: int, event: events.Click) -> None:
        """Put the cursor there; unfold what is folded."""
        super().row_clicked(row, event)
        if self.row.code in (FOLD, MORE):
            self.post_message(self.FoldChosen())

    def on_resize(self, _event: events.Resize) -> None:
        """Beside or above each other, as there is room now; the cursor stays at its line."""
        if self._rows.unified == self.beside:
            row = self.row
            self._build()
            self.cursor = self._rows.where(row)
            self.go_to(self.cursor)
        else:
            self.virtual_size = Size(self.size.width, self._rows.count)
            self.action_cursor(0)


def changed_span(tokens: list[Token], other: list[Token]) -> tuple[int, int]:
    """Which characters of a line are other than those of the line that it is compared with."""
    one, two = "".join(text for _, text in tokens), "".join(text for _, text in other)
    shortest = min(len(one), len(two))
    start = next((i for i in range(shortest) if one[i] != two[i]), shortest)
    tail = next((i for i in range(shortest - start) if one[-1 - i] != two[-1 - i]), shortest - start)
    return start, len(one) - tail
