"""The consent page and the token endpoint of an OAuth2 authorization server.

The page replaces the vendor's login. It names the application and redirects with a code or ``access_denied``. Errors
that must not be sent to the redirect URL (RFC 6749, 4.1.2.1) are refused directly.
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
"""Path below the vendor's id to which the page posts the decision."""
_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_PAGE_HEADERS = (
    *_NO_STORE,
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)
_MAX_PENDING = 1000


def consent_page(vendor: Vendor, authority: Authority, auth: str, request: ParsedRequest) -> Reply:
    """Return the consent page, or a redirect with the error of an invalid request.

    Raises:
        Refused: the application or its redirect URL is unknown.
    """
    consent_request = authority.authorization_server(auth).consent(request)
    if isinstance(consent_request, Refusal):
        raise make_refusal(
            "invalid",
            consent_request.check,
            consent_request.message,
            expected=consent_request.expected,
            got=consent_request.got,
        )
    if consent_request.error:
        reason = ((CHECK_HEADER, consent_request.error), (REASON_HEADER, header_text(consent_request.description)))
        return Reply(302, None, (("Location", consent_request.denied()), *_NO_STORE, *reason))
    ticket = authority.nonce(18)
    if len(authority.pending) >= _MAX_PENDING:
        authority.pending.pop(next(iter(authority.pending)))
    authority.pending[ticket] = (auth, consent_request)
    return Reply(200, _page(vendor, consent_request, ticket), _PAGE_HEADERS, "text/html")


def decide_consent(authority: Authority, request: ParsedRequest) -> Reply:
    """Return the redirect to the application, with a code or ``access_denied``.

    Raises:
        Refused: the ticket is unknown or already decided.
    """
    values = dict(request.form)
    pending = authority.pending.pop(values.get("ticket", ""), None) if request.method == "POST" else None
    if pending is None:
        raise make_refusal("invalid", "consent", "no consent request has this ticket")
    auth, consent_request = pending
    server = authority.authorization_server(auth)
    location = server.approve(consent_request) if values.get("decision") == "allow" else consent_request.denied()
    return Reply(303, None, (("Location", location), *_NO_STORE))


def exchange_token(authority: Authority, auth: str, request: ParsedRequest) -> Reply:
    """Return the response of the token endpoint (RFC 6749, 5.1).

    Raises:
        Refused: with the error code of RFC 6749, 5.2 as its check.
    """
    tokens = authority.authorization_server(auth).token(request)
    if isinstance(tokens, Refusal):
        kind: FailureKind = "credentials" if tokens.check == "invalid_client" else "refused"
        raise make_refusal(kind, tokens.check, tokens.message, expected=tokens.expected, got=tokens.got)
    return Reply(200, tokens, _NO_STORE)


def _page(vendor: Vendor, consent_request: ConsentRequest, ticket: str) -> str:
    scope = f"<p>Scope: {escape(consent_request.scope)}</p>" if consent_request.scope else ""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Allow access to {escape(vendor.title)}?</title>
<style>
body {{ font: 16px sans-serif; max-width: 34em; margin: 4em auto; padding: 0 1em }}
button {{ font: inherit; padding: .4em 1.4em }}
</style>
</head><body>
<h1>Allow access?</h1>
<p>The application <b>{escape(consent_request.client_id)}</b> requests access to your account at {escape(vendor.title)}.
This is the sandbox: nothing leaves this machine.</p>
{scope}
<p>You will be redirected to <code>{escape(consent_request.redirect_uri)}</code>.</p>
<form method="post" action="/{escape(vendor.id)}{DECISION_PATH}">
<input type="hidden" name="ticket" value="{escape(ticket)}">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
</body></html>
"""
