"""The two ends of an OAuth2 authorization server that people and applications see: the consent page and the token call.

The page stands in for the vendor's own sign-in: it says who asks and goes back to the redirect URL with a code, or
with ``access_denied``. Errors that may not be sent to the redirect URL (RFC 6749, 4.1.2.1) are refused in place.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from explorer.core.auth.verifier import Refusal
from explorer.sandbox.address import CHECK_HEADER, REASON_HEADER
from explorer.sandbox.refusal import header_text, make_refusal
from explorer.sandbox.responses import Reply

if TYPE_CHECKING:
    from explorer.core.auth.verifier import ConsentRequest
    from explorer.core.catalog import Vendor
    from explorer.core.catalog.sandbox import FailureKind
    from explorer.sandbox.accounts import Authority
    from explorer.sandbox.incoming_request import ParsedRequest

DECISION_PATH = "/.sandbox/consent"
"""Below the vendor's id: where the page sends what a person decided."""
_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_PAGE_HEADERS = (
    *_NO_STORE,
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
_MAX_PENDING = 1000


def consent_page(vendor: Vendor, authority: Authority, auth: str, arrival: ParsedRequest) -> Reply:
    """The consent page, or the way back for an application that asked wrongly.

    Raises:
        Refused: the application or its redirect URL is not known.
    """
    request = authority.authorization_server(auth).consent(arrival)
    if isinstance(request, Refusal):
        raise make_refusal("invalid", request.check, request.message, expected=request.expected, got=request.got)
    if request.error:
        why = ((CHECK_HEADER, request.error), (REASON_HEADER, header_text(request.description)))
        return Reply(302, None, (("Location", request.denied()), *_NO_STORE, *why))
    ticket = authority.nonce(18)
    if len(authority.waiting) >= _MAX_PENDING:
        authority.waiting.pop(next(iter(authority.waiting)))
    authority.waiting[ticket] = (auth, request)
    return Reply(200, _page(vendor, request, ticket), _PAGE_HEADERS, "text/html")


def decide_consent(authority: Authority, arrival: ParsedRequest) -> Reply:
    """The way back to the application, with a code or with a no.

    Raises:
        Refused: nobody asked, or it was decided before.
    """
    values = dict(arrival.form)
    kept = authority.waiting.pop(values.get("ticket", ""), None) if arrival.method == "POST" else None
    if kept is None:
        raise make_refusal("invalid", "consent", "no application is waiting for this decision")
    auth, request = kept
    server = authority.authorization_server(auth)
    where = server.approve(request) if values.get("decision") == "allow" else request.denied()
    return Reply(303, None, (("Location", where), *_NO_STORE))


def exchange_token(authority: Authority, auth: str, arrival: ParsedRequest) -> Reply:
    """The answer of the token endpoint (RFC 6749, 5.1).

    Raises:
        Refused: with the error code of RFC 6749, 5.2 as its check.
    """
    tokens = authority.authorization_server(auth).token(arrival)
    if isinstance(tokens, Refusal):
        kind: FailureKind = "credentials" if tokens.check == "invalid_client" else "refused"
        raise make_refusal(kind, tokens.check, tokens.message, expected=tokens.expected, got=tokens.got)
    return Reply(200, tokens, _NO_STORE)


def _page(vendor: Vendor, request: ConsentRequest, ticket: str) -> str:
    scope = f"<p>Scope: {escape(request.scope)}</p>" if request.scope else ""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Allow access to {escape(vendor.title)}?</title>
<style>
body {{ font: 16px sans-serif; max-width: 34em; margin: 4em auto; padding: 0 1em }}
button {{ font: inherit; padding: .4em 1.4em }}
</style>
</head><body>
<h1>Allow access?</h1>
<p>The application <b>{escape(request.client_id)}</b> asks for access to your account at {escape(vendor.title)}.
This is the sandbox: nothing leaves this machine.</p>
{scope}
<p>You will be sent to <code>{escape(request.redirect_uri)}</code>.</p>
<form method="post" action="/{escape(vendor.id)}{DECISION_PATH}">
<input type="hidden" name="ticket" value="{escape(ticket)}">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
</body></html>
"""
