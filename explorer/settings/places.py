"""On which line of a TOML text a key stands; the library that reads TOML does not tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_HEADER: Final = re.compile(r"\s*\[\[?(?P<path>[^\]]*(?:\"[^\"]*\"[^\]]*)*?)\]\]?\s*(?:#.*)?$")
Path = tuple[str, ...]


def line_of(text: str, path: str) -> int:
    """The line (from 1) of the key at a dotted *path*, of the first key below it, or of the innermost table around it
    that is written there; 0 where none of it is."""
    wanted = _keys(re.sub(r"\.?\[\d+\]", "", path))
    best, line = 0, 0
    for number, place in _places(text):
        common = place[: len(wanted)] if place[: len(wanted)] == wanted else place
        if len(common) > best and wanted[: len(common)] == common:
            best, line = len(common), number
    return line


def _places(text: str) -> list[tuple[int, Path]]:
    """Every line that begins a table or a statement, with its whole path."""
    found: list[tuple[int, Path]] = []
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line) if line.lstrip().startswith("[") else None
        if header is not None:
            table = _keys(header["path"].strip("[]"))
            found.append((number, table))
        elif "=" in line and not line.lstrip().startswith("#"):
            keys = _before_equals(line)
            if keys:
                found.append((number, (*table, *keys)))
    return found


def _before_equals(line: str) -> Path:
    for at in (found.start() for found in re.finditer("=", line)):
        keys = _keys(line[:at])
        if keys:
            return keys
    return ()


def _keys(dotted: str) -> Path:
    """The parts of a dotted key, quotes understood; none where it is no key."""
    import tomllib

    try:
        value: object = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(value, Mapping) and len(value) == 1:
        part = next(iter(value))
        parts.append(part)
        value = value[part]
    return tuple(parts)
