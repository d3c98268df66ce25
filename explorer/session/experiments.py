"""Send a call under each reading of an ambiguity, or under two versions, and compare."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.core.versions import VersionOption, parse_version, version_mismatch, version_variants
from explorer.errors import CredentialRefused, UsageError
from explorer.session.ambiguity_status import TrialVerdict, evidence_of, judge_trial
from explorer.session.prepare import confirmation_for, effect_of, redact
from explorer.session.send import send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from explorer.core.model import Call, Exchange
    from explorer.session.context import SessionContext
    from explorer.session.variants import ExperimentPlan, ReadingVariant
    from explorer.store.journals import Evidence


@dataclass(frozen=True)
class Trial:
    """A variant that was sent, and what came of it."""

    variant: ReadingVariant
    verdict: TrialVerdict
    exchange: Exchange | None
    """With its secrets masked; None where the call was not reached, since no token was given."""
    why: str
    """What the verdict rests on."""


@dataclass(frozen=True)
class Experiment:
    """Every trial of a plan."""

    plan: ExperimentPlan
    trials: tuple[Trial, ...]

    @property
    def followed_choice(self) -> str:
        """The choice that the server follows, as far as this tells; empty where it does not."""
        telling = [one for one in self.trials if one.variant.is_distinct]
        yes = [one for one in telling if one.verdict == "accepted"]
        no = [one for one in telling if one.verdict == "refused" and not one.variant.has_invented_values]
        if len(yes) == 1 and len(no) == len(telling) - 1 and len(self.trials) > 1:
            return yes[0].variant.choice
        plain = [one for one in self.trials if not one.variant.is_distinct and one.verdict == "accepted"]
        if not yes and len(no) == len(telling) > 0 and len(plain) == 1:
            return plain[0].variant.choice
        return ""

    @property
    def conclusion(self) -> str:
        """What it tells, in a sentence."""
        follows = self.followed_choice
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
        if any(one.variant.has_invented_values and one.verdict == "refused" for one in self.trials):
            return "Undecided: what was refused is a made-up value, which may be refused for itself"
        return "Undecided: what was accepted is not what only one choice allows"


async def run_experiment(
    session: SessionContext,
    what: ExperimentPlan,
    choices: Sequence[str] = (),
    *,
    agreed: bool = False,
    timeout: float | None = None,
    tell: Callable[[Trial], None] = lambda _trial: None,
) -> Experiment:
    """Send the variants of a plan (or those of *choices*), one after the other, and keep what came of each as evidence.

    Raises:
        UsageError: it has to be asked for first and was not *agreed* to; nothing was sent.
        CredentialMissing: as ``send``. StoreError: the evidence could not be kept.
    """
    from explorer.store.journals import add_evidence

    if what.question and not agreed:
        raise UsageError(what.question, hint="Say yes to it first.")
    wanted = [what.variant(one) for one in choices] or list(what.variants)
    trials: list[Trial] = []
    for variant in wanted:
        trial = await _send_trial(session, variant, timeout)
        trials.append(trial)
        tell(trial)
    kept = [found for one in trials if (found := _evidence(session, what, one)) is not None]
    if kept:
        await asyncio.to_thread(add_evidence, session.folders, kept)
    return Experiment(what, tuple(trials))


async def _send_trial(session: SessionContext, variant: ReadingVariant, timeout: float | None) -> Trial:
    from explorer.session.send import Send, perform

    try:
        exchange = await perform(session, Send(msgspec.structs.replace(variant.call, force=True), timeout))
    except CredentialRefused as error:
        return Trial(variant, "unclear", None, error.message)
    exchange = await asyncio.to_thread(redact, session, exchange)
    verdict, why = judge_trial(exchange)
    return Trial(variant, verdict, exchange, why)


def _evidence(session: SessionContext, what: ExperimentPlan, trial: Trial) -> Evidence | None:
    if what.all_same or trial.exchange is None:
        return None
    return evidence_of(session, what.call, what.key, trial.variant.choice, trial.exchange, wide=what.wide)


def follow_readings(session: SessionContext, readings: Mapping[str, str]) -> Mapping[str, str]:
    """Tell the embedded sandbox which readings to follow in place of the defaults (``vendor.key`` or
    ``vendor.endpoint.key`` → choice), in place of what it was told before; gives them.

    Raises:
        UnknownName: a reading or a choice that the catalog has not; nothing is changed.
    """
    from explorer.sandbox.routing import check_readings

    check_readings(session.catalog, readings)
    session.followed = dict(readings)
    session.sandbox.follow(session.catalog, session.followed)
    return session.followed


@dataclass(frozen=True)
class VersionedCall:
    """A call whose version is told by its Accept header, before anything is sent."""

    call: Call
    accept: str
    """The documented header."""
    variants: tuple[VersionOption, ...]
    note: str
    """What the catalog says of the vendor's versions, with the document's lines."""
    question: str
    """What a person must say yes to before the call is sent twice; empty for a read."""

    def variant(self, text: str) -> VersionOption:
        """What a person means by *text* (``core.versions.variant_of``)."""
        return parse_version(text, self.accept)


@dataclass(frozen=True)
class VersionComparison:
    """A call under two versions; secrets are masked."""

    variants: tuple[VersionOption, VersionOption]
    exchanges: tuple[Exchange, Exchange]
    notes: tuple[str, ...]
    """Where an answer is not of the version that was asked for, in sentences."""


def versioned_call(session: SessionContext, call: Call) -> VersionedCall:
    """Make *call* ready to be looked at; sends nothing.

    Raises:
        UsageError: the vendor does not tell versions apart by the Accept header.
    """
    vendor, endpoint = session.endpoint(call.address)
    version = vendor.version
    if version.style != "accept" or not version.accept:
        where = {"path": "in the path", "none": "nowhere"}.get(version.style, "elsewhere")
        raise UsageError(
            f"{vendor.title} tells its versions {where}, not in the Accept header",
            hint="The version lens is for calls whose version is a media type.",
        )
    accept = endpoint.accept or version.accept
    effect = effect_of(session, call)
    question = confirmation_for(session, call)
    if effect != "read":
        question = f"{call.address} is no read ({effect}), and would be sent twice to {session.base_url(call)}"
    lines = vendor.cite(version.lines)
    note = " ".join(part for part in (version.note, f"[{lines}]" if lines else "") if part)
    return VersionedCall(call, accept, version_variants(accept), note, question)


async def compare_versions(
    session: SessionContext,
    through: VersionedCall,
    one: VersionOption,
    other: VersionOption,
    *,
    agreed: bool = False,
    timeout: float | None = None,
) -> VersionComparison:
    """Send the call under both, one after the other.

    Raises:
        UsageError: it has to be asked for first and was not *agreed* to, or both are the same; nothing was sent.
        FormError, CredentialMissing, CredentialRefused: as ``send``.
    """
    if through.question and not agreed:
        raise UsageError(through.question, hint="Say yes to it first.")
    if one.accept == other.accept:
        raise UsageError("both are the same version", hint="Choose two that differ.")
    exchanges = [await _sent(session, through.call, variant, timeout) for variant in (one, other)]
    notes = [
        f"{variant.key}: {told}"
        for variant, exchange in zip((one, other), exchanges, strict=True)
        if exchange.response is not None
        and exchange.verdict.outcome == "OK"
        and (told := version_mismatch(variant.accept, exchange.response.header("content-type")))
    ]
    return VersionComparison((one, other), (exchanges[0], exchanges[1]), tuple(notes))


async def _sent(session: SessionContext, call: Call, variant: VersionOption, timeout: float | None) -> Exchange:
    others = tuple(pair for pair in call.headers if pair[0].lower() != "accept")
    # A header of the program's own is left out where its value is empty.
    call = msgspec.structs.replace(call, headers=(*others, ("Accept", variant.accept)))
    exchange = await send(session, call, timeout=timeout)
    return await asyncio.to_thread(redact, session, exchange)
