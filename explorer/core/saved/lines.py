"""The line of a TOML text on which a key stands, for telling of a problem with it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

_PART: Final = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEYS: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER: Final = re.compile(rf"\s*\[\[?\s*({_KEYS})\s*\]\]?\s*(?:#.*)?")
_KEY: Final = re.compile(rf"\s*({_KEYS})\s*=")
Places = tuple[tuple[tuple[str, ...], int], ...]


def toml_line_of(text: str, path: tuple[str, ...]) -> int:
    """The line (from 1) of the key at *path*, or of the nearest table above it; 0 where none of it is there."""
    best = (0, 0)
    for keys, line in _places(text):
        common = 0
        while common < min(len(keys), len(path)) and keys[common] == path[common]:
            common += 1
        if common == len(keys) and common > best[0]:
            best = (common, line)
    return best[1]


@lru_cache(maxsize=8)
def _places(text: str) -> Places:
    table: tuple[str, ...] = ()
    places = []
    for number, line in enumerate(text.split("\n"), 1):
        if found := _HEADER.fullmatch(line.rstrip("\r")):
            table = _split(found[1])
            places.append((table, number))
        elif found := _KEY.match(line):
            places.append(((*table, *_split(found[1])), number))
    return tuple(places)


def _split(keys: str) -> tuple[str, ...]:
    import tomllib

    try:
        value: Any = tomllib.loads(f"{keys} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(value, dict):
        key, value = next(iter(value.items()))
        parts.append(key)
    return tuple(parts)
