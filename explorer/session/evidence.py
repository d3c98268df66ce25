"""What a server makes of a call under a choice of an ambiguity: the verdict, kept as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from explorer.errors import ExplorerError
from explorer.session.preparing import redactor_for
from explorer.session.variants import is_allowed, with_choice

if TYPE_CHECKING:
    from explorer.core.exchange import Call, Exchange
    from explorer.session.context import SessionContext
    from explorer.settings.evidence import Evidence

TrialVerdict = Literal["accepted", "refused", "unclear"]
_INCONCLUSIVE_STATUSES: Final = (408, 425, 429)


def judge_trial(exchange: Exchange) -> tuple[TrialVerdict, str]:
    """What an exchange says of the reading that it was made under, and why."""
    response = exchange.response
    if response is None or exchange.failure is not None:
        return "unclear", exchange.failure.title if exchange.failure else "no answer"
    line = f"{response.status} {response.reason}".strip()
    if response.status >= 500 or response.status in _INCONCLUSIVE_STATUSES:
        return "unclear", f"{line}, which says nothing of the reading"
    if exchange.verdict.outcome in ("OK", "PARTIAL"):
        return "accepted", line
    if exchange.verdict.outcome == "FAILED":
        message = exchange.verdict.message
        return "refused", f"{line}: {message}" if message else line
    return "unclear", f"{line}, and the body could not be judged"


def evidence_of(
    session: SessionContext, call: Call, key: str, choice: str, exchange: Exchange, *, wide: bool
) -> Evidence:
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
        verdict=judge_trial(exchange)[0],
        status=response.status if response else None,
        reason=response.reason if response else "",
        outcome=exchange.verdict.outcome,
        number=exchange.id,
        wide=wide,
        base_url=redactor_for(session, call).text(call.base_url) if call.base_url else "",
    )


def record_trials(session: SessionContext, call: Call, exchange: Exchange) -> None:
    """Keep what a server made of a call that was sent under choices of a person's own, for each of them that makes
    another request than the default would. Blocking; what cannot be kept is a warning."""
    from explorer.settings.evidence import add_evidence

    try:
        vendor, endpoint = session.endpoint(call.address)
        known = session.readings(vendor, endpoint)
        found = [
            evidence_of(session, call, key, choice, exchange, wide=key not in endpoint.readings)
            for key, choice in call.readings.items()
            if key in known and not is_allowed(session, with_choice(call, key, known[key].default, known[key]), call)
        ]
        if found:
            add_evidence(session.folders, found)
    except ExplorerError as error:
        session.on_warning(error.sentence)
