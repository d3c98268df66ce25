"""Prepare a call under each reading of an ambiguity, with values that tell them apart."""

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
    """A call under one choice of a reading."""

    choice: str
    call: Call
    notes: tuple[str, ...] = ()
    """What was done to the values so that this choice is followed, or told from the others."""
    is_distinct: bool = True
    """Whether its request is one that only this choice allows."""
    has_invented_values: bool = False
    """Whether that rests on a value which means nothing to the vendor: that it is refused says little."""
    same: bool = False
    """Whether its request is the same as that of another choice."""
    line: str = ""
    """Method and path as they would be sent."""


@dataclass(frozen=True)
class ExperimentPlan:
    """A call under every choice of a reading, before anything is sent."""

    call: Call
    key: str
    reading: Reading
    wide: bool
    variants: tuple[ReadingVariant, ...]
    question: str = ""
    """What a person must say yes to before any of it is sent; empty for a read."""

    @property
    def all_same(self) -> bool:
        """Whether every choice makes the same request: then only the answer can tell them apart."""
        return all(one.same for one in self.variants)

    def variant(self, choice: str) -> ReadingVariant:
        """The call under one choice.

        Raises:
            UnknownName: the reading has no such choice.
        """
        found = next((one for one in self.variants if one.choice == choice), None)
        if found is None:
            raise UnknownName(f"choice of reading {self.key}", choice, self.reading.choices)
        return found


def plan_experiment(session: SessionContext, call: Call, key: str) -> ExperimentPlan:
    """*call* under every choice of a reading that concerns it; sends nothing. Blocking.

    Raises:
        UnknownName: the reading is not known; UsageError: it changes nothing about the call.
    """
    vendor, endpoint = session.endpoint(call.address)
    known = session.readings(vendor, endpoint)
    if key not in known:
        raise UnknownName(f"reading of {call.address}", key, known)
    reading = known[key]
    if not reading.changes_request:
        raise UsageError(
            f"the reading {key} changes nothing that is sent",
            hint="It says how an answer is meant; there is nothing to try.",
        )
    base = with_choice(call, key, reading.default, reading)
    variants = _distinguish(session, [_variant(session, base, key, choice, reading) for choice in reading.choices])
    ask = _question(session, base, variants)
    return ExperimentPlan(
        call, key, reading, key in vendor.readings and key not in endpoint.readings, tuple(variants), ask
    )


def with_examples(session: SessionContext, call: Call) -> tuple[Call, tuple[str, ...]]:
    """*call* with the catalog's examples for fields that are asked for and blank, and those in words."""
    from explorer.core.form import find_parameter

    endpoint = session.operation(call).endpoint
    added: list[Entry] = []
    for problem in check_call(session, call).errors:
        found = find_parameter(endpoint, problem.field)
        example = found[0].example if found else ""
        if problem.message == "is required" and example and found is not None and found[0].type != "file":
            added.append(Entry(name=problem.field, value=example))
    known = tuple(f"{one.name}={one.value}" for one in added)
    return msgspec.structs.replace(call, entries=(*call.entries, *added)), known


def with_choice(call: Call, key: str, choice: str, reading: Reading) -> Call:
    readings = {name: one for name, one in call.readings.items() if name != key}
    if choice != reading.default:
        readings[key] = choice
    return msgspec.structs.replace(call, readings=readings)


def _variant(session: SessionContext, base: Call, key: str, choice: str, reading: Reading) -> ReadingVariant:
    """The call under one choice, values carried over to where it has them."""
    call = with_choice(base, key, choice, reading)
    own = session.operation(call).endpoint
    entries, notes = carry_values(base.entries, session.operation(base).endpoint, own)
    method = call.method if call.method in own.methods else ""
    return ReadingVariant(choice, msgspec.structs.replace(call, entries=entries, method=method), notes)


def _distinguish(session: SessionContext, variants: Sequence[ReadingVariant]) -> list[ReadingVariant]:
    """The variants, each with a request that no other choice allows where there is one: some have to be given a value
    that tells."""
    made: list[ReadingVariant] = []
    for one in variants:
        others = [other for other in variants if other is not one]
        alike = [other for other in others if is_allowed(session, other.call, one.call)]
        told = one
        for other in alike:
            told = _distinguishing_variant(session, one, other) or told
            if told is not one:
                break
        still = [other for other in others if is_allowed(session, other.call, told.call)]
        made.append(replace(told if len(still) < len(alike) else one, is_distinct=not still if alike else True))
    prints = [_fingerprint(session, one.call) for one in made]
    return [
        replace(one, same=prints.count(print_) > 1, line=print_[0]) for one, print_ in zip(made, prints, strict=True)
    ]


def _distinguishing_variant(
    session: SessionContext, one: ReadingVariant, other: ReadingVariant
) -> ReadingVariant | None:
    """The variant with a value that the other does not allow, and what its rules ask for beside that."""
    own = session.operation(one.call).endpoint
    found = distinguishing_values(one.call.entries, own, session.operation(other.call).endpoint)
    if found is None:
        return None
    entries, notes = found
    call = msgspec.structs.replace(one.call, entries=entries)
    for problem in check_call(session, call).errors:
        param = own.params.get(problem.field)
        if param is not None and param.example and all(entry.name != param.name for entry in call.entries):
            call = msgspec.structs.replace(call, entries=(*call.entries, Entry(name=param.name, value=param.example)))
            notes = (*notes, f"{param.name}={param.example} is asked for")
    guessed = any(note.startswith(INVENTED_NOTE) for note in notes)
    return replace(one, call=call, notes=(*one.notes, *notes), has_invented_values=guessed)


def is_allowed(session: SessionContext, there: Call, here: Call) -> bool:
    """Whether the reading of *there* allows the request of *here*: the same values make the same request, and a good
    one."""
    own, other = session.operation(here).endpoint, session.operation(there).endpoint
    entries, _ = carry_values(with_prefills(here.entries, own), own, other)
    moved = msgspec.structs.replace(there, entries=entries)
    if check_call(session, moved).errors and not check_call(session, here).errors:
        return False
    return _fingerprint(session, moved) == _fingerprint(session, here)


def _fingerprint(session: SessionContext, call: Call) -> tuple[str, ...]:
    """All that tells the request of *call* from another, as it would be signed now; what is made up anew for every
    request is left out. The first part is its method and path."""
    base = session.base_url(call)
    if call.environment == SANDBOX and not session.sandbox.running:
        base = re.sub(r":0(?=/|$)", ":9", base)  # any free port: which one is known once it runs
    prepared = prepare_call(session, msgspec.structs.replace(call, force=True, base_url=base), at=_FIXED_TIME)
    request = prepared.request
    boundary = re.compile(rb"explorer-[A-Za-z0-9_-]+")
    headers = sorted(f"{name.lower()}: {value}" for name, value in request.headers if name.lower() != "content-type")
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    body = boundary.sub(b"", request.body).decode("latin-1")
    headers = [one for one in headers if not one.startswith("content-length:")]
    line = f"{request.method} {urlsplit(prepared.shown.url).path}"
    return (line, request.url, *headers, boundary.sub(b"", kind.encode("latin-1", "replace")).decode("latin-1"), body)


_FIXED_TIME: Final = 1_800_000_000.0
"""The moment as of which two requests are signed to be compared."""


def _question(session: SessionContext, base: Call, variants: Sequence[ReadingVariant]) -> str:
    """What to ask before the variants are sent: nothing for a read that every choice takes for one."""
    asked = [question for one in variants if (question := confirmation_for(session, one.call))]
    effects = {effect_of(session, one.call) for one in variants}
    if effects != {"read"}:
        grave = ", ".join(sorted(effects - {"read"}))
        return f"{base.address} is no read ({grave}), and would be sent {len(variants)} times to {base.environment}"
    own = session.operation(base).endpoint.methods
    methods = {session.operation(one.call).endpoint.method for one in variants} - {*_SAFE_METHODS, *own}
    if methods and base.environment != SANDBOX:
        return (
            f"{base.address} would be sent as {', '.join(sorted(methods))} too, to {session.base_url(base)} "
            f"({base.environment}); what that does there is not known"
        )
    return asked[0] if asked else ""


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
