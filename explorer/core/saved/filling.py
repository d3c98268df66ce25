"""A call whose texts hold placeholders → the call as it is sent; and what of it is not known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from explorer.core.saved.placeholders import (
    Placeholder,
    PlaceholderProblem,
    PlaceholderValue,
    ResponsePlaceholder,
    fill_json,
    fill_text,
    placeholders,
)
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.model import Call, Entry
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.placeholders import Lookup


class PlaceholderUse(NamedTuple):
    """A placeholder and where it stands: ``value``, ``extra``, ``header`` and a name; ``base_url``; ``expect``."""

    placeholder: Placeholder
    place: str
    name: str = ""


def placeholder_uses(request: SavedRequest) -> tuple[PlaceholderUse, ...]:
    """Every placeholder of *request*, in order."""
    return (
        *call_uses(request.call),
        *(PlaceholderUse(one, "expect") for text in _texts(request) for one in placeholders(text)),
    )


def call_uses(call: Call) -> tuple[PlaceholderUse, ...]:
    """Every placeholder of *call*, in order."""
    found = [PlaceholderUse(one, "base_url") for one in placeholders(call.base_url)]
    found += [PlaceholderUse(one, "value", entry.name) for entry in call.entries for one in placeholders(entry.value)]
    found += [PlaceholderUse(one, "extra", name) for name, value in call.extra for one in placeholders(value)]
    found += [PlaceholderUse(one, "header", name) for name, value in call.headers for one in placeholders(value)]
    return tuple(found)


def _texts(request: SavedRequest) -> Iterator[str]:
    for _, comparisons in (*request.expect.headers, *request.expect.body):
        for one in comparisons:
            yield from walk_strings(one.value)


def walk_strings(value: object) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from walk_strings(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from walk_strings(one)


def references(request: SavedRequest) -> tuple[ResponsePlaceholder, ...]:
    """The answers that *request* needs values of, each placeholder once."""
    return tuple(
        dict.fromkeys(
            one.placeholder for one in placeholder_uses(request) if isinstance(one.placeholder, ResponsePlaceholder)
        )
    )


def fill_call(call: Call, lookup: Lookup) -> Call:
    """*call* with its placeholders filled; those that are not known stay as they are written.

    Raises:
        UsageError: a JSON value is none once it is filled.
    """
    return _filled(call, lookup, strict=True)


def preview_call(call: Call, lookup: Lookup) -> Call:
    """*call* as far as it is known, to be shown and checked: in JSON, what is not known stands as a string."""
    return _filled(call, lookup, strict=False)


def _filled(call: Call, lookup: Lookup, *, strict: bool) -> Call:
    if not any("${" in text for text in _call_texts(call)):
        return call
    return msgspec.structs.replace(
        call,
        base_url=_tolerant(call.base_url, lookup),
        entries=tuple(_entry(one, lookup, strict=strict) for one in call.entries),
        extra=tuple((name, _tolerant(value, lookup)) for name, value in call.extra),
        headers=tuple((name, _tolerant(value, lookup)) for name, value in call.headers),
    )


def _call_texts(call: Call) -> Iterator[str]:
    yield call.base_url
    for entry in call.entries:
        yield entry.value
    for _, value in (*call.extra, *call.headers):
        yield value


def _tolerant(text: str, lookup: Lookup) -> str:
    """A text that is being typed may hold half a placeholder; it is left alone."""
    try:
        return fill_text(text, lookup)
    except PlaceholderProblem:
        return text


def _entry(entry: Entry, lookup: Lookup, *, strict: bool) -> Entry:
    if "${" not in entry.value:
        return entry
    if entry.kind != "json":
        return msgspec.structs.replace(entry, value=_tolerant(entry.value, lookup))
    try:
        value = fill_json(entry.value, lookup)
        wrong = _json_problem(value)
        if wrong and not strict:
            value = fill_json(entry.value, lambda one: lookup(one) or _quoted(one))
    except PlaceholderProblem:
        return entry if strict else msgspec.structs.replace(entry, kind="text")
    if not strict:
        return msgspec.structs.replace(entry, value=value, kind="text" if _json_problem(value) else "json")
    if wrong and not placeholders(value):
        raise UsageError(
            f"{entry.name} is no JSON once its placeholders are filled: {wrong}",
            hint="Put quotes around a placeholder that stands for a text.",
        )
    return msgspec.structs.replace(entry, value=value)


def _json_problem(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    return ""


def _quoted(one: Placeholder) -> PlaceholderValue:
    return PlaceholderValue(str(one), json.dumps(str(one), ensure_ascii=False))
