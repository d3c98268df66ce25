"""The merged shape of JSON bodies: paths of fields with their types, counts and values.

A path is written as ``data[].owner.name``; ``{}`` is any key of an object whose keys are ids.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["null", "boolean", "integer", "number", "string", "list", "table", "masked"]
_ID: Final = re.compile(r"[0-9]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{4}-\d\d-\d\d.*|[0-9a-f]{16,}")
_ID_KEYS_THRESHOLD: Final = 60
"""Number of keys from which the keys of an object are considered ids."""
_VALUES: Final = 30
"""Distinct values stored for a field; with more it is not an enumeration."""
_ENTRIES: Final = 5
"""History entries stored for a field."""
_ITEMS: Final = 40
"""Items of an array that are examined, half from its start and half from its end."""
_MAX_DEPTH: Final = 20
_EXAMPLE: Final = 80


@dataclass(slots=True)
class ObservedField:
    """The observations at one path."""

    count: int = 0
    """Number of values."""
    tables: int = 0
    """Number of objects."""
    items: int = 0
    """Number of examined items of all arrays."""
    kinds: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    many: bool = False
    """Whether there were too many values to store."""
    entries: dict[str, list[int]] = field(default_factory=dict)
    """Kind → a few history entries with it."""
    value_entries: dict[str, list[int]] = field(default_factory=dict)
    example: dict[str, str] = field(default_factory=dict)
    """Kind → an example as JSON, truncated."""


class Shape:
    """The observed paths and the observations at each."""

    def __init__(self) -> None:
        self.seen: dict[str, ObservedField] = {}
        self.bodies = 0
        self.fields: dict[str, dict[str, None]] = {}
        """Path of an object → the names of its fields in order of first appearance."""

    def add(self, body: Any, number: int = 0) -> None:
        """Add a decoded body; *number* is its history entry."""
        self.bodies += 1
        self._add("", body, number, 0)

    def _add(self, path: str, value: Any, number: int, depth: int) -> None:
        seen = self.seen.get(path)
        if seen is None:
            seen = self.seen[path] = ObservedField()
        kind = kind_of(value)
        seen.count += 1
        seen.kinds[kind] += 1
        _add_example(seen.entries, kind, number)
        if kind not in seen.example:
            seen.example[kind] = _truncated(value)
        if depth >= _MAX_DEPTH:
            return
        if isinstance(value, dict):
            seen.tables += 1
            fields = self.fields.setdefault(path, {})
            for key, name in zip(value, keys_of(value), strict=True):
                fields[name] = None
                self._add(f"{path}.{name}" if path else name, value[key], number, depth + 1)
        elif isinstance(value, list):
            items = value if len(value) <= _ITEMS else [*value[: _ITEMS // 2], *value[-_ITEMS // 2 :]]
            seen.items += len(items)
            for item in items:
                self._add(f"{path}[]", item, number, depth + 1)
        elif kind in ("string", "integer"):
            self._note_value(seen, str(value), number)

    def _note_value(self, seen: ObservedField, text: str, number: int) -> None:
        if text in seen.values or len(seen.values) < _VALUES:
            seen.values[text] += 1
            _add_example(seen.value_entries, text, number)
        else:
            seen.many = True


def keys_of(table: dict[str, Any]) -> Iterable[str]:
    """Return the path segments for the keys of an object: ``{}`` for each if they are ids."""
    if table and (all(_ID.fullmatch(key) for key in table) or len(table) >= _ID_KEYS_THRESHOLD):
        return ["{}"] * len(table)
    return list(table)


def kind_of(value: Any) -> Kind:
    """Return the kind of a JSON value; a masked string is ``masked``, which is not compared."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, dict):
        return "table"
    if isinstance(value, list):
        return "list"
    return "masked" if isinstance(value, str) and MASK in value else "string"


def parent_of(path: str) -> str:
    """Return the path of the object or array that contains *path*."""
    if path.endswith("[]"):
        return path[:-2]
    return path.rpartition(".")[0]


def _add_example(examples: dict[str, list[int]], key: str, number: int) -> None:
    entries = examples.setdefault(key, [])
    if number and number not in entries and len(entries) < _ENTRIES:
        entries.append(number)


def _truncated(value: Any) -> str:
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(list(value)[:6]) + (", …" if len(value) > 6 else "") + "}"
    if isinstance(value, list):
        return f"[{len(value)} items]"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _EXAMPLE else text[: _EXAMPLE - 1] + "…"
