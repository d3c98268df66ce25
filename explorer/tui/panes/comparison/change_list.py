"""The list of changes in a comparison, by path; only visible rows are painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from explorer.core.diff.changes import MAX_CHANGES
from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.kit.cursor_view import CursorView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from explorer.core.diff import Change, DiffPart

_MAX_PREFIX: Final = 24
"""Characters of a common prefix that are shown in full."""
_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~", "moved": "↕"}
_KINDS: Final = (*_SIGNS, "masked", "dim", "strong", "cursor")


class ChangeList(CursorView):
    """One row per change. ``show`` parts, then ``grow`` while they grow."""

    PREFIX = "changes"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"changes--{kind}" for kind in _KINDS}
    DEFAULT_CSS = """
    ChangeList {
        background: $background; scrollbar-size-vertical: 1; overflow-x: hidden;
        & > .changes--added { color: $text-success; text-style: bold; }
        & > .changes--removed { color: $text-error; text-style: bold; }
        & > .changes--changed { color: $text-warning; text-style: bold; }
        & > .changes--moved { color: $text-accent; text-style: bold; }
        & > .changes--masked { color: $foreground 55%; text-style: italic; }
        & > .changes--dim { color: $foreground 65%; }
        & > .changes--strong { text-style: bold; }
        & > .changes--cursor { background: $boost; }
        &:focus > .changes--cursor { background: $primary 35%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("changes")

    @dataclass
    class Highlighted(Message):
        """The cursor moved: index of the part, number of the change from 1."""

        part: int
        change: int

    @dataclass
    class Chosen(Highlighted):
        """The user chose a change to see its lines."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._parts: Sequence[DiffPart] = ()
        self.count = 0
        super().__init__(id=id)

    def show(self, parts: Sequence[DiffPart]) -> None:
        """Show the changes of *parts*."""
        self._parts, self.cursor, self.count = parts, 0, 0
        self.grow()
        self.scroll_to(y=0, animate=False)

    def grow(self) -> None:
        """Update the number of changes."""
        count = sum(len(part.record.changes) for part in self._parts)
        full = any(len(part.record.changes) >= MAX_CHANGES for part in self._parts)
        if count != self.count or not count:
            self.count = count
            self.virtual_size = Size(self.size.width, count + full)
            self.refresh()

    def at(self, row: int) -> tuple[int, int, Change] | None:
        """Return index of the part, number of the change from 1, and the change of a row."""
        for index, part in enumerate(self._parts):
            changes = part.record.changes
            if row < len(changes):
                return index, row + 1, changes[row]
            row -= len(changes)
        return None

    def follow(self, part: int, change: int) -> None:
        """Put the cursor on a change without reporting it."""
        self.move_cursor_to(sum(len(part.record.changes) for part in self._parts[:part]) + change - 1, quiet=True)

    @property
    def row_count(self) -> int:
        return self.count

    def cursor_moved(self) -> None:
        if (target := self.at(self.cursor)) is not None:
            self.post_message(self.Highlighted(*target[:2]))

    def row_clicked(self, row: int, event: events.Click) -> None:  # noqa: ARG002 - the base class's
        """Choose the row."""
        self.move_cursor_to(row, quiet=True)
        self.action_choose()

    def action_choose(self) -> None:
        """Show the lines of the change."""
        if (target := self.at(self.cursor)) is not None:
            self.post_message(self.Chosen(*target[:2]))

    # --- painting ----------------------------------------------------------------------------------------------------

    def on_focus(self) -> None:
        """Recompute styles: the cursor color depends on the focus."""
        self._styles.clear()

    def on_blur(self) -> None:
        """Recompute styles: the cursor color depends on the focus."""
        self._styles.clear()

    def blend(self, kind: str, style: Style) -> Style:
        only = Style(bgcolor=style.bgcolor) if kind == "cursor" else Style(color=style.color)
        return only + Style(bold=style.bold, italic=style.italic)

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        width, base = self.size.width, self.rich_style
        entry = self.at(row)
        if entry is None:
            more = sum(part.record.found + part.record.masked for part in self._parts) - self.count
            if row != self.count or more <= 0 or row >= self.virtual_size.height:
                return Strip.blank(width, base)
            text = f" … {more:,} more; press n to reach them"
            return Strip([Segment(text, base + self.style_of("dim"))]).adjust_cell_length(width, base)
        index, _, change = entry
        if row == self.cursor:
            base = base + self.style_of("cursor")
        segments = [
            Segment(text, base + self.style_of(kind)) for kind, text in _tokens(self._parts[index].name, change) if text
        ]
        return Strip(segments).adjust_cell_length(width, base)


def _trim_common(left: str, right: str) -> tuple[str, str]:
    """Return two values with a long common prefix shortened, so that the difference is visible."""
    common = next((i for i, (first, second) in enumerate(zip(left, right, strict=False)) if first != second), 0)
    if common <= _MAX_PREFIX:
        return left, right
    return f"…{left[common - _MAX_PREFIX // 2 :]}", f"…{right[common - _MAX_PREFIX // 2 :]}"


def _tokens(part: str, change: Change) -> list[tuple[str, str]]:
    """Return kind and text of each piece of a row."""
    left, right = _trim_common(sanitize_line(change.left), sanitize_line(change.right))
    values = {"added": right, "removed": left}.get(change.kind, f"{left} → {right}")
    name = f"{part} " if part != "body" else ""
    if change.masked:
        return [("masked", f" ≈ {name}{sanitize_line(change.path)}  {values}")]
    return [
        (change.kind, f" {_SIGNS[change.kind]} "),
        ("dim", name),
        ("strong", sanitize_line(change.path)),
        ("dim", f"  {values}"),
    ]
