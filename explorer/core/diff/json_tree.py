"""JSON as a tree that keeps what was sent: number tokens, the order of keys, keys that stand twice.

A number is its token as bytes (``b"1.0"``), so that it equals no other spelling and no string; a key that stands again
in its object is ``(key, 1)``, ``(key, 2)`` …; everything else is as the standard library has it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from explorer.core.document.json_pieces import NotSplittable, split_json
from explorer.core.text.json_path import format_step

if TYPE_CHECKING:
    from collections.abc import Callable

    Key = str | tuple[str, int]

SINGLE_PASS_LIMIT: Final = 1 << 18
"""Bytes up to which a text is parsed in one go."""


class UnparsableTree(Exception):
    """The text is no JSON, or nested too deep to be walked."""


def parse_json(source: bytes, tick: Callable[[], None] = lambda: None) -> Any:
    """The tree of *source* (UTF-8). Large texts are parsed in pieces, *tick* is called between them.

    Raises:
        NotATree: see there.
    """
    try:
        if len(source) > SINGLE_PASS_LIMIT:
            try:
                return _in_pieces(source, tick)
            except NotSplittable:
                tick()
        return _decode(source)
    except (ValueError, RecursionError):
        raise UnparsableTree from None


def _reject_constant(word: str) -> Any:
    raise ValueError(word)


def _members(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    table: dict[Any, Any] = dict(pairs)
    if len(table) != len(pairs):
        table = {}
        _add(table, pairs)
    return table


def _add(table: dict[Any, Any], pairs: list[tuple[str, Any]]) -> None:
    for name, value in pairs:
        key: Any = name
        number = 0
        while key in table:
            number += 1
            key = (name, number)
        table[key] = value


_read = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=str.encode, parse_float=str.encode, parse_constant=_reject_constant
).decode


def _decode(source: bytes) -> Any:
    return _read(source.decode("utf-8", "surrogatepass"))


def _in_pieces(source: bytes, tick: Callable[[], None]) -> Any:
    root: Any = None
    for stack, text in split_json(source):
        piece = _decode(text)
        if root is None:
            root = piece
        else:
            _merge_piece(root, stack, piece)
        tick()
    return root


def _merge_piece(tree: Any, stack: bytes, piece: Any) -> None:
    """Put what *piece* holds behind what *tree* holds; *stack* are the containers that *piece* goes on with."""
    for depth in range(len(stack)):
        innermost = depth == len(stack) - 1
        last = None if innermost else _last(tree)
        if isinstance(tree, list):
            tree.extend(piece if innermost else piece[1:])
            piece = None if innermost else piece[0]
        else:
            members = [(key if isinstance(key, str) else key[0], value) for key, value in piece.items()]
            _add(tree, members if innermost else members[1:])
            piece = None if innermost else members[0][1]
        tree = last


def _last(tree: Any) -> Any:
    return tree[-1] if isinstance(tree, list) else tree[next(reversed(tree))]


def line_count(value: Any) -> int:
    """How many lines *value* takes when it is laid out with a line for every element and every bracket."""
    kind = type(value)
    if kind is dict:
        items = value.values()
    elif kind is list:
        items = value
    else:
        return 1
    total = 2 if value else 1
    for one in items:
        inner = type(one)
        total += line_count(one) if inner is dict or inner is list else 1
    return total


def format_value(value: Any, limit: int) -> str:
    """*value* as JSON on one line, not much longer than *limit* characters."""
    kind = type(value)
    if kind is bytes:
        return str(value.decode("ascii"))
    if kind is str:
        return json.dumps(value if len(value) <= limit else value[:limit], ensure_ascii=False)
    if kind is not dict and kind is not list:
        return json.dumps(value)
    parts: list[str] = []
    left = limit
    items: Any = value.items() if kind is dict else enumerate(value)
    for key, one in items:
        head = f"{json.dumps(key_text(key), ensure_ascii=False)}: " if kind is dict else ""
        part = head + (format_value(one, left) if left > 0 else "…")
        parts.append(part)
        left -= len(part)
        if left <= 0:
            break
    text = ", ".join(parts)
    return f"{{{text}}}" if kind is dict else f"[{text}]"


def key_text(key: Key) -> str:
    """A key as it was sent."""
    return key if isinstance(key, str) else key[0]


def path_step(key: Key) -> str:
    """A key as a step of a path: ``.name``, ``["odd name"]``; which one it is, where the key stands again."""
    step = format_step(key_text(key))
    return step if isinstance(key, str) else f"{step} (again, {key[1] + 1})"


def pointer_step(key: Key) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return "/" + key_text(key).replace("~", "~0").replace("/", "~1")
