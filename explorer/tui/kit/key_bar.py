"""The key bar, and the keys of a pushed screen collected from its bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from textual.binding import Binding
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, TextArea

from explorer.tui.actions import BY_ID, format_key, is_clickable, label_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from textual import events
    from textual.dom import DOMNode
    from textual.screen import Screen


HELP: Final = "app.screen_help"
"""The action that opens the help of a screen."""


class Hint(NamedTuple):
    """A key, a short title, and the action that a click runs (may be empty)."""

    key: str
    title: str
    run: str = ""

    @property
    def content(self) -> Content:
        """The key in its color, and the title."""
        title = self.title[:1].upper() + self.title[1:]
        return Content.assemble((self.key, "$footer-key-foreground bold"), " ", title)


def hint_of(action_id: str, title: str, keymap: Mapping[str, str]) -> Hint:
    """Return the hint of an action of the table; a non-empty *title* replaces its own."""
    action = BY_ID[action_id]
    run = action.run if is_clickable(action) else ""
    return Hint(label_of(action_id, keymap), title or action.words or action.title, run)


class KeyBar(Widget):
    """One line of key hints."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $panel; color: $foreground; padding: 0 1; }
    """
    hints: reactive[tuple[Hint, ...]] = reactive((), init=False)

    def __init__(self) -> None:
        self._last: tuple[Hint, ...] = ()
        super().__init__()

    def show(self, hints: Sequence[Hint], last: Sequence[Hint]) -> None:
        """Show as many *hints* as fit, and always *last*; the screen's help is added if it is missing."""
        if not any(hint.key in ("?", "F1") for hint in last):
            typing = isinstance(self.screen.focused, (Input, TextArea))
            last = [Hint("F1" if typing else "?", "Help", HELP), *last]
        self._last = tuple(last)
        self.hints = tuple(hints)
        self.refresh()

    @property
    def fitting(self) -> list[Hint]:
        """The hints that fit."""
        room = self.size.width - sum(hint.content.cell_length + 2 for hint in self._last)
        parts: list[Hint] = []
        for hint in self.hints:
            room -= hint.content.cell_length + 2
            if room < 0:
                break
            parts.append(hint)
        return [*parts, *self._last]

    def render(self) -> Content:
        """Return the hints that fit."""
        return Content("  ").join(hint.content for hint in self.fitting)

    def on_click(self, event: events.Click) -> None:
        """Run the action of the hint that was clicked."""
        at = 1
        for hint in self.fitting:
            width = hint.content.cell_length
            if at <= event.x < at + width and hint.run:
                self.screen.call_later(self.screen.run_action, hint.run)
                return
            at += width + 2


OWN: str = __name__.partition(".")[0] + "."
"""Package prefix of the classes whose keys are listed; keys of library widgets are omitted."""


class ScreenKey(NamedTuple):
    """A key of a screen: ``keys`` as displayed, the action ``run``, and the ``node`` that handles it."""

    keys: tuple[str, ...]
    title: str
    help: str
    run: str
    node: DOMNode


def keys_of_screen(screen: Screen[object], keymap: Mapping[str, str]) -> list[ScreenKey]:
    """Return the keys that only the footer of *screen* names, then those that the screen binds."""
    bound = list(_bound_keys(screen, keymap))
    known = {key for entry in bound for key in entry.keys}
    return [*_only_in_footer(screen, known), *bound]


def keys_of_widgets(screen: Screen[object], keymap: Mapping[str, str]) -> list[ScreenKey]:
    """Return the keys that the widgets of *screen* bind, without duplicates."""
    nodes = {type(node): node for node in screen.walk_children() if node.display}
    entries: dict[str, ScreenKey] = {}
    for node in nodes.values():
        for entry in _bound_keys(node, keymap):
            entries.setdefault(entry.keys[0], entry)
    return list(entries.values())


def _bound_keys(node: DOMNode, keymap: Mapping[str, str]) -> Iterator[ScreenKey]:
    for kind in type(node).__mro__:
        if not kind.__module__.startswith(OWN):
            continue
        for binding in kind.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.description:
                keys = (keymap.get(binding.id or "") or binding.key).split(",")
                names = tuple(dict.fromkeys(format_key(key.strip()) for key in keys))
                yield ScreenKey(names, binding.description, binding.tooltip, binding.action, node)


def _only_in_footer(screen: Screen[object], known: set[str]) -> Iterator[ScreenKey]:
    for bar in screen.query(KeyBar):
        for hint in bar.hints:
            keys = tuple(hint.key.replace("/", " ").split() if hint.key.isascii() else hint.key.replace(" ", "")) or (
                "/",
            )
            if not known.intersection(keys):
                yield ScreenKey(keys, hint.title[:1].upper() + hint.title[1:], "", "", screen)
