"""Values that tell two readings of an endpoint apart.

    entries ── carried ──► the same under the other reading's names ── telling ──► with a value that only it allows

Some readings move a parameter or rename it: then the same values make another request. Others only allow more or less:
then the request has to hold a value that one of them allows and the other does not.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from explorer.core.exchange import Entry
from explorer.core.form.board import find_parameter
from explorer.core.form.convert import convert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.catalog.model import Endpoint, Parameter

INVENTED_NOTE: Final = "made up: "
"""How a note begins that tells of a value which means nothing to the vendor."""
_FALLBACK_VALUES: Final = ("1", "0", "true", "2", "-1", "abc", "a b", "a-1", "1.5", "AB", "ab", "2026-11-21")
"""Values of no meaning, for a parameter of which the catalog gives no better one."""
NotedEntries = tuple[tuple[Entry, ...], tuple[str, ...]]
"""Entries, and what was done to them in words."""


def carry_values(entries: Sequence[Entry], was: Endpoint, now: Endpoint) -> NotedEntries:
    """*entries*, typed for *was*, under the names of *now*; what *now* asks for besides has its example."""
    renamed = _renamed(was, now)
    kept: list[Entry] = []
    notes: list[str] = []
    for entry in entries:
        found = find_parameter(was, entry.name)
        if found is None or find_parameter(now, entry.name) is not None:
            kept.append(entry)
        elif (other := renamed.get(found[0].name)) is not None:
            kept.append(Entry(name=other, kind=entry.kind, value=entry.value))
            notes.append(f"{entry.name} goes as {other}")
        else:
            notes.append(f"{entry.name} is left out")
    given = {one.name for one in kept}
    for param in now.params.values():
        before = was.params.get(param.name)
        asked = param.required and param.group is None and param.repeat is None and param.prefill is None
        if asked and param.name not in given and (before is None or not before.required) and param.example:
            kept.append(Entry(name=param.name, value=param.example))
            notes.append(f"{param.name}={param.example} is asked for")
    return tuple(kept), tuple(notes)


def _renamed(was: Endpoint, now: Endpoint) -> dict[str, str]:
    """Names of *was* → names of *now*, where what went and what came pair up."""
    gone = [one for name, one in was.params.items() if name not in now.params]
    come = [one for name, one in now.params.items() if name not in was.params]
    pairs: dict[str, str] = {}
    for old in gone:
        alike = [one for one in come if one.location == old.location] or come
        if len(alike) == 1 or (len(gone) == len(come) and alike):
            pairs[old.name] = alike[0].name
            come.remove(alike[0])
    return pairs


def distinguishing_values(entries: Sequence[Entry], own: Endpoint, other: Endpoint) -> NotedEntries | None:
    """*entries* with one value that *own* allows and *other* does not; None where no parameter gives one. The note of a
    value that the catalog does not give begins with ``INVENTED_NOTE``: that it is refused says little."""
    for param in own.params.values():
        before = other.params.get(param.name)
        if before == param or param.group is not None or param.type == "file" or param.repeat == "key":
            continue
        if before is None and find_parameter(other, param.name) is not None:
            continue
        if before is not None and before.required and not param.required:
            if any(one.name == param.name for one in entries):
                return tuple(one for one in entries if one.name != param.name), (f"without {param.name}",)
            continue
        for known, value in _candidates(param, before):
            if _allows(param, value) and (before is None or not _allows(before, value)):
                kept = tuple(one for one in entries if one.name != param.name)
                shown = f"{param.name}={value}" if value else f"{param.name} empty"
                note = f"with {shown}" if known else f"{INVENTED_NOTE}{shown}"
                return (*kept, Entry(name=param.name, value=value)), (note,)
    return _spelled(entries, own, other)


def _spelled(entries: Sequence[Entry], own: Endpoint, other: Endpoint) -> NotedEntries | None:
    """*entries* with a value of a parameter that the two may spell differently on the wire, such as true against 1."""
    for param in own.params.values():
        before = other.params.get(param.name)
        if before in (None, param) or param.location == "path" or param.group is not None or param.type == "file":
            continue
        if param.repeat is not None or any(one.name == param.name for one in entries):
            continue
        for known, value in _candidates(param, before):
            if known and value and _allows(param, value):
                return (*entries, Entry(name=param.name, value=value)), (f"with {param.name}={value}",)
    return None


def with_prefills(entries: Sequence[Entry], endpoint: Endpoint) -> tuple[Entry, ...]:
    """*entries* and what the form of *endpoint* sends by itself."""
    given = {one.name for one in entries}
    more = [
        Entry(name=one.name, value=one.prefill)
        for one in endpoint.params.values()
        if one.prefill is not None and one.name not in given and one.group is None
    ]
    return (*entries, *more)


def _allows(param: Parameter, value: str) -> bool:
    return convert(param, value)[1] is None and (bool(value) or not param.required)


def _candidates(param: Parameter, other: Parameter | None) -> Iterator[tuple[bool, str]]:
    """Values that *param* may allow, the likeliest to mean something first, and whether the catalog gives them. In the
    place of a record in a path only such: a made-up one names no record."""
    yield from ((True, value) for value in (*param.enum, *param.also, *([param.example] if param.example else ())))
    if param.location == "path":
        return
    for one in (param, other):
        if one is None:
            continue
        for edge in (one.max, one.min):
            if edge is not None:
                yield from ((True, f"{number:g}") for number in (edge, edge + 1, edge - 1))
        if one.type == "date":
            yield True, datetime(2026, 11, 21).strftime(one.date_format or "%Y-%m-%d")  # noqa: DTZ001 - a day only
        if one.example:
            yield from ((True, value) for value in (one.example.upper(), one.example.lower()))
        for length in (one.max_length, one.min_length):
            if length is not None:
                sizes = (length, max(length - 1, 0), length + 1)
                yield from ((False, sign * size) for sign in "1a" for size in sizes)
    plain = param.type in ("boolean", "integer", "number")
    yield from ((plain and value.isalnum(), value) for value in _FALLBACK_VALUES)
    if param.example:
        yield param.comma, f"{param.example},{param.example}"
    yield param.empty, ""
