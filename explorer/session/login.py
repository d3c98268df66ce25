"""Getting a token before any call: by the vendor's own call, or by the person's consent (OAuth2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from explorer.core.auth.oauth2 import OAuth2
    from explorer.core.exchange import Call
    from explorer.session import Session


async def log_in(
    session: Session,
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
    from explorer.core.auth import oauth2, scheme_of

    vendor = session.vendor(call.vendor)
    if not vendor.auth:
        raise UsageError(f"{vendor.title} asks for no authentication")
    await session.ready(call)
    key = next(iter(vendor.auth))
    probe = next(one for one in vendor.endpoints.values() if one.auth == key)
    call = msgspec.structs.replace(call, endpoint=probe.id, force=True)
    scheme = scheme_of(vendor, key, session.auth_context(call, session.operation(call)))
    if isinstance(scheme, oauth2.OAuth2):
        return await _consent(session, call, scheme, open_url, paste)
    missing = scheme.missing()
    if missing:
        session.raise_missing(call, missing[0])
    if not scheme.needs_before():
        return "the credentials are there; this scheme asks for no token beforehand"
    flow = scheme.auth_flow(session.build(call, session.check(call)))
    try:
        answer = await _exchange_token(session, call, next(flow))
        flow.send(answer)
    except StopIteration:
        return "no token was needed"
    finally:
        flow.close()
    return "a token was given"


async def _consent(
    session: Session,
    call: Call,
    scheme: OAuth2,
    open_url: Callable[[str], Awaitable[None]],
    paste: Callable[[str], Awaitable[str]] | None,
) -> str:
    from explorer.core.auth.oauth2 import read_redirect, read_token_response
    from explorer.loopback import wait_for_redirect

    request = scheme.authorization_url()
    redirect = session.vault.find(session.vendor(call.vendor), scheme.options.redirect_uri, call.environment)
    if paste is not None or redirect is None:
        await open_url(request.url)
        landed = await paste(request.url) if paste is not None else ""
    else:
        landed = await wait_for_redirect(redirect.value.reveal(), lambda: open_url(request.url))
    code = read_redirect(landed, request.state)
    answer = await _exchange_token(session, call, scheme.exchange_request(code, request.verifier))
    tokens = read_token_response(answer.content, session.now(), "logging in")
    scheme.accept(tokens)
    left = tokens[0].expires_at
    return "an access token was given" + ("" if left is None else f", good for {left - session.now():.0f} s")


async def _exchange_token(session: Session, call: Call, request: httpx.Request) -> httpx.Response:
    """Send one request of a login by itself and give the answer."""
    import httpx

    from explorer.client import Limits
    from explorer.core.auth import scheme_for
    from explorer.core.exchange import ReceivedResponse
    from explorer.errors import TransportError

    operation = session.operation(call)
    bare = msgspec.structs.replace(operation.endpoint, auth="none", id="")
    anonymous = scheme_for(operation.vendor, bare, session.auth_context(call, operation))
    transfer = await session.http().send(request, lambda: anonymous, Limits(total=session.settings.timeout_seconds))
    if transfer.failure is not None:
        raise TransportError(transfer.failure.message, hint=transfer.failure.hint)
    received = transfer.response or ReceivedResponse(status=502)
    return httpx.Response(received.status, headers=[*received.headers], content=received.body, request=request)
