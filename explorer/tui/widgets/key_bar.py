"""The bottom line: the keys that are of use here. A click on one does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, TextArea

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events


class Hint(NamedTuple):
    """A key, a word or two, and the action that a click runs (may be empty)."""

    key: str
    title: str
    run: str = ""

    @property
    def content(self) -> Content:
        """The key in its colour, and the words."""
        title = self.title[:1].upper() + self.title[1:]
        return Content.assemble((self.key, "$footer-key-foreground bold"), " ", title)


HELP = "app.screen_help"
"""The action of the help that every screen has."""


class KeyBar(Widget):
    """One line of keys."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $panel; color: $foreground; padding: 0 1; }
    """
    hints: reactive[tuple[Hint, ...]] = reactive((), init=False)

    @dataclass
    class Pressed(Message):
        """A key was clicked."""

        run: str

    def __init__(self) -> None:
        self._last: tuple[Hint, ...] = ()
        super().__init__()

    def show(self, hints: Sequence[Hint], last: Sequence[Hint]) -> None:
        """Show *hints* as far as there is room, and *last* always; the help of the screen is added where it is not."""
        if not any(one.key in ("?", "F1") for one in last):
            typing = isinstance(self.screen.focused, (Input, TextArea))
            last = [Hint("F1" if typing else "?", "Help", HELP), *last]
        self._last = tuple(last)
        self.hints = tuple(hints)
        self.refresh()

    @property
    def fitting(self) -> list[Hint]:
        """What is shown."""
        room = self.size.width - sum(one.content.cell_length + 2 for one in self._last)
        parts: list[Hint] = []
        for one in self.hints:
            room -= one.content.cell_length + 2
            if room < 0:
                break
            parts.append(one)
        return [*parts, *self._last]

    def render(self) -> Content:
        """The keys."""
        return Content("  ").join(one.content for one in self.fitting)

    def on_click(self, event: events.Click) -> None:
        """Tell which key was clicked."""
        at = 1
        for one in self.fitting:
            width = one.content.cell_length
            if at <= event.x < at + width and one.run:
                self.post_message(self.Pressed(one.run))
                return
            at += width + 2
