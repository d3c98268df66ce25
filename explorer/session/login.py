"""Getting a token before any call: by the vendor's own call, or by the person's consent (OAuth2)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.core.model import Exchange
from explorer.errors import UsageError
from explorer.session.prepare import auth_context, missing_credential
from explorer.session.trust import TrustGate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    import httpx

    from explorer.core.auth.base import ConsentFlow, Scheme
    from explorer.core.model import Call
    from explorer.session.context import SessionContext


async def log_in(
    session: SessionContext,
    call: Call,
    *,
    open_url: Callable[[str], Awaitable[None]],
    paste: Callable[[str], Awaitable[str]] | None,
) -> str:
    """Get a token for the call's vendor and environment, and say in a sentence what there is now.

    *open_url* is given the consent page of an OAuth2 login; where *paste* is given, nothing listens and *paste*
    gives the URL that the person landed on.

    Raises:
        UsageError: the vendor has nothing to log in to; CredentialMissing; CredentialRefused; TransportError.
    """
    from explorer.core.auth import scheme_of

    vendor = session.vendor(call.vendor)
    if not vendor.auth:
        raise UsageError(f"{vendor.title} asks for no authentication")
    await session.ready(call)
    key = next(iter(vendor.auth))
    probe = next(one for one in vendor.endpoints.values() if one.auth == key)
    call = msgspec.structs.replace(call, endpoint=probe.id, force=True)
    scheme = scheme_of(vendor, key, auth_context(session, call, session.operation(call)))
    consent = scheme.consent()
    if consent is not None:
        return await _consent(session, call, scheme, consent, open_url, paste)
    missing = scheme.missing()
    if missing:
        raise missing_credential(call, missing[0])
    if not scheme.prerequisite():
        return "the credentials are there; this scheme asks for no token beforehand"
    return "a token was given" if await _run_flow(session, call, scheme, scheme.renew()) else "no token was needed"


async def renew_login(session: SessionContext, call: Call) -> bool:
    """Get a new token for the call's vendor and environment, be there a good one or not; False where its scheme has no
    way to.

    Raises:
        CredentialMissing; CredentialRefused; TransportError.
    """
    from explorer.core.auth import scheme_of
    from explorer.session.send import save_tokens

    await session.ready(call)
    key = session.operation(call).endpoint.auth
    scheme = scheme_of(session.vendor(call.vendor), key, auth_context(session, call, session.operation(call)))
    try:
        return await _run_flow(session, call, scheme, scheme.renew())
    finally:
        await save_tokens(session, call)


async def _consent(
    session: SessionContext,
    call: Call,
    scheme: Scheme,
    consent: ConsentFlow,
    open_url: Callable[[str], Awaitable[None]],
    paste: Callable[[str], Awaitable[str]] | None,
) -> str:
    import httpx

    from explorer.net.loopback import wait_for_redirect

    request = consent.authorization_url()
    page = httpx.Request("GET", request.url)
    await TrustGate(session, call)(page, None, "auth", contextlib.nullcontext)  # before a person types a password there
    redirect = session.vault.find(session.vendor(call.vendor), consent.redirect_credential, call.environment)
    if paste is not None or redirect is None:
        await open_url(request.url)
        landed = await paste(request.url) if paste is not None else ""
    else:
        landed = await wait_for_redirect(redirect.value.reveal(), request.state, lambda: open_url(request.url))
    await _run_flow(session, call, scheme, consent.redeem(landed, request))
    token = session.tokens(call).current(session.now())
    left = token.expires_at if token is not None else None
    return "an access token was given" + ("" if left is None else f", good for {left - session.now():.0f} s")


async def _run_flow(
    session: SessionContext, call: Call, scheme: Scheme, flow: Generator[httpx.Request, httpx.Response, Any]
) -> bool:
    """Send the request of *flow* and hand it the response; both are kept in the history, masked. Where a call is asking
    for a token already, its token will do. False where there is nothing to send."""
    from explorer.core.auth.base import SINGLE_FLIGHT
    from explorer.net.client import resume_flow

    request: httpx.Request | None = next(flow, None)
    if request is None:
        return False
    try:
        while request is not None:
            async with session.http().token_turn(request.extensions.pop(SINGLE_FLIGHT, None)) as sends:
                if sends:
                    request = await _send_step(session, call, scheme, flow, request)
                else:
                    request = resume_flow(flow, None)
    finally:
        flow.close()
    return True


async def _send_step(
    session: SessionContext,
    call: Call,
    scheme: Scheme,
    flow: Generator[httpx.Request, httpx.Response, Any],
    request: httpx.Request,
) -> httpx.Request | None:
    """Send a request of *flow*, hand it the response, and return its next request."""
    import httpx

    from explorer.core.auth import scheme_for
    from explorer.core.model import ReceivedResponse
    from explorer.errors import TransportError
    from explorer.net.client import Limits, resume_flow, sent_request
    from explorer.session.send import begin_entry, complete_entry

    operation = session.operation(call)
    made = msgspec.structs.replace(
        call, endpoint=scheme.options.minting or call.endpoint, entries=(), readings={}, extra=(), headers=(), method=""
    )
    exchange = Exchange(call=made, started_at=session.now(), request=sent_request(request))
    scheme.context.exchange = number = await begin_entry(session, exchange, scheme)
    exchange = msgspec.structs.replace(exchange, id=number)
    bare = msgspec.structs.replace(operation.endpoint, auth="none", id="")
    anonymous = scheme_for(operation.vendor, bare, auth_context(session, call, operation))
    try:
        limits = Limits(total=session.settings.timeout_seconds)
        transfer = await session.http().send(request, lambda: anonymous, limits, TrustGate(session, call))
        exchange = msgspec.structs.replace(
            exchange,
            request=transfer.request,
            response=transfer.response,
            timings=transfer.timings,
            failure=transfer.failure,
        )
        if transfer.failure is not None:
            raise TransportError(transfer.failure.message, hint=transfer.failure.hint)
        got = transfer.response or ReceivedResponse(status=502)
        headers = [*got.headers]
        return resume_flow(flow, httpx.Response(got.status, headers=headers, content=got.body[:], request=request))
    finally:
        await complete_entry(session, exchange, scheme)
