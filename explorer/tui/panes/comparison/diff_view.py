"""A comparison line by line, side by side or stacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from explorer.core.diff.aligned_rows import BLANK, FOLD, HEAD, MORE, DiffRow, DiffRowList, fold_label
from explorer.core.diff.changes import ADDED, CHANGED, EQUAL, MASKED, MOVED, REMOVED
from explorer.tui.actions import bindings
from explorer.tui.kit.cursor_view import CursorView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from explorer.core.body.lexer import Token
    from explorer.core.diff import DiffPart


_LOOKAHEAD: Final = 10_000
"""Characters of a line that are searched for the first difference."""
_GUTTER: Final = 10
_MIN_VISIBLE: Final = 12
"""Cells of a difference that must be visible."""
SIDE_BY_SIDE: Final = 100
"""Width in cells from which both sides are shown side by side."""


class DiffRows(CursorView):
    """Rows, cursor and scrolling of a comparison. ``show`` parts, then ``grow`` while they grow."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("diff")

    @dataclass
    class Moved(Message):
        """The cursor moved to another row."""

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
        """First and last row that are scrolled sideways to show a difference, and by how many cells."""
        self._shown_rows = 0
        super().__init__(id=id, classes=classes)

    # --- content -----------------------------------------------------------------------------------------------------

    def show(self, parts: Sequence[DiffPart], *, everything: bool) -> None:
        """Show *parts*, which may still grow, from the top; *everything*: without folding equal lines."""
        self._parts, self._everything = parts, everything
        self.cursor = self._shift = 0
        self._peek = 0, 0, 0
        self._build()
        self.scroll_to(y=0, animate=False)

    def grow(self, *, show: bool = True) -> bool:
        """Add rows of the parts and, with *show*, display them; return whether more are available now."""
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
        """Whether both sides fit side by side."""
        return self.size.width >= SIDE_BY_SIDE

    @property
    def row(self) -> DiffRow:
        """The row under the cursor."""
        return self._rows.row(self.cursor)

    @property
    def change_count(self) -> int:
        """Number of changes so far."""
        return len(self._rows.change_rows)

    @property
    def stop(self) -> int:
        """Number of the change at or before the cursor, from 1; 0 before the first."""
        return self._rows.change_number(self.cursor)

    # --- cursor ------------------------------------------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return self._rows.count

    def go_to(self, row: int) -> None:
        """Put the cursor on *row*, with some context around it."""
        self.move_cursor_to(row, margin=(1, 2), quiet=True)
        self._show_difference()
        self.cursor_moved()

    def cursor_moved(self) -> None:
        self.post_message(self.Moved(self.row))

    def _show_difference(self) -> None:
        """Scroll the cursor's line sideways so that its first difference is visible."""
        row, self._peek = self.row, (0, 0, 0)
        if row.code != CHANGED or row.part >= len(self._parts):
            return
        part = self._parts[row.part]
        left = row.left if row.left >= 0 else self._rows.row(self.cursor - 1).left
        right = row.right if row.right >= 0 else self._rows.row(self.cursor + 1).right
        old, new = part.left.line(left)[:_LOOKAHEAD], part.right.line(right)[:_LOOKAHEAD]
        start = cell_len(old[: changed_span([("text", old)], [("text", new)])[0]])
        room = (self.size.width // 2 if self.beside else self.size.width) - _GUTTER
        if start > room - _MIN_VISIBLE:
            unified = 0 if self.beside else 1
            first, last = self.cursor - (unified and row.left < 0), self.cursor + (unified and row.left >= 0)
            self._peek = first, last, start - room // 2

    def go_to_change(self, part: int, change: int) -> None:
        """Put the cursor on a change of a part (its index among those shown)."""
        row = self._rows.rows_of.get((part, change))
        if row is not None:
            self.go_to(row)

    def go_on(self, step: int) -> bool:
        """Go to the next or previous change; return False if there is none."""
        row = self._rows.next_change_row(self.cursor) if step > 0 else self._rows.previous_change_row(self.cursor)
        if row is not None:
            self.go_to(row)
        return row is not None

    def action_sideways(self, cells: int) -> None:
        """Scroll both sides sideways by *cells*."""
        self._shift = max(0, max(self._shift, self._peek[2]) + cells)
        self._peek = 0, 0, 0
        self.refresh()

    def row_clicked(self, row: int, event: events.Click) -> None:
        """Put the cursor there; expand folded lines."""
        super().row_clicked(row, event)
        if self.row.code in (FOLD, MORE):
            self.post_message(self.FoldChosen())

    def on_resize(self, _event: events.Resize) -> None:
        """Switch between side by side and stacked for the new width; keep the cursor on its line."""
        if self._rows.unified == self.beside:
            row = self.row
            self._build()
            self.cursor = self._rows.where(row)
            self.go_to(self.cursor)
        else:
            self.virtual_size = Size(self.size.width, self._rows.count)
            self.action_cursor(0)


def changed_span(tokens: list[Token], other: list[Token]) -> tuple[int, int]:
    """Return start and end of the characters in a line that differ from *other*."""
    line, other_line = "".join(text for _, text in tokens), "".join(text for _, text in other)
    shortest = min(len(line), len(other_line))
    start = next((i for i in range(shortest) if line[i] != other_line[i]), shortest)
    tail = next((i for i in range(shortest - start) if line[-1 - i] != other_line[-1 - i]), shortest - start)
    return start, len(line) - tail


_TOKENS: Final = ("key", "string", "number", "constant", "punctuation", "tag", "attribute", "comment", "text", "error")
_MARKS: Final = ("head", "same", "fold", "number", "edge", "cursor")
_CODES: Final = {ADDED: "added", REMOVED: "removed", CHANGED: "changed", MOVED: "moved", MASKED: "masked"}
_GROUNDS: Final = ("head", "same", "fold", "cursor", "added", "removed", "changed", "moved")
"""Kinds that set a background."""
_SIGNS: Final = {EQUAL: " ", CHANGED: "~", ADDED: "+", REMOVED: "-", MOVED: "↕", MASKED: "≈"}


class DiffView(DiffRows):
    """Paints the rows of a comparison."""

    PREFIX = "diff"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"diff--{kind}" for kind in (*_TOKENS, *_MARKS, *_CODES.values(), "other")}
    DEFAULT_CSS = """
    DiffView {
        height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; background: $surface;
        & > .diff--key, & > .diff--tag { color: $text-primary; }
        & > .diff--string { color: $text-success; }
        & > .diff--number { color: $text-warning; }
        & > .diff--constant { color: $text-accent; }
        & > .diff--attribute { color: $text-secondary; }
        & > .diff--punctuation, & > .diff--comment { color: $foreground 65%; }
        & > .diff--head { background: $panel; text-style: bold; }
        & > .diff--same { background: $panel; color: $foreground 65%; }
        & > .diff--fold { color: $foreground 65%; text-style: italic; background: $foreground 4%; }
        & > .diff--number { color: $text-warning; }
        & > .diff--edge { color: $foreground 40%; }
        & > .diff--added { background: $success 18%; }
        & > .diff--removed { background: $error 18%; }
        & > .diff--changed { background: $warning 14%; }
        & > .diff--moved { background: $accent 14%; }
        & > .diff--masked { color: $foreground 55%; text-style: italic; }
        & > .diff--other { text-style: bold underline; }
        & > .diff--cursor { background: $primary 30%; }
    }
    """

    def blend(self, kind: str, style: Style) -> Style:
        # Backgrounds and text colors are combined, so that each is set by one kind only.
        ground = kind in _GROUNDS
        color = None if ground and kind not in ("head", "same", "fold") else style.color
        return Style(
            color=color,
            bgcolor=style.bgcolor if ground else None,
            bold=style.bold,
            italic=style.italic,
            underline=style.underline,
        )

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        width, base = self.size.width, self.rich_style
        if number >= self._rows.count:
            return Strip.blank(width, base)
        row = self._rows.row(number)
        if number == self.cursor and self.has_focus:
            base = base + self.style_of("cursor")
        if row.code == BLANK or row.part >= len(self._parts):
            return Strip.blank(width, base)
        part = self._parts[row.part]
        if row.code == HEAD:
            return self._heading(part, width)
        if row.code in (FOLD, MORE):
            style = base + self.style_of("fold")
            return Strip([Segment(f"  {fold_label(row)}", style)]).adjust_cell_length(width, style)
        shift = self._peek[2] if self._peek[0] <= number <= self._peek[1] else 0
        shift = max(shift, self._shift)
        if not self.beside:
            return self._unified(part, row, width, base, shift)
        half = (width - 1) // 2
        left, right = self._sides(part, row, shift)
        edge = Strip([Segment("│", base + self.style_of("edge"))])
        return Strip.join(
            [
                self._side(part, row, 0, left, right, half, base, shift),
                edge,
                self._side(part, row, 1, right, left, width - half - 1, base, shift),
            ]
        )

    def _heading(self, part: DiffPart, width: int) -> Strip:
        style = self.rich_style + self.style_of("same" if part.is_same else "head")
        counts = [f"{number:,} {kind}" for kind, number in part.record.counts.items() if number]
        if part.record.masked:
            counts.append(f"{part.record.masked:,} volatile masked")
        if not part.done:
            counts.append("comparing …")
        summary = ", ".join(counts) or "identical"
        note = f" ({part.note})" if part.note else ""
        text = f" {part.name.capitalize()} · {summary}{note}"
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

    def _sides(self, part: DiffPart, row: DiffRow, shift: int) -> tuple[list[Token] | None, list[Token] | None]:
        left = self._tokens(part, 0, row.left, shift) if row.left >= 0 else None
        right = self._tokens(part, 1, row.right, shift) if row.right >= 0 else None
        return left, right

    def _tokens(self, part: DiffPart, side: int, line: int, shift: int) -> list[Token]:
        source = part.right if side else part.left
        cell, tokens = source.window(line, shift, self.size.width)
        return [("text", " " * cell), *tokens] if cell else tokens

    def _unified(self, part: DiffPart, row: DiffRow, width: int, base: Style, shift: int) -> Strip:
        left, right = self._sides(part, row, shift)
        if row.left >= 0 and (row.right < 0 or row.code in (EQUAL, MOVED)):
            return self._side(part, row, 0, left, None, width, base, shift)
        return self._side(part, row, 1, right, None, width, base, shift)

    def _side(
        self,
        part: DiffPart,
        row: DiffRow,
        side: int,
        tokens: list[Token] | None,
        other: list[Token] | None,
        width: int,
        base: Style,
        shift: int,
    ) -> Strip:
        """Return one side of a row, *width* cells wide."""
        line = row.right if side else row.left
        if tokens is None:
            return Strip([Segment(" " * width, base + self.style_of("edge"))])
        code = row.code
        if code == CHANGED and not self.beside:
            code = ADDED if side else REMOVED
        style = base + self.style_of(_CODES[code]) if code in _CODES else base
        digits = len(str(max(part.left.line_count, part.right.line_count)))
        sign = _SIGNS[code]
        if code == MASKED and not self.beside:
            sign = "≈"
        gutter = Segment(f"{line + 1:>{digits}} {sign} ", base + self.style_of("edge"))
        span = changed_span(tokens, other) if code == CHANGED and other is not None else None
        segments = list(self._painted(tokens, span, style, plain=code == MASKED))
        room = width - cell_len(gutter.text)
        text = Strip(segments).crop(shift, shift + room).extend_cell_length(room, style)
        return Strip.join([Strip([gutter]), text]).adjust_cell_length(width, style)

    def _painted(
        self, tokens: list[Token], span: tuple[int, int] | None, style: Style, *, plain: bool
    ) -> list[Segment]:
        segments: list[Segment] = []
        at = 0
        for kind, text in tokens:
            token_style = style if plain or kind not in _TOKENS else style + self.style_of(kind)
            if span is None:
                segments.append(Segment(text, token_style))
                continue
            low, high = max(span[0] - at, 0), min(max(span[1] - at, 0), len(text))
            for part, marked in ((text[:low], False), (text[low:high], True), (text[max(low, high) :], False)):
                if part:
                    segments.append(Segment(part, token_style + self.style_of("other") if marked else token_style))
            at += len(text)
        return segments
