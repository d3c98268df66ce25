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
    """A variant that was sent, and its outcome."""

    variant: ReadingVariant
    verdict: TrialVerdict
    exchange: Exchange | None
    """Redacted; None if the call was not sent because no token was issued."""
    why: str
    """The reason for the verdict."""


@dataclass(frozen=True)
class Experiment:
    """The trials of a plan."""

    plan: ExperimentPlan
    trials: tuple[Trial, ...]

    @property
    def followed_choice(self) -> str:
        """The choice that the server follows; empty if undecided."""
        distinct = [trial for trial in self.trials if trial.variant.is_distinct]
        accepted = [trial for trial in distinct if trial.verdict == "accepted"]
        refused = [trial for trial in distinct if trial.verdict == "refused" and not trial.variant.has_invented_values]
        if len(accepted) == 1 and len(refused) == len(distinct) - 1 and len(self.trials) > 1:
            return accepted[0].variant.choice
        plain = [trial for trial in self.trials if not trial.variant.is_distinct and trial.verdict == "accepted"]
        if not accepted and len(refused) == len(distinct) > 0 and len(plain) == 1:
            return plain[0].variant.choice
        return ""

    @property
    def conclusion(self) -> str:
        """The result as a sentence."""
        follows = self.followed_choice
        if follows:
            return f"The server follows {follows}: {self.plan.reading.choices[follows].title}"
        if len(self.trials) < len(self.plan.variants):
            sent = ", ".join(trial.variant.choice for trial in self.trials)
            return f"Only {sent} was sent; send every choice to compare them"
        if self.plan.all_same:
            return "Every choice makes the same request; compare how each one judges the response"
        verdicts = {trial.verdict for trial in self.trials}
        if "unclear" in verdicts:
            return "Undecided: a response was inconclusive"
        if verdicts == {"accepted"}:
            return "The server accepts every choice"
        if verdicts == {"refused"}:
            return "Undecided: all were refused, so something else is wrong too"
        if any(trial.variant.has_invented_values and trial.verdict == "refused" for trial in self.trials):
            return "Undecided: the refused request has a made-up value, which may be the reason"
        return "Undecided: the accepted request is allowed by more than one choice"


async def run_experiment(
    session: SessionContext,
    plan: ExperimentPlan,
    choices: Sequence[str] = (),
    *,
    agreed: bool = False,
    timeout: float | None = None,
    tell: Callable[[Trial], None] = lambda _trial: None,
) -> Experiment:
    """Send the variants of a plan (or those of *choices*) in sequence, and record the outcomes as evidence.

    Raises:
        UsageError: it needs confirmation and *agreed* is false; nothing was sent.
        CredentialMissing: as ``send``. StoreError: the evidence could not be written.
    """
    from explorer.store.journals import add_evidence

    if plan.question and not agreed:
        raise UsageError(plan.question, hint="Confirm it first.")
    wanted = [plan.variant(choice) for choice in choices] or list(plan.variants)
    trials: list[Trial] = []
    for variant in wanted:
        trial = await _send_trial(session, variant, timeout)
        trials.append(trial)
        tell(trial)
    evidence = [of_trial for trial in trials if (of_trial := _evidence(session, plan, trial)) is not None]
    if evidence:
        await asyncio.to_thread(add_evidence, session.folders, evidence)
    return Experiment(plan, tuple(trials))


async def _send_trial(session: SessionContext, variant: ReadingVariant, timeout: float | None) -> Trial:
    from explorer.session.send import Send, perform

    try:
        exchange = await perform(session, Send(msgspec.structs.replace(variant.call, force=True), timeout))
    except CredentialRefused as error:
        return Trial(variant, "unclear", None, error.message)
    exchange = await asyncio.to_thread(redact, session, exchange)
    verdict, why = judge_trial(exchange)
    return Trial(variant, verdict, exchange, why)


def _evidence(session: SessionContext, plan: ExperimentPlan, trial: Trial) -> Evidence | None:
    if plan.all_same or trial.exchange is None:
        return None
    return evidence_of(session, plan.call, plan.key, trial.variant.choice, trial.exchange, wide=plan.wide)


def follow_readings(session: SessionContext, readings: Mapping[str, str]) -> Mapping[str, str]:
    """Set and return the readings that the embedded sandbox follows instead of the defaults.

    *readings* maps ``vendor.key`` or ``vendor.endpoint.key`` to a choice and replaces any earlier mapping.

    Raises:
        UnknownName: a reading or choice is unknown; nothing is changed.
    """
    from explorer.sandbox.routing import check_readings

    check_readings(session.catalog, readings)
    session.followed = dict(readings)
    session.sandbox.follow(session.catalog, session.followed)
    return session.followed


@dataclass(frozen=True)
class VersionedCall:
    """A call whose version is chosen by the Accept header."""

    call: Call
    accept: str
    """The documented header."""
    variants: tuple[VersionOption, ...]
    note: str
    """The catalog's note on the vendor's versions, with the document's lines."""
    question: str
    """What the user must confirm before the call is sent twice; empty for a read."""

    def variant(self, text: str) -> VersionOption:
        """Return the version that *text* names (``core.versions.parse_version``)."""
        return parse_version(text, self.accept)


@dataclass(frozen=True)
class VersionComparison:
    """The redacted exchanges of a call under two versions."""

    variants: tuple[VersionOption, VersionOption]
    exchanges: tuple[Exchange, Exchange]
    notes: tuple[str, ...]
    """Sentences about responses that are not of the requested version."""


def versioned_call(session: SessionContext, call: Call) -> VersionedCall:
    """Return the versions of *call*. Sends nothing.

    Raises:
        UsageError: the vendor does not use the Accept header for versions.
    """
    vendor, endpoint = session.endpoint(call.address)
    version = vendor.version
    if version.style != "accept" or not version.accept:
        why = {"path": "has its version in the path", "none": "has no versions"}.get(
            version.style, "does not use the Accept header for versions"
        )
        raise UsageError(
            f"{vendor.title} {why}",
            hint="Only versions that are media types in the Accept header can be compared.",
        )
    accept = endpoint.accept or version.accept
    effect = effect_of(session, call)
    question = confirmation_for(session, call)
    if effect != "read":
        question = f"{call.address} is not a read ({effect}) and would be sent twice to {session.base_url(call)}"
    lines = vendor.cite(version.lines)
    note = " ".join(part for part in (version.note, f"[{lines}]" if lines else "") if part)
    return VersionedCall(call, accept, version_variants(accept), note, question)


async def compare_versions(
    session: SessionContext,
    versioned: VersionedCall,
    left: VersionOption,
    right: VersionOption,
    *,
    agreed: bool = False,
    timeout: float | None = None,
) -> VersionComparison:
    """Send the call under both versions in sequence.

    Raises:
        UsageError: it needs confirmation and *agreed* is false, or both are the same; nothing was sent.
        FormError, CredentialMissing, CredentialRefused: as ``send``.
    """
    if versioned.question and not agreed:
        raise UsageError(versioned.question, hint="Confirm it first.")
    if left.accept == right.accept:
        raise UsageError("both versions are the same", hint="Choose two different versions.")
    exchanges = [await _send_version(session, versioned.call, variant, timeout) for variant in (left, right)]
    notes = [
        f"{variant.key}: {mismatch}"
        for variant, exchange in zip((left, right), exchanges, strict=True)
        if exchange.response is not None
        and exchange.verdict.outcome == "OK"
        and (mismatch := version_mismatch(variant.accept, exchange.response.header("content-type")))
    ]
    return VersionComparison((left, right), (exchanges[0], exchanges[1]), tuple(notes))


async def _send_version(session: SessionContext, call: Call, variant: VersionOption, timeout: float | None) -> Exchange:
    others = tuple(pair for pair in call.headers if pair[0].lower() != "accept")
    # A default header is omitted if its value is empty.
    call = msgspec.structs.replace(call, headers=(*others, ("Accept", variant.accept)))
    exchange = await send(session, call, timeout=timeout)
    return await asyncio.to_thread(redact, session, exchange)
