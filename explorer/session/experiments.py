"""Readings as experiments: a call made under each choice of a contradiction, sent, and what the server made of each.

call + key ── plan ──► Variant for each choice ── run ──► Trial for each ── conclusion
                       (what is asked first,              (kept as evidence)
                        how its request differs)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from explorer.core.exchange import Entry
from explorer.errors import CredentialRefused, UnknownName, UsageError
from explorer.session import SANDBOX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from explorer.core.catalog.model import Reading
    from explorer.core.exchange import Call, Exchange
    from explorer.session import Session
    from explorer.settings.evidence import Evidence

Verdict = Literal["accepted", "refused", "unclear"]
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_BUSY: Final = (408, 425, 429)


@dataclass(frozen=True)
class Variant:
    """A call under one choice of a reading."""

    choice: str
    call: Call
    notes: tuple[str, ...] = ()
    """What was done to the values so that this choice is followed, or told from the others."""
    told_apart: bool = True
    """Whether its request is one that only this choice allows."""
    made_up: bool = False
    """Whether that rests on a value which means nothing to the vendor: that it is refused says little."""
    same: bool = False
    """Whether its request is the same as that of another choice."""
    line: str = ""
    """Method and path as they would be sent."""


@dataclass(frozen=True)
class Plan:
    """A call under every choice of a reading, before anything is sent."""

    call: Call
    key: str
    reading: Reading
    wide: bool
    variants: tuple[Variant, ...]
    question: str = ""
    """What a person must say yes to before any of it is sent; empty for a read."""

    @property
    def all_same(self) -> bool:
        """Whether every choice makes the same request: then only the answer can tell them apart."""
        return all(one.same for one in self.variants)

    def variant(self, choice: str) -> Variant:
        """The call under one choice.

        Raises:
            UnknownName: the reading has no such choice.
        """
        found = next((one for one in self.variants if one.choice == choice), None)
        if found is None:
            raise UnknownName(f"choice of reading {self.key}", choice, self.reading.choices)
        return found


@dataclass(frozen=True)
class Trial:
    """A variant that was sent, and what came of it."""

    variant: Variant
    verdict: Verdict
    exchange: Exchange | None
    """With its secrets masked; None where the call was not reached, since no token was given."""
    why: str
    """What the verdict rests on."""


@dataclass(frozen=True)
class Experiment:
    """Every trial of a plan."""

    plan: Plan
    trials: tuple[Trial, ...]

    @property
    def follows(self) -> str:
        """The choice that the server follows, as far as this tells; empty where it does not."""
        telling = [one for one in self.trials if one.variant.told_apart]
        yes = [one for one in telling if one.verdict == "accepted"]
        no = [one for one in telling if one.verdict == "refused" and not one.variant.made_up]
        if len(yes) == 1 and len(no) == len(telling) - 1 and len(self.trials) > 1:
            return yes[0].variant.choice
        plain = [one for one in self.trials if not one.variant.told_apart and one.verdict == "accepted"]
        if not yes and len(no) == len(telling) > 0 and len(plain) == 1:
            return plain[0].variant.choice
        return ""

    @property
    def conclusion(self) -> str:
        """What it tells, in a sentence."""
        follows = self.follows
        if follows:
            return f"The server follows {follows}: {self.plan.reading.choices[follows].title}"
        if self.plan.all_same:
            return "Every choice makes the same request here; the answer has to tell, and is judged under each"
        verdicts = {one.verdict for one in self.trials}
        if "unclear" in verdicts:
            return "Undecided: not every request got an answer that tells"
        if verdicts == {"accepted"}:
            return "It takes them all: this reading makes no difference to whether the server answers"
        if verdicts == {"refused"}:
            return "Undecided: all were refused, so something else is wrong as well"
        if any(one.variant.made_up and one.verdict == "refused" for one in self.trials):
            return "Undecided: what was refused is a made-up value, which may be refused for itself"
        return "Undecided: what was accepted is not what only one choice allows"


def plan(session: Session, call: Call, key: str) -> Plan:
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
    base = _under(call, key, reading.default, reading)
    variants = _told_apart(session, [_variant(session, base, key, choice, reading) for choice in reading.choices])
    ask = _question(session, base, variants)
    return Plan(call, key, reading, key in vendor.readings and key not in endpoint.readings, tuple(variants), ask)


def with_examples(session: Session, call: Call) -> tuple[Call, tuple[str, ...]]:
    """*call* with the catalog's examples for fields that are asked for and blank, and those in words."""
    from explorer.core.form import find_parameter

    endpoint = session.operation(call).endpoint
    added: list[Entry] = []
    for problem in session.check(call).errors:
        found = find_parameter(endpoint, problem.field)
        example = found[0].example if found else ""
        if problem.message == "is required" and example and found is not None and found[0].type != "file":
            added.append(Entry(name=problem.field, value=example))
    known = tuple(f"{one.name}={one.value}" for one in added)
    return msgspec.structs.replace(call, entries=(*call.entries, *added)), known


def _under(call: Call, key: str, choice: str, reading: Reading) -> Call:
    readings = {name: one for name, one in call.readings.items() if name != key}
    if choice != reading.default:
        readings[key] = choice
    return msgspec.structs.replace(call, readings=readings)


def _variant(session: Session, base: Call, key: str, choice: str, reading: Reading) -> Variant:
    """The call under one choice, values carried over to where it has them."""
    from explorer.core.form.telling import carried

    call = _under(base, key, choice, reading)
    own = session.operation(call).endpoint
    entries, notes = carried(base.entries, session.operation(base).endpoint, own)
    method = call.method if call.method in own.methods else ""
    return Variant(choice, msgspec.structs.replace(call, entries=entries, method=method), notes)


def _told_apart(session: Session, variants: Sequence[Variant]) -> list[Variant]:
    """The variants, each with a request that no other choice allows where there is one: some have to be given a value
    that tells."""
    made: list[Variant] = []
    for one in variants:
        others = [other for other in variants if other is not one]
        alike = [other for other in others if _allowed(session, other.call, one.call)]
        told = one
        for other in alike:
            told = _telling(session, one, other) or told
            if told is not one:
                break
        still = [other for other in others if _allowed(session, other.call, told.call)]
        made.append(replace(told if len(still) < len(alike) else one, told_apart=not still if alike else True))
    prints = [_fingerprint(session, one.call) for one in made]
    return [
        replace(one, same=prints.count(print_) > 1, line=print_[0]) for one, print_ in zip(made, prints, strict=True)
    ]


def _telling(session: Session, one: Variant, other: Variant) -> Variant | None:
    """The variant with a value that the other does not allow, and what its rules ask for beside that."""
    from explorer.core.form.telling import MADE_UP, telling

    own = session.operation(one.call).endpoint
    found = telling(one.call.entries, own, session.operation(other.call).endpoint)
    if found is None:
        return None
    entries, notes = found
    call = msgspec.structs.replace(one.call, entries=entries)
    for problem in session.check(call).errors:
        param = own.params.get(problem.field)
        if param is not None and param.example and all(entry.name != param.name for entry in call.entries):
            call = msgspec.structs.replace(call, entries=(*call.entries, Entry(name=param.name, value=param.example)))
            notes = (*notes, f"{param.name}={param.example} is asked for")
    guessed = any(note.startswith(MADE_UP) for note in notes)
    return replace(one, call=call, notes=(*one.notes, *notes), made_up=guessed)


def _allowed(session: Session, there: Call, here: Call) -> bool:
    """Whether the reading of *there* allows the request of *here*: the same values make the same request, and a good
    one."""
    from explorer.core.form.telling import carried, with_prefills

    own, other = session.operation(here).endpoint, session.operation(there).endpoint
    entries, _ = carried(with_prefills(here.entries, own), own, other)
    moved = msgspec.structs.replace(there, entries=entries)
    if session.check(moved).errors and not session.check(here).errors:
        return False
    return _fingerprint(session, moved) == _fingerprint(session, here)


def _fingerprint(session: Session, call: Call) -> tuple[str, ...]:
    """All that tells the request of *call* from another, as it would be signed now; what is made up anew for every
    request is left out. The first part is its method and path."""
    import re

    base = session.base_url(call)
    if call.environment == SANDBOX and not session.sandbox_running:
        base = re.sub(r":0(?=/|$)", ":9", base)  # any free port: which one is known once it runs
    prepared = session.prepare(msgspec.structs.replace(call, force=True, base_url=base), at=_STANDING)
    request = prepared.request
    boundary = re.compile(rb"explorer-[A-Za-z0-9_-]+")
    headers = sorted(f"{name.lower()}: {value}" for name, value in request.headers if name.lower() != "content-type")
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    body = boundary.sub(b"", request.body).decode("latin-1")
    headers = [one for one in headers if not one.startswith("content-length:")]
    from urllib.parse import urlsplit

    line = f"{request.method} {urlsplit(prepared.shown.url).path}"
    return (line, request.url, *headers, boundary.sub(b"", kind.encode("latin-1", "replace")).decode("latin-1"), body)


_STANDING: Final = 1_800_000_000.0
"""The moment as of which two requests are signed to be compared."""


def _question(session: Session, base: Call, variants: Sequence[Variant]) -> str:
    """What to ask before the variants are sent: nothing for a read that every choice takes for one."""
    asked = [question for one in variants if (question := session.confirmation(one.call))]
    effects = {session.effect(one.call) for one in variants}
    if effects != {"read"}:
        grave = ", ".join(sorted(effects - {"read"}))
        return f"{base.address} is no read ({grave}), and would be sent {len(variants)} times to {base.environment}"
    own = session.operation(base).endpoint.methods
    methods = {session.operation(one.call).endpoint.method for one in variants} - {*_SAFE, *own}
    if methods and base.environment != SANDBOX:
        return (
            f"{base.address} would be sent as {', '.join(sorted(methods))} too, to {session.base_url(base)} "
            f"({base.environment}); what that does there is not known"
        )
    return asked[0] if asked else ""


async def run(
    session: Session,
    what: Plan,
    choices: Sequence[str] = (),
    *,
    agreed: bool = False,
    timeout: float | None = None,
    tell: Callable[[Trial], None] = lambda _trial: None,
) -> Experiment:
    """Send the variants of a plan (or those of *choices*), one after the other, and keep what came of each as evidence.

    Raises:
        UsageError: it has to be asked for first and was not *agreed* to; nothing was sent.
        CredentialMissing: as ``Session.send``. StoreError: the evidence could not be kept.
    """
    import asyncio

    from explorer.settings.evidence import add_evidence

    if what.question and not agreed:
        raise UsageError(what.question, hint="Say yes to it first.")
    wanted = [what.variant(one) for one in choices] or list(what.variants)
    trials: list[Trial] = []
    for variant in wanted:
        trial = await _try(session, variant, timeout)
        trials.append(trial)
        tell(trial)
    kept = [found for one in trials if (found := _evidence(session, what, one)) is not None]
    if kept:
        await asyncio.to_thread(add_evidence, session.folders, kept)
    return Experiment(what, tuple(trials))


async def _try(session: Session, variant: Variant, timeout: float | None) -> Trial:
    import asyncio

    try:
        exchange = await session.send(msgspec.structs.replace(variant.call, force=True), timeout=timeout)
    except CredentialRefused as error:
        return Trial(variant, "unclear", None, error.message)
    exchange = await asyncio.to_thread(session.redacted, exchange)
    verdict, why = judged(exchange)
    return Trial(variant, verdict, exchange, why)


def judged(exchange: Exchange) -> tuple[Verdict, str]:
    """What an exchange says of the reading that it was made under, and why."""
    response = exchange.response
    if response is None or exchange.failure is not None:
        return "unclear", exchange.failure.title if exchange.failure else "no answer"
    line = f"{response.status} {response.reason}".strip()
    if response.status >= 500 or response.status in _BUSY:
        return "unclear", f"{line}, which says nothing of the reading"
    if exchange.verdict.outcome in ("OK", "PARTIAL"):
        return "accepted", line
    if exchange.verdict.outcome == "FAILED":
        message = exchange.verdict.message
        return "refused", f"{line}: {message}" if message else line
    return "unclear", f"{line}, and the body could not be judged"


def _evidence(session: Session, what: Plan, trial: Trial) -> Evidence | None:
    from explorer.settings.evidence import Evidence

    exchange = trial.exchange
    if what.all_same or exchange is None:
        return None
    call = what.call
    response = exchange.response
    return Evidence(
        vendor=call.vendor,
        endpoint=call.endpoint,
        key=what.key,
        choice=trial.variant.choice,
        environment=call.environment,
        at=exchange.started_at,
        verdict=trial.verdict,
        status=response.status if response else None,
        reason=response.reason if response else "",
        outcome=exchange.verdict.outcome,
        number=exchange.id,
        wide=what.wide,
        base_url=session.redactor(call).text(call.base_url) if call.base_url else "",
    )


def follow(session: Session, readings: Mapping[str, str]) -> Mapping[str, str]:
    """Tell the embedded sandbox which readings to follow in place of the defaults (``vendor.key`` or
    ``vendor.endpoint.key`` → choice), in place of what it was told before; gives them.

    Raises:
        UnknownName: a reading or a choice that the catalog has not; nothing is changed.
    """
    from explorer.sandbox.following import check_readings

    check_readings(session.catalog, readings)
    session._followed = dict(readings)
    if session._sandbox is not None:
        session._sandbox.following.set(session.catalog, session._followed)
    return session._followed


def followed(session: Session) -> Mapping[str, str]:
    """The readings that the embedded sandbox follows in place of the defaults."""
    return dict(session._followed)
