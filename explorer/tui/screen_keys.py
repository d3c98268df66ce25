"""The keys of a screen that is not the main one, from the bindings that it and its widgets declare: for the help and
the palette.

The footer tells what else works there: keys of the library's own widgets, such as enter in a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.binding import Binding

from explorer.tui.actions import format_key
from explorer.tui.kit.key_bar import KeyBar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from textual.dom import DOMNode
    from textual.screen import Screen

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
