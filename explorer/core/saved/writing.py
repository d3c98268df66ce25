"""A ``SavedRequest`` → the table of its file, in an order that is always the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from explorer.core.saved.expecting import expectations_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.exchange import Entry
    from explorer.core.saved.model import SavedRequest

INLINE: Final = ("json", "file")
"""Keys of the small tables that stand on one line."""


def request_table(request: SavedRequest) -> dict[str, Any]:
    """The table that says *request*; what is not set does not stand there."""
    call = request.call
    table: dict[str, Any] = {
        "description": request.description,
        "call": call.address,
        "environment": call.environment,
        "base_url": call.base_url,
        "method": call.method,
        "force": call.force,
        "readings": dict(sorted(call.readings.items())),
        "values": _values(call.entries),
        "extra": _pairs(call.extra),
        "headers": _pairs(call.headers),
        "again": {name: str(rule) for name, rule in sorted(request.again.items())},
        "expect": expectations_table(request.expect),
    }
    return {key: value for key, value in table.items() if value}


def group_entries(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries with those of one name together, where the first of them stands: the order that a file can keep, and
    in which they are sent in any case."""
    names = list(dict.fromkeys(entry.name for entry in entries))
    return tuple(entry for name in names for entry in entries if entry.name == name)


def entries_as_saved(form: Sequence[Entry], file: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries of a form, which holds texts; those that say what a JSON literal of the file says as that literal."""
    waiting = [one for one in file if one.kind == "json"]
    entries = []
    for entry in form:
        found = next((one for one in waiting if one.name == entry.name and _typed(one) == _typed(entry)), None)
        if found is not None:
            waiting.remove(found)
        entries.append(found or entry)
    return tuple(entries)


def _typed(entry: Entry) -> tuple[str, str]:
    """A value as a form would hold it."""
    if entry.kind != "json":
        return ("text", entry.value)
    try:
        value = json.loads(entry.value)
    except ValueError:
        return ("text", entry.value)
    return ("null", "") if value is None else ("text", value if isinstance(value, str) else entry.value)


def _values(entries: Sequence[Entry]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for entry in group_entries(entries):
        said = entry.value if entry.kind == "text" else {entry.kind: entry.value}
        if entry.name not in table:
            table[entry.name] = said
        elif isinstance(table[entry.name], list):
            table[entry.name].append(said)
        else:
            table[entry.name] = [table[entry.name], said]
    return table


def _pairs(pairs: Sequence[tuple[str, str]]) -> dict[str, Any] | list[list[str]]:
    """A table by name; an array of pairs where a name comes again after another."""
    names = [name for name, _ in pairs]
    if len(dict.fromkeys(names)) != sum(1 for at, name in enumerate(names) if not at or names[at - 1] != name):
        return [[name, value] for name, value in pairs]
    table: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        texts = [value for one, value in pairs if one == name]
        table[name] = texts[0] if len(texts) == 1 else texts
    return table
