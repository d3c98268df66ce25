"""Fill the placeholders of a call, and list those without a value."""

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
    """A placeholder and its place: ``value``, ``extra`` or ``header`` with a name; ``base_url``; ``expect``."""

    placeholder: Placeholder
    place: str
    name: str = ""


def placeholder_uses(request: SavedRequest) -> tuple[PlaceholderUse, ...]:
    """Return every placeholder of *request*, in order."""
    return (
        *call_uses(request.call),
        *(PlaceholderUse(item, "expect") for text in _texts(request) for item in placeholders(text)),
    )


def call_uses(call: Call) -> tuple[PlaceholderUse, ...]:
    """Return every placeholder of *call*, in order."""
    uses = [PlaceholderUse(item, "base_url") for item in placeholders(call.base_url)]
    uses += [PlaceholderUse(item, "value", entry.name) for entry in call.entries for item in placeholders(entry.value)]
    uses += [PlaceholderUse(item, "extra", name) for name, value in call.extra for item in placeholders(value)]
    uses += [PlaceholderUse(item, "header", name) for name, value in call.headers for item in placeholders(value)]
    return tuple(uses)


def _texts(request: SavedRequest) -> Iterator[str]:
    for _, comparisons in (*request.expect.headers, *request.expect.body):
        for comparison in comparisons:
            yield from walk_strings(comparison.value)


def walk_strings(value: object) -> Iterator[str]:
    """Yield every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from walk_strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from walk_strings(item)


def references(request: SavedRequest) -> tuple[ResponsePlaceholder, ...]:
    """Return the placeholders for values of other responses, each once."""
    used = (use.placeholder for use in placeholder_uses(request))
    return tuple(dict.fromkeys(item for item in used if isinstance(item, ResponsePlaceholder)))


def fill_call(call: Call, lookup: Lookup) -> Call:
    """Return *call* with its placeholders filled. Unknown ones are unchanged.

    Raises:
        UsageError: a JSON value is invalid once it is filled.
    """
    return _filled(call, lookup, strict=True)


def preview_call(call: Call, lookup: Lookup) -> Call:
    """Return *call* with known placeholders filled, for display and validation. In JSON, an unknown one is a string."""
    return _filled(call, lookup, strict=False)


def _filled(call: Call, lookup: Lookup, *, strict: bool) -> Call:
    if not any("${" in text for text in _call_texts(call)):
        return call
    return msgspec.structs.replace(
        call,
        base_url=_fill_if_valid(call.base_url, lookup),
        entries=tuple(_entry(entry, lookup, strict=strict) for entry in call.entries),
        extra=tuple((name, _fill_if_valid(value, lookup)) for name, value in call.extra),
        headers=tuple((name, _fill_if_valid(value, lookup)) for name, value in call.headers),
    )


def _call_texts(call: Call) -> Iterator[str]:
    yield call.base_url
    for entry in call.entries:
        yield entry.value
    for _, value in (*call.extra, *call.headers):
        yield value


def _fill_if_valid(text: str, lookup: Lookup) -> str:
    """Return *text* filled, or unchanged if it contains an incomplete placeholder, as while the user types."""
    try:
        return fill_text(text, lookup)
    except PlaceholderProblem:
        return text


def _entry(entry: Entry, lookup: Lookup, *, strict: bool) -> Entry:
    if "${" not in entry.value:
        return entry
    if entry.kind != "json":
        return msgspec.structs.replace(entry, value=_fill_if_valid(entry.value, lookup))
    try:
        value = fill_json(entry.value, lookup)
        problem = _json_problem(value)
        if problem and not strict:
            value = fill_json(entry.value, lambda item: lookup(item) or _quoted(item))
    except PlaceholderProblem:
        return entry if strict else msgspec.structs.replace(entry, kind="text")
    if not strict:
        return msgspec.structs.replace(entry, value=value, kind="text" if _json_problem(value) else "json")
    if problem and not placeholders(value):
        raise UsageError(
            f"{entry.name} is not JSON once its placeholders are filled: {problem}",
            hint="Put quotes around a placeholder for a string.",
        )
    return msgspec.structs.replace(entry, value=value)


def _json_problem(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    return ""


def _quoted(placeholder: Placeholder) -> PlaceholderValue:
    return PlaceholderValue(str(placeholder), json.dumps(str(placeholder), ensure_ascii=False))
