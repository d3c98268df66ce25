"""Readings as experiments: a call sent under each choice of a contradiction, and what the server made of each.

    Plan (``session.variants``) ── run ──► Trial for each ── conclusion
                                           (kept as evidence)

A call that is sent under a choice of a person's own is a trial as well.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from explorer.errors import CredentialRefused, ExplorerError, UsageError
from explorer.session.variants import Plan, Variant, allowed, plan, under, with_examples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from explorer.core.exchange import Call, Exchange
    from explorer.session import Session
    from explorer.settings.evidence import Evidence

__all__ = [
    "Experiment",
    "Plan",
    "Trial",
    "Variant",
    "Verdict",
    "follow",
    "judged",
    "note_sent",
    "plan",
    "run",
    "with_examples",
]

Verdict = Literal["accepted", "refused", "unclear"]
_BUSY: Final = (408, 425, 429)


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
        if len(self.trials) < len(self.plan.variants):
            return f"Only {', '.join(one.variant.choice for one in self.trials)} was sent; trying both tells more"
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
    from explorer.session.sending import send

    try:
        exchange = await send(session, msgspec.structs.replace(variant.call, force=True), timeout, None)
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
    if what.all_same or trial.exchange is None:
        return None
    return evidence_of(session, what.call, what.key, trial.variant.choice, trial.exchange, wide=what.wide)


def evidence_of(session: Session, call: Call, key: str, choice: str, exchange: Exchange, *, wide: bool) -> Evidence:
    """What an exchange that came of *call* says of a choice."""
    from explorer.settings.evidence import Evidence

    response = exchange.response
    return Evidence(
        vendor=call.vendor,
        endpoint=call.endpoint,
        key=key,
        choice=choice,
        environment=call.environment,
        at=exchange.started_at,
        verdict=judged(exchange)[0],
        status=response.status if response else None,
        reason=response.reason if response else "",
        outcome=exchange.verdict.outcome,
        number=exchange.id,
        wide=wide,
        base_url=session.redactor(call).text(call.base_url) if call.base_url else "",
    )


def note_sent(session: Session, call: Call, exchange: Exchange) -> None:
    """Keep what a server made of a call that was sent under choices of a person's own, for each of them that makes
    another request than the default would. Blocking; what cannot be kept is a warning."""
    from explorer.settings.evidence import add_evidence

    try:
        vendor, endpoint = session.endpoint(call.address)
        known = session.readings(vendor, endpoint)
        found = [
            evidence_of(session, call, key, choice, exchange, wide=key not in endpoint.readings)
            for key, choice in call.readings.items()
            if key in known and not allowed(session, under(call, key, known[key].default, known[key]), call)
        ]
        if found:
            add_evidence(session.folders, found)
    except ExplorerError as error:
        session.on_warning(f"{error.message}. {error.hint}".strip())


def follow(session: Session, readings: Mapping[str, str]) -> Mapping[str, str]:
    """Tell the embedded sandbox which readings to follow in place of the defaults (``vendor.key`` or
    ``vendor.endpoint.key`` → choice), in place of what it was told before; gives them.

    Raises:
        UnknownName: a reading or a choice that the catalog has not; nothing is changed.
    """
    from explorer.sandbox.following import check_readings

    check_readings(session.catalog, readings)
    session.followed = dict(readings)
    session.sandbox.follow(session.catalog, session.followed)
    return session.followed
