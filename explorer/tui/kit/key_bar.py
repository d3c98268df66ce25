"""The key bar, and the keys of a pushed screen from the bindings it declares."""

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


OWN: str = __name__.partition(".")[0] + "."
"""Where a class must be from to count: the library's widgets bind keys that everybody knows."""


class ScreenKey(NamedTuple):
    """A key of a screen: ``keys`` as people write them, ``run`` the action and ``node`` where it is looked up."""

    keys: tuple[str, ...]
    title: str
    help: str
    run: str
    node: DOMNode


def keys_of_screen(screen: Screen[object], keymap: Mapping[str, str]) -> list[ScreenKey]:
    """What *screen* itself binds, after what only its footer names."""
    bound = list(_bound(screen, keymap))
    named = {key for one in bound for key in one.keys}
    return [*_only_in_footer(screen, named), *bound]


def keys_of_widgets(screen: Screen[object], keymap: Mapping[str, str]) -> list[ScreenKey]:
    """What the widgets of *screen* bind; a key that several of them bind stands once."""
    kinds = {type(one): one for one in screen.walk_children() if one.display}
    found: dict[str, ScreenKey] = {}
    for node in kinds.values():
        for one in _bound(node, keymap):
            found.setdefault(one.keys[0], one)
    return list(found.values())


def _bound(node: DOMNode, keymap: Mapping[str, str]) -> Iterator[ScreenKey]:
    for kind in type(node).__mro__:
        if not kind.__module__.startswith(OWN):
            continue
        for one in kind.__dict__.get("BINDINGS", ()):
            if isinstance(one, Binding) and one.description:
                keys = (keymap.get(one.id or "") or one.key).split(",")
                names = tuple(dict.fromkeys(format_key(key.strip()) for key in keys))
                yield ScreenKey(names, one.description, one.tooltip, one.action, node)


def _only_in_footer(screen: Screen[object], named: set[str]) -> Iterator[ScreenKey]:
    for bar in screen.query(KeyBar):
        for hint in bar.hints:
            keys = tuple(hint.key.replace("/", " ").split() if hint.key.isascii() else hint.key.replace(" ", "")) or (
                "/",
            )
            if not named.intersection(keys):
                yield ScreenKey(keys, hint.title[:1].upper() + hint.title[1:], "", "", screen)
