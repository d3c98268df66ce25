"""A scrolling view of styled rows that wraps at the cell, so that every character of a long value is visible.

Rows are laid out for the current width; only visible lines are painted. A selection is copied without the gutter and
without wrapped line breaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from explorer.tui.actions import bindings
from explorer.tui.kit.cursor_view import LineView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from textual import events
    from textual.binding import BindingType
    from textual.selection import Selection

Span = tuple[str, str]
"""A kind (see ``KINDS``) and its text, already sanitized and without newlines."""

KINDS = (
    "text",
    "dim",
    "strong",
    "name",
    "url",
    "heading",
    "out",
    "in",
    "good",
    "bad",
    "warn",
    "connect",
    "send",
    "wait",
    "receive",
    "match",
    "current",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One logical line.

    ``gutter`` precedes its first line and ``more``, of the same width, the wrapped lines. Wrapped lines are indented by
    ``hanging_indent`` cells behind the gutter. A ``joined`` row continues the row above: copied, they are one line.
    """

    spans: tuple[Span, ...] = ()
    gutter: tuple[Span, ...] = ()
    more: tuple[Span, ...] = ()
    hanging_indent: int = 0
    joined: bool = False


@dataclass(frozen=True, slots=True)
class _WrappedLine:
    gutter: tuple[Span, ...]
    spans: tuple[Span, ...]
    continued: bool
    """Whether it continues the line above."""


def fitting_length(text: str, room: int) -> int:
    """Return how many characters of *text* fit in *room* cells; at least one."""
    if text.isascii():
        return max(1, min(room, len(text)))
    used = 0
    for index, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > room:
            return max(1, index)
    return len(text)


def _wrapped(row: Row, width: int) -> Iterator[_WrappedLine]:
    gutter = span_width(row.gutter)
    room = max(8, width - gutter)
    more = (*(row.more or (("text", " " * gutter),)), ("text", " " * row.hanging_indent))
    line: list[Span] = []
    left, first = room, True
    for kind, text in row.spans:
        while text:
            if left <= 0:
                yield _WrappedLine(row.gutter if first else more, tuple(line), row.joined or not first)
                line, left, first = [], max(8, room - row.hanging_indent), False
            cut = fitting_length(text, left)
            line.append((kind, text[:cut]))
            left -= cell_len(text[:cut])
            text = text[cut:]
    yield _WrappedLine(row.gutter if first else more, tuple(line), row.joined or not first)


def span_width(spans: Iterable[Span]) -> int:
    """Return the width of *spans* in cells."""
    return sum(cell_len(text) for _, text in spans)


class LinesView(LineView):
    """Shows rows. ``show`` takes the rows; ``show_for`` takes a function from the width to the rows."""

    PREFIX = "lines"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{kind}" for kind in KINDS}
    ALLOW_SELECT = True
    DEFAULT_CSS = """
    LinesView {
        height: 1fr;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        & > .lines--dim { color: $foreground 65%; }
        & > .lines--strong { text-style: bold; }
        & > .lines--name { color: $text-primary; }
        & > .lines--url { color: $text-accent; }
        & > .lines--heading { color: $foreground; background: $panel; text-style: bold; }
        & > .lines--out { color: $text-accent; }
        & > .lines--in { color: $text-success; }
        & > .lines--good { color: $text-success; text-style: bold; }
        & > .lines--bad { color: $text-error; text-style: bold; }
        & > .lines--warn { color: $text-warning; }
        & > .lines--connect { color: $warning; }
        & > .lines--send { color: $secondary; }
        & > .lines--wait { color: $primary; }
        & > .lines--receive { color: $success; }
        & > .lines--match { background: $warning-muted; text-style: underline; }
        & > .lines--current { background: $warning; color: $background; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("lines")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._make: Callable[[int], Sequence[Row]] = lambda _width: ()
        self._lines: list[_WrappedLine] = []
        self._starts: list[int] = []
        """Row → number of its first line."""
        self._width = 0
        super().__init__(id=id, classes=classes)

    def show(self, rows: Sequence[Row]) -> None:
        """Show *rows* from the top."""
        self.show_for(lambda _width: rows)

    def show_for(self, make: Callable[[int], Sequence[Row]]) -> None:
        """Show the rows that *make* returns for a width in cells; it is called again when the width changes."""
        self._make = make
        self._lay_out()
        self.scroll_home(animate=False, immediate=True)

    @property
    def plain(self) -> str:
        """All rows as text without gutters, one logical row per line."""
        parts: list[str] = []
        for index, line in enumerate(self._lines):
            if index and not line.continued:
                parts.append("\n")
            parts.append("".join(text for _, text in line.spans))
        return "".join(parts)

    def line_of(self, row: int) -> int:
        """Return the first line of a row in the current layout; 0 for an unknown row."""
        return self._starts[row] if 0 <= row < len(self._starts) else 0

    def _lay_out(self) -> None:
        self._width = self.scrollable_content_region.width or self.size.width
        if not self._width:
            return
        self._lines, self._starts = [], []
        for row in self._make(self._width):
            self._starts.append(len(self._lines))
            self._lines += _wrapped(row, self._width)
        self.virtual_size = Size(self._width, len(self._lines))
        self.refresh()

    def on_resize(self, _event: events.Resize) -> None:
        if (self.scrollable_content_region.width or self.size.width) != self._width:
            self._lay_out()

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 - textual's own name
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text as it was before wrapping."""
        parts: list[str] = []
        for number, line in enumerate(self._lines):
            span = selection.get_span(number)
            if span is None:
                continue
            gutter = span_width(line.gutter)
            text = "".join(text for _, text in line.spans)
            start, end = max(0, span[0] - gutter), len(text) if span[1] == -1 else max(0, span[1] - gutter)
            if parts and not line.continued:
                parts.append("\n")
            parts.append(text[start:end])
        return "".join(parts), "\n"

    # No animations: they would paint each page many times.

    def action_scroll_down(self) -> None:
        """Scroll down one line."""
        self.scroll_relative(y=1, animate=False)

    def action_scroll_up(self) -> None:
        """Scroll up one line."""
        self.scroll_relative(y=-1, animate=False)

    def action_page_down(self) -> None:
        """Scroll down one page, minus one line of overlap."""
        self.scroll_relative(y=max(self.size.height - 1, 1), animate=False)

    def action_page_up(self) -> None:
        """Scroll up one page, minus one line of overlap."""
        self.scroll_relative(y=-max(self.size.height - 1, 1), animate=False)

    def action_scroll_home(self) -> None:
        """Scroll to the first line."""
        self.scroll_to(y=0, animate=False)

    def action_scroll_end(self) -> None:
        """Scroll to the last line."""
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width, number, base = self.size.width, y + scroll_y, self.rich_style
        if number >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[number]
        strip = Strip([Segment(text, self.style_of(kind)) for kind, text in (*line.gutter, *line.spans)])
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(number)) is not None:
            strip = _select(strip, span, self.screen.get_component_rich_style("screen--selection"))
        return strip.crop_extend(scroll_x, scroll_x + width, base).apply_offsets(scroll_x, number)


def _select(strip: Strip, span: tuple[int, int], style: Style) -> Strip:
    start, end = span[0], strip.cell_length if span[1] == -1 else min(span[1], strip.cell_length)
    if start >= end:
        return strip
    selected = Strip([Segment(text, (old or Style()) + style) for text, old, _ in strip.crop(start, end)])
    return Strip.join([strip.crop(0, start), selected, strip.crop(end)])
