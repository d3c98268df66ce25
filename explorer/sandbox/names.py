"""How PHP reads the names of a query or a form, as ``parse_str`` does it; Laravel and most PHP vendors see no more.

``filter[brands][]=a&filter[brands][]=b`` is ``{"filter": {"brands": {0: "a", 1: "b"}}}``. Rules (php.net/parse_str and
main/php_variables.c): blanks before a name go; a dot or blank in the part before the first bracket becomes ``_``, as
does a bracket that is never closed; what follows a closing bracket other than another bracket is dropped; a name given
again replaces the value; ``[]`` takes the next free number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = int | str
MAX_DEPTH = 64
"""PHP's ``max_input_nesting_level``."""
MAX_NAMES = 1000
"""PHP's ``max_input_vars``."""


@dataclass
class ParameterTree:
    """What a query or form became: nested tables (an array is a table with numbers as keys), and what was odd in it."""

    values: dict[Key, Any] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    """Names that were given more than once, so that PHP kept only the last value."""
    undecodable_names: list[str] = field(default_factory=list)
    """Names whose name or value is not UTF-8."""
    dropped: int = 0
    """How many names came after the thousandth, which PHP does not read."""


def split_pairs(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The decoded pairs of a query or urlencoded body in order, and the names of those that are not UTF-8."""
    pairs: list[tuple[str, str]] = []
    bad: list[str] = []
    for piece in text.split("&"):
        if not piece:
            continue
        name, _, value = piece.partition("=")
        raw_name, raw_value = (unquote_to_bytes(part.replace("+", " ")) for part in (name, value))
        decoded = raw_name.decode("utf-8", "replace"), raw_value.decode("utf-8", "replace")
        if decoded[0].encode() != raw_name or decoded[1].encode() != raw_value:
            bad.append(decoded[0])
        pairs.append(decoded)
    return pairs, bad


def parse_pairs(pairs: Iterable[tuple[str, Any]], bad: Iterable[str] = ()) -> ParameterTree:
    """The tree that PHP makes of *pairs* (name, value), values as they are."""
    tree = ParameterTree(undecodable_names=list(bad))
    seen: set[tuple[Key | None, ...]] = set()
    for number, (name, value) in enumerate(pairs):
        if number >= MAX_NAMES:
            tree.dropped += 1
            continue
        path = name_keys(name)
        if not path or len(path) > MAX_DEPTH:
            continue
        if None not in path and path in seen:
            tree.repeated.append(name)
        seen.add(path)
        _put(tree.values, path, value)
    return tree


def name_keys(name: str) -> tuple[Key | None, ...]:
    """The keys that a name stands for; None is ``[]``. Empty where PHP ignores the name."""
    name = name.lstrip(" ").split("\x00", 1)[0]
    head, bracket, rest = name.partition("[")
    if not head:
        return ()
    if not bracket or "]" not in rest:
        return (_number(re.sub(r"[ .\[]", "_", name)),)
    keys: list[Key | None] = [_number(re.sub(r"[ .]", "_", head))]
    while True:
        inner, closed, rest = rest.partition("]")
        if not closed:
            break
        keys.append(_number(inner) if inner.strip() else None)
        if not rest.startswith("["):
            break
        rest = rest[1:]
    return tuple(keys)


def _number(key: str) -> Key:
    return int(key) if re.fullmatch(r"0|-?[1-9]\d{0,17}", key) else key


def _put(values: dict[Key, Any], path: tuple[Key | None, ...], value: Any) -> None:
    for key in path[:-1]:
        known = key if key is not None else _next(values)
        below = values.get(known)
        if not isinstance(below, dict):
            below = values[known] = {}
        values = below
    last = path[-1]
    values[last if last is not None else _next(values)] = value


def _next(values: dict[Key, Any]) -> int:
    return max((key for key in values if isinstance(key, int)), default=-1) + 1
