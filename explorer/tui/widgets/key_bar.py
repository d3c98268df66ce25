"""The bottom line: the keys that are of use here. A click on one does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.style import Style
from textual.widgets import Static


class Hint(NamedTuple):
    """A key, a word or two, and what a click runs (may be empty)."""

    key: str
    title: str
    run: str = ""


class KeyBar(Static):
    """One line of keys."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $panel; color: $foreground; padding: 0 1; }
    """

    def show(self, hints: Sequence[Hint], last: Sequence[Hint]) -> None:
        """Show *hints* as far as there is room, and *last* always."""
        ending = Content("  ").join([_hint(one) for one in last])
        room = max(0, self.size.width - 2 - ending.cell_length)
        parts: list[Content] = []
        for one in hints:
            part = _hint(one)
            room -= part.cell_length + 2
            if room < 0:
                break
            parts.append(part)
        self.update(Content("  ").join([*parts, ending]))


def _hint(hint: Hint) -> Content:
    content = Content.assemble((hint.key, "$footer-key-foreground bold"), " ", hint.title)
    return content.stylize(Style.from_meta({"@click": hint.run})) if hint.run else content
