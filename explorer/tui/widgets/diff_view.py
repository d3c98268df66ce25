"""Two sides line by line: beside each other where there is room, one above the other where there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from explorer.core.diff.record import ADDED, CHANGED, EQUAL, MASKED, MOVED, REMOVED
from explorer.core.diff.rows import BLANK, FOLD, HEAD, MORE, fold_label
from explorer.tui.widgets.diff_rows import DiffRows, changed_span

if TYPE_CHECKING:
    from explorer.core.diff import DiffPart
    from explorer.core.diff.rows import DiffRow
    from explorer.core.document.lexing import Token

_TOKENS: Final = ("key", "string", "number", "constant", "punctuation", "tag", "attribute", "comment", "text", "error")
_MARKS: Final = ("head", "same", "fold", "number", "edge", "cursor")
_CODES: Final = {ADDED: "added", REMOVED: "removed", CHANGED: "changed", MOVED: "moved", MASKED: "masked"}
_GROUNDS: Final = ("head", "same", "fold", "cursor", "added", "removed", "changed", "moved")
"""What has a background."""
_SIGNS: Final = {EQUAL: " ", CHANGED: "~", ADDED: "+", REMOVED: "-", MOVED: "↕", MASKED: "≈"}


class DiffView(DiffRows):
    """Paints the parts of one side of a comparison."""

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
        # A background lies under whatever color the text has, and a color over whatever background.
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
            words = f"  {fold_label(row)}"
            return Strip([Segment(words, style)]).adjust_cell_length(width, style)
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
        told = ", ".join(counts) or "the same"
        note = f" ({part.note})" if part.note else ""
        words = f" {part.name.capitalize()} · {told}{note}"
        return Strip([Segment(words, style)]).adjust_cell_length(width, style)

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
        """One side of a row, *width* cells."""
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
            one = style if plain or kind not in _TOKENS else style + self.style_of(kind)
            if span is None:
                segments.append(Segment(text, one))
                continue
            low, high = max(span[0] - at, 0), min(max(span[1] - at, 0), len(text))
            for part, marked in ((text[:low], False), (text[low:high], True), (text[max(low, high) :], False)):
                if part:
                    segments.append(Segment(part, one + self.style_of("other") if marked else one))
            at += len(text)
        return segments
