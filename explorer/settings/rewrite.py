"""Change single values of a TOML text and leave the rest of it, comments included, as a person wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_HEADER: Final = re.compile(r"\s*\[([A-Za-z0-9_-]+)\]\s*(?:#.*)?$")
_OTHER_HEADER: Final = re.compile(r"\s*\[")

Plain = Mapping[str, Any]


def dump(table: Plain) -> str:
    """*table* as a TOML text."""
    import tomli_w

    return tomli_w.dumps(table)


def rewrite(text: str, old: Plain, new: Plain) -> str | None:
    """*text*, which says *old*, changed so that it says *new*; None where that needs more than exchanging single lines
    (the result is read again before it is given back)."""
    import tomllib

    lines = _Lines(text.replace("\r\n", "\n").split("\n"))
    tables = {key for key in (*old, *new) if isinstance(new.get(key, old.get(key)), Mapping)}
    try:
        _change(lines, "", _without(old, tables), _without(new, tables))
        if any(not isinstance(one.get(key, {}), Mapping) for key in tables for one in (old, new)):
            return None
        for key in sorted(tables):
            _change(lines, key, old.get(key, {}), new.get(key, {}))
        result = lines.text()
        return result if tomllib.loads(result) == dict(new) else None
    except (_NotSimpleError, tomllib.TOMLDecodeError, AttributeError):
        return None


class _NotSimpleError(Exception):
    """A statement that spans lines, dotted keys, a table in a table."""


def _without(table: Plain, keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


def _change(lines: _Lines, table: str, old: Plain, new: Plain) -> None:
    for key in old:
        if key not in new:
            lines.remove(table, key)
    for key, value in new.items():
        if key not in old:
            lines.add(table, key, value)
        elif old[key] != value:
            lines.replace(table, key, value)


class _Lines:
    """The lines of a TOML text, with the places of its statements."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def text(self) -> str:
        """The lines as one text that ends with a line end."""
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def replace(self, table: str, key: str, value: object) -> None:
        """Exchange a key's value; what stands behind it on the line stays."""
        at = self._find(table, key)
        self._lines[at] = _statement(key, value) + _comment(self._lines[at])

    def remove(self, table: str, key: str) -> None:
        """Take a key's line away."""
        del self._lines[self._find(table, key)]

    def add(self, table: str, key: str, value: object) -> None:
        """Put a key at the end of its table, which is made where it is missing."""
        begin, end = self._section(table)
        if begin < 0:
            if self._lines and self._lines[-1]:
                self._lines.append("")
            self._lines += [f"[{table}]", _statement(key, value)]
            return
        said = [number for number in range(begin, end) if self._lines[number].strip() and not self._is_comment(number)]
        at = said[-1] + 1 if said else begin
        while not said and at < end and self._is_comment(at):
            at += 1
        self._lines.insert(at, _statement(key, value))

    def _is_comment(self, number: int) -> bool:
        return self._lines[number].lstrip().startswith("#")

    def _section(self, table: str) -> tuple[int, int]:
        """First line of a table's statements and the line after its last; -1 where there is no such table."""
        begin = -1 if table else 0
        for number, line in enumerate(self._lines):
            if _OTHER_HEADER.match(line):
                if begin >= 0:
                    return begin, number
                found = _HEADER.match(line)
                if found and found[1] == table:
                    begin = number + 1
        return begin, len(self._lines)

    def _find(self, table: str, key: str) -> int:
        begin, end = self._section(table)
        for number in range(max(begin, 0), end if begin >= 0 else 0):
            if _said(self._lines[number]) == [key]:
                return number
        raise _NotSimpleError


def _said(line: str) -> list[str]:
    """The keys that a line sets when it is read by itself; none where it is no whole statement."""
    import tomllib

    if "=" not in line:
        return []
    try:
        return list(tomllib.loads(line))
    except tomllib.TOMLDecodeError:
        return []


def _comment(line: str) -> str:
    """The comment behind a statement, with the blanks before it."""
    for found in re.finditer(r"\s*#", line):
        if _said(line[: found.start()]):
            return line[found.start() :]
    return ""


def _statement(key: str, value: object) -> str:
    text = dump({key: value}).rstrip("\n")
    if "\n" in text or text.startswith("["):
        raise _NotSimpleError
    return text
