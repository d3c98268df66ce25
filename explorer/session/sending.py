"""Sending a call: checked, written down, sent, judged, written down again.

check ── build ── begin (history) ── client ── judge ── complete (history)
             nothing secret is written           whatever happens, what arrived is kept
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import msgspec

from explorer.core.checkpoint import Interrupted
from explorer.core.exchange import Call, Exchange, Failure
from explorer.errors import ExplorerError, StoreError
from explorer.session import SANDBOX
from explorer.session.allowance import QUICK, Allowance

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from explorer.client import OnProgress
    from explorer.core.auth.base import Scheme
    from explorer.core.exchange import ReceivedResponse
    from explorer.core.form import Checked
    from explorer.session import Session
    from explorer.session.arriving import OnArrival

Replayed = Literal["", "again", "exact", "form"]
_EXCHANGE = "_explorer_exchange"
_AT_ONCE = 200_000
"""Bytes of a body up to which it is judged on the spot; a larger one is judged in a thread."""


async def send(
    session: Session,
    call: Call,
    timeout: float | None,
    on_progress: OnProgress | None,
    *,
    origin: int = 0,
    replayed: Replayed = "",
    on_arrival: OnArrival | None = None,
) -> Exchange:
    """``Session.send``."""
    checked = session.checked(call)
    await session.ready(call)
    scheme = session.scheme(call)
    missing = scheme.missing()
    if missing and not call.force:
        session.raise_missing(call, missing[0])
    request = await asyncio.to_thread(session.build, call, checked)
    exchange = await asyncio.to_thread(_begun, session, call, checked, request, origin, replayed)
    kept = await _keep(session, call, exchange, scheme)
    return await _finish(session, call, exchange, kept, scheme, request, timeout, on_progress, on_arrival)


async def send_prepared(
    session: Session,
    call: Call,
    request: httpx.Request,
    scheme: Scheme,
    timeout: float | None,
    on_progress: OnProgress | None,
    *,
    origin: int,
    replayed: Replayed,
    on_arrival: OnArrival | None = None,
) -> Exchange:
    """Send a request that is there already, as *scheme* sends it; what is wrong with the form is kept beside it."""
    exchange = await asyncio.to_thread(_begun, session, call, session.check(call), request, origin, replayed)
    kept = await _keep(session, call, exchange, scheme)
    return await _finish(session, call, exchange, kept, scheme, request, timeout, on_progress, on_arrival)


def _begun(
    session: Session,
    call: Call,
    checked: Checked,
    request: httpx.Request,
    origin: int = 0,
    replayed: Replayed = "",
) -> Exchange:
    from explorer.client import sent_request
    from explorer.session.circumstances import circumstances

    problems = tuple({"field": one.field, "message": one.message, "level": one.level} for one in checked.problems)
    return Exchange(
        call=call,
        started_at=session.now(),
        request=sent_request(request),
        problems=problems,
        under=circumstances(session, call),
        origin=origin,
        replayed=replayed,
    )


async def _finish(
    session: Session,
    call: Call,
    exchange: Exchange,
    kept: int,
    scheme: Scheme,
    request: httpx.Request,
    timeout: float | None,
    on_progress: OnProgress | None,
    on_arrival: OnArrival | None,
) -> Exchange:
    used: list[Scheme] = []
    scheme.context.exchange = kept
    limit = timeout or session.settings.timeout_seconds
    try:
        exchange = await _transferred(session, call, exchange, scheme, request, timeout, on_progress, used, on_arrival)
        exchange = msgspec.structs.replace(exchange, id=kept)
        allowance = Allowance(limit, exchange.timings.total, session.clock)
        exchange = await _judged_in_time(session, call, exchange, allowance)
    except BaseException as error:
        broken = msgspec.structs.replace(_broken_off(exchange, error), id=kept)
        broken = await _complete(session, call, broken, kept, used, Allowance(0, 0, session.clock))
        await keep_tokens(session, call)
        if isinstance(error, asyncio.CancelledError):
            setattr(error, _EXCHANGE, broken)
        raise
    try:
        exchange = await _complete(session, call, exchange, kept, used, allowance)
    except asyncio.CancelledError as error:
        setattr(error, _EXCHANGE, _without_bodies(msgspec.structs.replace(exchange, failure=_cancelled())))
        await keep_tokens(session, call)
        raise
    await keep_tokens(session, call)
    session.on_exchange(exchange)
    return exchange


async def _transferred(
    session: Session,
    call: Call,
    exchange: Exchange,
    scheme: Scheme,
    request: httpx.Request,
    timeout: float | None,
    on_progress: OnProgress | None,
    used: list[Scheme],
    on_arrival: OnArrival | None = None,
) -> Exchange:
    """*exchange* with all that went over the wire; *used* takes up the schemes that signed."""
    from explorer.client import MAX_REDIRECTS, Limits
    from explorer.session.arriving import Arriving
    from explorer.session.circumstances import fingerprints_in

    limits = Limits(
        total=timeout or session.settings.timeout_seconds,
        max_body=session.settings.max_body_bytes,
        redirects=MAX_REDIRECTS if session.effect(call) == "read" else 0,
    )

    def sign() -> Scheme:
        used.append(scheme if not used else session.scheme(call))
        used[-1].context.exchange = scheme.context.exchange
        return used[-1]

    listener = Arriving(session, exchange, used, on_arrival) if on_arrival is not None else None
    transfer = await session.http().send(request, sign, limits, session.gate(call), on_progress, listener)
    under, secrets = exchange.under, tuple(secret for one in used for secret in one.secrets())
    if under is not None:
        minted = session.tokens(call).lives.minted_by(scheme.context.exchange)
        under = msgspec.structs.replace(under, used=fingerprints_in(transfer.request, secrets), minted=minted)
    return msgspec.structs.replace(
        exchange,
        request=transfer.request,
        response=transfer.response,
        hops=transfer.hops,
        timings=transfer.timings,
        failure=transfer.failure,
        under=under,
    )


def _broken_off(exchange: Exchange, error: BaseException) -> Exchange:
    """*exchange* as far as it came; where it was stopped, with what had arrived by then."""
    from explorer.client import describe, stopped_with

    transfer = stopped_with(error)
    if transfer is not None:
        exchange = msgspec.structs.replace(
            exchange,
            request=transfer.request,
            response=transfer.response,
            hops=transfer.hops,
            timings=transfer.timings,
        )
    failure = describe(error) if isinstance(error, ExplorerError) else _cancelled()
    return msgspec.structs.replace(exchange, failure=failure)


def what_came(error: BaseException) -> Exchange | None:
    """The exchange, with what had arrived, of a send that was cancelled with *error*; None where nothing was sent."""
    found = getattr(error, _EXCHANGE, None)
    return found if isinstance(found, Exchange) else None


async def fetch(session: Session, call: Call, timeout: float | None, keep: Callable[[Exchange], None]) -> Exchange:
    """Send one call of many: as ``send`` does, but the history is told afterwards, through *keep*, of what came of it
    (its secrets masked). For reads, of which nothing is lost that could not be asked for again.

    Raises:
        What ``Session.send`` raises.
    """
    checked = session.checked(call)
    scheme = session.scheme(call)
    missing = scheme.missing()
    if missing and not call.force:
        session.raise_missing(call, missing[0])
    request = session.build(call, checked)
    exchange = _begun(session, call, checked, request)
    used: list[Scheme] = []
    try:
        exchange = await _transferred(session, call, exchange, scheme, request, timeout, None, used)
    except BaseException as error:
        keep(_masked(session, call, _broken_off(exchange, error), used))
        await keep_tokens(session, call)
        raise
    if exchange.response is not None and len(exchange.response.body) > _AT_ONCE:
        allowance = Allowance(timeout or session.settings.timeout_seconds, exchange.timings.total, session.clock)
        exchange = await _judged_in_time(session, call, exchange, allowance)
        exchange, masked = await _masked_in_time(session, call, exchange, used, allowance)
        keep(masked)
    else:
        exchange = _judged(session, call, exchange)
        keep(_masked(session, call, exchange, used))
    await keep_tokens(session, call)
    session.on_exchange(exchange)
    return exchange


async def _judged_in_time(session: Session, call: Call, exchange: Exchange, allowance: Allowance) -> Exchange:
    """*exchange* with its verdict; where there was no time for it, with that as its failure."""
    try:
        return await allowance.work(lambda: _judged(session, call, exchange), least=QUICK)
    except Interrupted:
        failure = exchange.failure or allowance.timed_out("judging it")
        return msgspec.structs.replace(exchange, failure=failure)


async def _masked_in_time(
    session: Session,
    call: Call,
    exchange: Exchange,
    used: list[Scheme],
    allowance: Allowance,
    keep: Callable[[Exchange], object] = lambda _: None,
) -> tuple[Exchange, Exchange]:
    """*exchange*, and the same with its secrets masked, which *keep* has taken. Where there was no time to search its
    bodies for secrets, neither has them: what was not searched is not shown."""

    def job() -> Exchange:
        masked = _masked(session, call, exchange, used)
        keep(masked)
        return masked

    try:
        masked = await allowance.work(job)
    except Interrupted:
        failure = exchange.failure or allowance.timed_out("searching its body for secrets")
        exchange = _without_bodies(msgspec.structs.replace(exchange, failure=failure))
        masked = await asyncio.to_thread(job)
    session.remember_masked(exchange, masked)
    return exchange, masked


def _without_bodies(exchange: Exchange) -> Exchange:
    """*exchange* without what its responses held."""
    hops = tuple(msgspec.structs.replace(hop, response=_bare(hop.response)) for hop in exchange.hops)
    return msgspec.structs.replace(exchange, response=_bare(exchange.response), hops=hops)


def _bare(response: ReceivedResponse | None) -> ReceivedResponse | None:
    if response is None or not len(response.body):
        return response
    reason = f"{len(response.body):,} bytes arrived and are not shown: there was no time to search them for secrets"
    return msgspec.structs.replace(response, body=b"", truncated=reason)


def _masked(session: Session, call: Call, exchange: Exchange, used: list[Scheme]) -> Exchange:
    known = tuple(secret for scheme in used for secret in scheme.secrets())
    return session.redactor(call, known).exchange(session.operation(call).endpoint, exchange)


async def write_down(session: Session, exchanges: list[Exchange]) -> None:
    """Put exchanges (masked already) into the history, all in one go."""

    def write() -> None:
        history = session.history()
        if history is not None and not history.read_only:
            for exchange in exchanges:
                history.complete(0, exchange)

    try:
        await asyncio.shield(asyncio.to_thread(write))
    except StoreError as error:
        session.on_warning(f"{error.message}. {error.hint}".strip())


async def keep_tokens(session: Session, call: Call) -> None:
    """Keep what a refresh brought, even where the call itself came to nothing: the token before it is spent."""
    from explorer.session.refreshed_tokens import keep_refreshed

    if session.operation(call).vendor.auth and call.environment != SANDBOX:
        await asyncio.shield(asyncio.to_thread(keep_refreshed, session, call))


def _judged(session: Session, call: Call, exchange: Exchange) -> Exchange:
    from explorer.core.verdict import judge

    if exchange.response is None:
        return exchange
    operation = session.operation(call)
    verdict = judge(
        operation.vendor, operation.endpoint, exchange.response, _sent(call), method=exchange.request.method
    )
    return msgspec.structs.replace(exchange, verdict=verdict)


def _sent(call: Call) -> dict[str, str]:
    """What was sent for each name; the values of a name that was given again stand in one comma list."""
    values: dict[str, list[str]] = {}
    for entry in call.entries:
        text = entry.value.strip('[]" ') if entry.kind == "json" else entry.value
        values.setdefault(entry.name, []).append(text)
    return {name: ",".join(texts) for name, texts in values.items()}


async def _keep(session: Session, call: Call, exchange: Exchange, scheme: Scheme) -> int:
    """Write the exchange before it goes out; 0 where that cannot be done."""

    def write() -> int:
        history = session.history()
        if history is None or history.read_only:
            return 0
        operation = session.operation(call)
        redacted = session.redactor(call, scheme.secrets()).exchange(operation.endpoint, exchange)
        return history.begin(redacted)

    try:
        return await asyncio.to_thread(write)
    except StoreError as error:
        session.on_warning(f"{error.message}. {error.hint}".strip())
        return 0


async def _complete(
    session: Session, call: Call, exchange: Exchange, kept: int, used: list[Scheme], allowance: Allowance
) -> Exchange:
    """Put what came of it into the history. Gives *exchange*, without its bodies where there was no time for them."""

    problems: list[StoreError] = []

    def keep(masked: Exchange) -> None:
        try:
            history = session.history()
            if history is not None and not history.read_only:
                history.complete(kept, masked)
        except StoreError as error:
            problems.append(error)

    finishing = asyncio.ensure_future(_masked_in_time(session, call, exchange, used, allowance, keep))
    try:
        exchange, _ = await asyncio.shield(finishing)
    except asyncio.CancelledError:
        allowance.cancel()
        raise
    for problem in problems:
        session.on_warning(f"{problem.message}. {problem.hint}".strip())
    return exchange


async def begin_kept(session: Session, call: Call, exchange: Exchange, scheme: Scheme) -> int:
    """Write an exchange that no call of a person's is, such as a login, before it goes out; its number, 0 for none."""
    return await _keep(session, call, exchange, scheme)


async def complete_kept(session: Session, call: Call, exchange: Exchange, kept: int, scheme: Scheme) -> None:
    """Write down what came of it, judged, with every secret that there is by now masked."""
    from explorer.session.circumstances import circumstances

    under = msgspec.structs.replace(circumstances(session, call), minted=session.tokens(call).lives.minted_by(kept))
    allowance = Allowance(session.settings.timeout_seconds, exchange.timings.total, session.clock)
    exchange = msgspec.structs.replace(exchange, under=under)
    judged = await _judged_in_time(session, call, exchange, allowance)
    await _complete(session, call, judged, kept, [scheme], allowance)


def _cancelled() -> Failure:
    return Failure(kind="Cancelled", title="Cancelled", message="stopped before the answer was whole", exit_code=130)
