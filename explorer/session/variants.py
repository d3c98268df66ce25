"""Prepare a call under each reading of an ambiguity, with values that distinguish them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from explorer.core.form.validation import find_parameter
from explorer.core.form.values import convert
from explorer.core.model import SANDBOX, Entry
from explorer.errors import UnknownName, UsageError
from explorer.session.prepare import check_call, confirmation_for, effect_of, prepare_call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.catalog.model import Endpoint, Parameter, Reading
    from explorer.core.model import Call
    from explorer.session.context import SessionContext


_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class ReadingVariant:
    """A call under one choice of an ambiguity."""

    choice: str
    call: Call
    notes: tuple[str, ...] = ()
    """Changes to the values that adapt them to this choice or distinguish it from the others."""
    is_distinct: bool = True
    """Whether only this choice allows the request."""
    has_invented_values: bool = False
    """Whether the request is distinct only by a value without meaning to the vendor; a refusal then proves little."""
    same: bool = False
    """Whether another choice has the same request."""
    line: str = ""
    """Method and path as they would be sent."""


@dataclass(frozen=True)
class ExperimentPlan:
    """A call under every choice of an ambiguity; nothing is sent yet."""

    call: Call
    key: str
    reading: Reading
    wide: bool
    variants: tuple[ReadingVariant, ...]
    question: str = ""
    """What the user must confirm before it is sent; empty for a read."""

    @property
    def all_same(self) -> bool:
        """Whether every choice has the same request, so that only the response can distinguish them."""
        return all(variant.same for variant in self.variants)

    def variant(self, choice: str) -> ReadingVariant:
        """Return the call under one choice.

        Raises:
            UnknownName: the ambiguity has no such choice.
        """
        match = next((variant for variant in self.variants if variant.choice == choice), None)
        if match is None:
            raise UnknownName(f"choice of reading {self.key}", choice, self.reading.choices)
        return match


def plan_experiment(session: SessionContext, call: Call, key: str) -> ExperimentPlan:
    """Return *call* under every choice of the ambiguity *key*. Sends nothing. Blocking.

    Raises:
        UnknownName: the ambiguity is unknown; UsageError: it does not change the request.
    """
    vendor, endpoint = session.endpoint(call.address)
    known = session.readings(vendor, endpoint)
    if key not in known:
        raise UnknownName(f"reading of {call.address}", key, known)
    reading = known[key]
    if not reading.changes_request:
        raise UsageError(
            f"the reading {key} does not change the request",
            hint="It is about the meaning of the response, so there is nothing to try.",
        )
    base = with_choice(call, key, reading.default, reading)
    variants = _distinguish(session, [_variant(session, base, key, choice, reading) for choice in reading.choices])
    ask = _question(session, base, variants)
    return ExperimentPlan(
        call, key, reading, key in vendor.readings and key not in endpoint.readings, tuple(variants), ask
    )


def with_examples(session: SessionContext, call: Call) -> tuple[Call, tuple[str, ...]]:
    """Return *call* with the catalog's examples for missing required fields, and the added ``name=value`` texts."""
    from explorer.core.form import find_parameter

    endpoint = session.operation(call).endpoint
    added: list[Entry] = []
    for problem in check_call(session, call).errors:
        match = find_parameter(endpoint, problem.field)
        example = match[0].example if match else ""
        if problem.message == "is required" and example and match is not None and match[0].type != "file":
            added.append(Entry(name=problem.field, value=example))
    texts = tuple(f"{entry.name}={entry.value}" for entry in added)
    return msgspec.structs.replace(call, entries=(*call.entries, *added)), texts


def with_choice(call: Call, key: str, choice: str, reading: Reading) -> Call:
    """Return *call* with *choice* for the ambiguity *key*; the default choice is not stored in the call."""
    readings = {name: other for name, other in call.readings.items() if name != key}
    if choice != reading.default:
        readings[key] = choice
    return msgspec.structs.replace(call, readings=readings)


def _variant(session: SessionContext, base: Call, key: str, choice: str, reading: Reading) -> ReadingVariant:
    """Return the call under one choice, with its values carried over."""
    call = with_choice(base, key, choice, reading)
    own = session.operation(call).endpoint
    entries, notes = carry_values(base.entries, session.operation(base).endpoint, own)
    method = call.method if call.method in own.methods else ""
    return ReadingVariant(choice, msgspec.structs.replace(call, entries=entries, method=method), notes)


def _distinguish(session: SessionContext, variants: Sequence[ReadingVariant]) -> list[ReadingVariant]:
    """Return the variants, each with a request that no other choice allows if possible, adding a value if needed."""
    results: list[ReadingVariant] = []
    for variant in variants:
        others = [other for other in variants if other is not variant]
        alike = [other for other in others if is_allowed(session, other.call, variant.call)]
        candidate = variant
        for other in alike:
            candidate = _distinguishing_variant(session, variant, other) or candidate
            if candidate is not variant:
                break
        still_alike = [other for other in others if is_allowed(session, other.call, candidate.call)]
        best = candidate if len(still_alike) < len(alike) else variant
        results.append(replace(best, is_distinct=not still_alike if alike else True))
    fingerprints = [_fingerprint(session, variant.call) for variant in results]
    return [
        replace(variant, same=fingerprints.count(fingerprint) > 1, line=fingerprint[0])
        for variant, fingerprint in zip(results, fingerprints, strict=True)
    ]


def _distinguishing_variant(
    session: SessionContext, variant: ReadingVariant, other: ReadingVariant
) -> ReadingVariant | None:
    """Return *variant* with a value that *other* does not allow, and the fields that this value makes required."""
    own = session.operation(variant.call).endpoint
    values = distinguishing_values(variant.call.entries, own, session.operation(other.call).endpoint)
    if values is None:
        return None
    entries, notes = values
    call = msgspec.structs.replace(variant.call, entries=entries)
    for problem in check_call(session, call).errors:
        param = own.params.get(problem.field)
        if param is not None and param.example and all(entry.name != param.name for entry in call.entries):
            call = msgspec.structs.replace(call, entries=(*call.entries, Entry(name=param.name, value=param.example)))
            notes = (*notes, f"{param.name}={param.example} is required")
    invented = any(note.startswith(INVENTED_NOTE) for note in notes)
    return replace(variant, call=call, notes=(*variant.notes, *notes), has_invented_values=invented)


def is_allowed(session: SessionContext, there: Call, here: Call) -> bool:
    """Return whether the reading of *there* allows the request of *here*: its values make the same, valid request."""
    own, other = session.operation(here).endpoint, session.operation(there).endpoint
    entries, _ = carry_values(with_prefills(here.entries, own), own, other)
    moved = msgspec.structs.replace(there, entries=entries)
    if check_call(session, moved).errors and not check_call(session, here).errors:
        return False
    return _fingerprint(session, moved) == _fingerprint(session, here)


def _fingerprint(session: SessionContext, call: Call) -> tuple[str, ...]:
    """Return what distinguishes the request of *call* from others, without parts that are random for each request.

    The first element is the method and path.
    """
    base = session.base_url(call)
    if call.environment == SANDBOX and not session.sandbox.running:
        base = re.sub(r":0(?=/|$)", ":9", base)  # port 0 means any free port, known only once it runs
    prepared = prepare_call(session, msgspec.structs.replace(call, force=True, base_url=base), at=_FIXED_TIME)
    request = prepared.request
    boundary = re.compile(rb"explorer-[A-Za-z0-9_-]+")
    headers = sorted(f"{name.lower()}: {value}" for name, value in request.headers if name.lower() != "content-type")
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    body = boundary.sub(b"", request.body).decode("latin-1")
    headers = [header for header in headers if not header.startswith("content-length:")]
    line = f"{request.method} {urlsplit(prepared.shown.url).path}"
    return (line, request.url, *headers, boundary.sub(b"", kind.encode("latin-1", "replace")).decode("latin-1"), body)


_FIXED_TIME: Final = 1_800_000_000.0
"""The Unix time at which requests are signed for comparison."""


def _question(session: SessionContext, base: Call, variants: Sequence[ReadingVariant]) -> str:
    """Return what the user must confirm before the variants are sent; empty if all are reads."""
    questions = [question for variant in variants if (question := confirmation_for(session, variant.call))]
    effects = {effect_of(session, variant.call) for variant in variants}
    if effects != {"read"}:
        writes = ", ".join(sorted(effects - {"read"}))
        return f"{base.address} is not a read ({writes}) and would be sent {len(variants)} times to {base.environment}"
    own = session.operation(base).endpoint.methods
    methods = {session.operation(variant.call).endpoint.method for variant in variants} - {*_SAFE_METHODS, *own}
    if methods and base.environment != SANDBOX:
        return (
            f"{base.address} would also be sent as {', '.join(sorted(methods))} to {session.base_url(base)} "
            f"({base.environment}), with unknown effect"
        )
    return questions[0] if questions else ""


INVENTED_NOTE: Final = "made up: "
"""The prefix of a note about a value without meaning to the vendor."""
_FALLBACK_VALUES: Final = ("1", "0", "true", "2", "-1", "abc", "a b", "a-1", "1.5", "AB", "ab", "2026-11-21")
"""Values for a parameter without better ones in the catalog."""
NotedEntries = tuple[tuple[Entry, ...], tuple[str, ...]]
"""Entries, and notes about their changes."""


def carry_values(entries: Sequence[Entry], was: Endpoint, now: Endpoint) -> NotedEntries:
    """Return *entries* of *was* under the names of *now*, with examples for fields that only *now* requires."""
    renamed = _renamed(was, now)
    carried: list[Entry] = []
    notes: list[str] = []
    for entry in entries:
        match = find_parameter(was, entry.name)
        if match is None or find_parameter(now, entry.name) is not None:
            carried.append(entry)
        elif (other := renamed.get(match[0].name)) is not None:
            carried.append(Entry(name=other, kind=entry.kind, value=entry.value))
            notes.append(f"{entry.name} is sent as {other}")
        else:
            notes.append(f"{entry.name} is left out")
    given = {entry.name for entry in carried}
    for param in now.params.values():
        before = was.params.get(param.name)
        is_required = param.required and param.group is None and param.repeat is None and param.prefill is None
        if is_required and param.name not in given and (before is None or not before.required) and param.example:
            carried.append(Entry(name=param.name, value=param.example))
            notes.append(f"{param.name}={param.example} is required")
    return tuple(carried), tuple(notes)


def _renamed(was: Endpoint, now: Endpoint) -> dict[str, str]:
    """Return names of *was* → names of *now* for removed and added parameters that pair up."""
    removed = [param for name, param in was.params.items() if name not in now.params]
    added = [param for name, param in now.params.items() if name not in was.params]
    pairs: dict[str, str] = {}
    for old in removed:
        alike = [new for new in added if new.location == old.location] or added
        if len(alike) == 1 or (len(removed) == len(added) and alike):
            pairs[old.name] = alike[0].name
            added.remove(alike[0])
    return pairs


def distinguishing_values(entries: Sequence[Entry], own: Endpoint, other: Endpoint) -> NotedEntries | None:
    """Return *entries* with one value that *own* allows and *other* does not; None if there is no such value.

    The note about a value that is not from the catalog begins with ``INVENTED_NOTE``.
    """
    for param in own.params.values():
        before = other.params.get(param.name)
        if before == param or param.group is not None or param.type == "file" or param.repeat == "key":
            continue
        if before is None and find_parameter(other, param.name) is not None:
            continue
        if before is not None and before.required and not param.required:
            if any(entry.name == param.name for entry in entries):
                return tuple(entry for entry in entries if entry.name != param.name), (f"without {param.name}",)
            continue
        for known, value in _candidates(param, before):
            if _allows(param, value) and (before is None or not _allows(before, value)):
                others = tuple(entry for entry in entries if entry.name != param.name)
                shown = f"{param.name}={value}" if value else f"{param.name} empty"
                note = f"with {shown}" if known else f"{INVENTED_NOTE}{shown}"
                return (*others, Entry(name=param.name, value=value)), (note,)
    return _differently_encoded(entries, own, other)


def _differently_encoded(entries: Sequence[Entry], own: Endpoint, other: Endpoint) -> NotedEntries | None:
    """Return *entries* with a value that the two may encode differently, such as true and 1."""
    for param in own.params.values():
        before = other.params.get(param.name)
        if before in (None, param) or param.location == "path" or param.group is not None or param.type == "file":
            continue
        if param.repeat is not None or any(entry.name == param.name for entry in entries):
            continue
        for known, value in _candidates(param, before):
            if known and value and _allows(param, value):
                return (*entries, Entry(name=param.name, value=value)), (f"with {param.name}={value}",)
    return None


def with_prefills(entries: Sequence[Entry], endpoint: Endpoint) -> tuple[Entry, ...]:
    """Return *entries* and the prefilled values of *endpoint*."""
    given = {entry.name for entry in entries}
    prefills = [
        Entry(name=param.name, value=param.prefill)
        for param in endpoint.params.values()
        if param.prefill is not None and param.name not in given and param.group is None
    ]
    return (*entries, *prefills)


def _allows(param: Parameter, value: str) -> bool:
    return convert(param, value)[1] is None and (bool(value) or not param.required)


def _candidates(param: Parameter, other: Parameter | None) -> Iterator[tuple[bool, str]]:
    """Yield values that *param* may allow, the most meaningful first, and whether each is from the catalog.

    A path parameter gets only values from the catalog: an invented one would name no record.
    """
    yield from ((True, value) for value in (*param.enum, *param.also, *([param.example] if param.example else ())))
    if param.location == "path":
        return
    for source in (param, other):
        if source is None:
            continue
        for edge in (source.max, source.min):
            if edge is not None:
                yield from ((True, f"{number:g}") for number in (edge, edge + 1, edge - 1))
        if source.type == "date":
            yield True, datetime(2026, 11, 21).strftime(source.date_format or "%Y-%m-%d")  # noqa: DTZ001 - a day only
        if source.example:
            yield from ((True, value) for value in (source.example.upper(), source.example.lower()))
        for length in (source.max_length, source.min_length):
            if length is not None:
                sizes = (length, max(length - 1, 0), length + 1)
                yield from ((False, character * size) for character in "1a" for size in sizes)
    plain = param.type in ("boolean", "integer", "number")
    yield from ((plain and value.isalnum(), value) for value in _FALLBACK_VALUES)
    if param.example:
        yield param.comma, f"{param.example},{param.example}"
    yield param.empty, ""
