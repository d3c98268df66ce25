"""A call under each choice of a contradiction, before anything is sent: values carried over to where each choice has
them, or exchanged for such as tell the choices apart, and what has to be asked first.

    call + key ── plan ──► Variant for each choice      (``session.experiments`` sends them)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from explorer.core.exchange import SANDBOX, Entry
from explorer.errors import UnknownName, UsageError
from explorer.session.preparing import check_call, confirmation_for, effect_of, prepare_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.catalog.model import Reading
    from explorer.core.exchange import Call
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
    from explorer.core.form.telling import carry_values

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
    from explorer.core.form.telling import INVENTED_NOTE, distinguishing_values

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
    from explorer.core.form.telling import carry_values, with_prefills

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
