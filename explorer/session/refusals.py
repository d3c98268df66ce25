"""Why a call was refused: what the session knows of it, handed to the checks of ``core.explain.refusals``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from explorer.core.explain.refusals import (
    EarlierExchange,
    Explanation,
    RefusalFacts,
    TokenFact,
    explain_refusal,
    was_refused,
)
from explorer.core.form import find_parameter
from explorer.core.text.secret import MASK
from explorer.errors import ExplorerError
from explorer.session.circumstances import lost_readings
from explorer.session.preparing import auth_scheme, check_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.auth import AuthOptions
    from explorer.core.debugging.diagnosing import Diagnosis
    from explorer.core.exchange import Call, Exchange
    from explorer.errors import Problem
    from explorer.session.context import SessionContext

__all__ = ["explain_refused", "was_refused"]
_MAX_ENTRIES: Final = 40
"""Entries of the history in which an id is looked for."""


async def explain_refused(session: SessionContext, exchange: Exchange) -> Explanation:
    """What may be the reason that *exchange* (masked or not) was refused, the likeliest first. Sends nothing.

    Raises:
        UnknownName: the catalog knows its call no more.
    """
    return await asyncio.to_thread(lambda: explain_refusal(facts_of(session, exchange)))


def facts_of(session: SessionContext, exchange: Exchange) -> RefusalFacts:
    """Everything that the checks look at. Blocking: the history is searched."""
    call = _with_default_readings(session, exchange.call)
    operation = session.operation(call)
    options = auth_scheme(session, call).options
    wanted, signing = options.token_place(exchange.request.method), options.signature
    return RefusalFacts(
        exchange=exchange,
        vendor=operation.vendor,
        endpoint=operation.endpoint,
        environment=operation.environment,
        base_url=session.base_url_of(operation.vendor, call.environment),
        wanted=wanted,
        signing=(signing.key_id, signing.timestamp, signing.signature) if signing is not None else None,
        tolerance=options.clock_tolerance,
        token=_token_fact(session, exchange, call, options) if wanted is not None else None,
        missing=auth_scheme(session, call).missing(),
        signature=_signature(session, exchange) if signing is not None else None,
        problems=tuple(_problems(session, exchange.call, call)),
        seen=tuple(_earlier_exchanges(session, exchange)),
    )


def _with_default_readings(session: SessionContext, call: Call) -> Call:
    """The call under the catalog's default readings; those are what the vendor is taken to follow."""
    session.endpoint(call.address)
    lost_readings(session, call)
    return msgspec.structs.replace(call, readings={}, force=True)


def _problems(session: SessionContext, given: Call, call: Call) -> Iterator[Problem]:
    """What the form has against the call; of what was masked nothing is known."""
    masked = {entry.name for entry in given.entries if MASK in entry.value}
    for one in check_call(session, call).problems:
        if one.field not in masked:
            yield one


def _signature(session: SessionContext, exchange: Exchange) -> Diagnosis | None:
    from explorer.session.explaining import explain_exchange

    try:
        return explain_exchange(session, exchange).is_self_consistent()
    except ExplorerError:
        return None


def _token_fact(session: SessionContext, exchange: Exchange, call: Call, options: AuthOptions) -> TokenFact | None:
    """What is known of the token that stood in the request, found by the fingerprints that were kept of it."""
    from explorer.core.auth.claims import read_claims
    from explorer.session.tokens_at_hand import known_tokens

    used = exchange.under.used if exchange.under is not None else ()
    at_hand = [one for one in known_tokens(session, call, options) if one.key.secret.fingerprint() in used]
    known = next((one for one in at_hand if one.role == "token"), next(iter(at_hand), None))
    if known is None:
        return None
    claims = read_claims(known.key.secret.reveal())
    expires = known.expires_at
    if expires is None and claims is not None:
        expires = claims.moment("exp")
    store = session.tokens(call)
    kept = next((one for one in store.history if one.value == known.key.secret), None)
    successor = ""
    if kept is not None:
        after = [one for one in store.history if one.place == (kept.line, kept.generation + 1)]
        successor = after[0].origin if after else ""
    return TokenFact(
        fingerprint=known.key.secret.fingerprint(),
        name=known.key.name,
        role=known.role,
        environment=known.environment,
        expires_at=expires,
        begins_at=claims.moment("nbf") if claims is not None else None,
        used_at=known.used_at,
        grace=known.grace,
        successor=successor,
        signed_out=kept is None and store.has_seen(known.key.secret),
    )


def _earlier_exchanges(session: SessionContext, exchange: Exchange) -> Iterator[EarlierExchange]:
    """Earlier exchanges of the same vendor and environment in which an id of this one stands."""
    history = session.history()
    if history is None or exchange.response is None:
        return
    call = exchange.call
    _, endpoint = session.endpoint(call.address)
    for entry in call.entries:
        found = find_parameter(endpoint, entry.name)
        if found is None or not entry.value or MASK in entry.value or found[0].enum or not _plain_word(entry.value):
            continue
        text = f'vendor:{call.vendor} env:{call.environment} "{entry.value}"'
        try:
            rows = history.recent(limit=_MAX_ENTRIES, text=text, before=exchange.id or None)
        except ExplorerError:
            continue  # a history that cannot be read leaves the question open
        for row in rows:
            if (
                row.vendor == call.vendor
                and row.environment == call.environment
                and row.started_at < exchange.started_at
            ):
                yield EarlierExchange(entry.name, entry.value, row.started_at, row.id, row.outcome == "OK")


def _plain_word(text: str) -> bool:
    """Whether it can name a record: one word, not a flag."""
    return text.replace("-", "").replace("_", "").isalnum() and text not in ("0", "1", "true", "false")
