"""Send a call and record it in the history, redacted, before it is sent and after it ended.

check ── build ── begin (history) ── client ── judge ── complete (history; also after a failure or cancellation)
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

from explorer.core.checkpoint import Interrupted
from explorer.core.model import SANDBOX, Call, Exchange, Failure
from explorer.errors import ExplorerError, StoreError
from explorer.session.prepare import (
    auth_scheme,
    check_call,
    effect_of,
    redactor_for,
    require_scheme,
    require_valid,
    unsigned_request,
)
from explorer.session.response_stream import JUDGE_SECONDS, TimeBudget

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from explorer.core.auth.base import Scheme
    from explorer.core.form import Checked
    from explorer.core.model import ReceivedResponse
    from explorer.net.client import OnProgress, Transfer, TransferOutcome
    from explorer.session.context import SessionContext
    from explorer.session.response_stream import OnResponseUpdate

ReplayKind = Literal["", "again", "exact", "form"]
_INLINE_LIMIT = 200_000
"""Bytes of a body that is judged in the event loop; a larger one is judged in a thread."""


@dataclass
class Send:
    """A call to send and its options. After a cancellation, ``stopped`` is the exchange so far."""

    call: Call
    timeout: float | None = None
    """Seconds; None: that of the settings."""
    on_progress: OnProgress | None = None
    on_arrival: OnResponseUpdate | None = None
    """Called with redacted updates while the response arrives."""
    origin: int = 0
    """The history entry that the call is from, or 0."""
    replayed: ReplayKind = ""
    """How the call was derived from its origin."""
    signed: tuple[httpx.Request, Scheme] | None = None
    """The request to send instead of one built from the call, and the scheme that sends it."""
    keep_evidence: bool = False
    """Whether the response is recorded as evidence for or against the call's readings."""
    stopped: Exchange | None = None
    """The exchange of a cancelled send, with what had arrived; None if nothing was sent or it was not cancelled."""


@dataclass
class _Transmission:
    """A send in progress."""

    send: Send
    request: httpx.Request
    scheme: Scheme
    number: int = 0
    """Its history entry; 0 before there is one."""
    used: list[Scheme] = field(default_factory=list)
    """The schemes that signed: one for each request of a redirect chain."""
    outcome: TransferOutcome | None = None


async def send(
    session: SessionContext,
    call: Call,
    *,
    timeout: float | None = None,
    on_progress: OnProgress | None = None,
    on_arrival: OnResponseUpdate | None = None,
    origin: int = 0,
) -> Exchange:
    """Send *call* and return its exchange, judged and stored in the history.

    *origin* is the history entry that filled the form, or 0; the other arguments are those of ``Send``.
    A network failure is part of the exchange, not an exception.

    Raises:
        FormError: the form has errors and the call does not force it; nothing was sent.
        CredentialMissing: the scheme needs a credential that is missing; nothing was sent.
        CredentialRefused: the vendor refused to issue a token.
        UntrustedHost: a credential would have been sent to an untrusted host.
        asyncio.CancelledError: cancelled; the exchange is stored as such.
    """
    return await perform(session, form_send(call, timeout, on_progress, on_arrival, origin))


def form_send(
    call: Call,
    timeout: float | None = None,
    on_progress: OnProgress | None = None,
    on_arrival: OnResponseUpdate | None = None,
    origin: int = 0,
) -> Send:
    """Return the ``Send`` of a call that the user entered in a form or on the command line."""
    how: ReplayKind = "form" if origin else ""
    return Send(call, timeout, on_progress, on_arrival, origin, how, keep_evidence=True)


async def perform(session: SessionContext, send: Send) -> Exchange:
    """Perform *send*. If it is cancelled, ``send.stopped`` has what arrived.

    Raises:
        As ``send``.
    """
    call = send.call
    if send.signed is None:
        checked = require_valid(session, call)
        await session.ready(call)
        scheme = require_scheme(session, call)
        request = await asyncio.to_thread(unsigned_request, session, call, checked)
    else:
        checked, (request, scheme) = check_call(session, call), send.signed
    exchange = await asyncio.to_thread(_begin_exchange, session, send, checked, request)
    scheme.context.exchange = number = await begin_entry(session, exchange, scheme)
    exchange = await _finish(session, _Transmission(send, request, scheme, number), exchange)
    if send.keep_evidence and call.readings:
        from explorer.session.ambiguity_status import record_trials

        await asyncio.to_thread(record_trials, session, call, exchange)
    return exchange


def _begin_exchange(session: SessionContext, send: Send, checked: Checked, request: httpx.Request) -> Exchange:
    from explorer.net.client import sent_request
    from explorer.session.request_context import request_context

    return Exchange(
        call=send.call,
        started_at=session.now(),
        request=sent_request(request),
        problems=tuple(
            {"field": problem.field, "message": problem.message, "level": problem.level} for problem in checked.problems
        ),
        under=request_context(session, send.call),
        origin=send.origin,
        replayed=send.replayed,
    )


async def _finish(session: SessionContext, transmission: _Transmission, exchange: Exchange) -> Exchange:
    """Send *exchange*, judge it and complete its history entry."""
    send, used, call = transmission.send, transmission.used, exchange.call
    limit = send.timeout or session.settings.timeout_seconds
    try:
        exchange = await _transfer(session, transmission, exchange)
        allowance = TimeBudget(limit, exchange.timings.total, session.clock)
        exchange = await _judged_in_time(session, exchange, allowance)
    except BaseException as error:
        broken = await _complete(
            session, _interrupted_exchange(transmission, exchange, error), used, TimeBudget(0, 0, session.clock)
        )
        await save_tokens(session, call)
        if isinstance(error, asyncio.CancelledError):
            send.stopped = broken
        raise
    try:
        exchange = await _complete(session, exchange, used, allowance)
    except asyncio.CancelledError:
        send.stopped = _without_bodies(msgspec.structs.replace(exchange, failure=_cancelled_failure()))
        await save_tokens(session, call)
        raise
    await save_tokens(session, call)
    session.on_exchange(exchange)
    return exchange


async def _transfer(session: SessionContext, transmission: _Transmission, exchange: Exchange) -> Exchange:
    """Send the request; return *exchange* with the response, hops and timings."""
    from explorer.net.client import MAX_REDIRECTS, Limits, TransferOutcome
    from explorer.session.request_context import fingerprints_in
    from explorer.session.response_stream import ResponseStream
    from explorer.session.trust import TrustGate

    send, scheme, used, call = transmission.send, transmission.scheme, transmission.used, exchange.call
    limits = Limits(
        total=send.timeout or session.settings.timeout_seconds,
        max_body=session.settings.max_body_bytes,
        redirects=MAX_REDIRECTS if effect_of(session, call) == "read" else 0,
    )

    def sign() -> Scheme:
        used.append(scheme if not used else auth_scheme(session, call))
        used[-1].context.exchange = scheme.context.exchange
        return used[-1]

    listener = ResponseStream(session, exchange, used, send.on_arrival) if send.on_arrival is not None else None
    transmission.outcome = TransferOutcome()
    transfer = await session.http().send(
        transmission.request, sign, limits, TrustGate(session, call), send.on_progress, listener, transmission.outcome
    )
    context, secrets = exchange.under, tuple(secret for scheme in used for secret in scheme.secrets())
    if context is not None:
        minted = session.tokens(call).token_records.minted_by(transmission.number)
        context = msgspec.structs.replace(context, used=fingerprints_in(transfer.request, secrets), minted=minted)
    return msgspec.structs.replace(
        _with_transfer(exchange, transfer), failure=transfer.failure, under=context, id=transmission.number
    )


def _with_transfer(exchange: Exchange, transfer: Transfer) -> Exchange:
    return msgspec.structs.replace(
        exchange, request=transfer.request, response=transfer.response, hops=transfer.hops, timings=transfer.timings
    )


def _interrupted_exchange(transmission: _Transmission, exchange: Exchange, error: BaseException) -> Exchange:
    """Return *exchange* with what had arrived before *error*."""
    from explorer.net.client import describe_error

    if transmission.outcome is not None and transmission.outcome.transfer is not None:
        exchange = _with_transfer(exchange, transmission.outcome.transfer)
    failure = describe_error(error) if isinstance(error, ExplorerError) else _cancelled_failure()
    return msgspec.structs.replace(exchange, failure=failure, id=transmission.number)


async def send_page(
    session: SessionContext, call: Call, timeout: float | None, keep: Callable[[Exchange], None]
) -> Exchange:
    """Send one page of many, as ``send`` does, but without a history entry before it is sent.

    *keep* is called with the redacted exchange afterwards. Only for reads: they can be repeated if the app crashes.

    Raises:
        As ``send``.
    """
    checked = require_valid(session, call)
    scheme = require_scheme(session, call)
    request = unsigned_request(session, call, checked)
    send = Send(call, timeout)
    transmission = _Transmission(send, request, scheme)
    used = transmission.used
    exchange = _begin_exchange(session, send, checked, request)
    try:
        exchange = await _transfer(session, transmission, exchange)
    except BaseException as error:
        keep(_masked(session, _interrupted_exchange(transmission, exchange, error), used))
        await save_tokens(session, call)
        raise
    if exchange.response is not None and len(exchange.response.body) > _INLINE_LIMIT:
        allowance = TimeBudget(timeout or session.settings.timeout_seconds, exchange.timings.total, session.clock)
        exchange = await _judged_in_time(session, exchange, allowance)
        exchange, masked = await _masked_in_time(session, exchange, used, allowance)
        keep(masked)
    else:
        exchange = _with_verdict(session, exchange)
        keep(_masked(session, exchange, used))
    await save_tokens(session, call)
    session.on_exchange(exchange)
    return exchange


async def _judged_in_time(session: SessionContext, exchange: Exchange, allowance: TimeBudget) -> Exchange:
    """Return *exchange* with its verdict, or with a failure if the time limit passed first."""
    try:
        return await allowance.work(lambda: _with_verdict(session, exchange), least=JUDGE_SECONDS)
    except Interrupted:
        failure = exchange.failure or allowance.timed_out("judging it")
        return msgspec.structs.replace(exchange, failure=failure)


async def _masked_in_time(
    session: SessionContext,
    exchange: Exchange,
    used: list[Scheme],
    allowance: TimeBudget,
    keep: Callable[[Exchange], object] = lambda _: None,
) -> tuple[Exchange, Exchange]:
    """Return *exchange* and its redacted copy, after passing the copy to *keep*.

    If the time limit passes before its bodies are searched for secrets, neither has bodies: unsearched data is not
    shown.
    """

    def job() -> Exchange:
        masked = _masked(session, exchange, used)
        keep(masked)
        return masked

    try:
        masked = await allowance.work(job)
    except Interrupted:
        failure = exchange.failure or allowance.timed_out("searching its body for secrets")
        exchange = _without_bodies(msgspec.structs.replace(exchange, failure=failure))
        masked = await asyncio.to_thread(job)
    session.cache_redacted(exchange, masked)
    return exchange, masked


def _without_bodies(exchange: Exchange) -> Exchange:
    """Return *exchange* without its response bodies."""
    hops = tuple(msgspec.structs.replace(hop, response=_without_body(hop.response)) for hop in exchange.hops)
    return msgspec.structs.replace(exchange, response=_without_body(exchange.response), hops=hops)


def _without_body(response: ReceivedResponse | None) -> ReceivedResponse | None:
    if response is None or not len(response.body):
        return response
    reason = f"{len(response.body):,} bytes arrived but are not shown: the time limit passed before they were redacted"
    return msgspec.structs.replace(response, body=b"", truncated=reason)


def _masked(session: SessionContext, exchange: Exchange, used: list[Scheme]) -> Exchange:
    known = tuple(secret for scheme in used for secret in scheme.secrets())
    return redactor_for(session, exchange.call, known).exchange(session.operation(exchange.call).endpoint, exchange)


async def record_exchanges(session: SessionContext, exchanges: list[Exchange]) -> None:
    """Write redacted exchanges to the history in one batch."""

    def write() -> None:
        history = session.history()
        if history is not None and not history.read_only:
            for exchange in exchanges:
                history.complete(0, exchange)

    try:
        await asyncio.shield(asyncio.to_thread(write))
    except StoreError as error:
        session.on_warning(error.sentence)


async def save_tokens(session: SessionContext, call: Call) -> None:
    """Store refreshed tokens, even after a failed call: the previous token is no longer valid."""
    from explorer.session.tokens import save_refreshed

    if session.operation(call).vendor.auth and call.environment != SANDBOX:
        await asyncio.shield(asyncio.to_thread(save_refreshed, session, call))


def _with_verdict(session: SessionContext, exchange: Exchange) -> Exchange:
    from explorer.core.verdict import judge

    if exchange.response is None:
        return exchange
    operation = session.operation(exchange.call)
    verdict = judge(
        operation.vendor,
        operation.endpoint,
        exchange.response,
        _sent_values(exchange.call),
        method=exchange.request.method,
    )
    return msgspec.structs.replace(exchange, verdict=verdict)


def _sent_values(call: Call) -> dict[str, str]:
    """Return the value sent for each name; repeated values are joined with commas."""
    values: dict[str, list[str]] = {}
    for entry in call.entries:
        text = entry.value.strip('[]" ') if entry.kind == "json" else entry.value
        values.setdefault(entry.name, []).append(text)
    return {name: ",".join(texts) for name, texts in values.items()}


async def begin_entry(session: SessionContext, exchange: Exchange, scheme: Scheme) -> int:
    """Write *exchange* to the history before it is sent; return its number, or 0 if it was not written."""
    call = exchange.call

    def write() -> int:
        history = session.history()
        if history is None or history.read_only:
            return 0
        operation = session.operation(call)
        redacted = redactor_for(session, call, scheme.secrets()).exchange(operation.endpoint, exchange)
        return history.begin(redacted)

    try:
        return await asyncio.to_thread(write)
    except StoreError as error:
        session.on_warning(error.sentence)
        return 0


async def complete_entry(session: SessionContext, exchange: Exchange, scheme: Scheme) -> None:
    """Judge an exchange that is not the user's call, such as a login, and write it, redacted, to the history."""
    from explorer.session.request_context import request_context

    call = exchange.call
    minted = session.tokens(call).token_records.minted_by(exchange.id)
    context = msgspec.structs.replace(request_context(session, call), minted=minted)
    allowance = TimeBudget(session.settings.timeout_seconds, exchange.timings.total, session.clock)
    judged = await _judged_in_time(session, msgspec.structs.replace(exchange, under=context), allowance)
    await _complete(session, judged, [scheme], allowance)


async def _complete(session: SessionContext, exchange: Exchange, used: list[Scheme], allowance: TimeBudget) -> Exchange:
    """Complete the history entry; return *exchange*, without bodies if there was no time to redact them."""
    problems: list[StoreError] = []

    def keep(masked: Exchange) -> None:
        try:
            history = session.history()
            if history is not None and not history.read_only:
                history.complete(exchange.id, masked)
        except StoreError as error:
            problems.append(error)

    finishing = asyncio.ensure_future(_masked_in_time(session, exchange, used, allowance, keep))
    try:
        completed, _ = await asyncio.shield(finishing)
    except asyncio.CancelledError:
        allowance.cancel()
        raise
    for problem in problems:
        session.on_warning(problem.sentence)
    return completed


def _cancelled_failure() -> Failure:
    return Failure(
        kind="Cancelled", title="Cancelled", message="cancelled before the response was complete", exit_code=130
    )
