"""Log in: get a token from the vendor's sign-in call or by the user's consent (OAuth2)."""

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
    """Get a token for the call's vendor and environment, and return the outcome as a sentence.

    *open_url* opens the consent page of an OAuth2 login. With *paste*, no local port listens for the redirect; *paste*
    returns the URL of the page that the user was redirected to.

    Raises:
        UsageError: the vendor needs no login; CredentialMissing; CredentialRefused; TransportError.
    """
    from explorer.core.auth import scheme_of

    vendor = session.vendor(call.vendor)
    if not vendor.auth:
        raise UsageError(f"{vendor.title} needs no authentication", hint="Send the call without logging in.")
    await session.ready(call)
    key = next(iter(vendor.auth))
    probe = next(endpoint for endpoint in vendor.endpoints.values() if endpoint.auth == key)
    call = msgspec.structs.replace(call, endpoint=probe.id, force=True)
    scheme = scheme_of(vendor, key, auth_context(session, call, session.operation(call)))
    consent = scheme.consent()
    if consent is not None:
        return await _consent(session, call, scheme, consent, open_url, paste)
    missing = scheme.missing()
    if missing:
        raise missing_credential(call, missing[0])
    if not scheme.prerequisite():
        return "the credentials are set; this scheme needs no token beforehand"
    return "received a token" if await _run_flow(session, call, scheme, scheme.renew()) else "no token needed"


async def renew_login(session: SessionContext, call: Call) -> bool:
    """Get a new token for the call's vendor and environment even if there is a valid one.

    Return False if its scheme cannot.

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
    await TrustGate(session, call)(
        page, None, "auth", contextlib.nullcontext
    )  # before the user enters a password there
    redirect = session.vault.find(session.vendor(call.vendor), consent.redirect_credential, call.environment)
    if paste is not None or redirect is None:
        await open_url(request.url)
        redirected = await paste(request.url) if paste is not None else ""
    else:
        redirected = await wait_for_redirect(redirect.value.reveal(), request.state, lambda: open_url(request.url))
    await _run_flow(session, call, scheme, consent.redeem(redirected, request))
    token = session.tokens(call).current(session.now())
    expires_at = token.expires_at if token is not None else None
    left = "" if expires_at is None else f", valid for {expires_at - session.now():.0f} s"
    return f"received an access token{left}"


async def _run_flow(
    session: SessionContext, call: Call, scheme: Scheme, flow: Generator[httpx.Request, httpx.Response, Any]
) -> bool:
    """Send the requests of *flow* and pass it the responses; they are stored in the history, redacted.

    If another call is already requesting a token, wait for that one. Return False if there is nothing to send.
    """
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
    """Send a request of *flow*, pass it the response, and return its next request."""
    import httpx

    from explorer.core.auth import scheme_for
    from explorer.core.model import ReceivedResponse
    from explorer.errors import TransportError
    from explorer.net.client import Limits, resume_flow, sent_request
    from explorer.session.send import begin_entry, complete_entry

    operation = session.operation(call)
    sign_in = msgspec.structs.replace(
        call, endpoint=scheme.options.minting or call.endpoint, entries=(), readings={}, extra=(), headers=(), method=""
    )
    exchange = Exchange(call=sign_in, started_at=session.now(), request=sent_request(request))
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
        received = transfer.response or ReceivedResponse(status=502)
        response = httpx.Response(
            received.status, headers=[*received.headers], content=received.body[:], request=request
        )
        return resume_flow(flow, response)
    finally:
        await complete_entry(session, exchange, scheme)
