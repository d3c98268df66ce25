"""The bottom line: the keys that are of use here. A click on one does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, TextArea

from explorer.tui.actions import BY_ID, is_clickable, label_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual import events

HELP: Final = "app.screen_help"
"""The action of the help that every screen has."""


class Hint(NamedTuple):
    """A key, a word or two, and the action that a click runs (may be empty)."""

    key: str
    title: str
    run: str = ""

    @property
    def content(self) -> Content:
        """The key in its color, and the words."""
        title = self.title[:1].upper() + self.title[1:]
        return Content.assemble((self.key, "$footer-key-foreground bold"), " ", title)


def hint_of(action_id: str, words: str, keymap: Mapping[str, str]) -> Hint:
    """Return the hint of an action of the table; *words* replace its own where they are not empty."""
    action = BY_ID[action_id]
    run = action.run if is_clickable(action) else ""
    return Hint(label_of(action_id, keymap), words or action.words or action.title, run)


class KeyBar(Widget):
    """One line of keys."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $panel; color: $foreground; padding: 0 1; }
    """
    hints: reactive[tuple[Hint, ...]] = reactive((), init=False)

    def __init__(self) -> None:
        self._last: tuple[Hint, ...] = ()
        super().__init__()

    def show(self, hints: Sequence[Hint], last: Sequence[Hint]) -> None:
        """Show *hints* as far as there is room, and *last* always; the help of the screen is added where it is not."""
        if not any(hint.key in ("?", "F1") for hint in last):
            typing = isinstance(self.screen.focused, (Input, TextArea))
            last = [Hint("F1" if typing else "?", "Help", HELP), *last]
        self._last = tuple(last)
        self.hints = tuple(hints)
        self.refresh()

    @property
    def fitting(self) -> list[Hint]:
        """What is shown."""
        room = self.size.width - sum(hint.content.cell_length + 2 for hint in self._last)
        parts: list[Hint] = []
        for hint in self.hints:
            room -= hint.content.cell_length + 2
            if room < 0:
                break
            parts.append(hint)
        return [*parts, *self._last]

    def render(self) -> Content:
        """The keys."""
        return Content("  ").join(hint.content for hint in self.fitting)

    def on_click(self, event: events.Click) -> None:
        """Have the screen do what the key that was clicked does."""
        at = 1
        for hint in self.fitting:
            width = hint.content.cell_length
            if at <= event.x < at + width and hint.run:
                self.screen.call_later(self.screen.run_action, hint.run)
                return
            at += width + 2
