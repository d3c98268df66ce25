"""The way that was followed from id to id, as a line under the title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence


class Breadcrumbs(Widget):
    """``orders_list › #3 data[0].id=42 › orders_get``; not shown while it is empty. What is last is seen longest."""

    DEFAULT_CSS = """
    Breadcrumbs { height: 1; padding: 0 1; background: $panel; color: $foreground; display: none; }
    """
    parts: reactive[tuple[str, ...]] = reactive((), init=False)

    def show(self, parts: Sequence[str]) -> None:
        """Show *parts*, the place where one is now last."""
        self.parts = tuple(sanitize_line(part) for part in parts)
        self.display = bool(parts)
        self.refresh()

    def render(self) -> Content:
        """The parts from the last one back, as far as there is room."""
        hint = Content.styled("  esc back", MUTED)
        room = self.size.width - 2 - hint.cell_length
        line = Content("")
        for at, part in enumerate(reversed(self.parts)):
            style = "bold" if at == 0 else MUTED if part.startswith("#") else ""
            longer = Content.assemble((part, style), *((" › ", line) if at else ()))
            if longer.cell_length > room and at:
                return Content.assemble("… › ", line).truncate(room, ellipsis=True) + hint
            line = longer
        return line.truncate(room, ellipsis=True) + hint
