"""Readings as experiments: a call sent under each choice of a contradiction, and what the server made of each.

    Plan (``session.variants``) ── run ──► Trial for each ── conclusion
                                           (kept as evidence)

A call that is sent under a choice of a person's own is a trial as well.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.errors import CredentialRefused, UsageError
from explorer.session.evidence import TrialVerdict, evidence_of, judge_trial
from explorer.session.preparing import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from explorer.core.exchange import Exchange
    from explorer.session.context import SessionContext
    from explorer.session.variants import ExperimentPlan, ReadingVariant
    from explorer.settings.evidence import Evidence


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
    from explorer.settings.evidence import add_evidence

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
    from explorer.session.sending import Send, perform

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
    from explorer.sandbox.following import check_readings

    check_readings(session.catalog, readings)
    session.followed = dict(readings)
    session.sandbox.follow(session.catalog, session.followed)
    return session.followed
