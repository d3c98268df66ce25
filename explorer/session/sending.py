"""Sending a call: checked, written down, sent, judged, written down again.

check ── build ── begin (history) ── client ── judge ── complete (history)
             nothing secret is written           whatever happens, what arrived is kept
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from explorer.core.exchange import Call, Exchange, Failure
from explorer.errors import CredentialError, ExplorerError, StoreError
from explorer.session import SANDBOX

if TYPE_CHECKING:
    import httpx

    from explorer.client import OnProgress
    from explorer.core.auth.base import Scheme
    from explorer.core.form import Checked
    from explorer.session import Session


async def send(session: Session, call: Call, timeout: float | None, on_progress: OnProgress | None) -> Exchange:
    """``Session.send``."""
    checked = session.checked(call)
    await session.ready(call)
    scheme = session.scheme(call)
    missing = scheme.missing()
    if missing and not call.force:
        session.raise_missing(call, missing[0])
    request = await asyncio.to_thread(session.build, call, checked)
    exchange = _begun(session, call, checked, request)
    kept = await _keep(session, call, exchange, scheme)
    return await _finish(session, call, exchange, kept, scheme, request, timeout, on_progress)


def _begun(session: Session, call: Call, checked: Checked, request: httpx.Request) -> Exchange:
    from explorer.client import sent_request

    problems = tuple({"field": one.field, "message": one.message, "level": one.level} for one in checked.problems)
    return Exchange(call=call, started_at=session.now(), request=sent_request(request), problems=problems)


async def _finish(
    session: Session,
    call: Call,
    exchange: Exchange,
    kept: int,
    scheme: Scheme,
    request: httpx.Request,
    timeout: float | None,
    on_progress: OnProgress | None,
) -> Exchange:
    from explorer.client import Limits, describe

    limits = Limits(total=timeout or session.settings.timeout_seconds, max_body=session.settings.max_body_bytes)
    used: list[Scheme] = []

    def sign() -> Scheme:
        used.append(scheme if not used else session.scheme(call))
        return used[-1]

    try:
        transfer = await session.http().send(request, sign, limits, on_progress)
    except BaseException as error:
        failure = describe(error) if isinstance(error, ExplorerError) else _cancelled()
        exchange = msgspec.structs.replace(exchange, failure=failure)
        await _complete(session, call, exchange, kept, used)
        raise
    exchange = msgspec.structs.replace(
        exchange,
        id=kept,
        request=transfer.request,
        response=transfer.response,
        hops=transfer.hops,
        timings=transfer.timings,
        failure=transfer.failure,
    )
    exchange = await asyncio.to_thread(_judged, session, call, exchange)
    await _complete(session, call, exchange, kept, used)
    await asyncio.to_thread(_keep_refreshed, session, call)
    return exchange


def _keep_refreshed(session: Session, call: Call) -> None:
    """A refresh token that the vendor replaced is replaced in the keyring too, where it came from."""
    operation = session.operation(call)
    auth = operation.vendor.auth.get(operation.endpoint.auth)
    if auth is None or auth.scheme != "oauth2" or call.environment == SANDBOX:
        return
    for kind in ("access", "refresh"):
        name = str(auth.options.get(f"{kind}_token", f"{kind}_token"))
        token = session.tokens(call).current(session.now(), "access" if kind == "access" else "refresh")
        found = session.vault.find(operation.vendor, name, call.environment)
        if token is None or found is None or found.value == token.value or found.source != "system keyring":
            continue
        try:
            session.vault.remember(operation.vendor, call.environment, name, token.value, where="keyring")
        except CredentialError as error:
            session.on_warning(f"{error.message}. {error.hint}".strip())


def _judged(session: Session, call: Call, exchange: Exchange) -> Exchange:
    from explorer.core.verdict import judge

    if exchange.response is None:
        return exchange
    operation = session.operation(call)
    return msgspec.structs.replace(exchange, verdict=judge(operation.vendor, operation.endpoint, exchange.response))


async def _keep(session: Session, call: Call, exchange: Exchange, scheme: Scheme) -> int:
    """Write the exchange before it goes out; 0 where that cannot be done."""

    def write() -> int:
        history = session.history()
        if history is None:
            return 0
        operation = session.operation(call)
        redacted = session.redactor(call, scheme.secrets()).exchange(operation.endpoint, exchange)
        return history.begin(redacted)

    try:
        return await asyncio.to_thread(write)
    except StoreError as error:
        session.on_warning(f"{error.message}. {error.hint}".strip())
        return 0


async def _complete(session: Session, call: Call, exchange: Exchange, kept: int, used: list[Scheme]) -> None:
    known = tuple(secret for scheme in used for secret in scheme.secrets())

    def write() -> None:
        history = session.history()
        if history is not None:
            operation = session.operation(call)
            history.complete(kept, session.redactor(call, known).exchange(operation.endpoint, exchange))

    try:
        await asyncio.shield(asyncio.to_thread(write))
    except StoreError as error:
        session.on_warning(f"{error.message}. {error.hint}".strip())


def _cancelled() -> Failure:
    return Failure(kind="Cancelled", title="Cancelled", message="stopped before the answer was whole", exit_code=130)
