"""The authorization server of the sandbox: codes, tokens and refreshing (RFC 6749, 7636, 9700)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from explorer.core.auth.oauth2.options import OAuth2Options
from explorer.core.auth.verifier import (
    Account,
    AccountBook,
    ConsentRequest,
    Grant,
    IncomingRequest,
    Refusal,
    Verifier,
    constant_time_equal,
    header_token,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class _Code:
    request: ConsentRequest
    expires_at: float
    used: bool = False
    family: str = ""


@dataclass
class _Issued:
    account: str
    family: str
    kind: str
    scope: str
    expires_at: float | None = None
    spent: bool = False
    revoked: bool = False


class OAuth2Verifier(Verifier[OAuth2Options]):
    """The server side, which issues and verifies codes and tokens.

    The ``check`` of a token endpoint refusal is the error code of RFC 6749, 5.2.
    """

    def __init__(
        self, options: OAuth2Options, accounts: AccountBook, now: Callable[[], float], nonce: Callable[[int], str]
    ) -> None:
        super().__init__(options, accounts, now, nonce)
        self._codes: dict[str, _Code] = {}
        self._issued: dict[str, _Issued] = {}

    def authorization_server(self) -> OAuth2Verifier:
        return self

    # --- consent -----------------------------------------------------------------------------------------------------

    def consent(self, request: IncomingRequest) -> ConsentRequest | Refusal:
        """Return the parameters of the consent page.

        A Refusal (``client_id`` or ``redirect_uri``) must be shown to the user and never sent to the redirect URL (RFC
        6749, 4.1.2.1).
        """
        values = dict(request.query + request.form)
        account = self._client(values.get("client_id", ""))
        if account is None:
            return Refusal("client_id", "unknown application", "a registered client id", "another")
        redirect, known = values.get("redirect_uri", ""), account.value(self.options.redirect_uri)
        if redirect != known:
            return Refusal("redirect_uri", "the redirect URL is not registered", known, redirect or "nothing")
        error, description = self._request_error(values, [name for name, _ in request.query + request.form])
        return ConsentRequest(
            account.id,
            values["client_id"],
            redirect,
            values.get("state", ""),
            values.get("scope", ""),
            values.get("code_challenge", ""),
            error,
            description,
        )

    def approve(self, request: ConsentRequest) -> str:
        """Issue a code bound to application, redirect URL and challenge, and return the redirect URL with it."""
        code = self.nonce(24)
        self._codes[code] = _Code(request, self.now() + self.options.code_seconds)
        return request.back(code=code)

    def _request_error(self, values: dict[str, str], names: list[str]) -> tuple[str, str]:
        if len(set(names)) != len(names):
            return "invalid_request", "a parameter is given more than once"
        if values.get("response_type") != "code":
            return "unsupported_response_type", "response_type must be code"
        challenge, method = values.get("code_challenge", ""), values.get("code_challenge_method", "plain")
        if challenge and method != "S256":
            return "invalid_request", "code_challenge_method must be S256"
        if self.options.pkce and not challenge:
            return "invalid_request", "code_challenge is missing"
        if challenge and not re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge):
            return "invalid_request", "code_challenge is not an S256 challenge"
        unknown = set(values.get("scope", "").split()) - set(self.options.scopes)
        if unknown and self.options.scopes:
            return "invalid_scope", f"unknown scope {' '.join(sorted(unknown))}"
        return "", ""

    # --- tokens ------------------------------------------------------------------------------------------------------

    def token(self, request: IncomingRequest) -> dict[str, object] | Refusal:
        """Return the token endpoint's response as an object (RFC 6749, 5.1), or the refusal."""
        values = dict(request.form)
        if len(values) != len(request.form):
            return Refusal("invalid_request", "a parameter is given more than once", "each once", "repeated")
        account = self._authenticate(request, values)
        if isinstance(account, Refusal):
            return account
        kind = values.get("grant_type", "")
        if kind == "authorization_code":
            return self._exchange(account, values)
        if kind == "refresh_token":
            return self._refresh(account, values)
        if not kind:
            return Refusal("invalid_request", "grant_type is missing", "authorization_code or refresh_token", "nothing")
        return Refusal("unsupported_grant_type", "unknown grant_type", "authorization_code or refresh_token", kind)

    def verify(self, request: IncomingRequest) -> Grant | Refusal:
        token = header_token(request, self.options.header, self.options.prefix)
        if isinstance(token, Refusal):
            return token
        foreign = self.refuse_foreign(self.options.access_token, token)
        if foreign is not None:
            return foreign
        issued = self._issued.get(token)
        if issued is None or issued.kind != "access":
            account = self.accounts.find({self.options.access_token: token})
            unknown = Refusal("token_unknown", "the access token was not issued here", "an access token", "another")
            return Grant(account.id) if account else unknown
        if issued.revoked:
            return Refusal("token_blacklisted", "the access token was revoked", "a valid token", "a revoked token")
        if issued.expires_at is not None and self.now() >= issued.expires_at:
            late = self.now() - issued.expires_at
            return Refusal(
                "token_expired", "the access token has expired", "a fresh token", f"{late:.0f} seconds too late"
            )
        return Grant(issued.account)

    def _exchange(self, account: Account, values: dict[str, str]) -> dict[str, object] | Refusal:
        code = self._codes.get(values.get("code", ""))
        if code is None or code.request.client_id != account.value(self.options.client_id):
            return Refusal("invalid_grant", "the code was not issued to this application", "its own code", "another")
        if code.used:
            self._revoke(code.family)
            return Refusal(
                "invalid_grant", "the code was used before; its tokens are revoked", "a fresh code", "a used one"
            )
        if self.now() >= code.expires_at:
            return Refusal("invalid_grant", "the code has expired", f"within {self.options.code_seconds} s", "later")
        if values.get("redirect_uri", "") != code.request.redirect_uri:
            expected = code.request.redirect_uri
            return Refusal("invalid_grant", "redirect_uri differs", expected, values.get("redirect_uri", "nothing"))
        if code.request.challenge and not _matches_challenge(values.get("code_verifier", ""), code.request.challenge):
            return Refusal("invalid_grant", "code_verifier does not match the challenge", "its verifier", "another")
        code.used, code.family = True, self.nonce(8)
        return self._issue(account.id, code.family, code.request.scope)

    def _refresh(self, account: Account, values: dict[str, str]) -> dict[str, object] | Refusal:
        text = values.get("refresh_token", "")
        issued = self._issued.get(text)
        if issued is None and text and constant_time_equal(account.value(self.options.refresh_token), text):
            issued = self._issued[text] = _Issued(account.id, self.nonce(8), "refresh", "")
        if issued is None or issued.kind != "refresh" or issued.account != account.id or issued.revoked:
            return Refusal("invalid_grant", "the refresh token is invalid", "a token issued here", "another")
        if issued.spent:
            self._revoke(issued.family)
            return Refusal(
                "invalid_grant",
                "the refresh token was used before; its family is revoked",
                "the latest token",
                "an old one",
            )
        issued.spent = True
        return self._issue(issued.account, issued.family, issued.scope)

    def _issue(self, account: str, family: str, scope: str) -> dict[str, object]:
        access, refresh, seconds = self.nonce(32), self.nonce(32), self.options.access_seconds
        self._issued[access] = _Issued(account, family, "access", scope, self.now() + seconds)
        self._issued[refresh] = _Issued(account, family, "refresh", scope)
        table = {"access_token": access, "token_type": "Bearer", "expires_in": seconds, "refresh_token": refresh}
        return table | ({"scope": scope} if scope else {})

    def _revoke(self, family: str) -> None:
        for issued in self._issued.values():
            if issued.family == family:
                issued.revoked = True

    def _client(self, client_id: str) -> Account | None:
        return self.accounts.find({self.options.client_id: client_id})

    def _authenticate(self, request: IncomingRequest, values: dict[str, str]) -> Account | Refusal:
        """Return the account of a client id and secret, from the body or Basic (RFC 6749, 2.3.1), never both."""
        basic = _basic(request.headers.get("authorization", ""))
        if basic is not None and "client_secret" in values:
            return Refusal("invalid_request", "the client authenticates twice", "header or body", "both")
        client_id, secret = basic or (values.get("client_id", ""), values.get("client_secret", ""))
        for account in self._clients(client_id):
            if constant_time_equal(account.value(self.options.client_secret), secret):
                return account
        return Refusal("invalid_client", "wrong client id or secret", "those of a registered application", "others")

    def _clients(self, client_id: str) -> Iterator[Account]:
        for account in self.accounts.accounts:
            if client_id and constant_time_equal(account.value(self.options.client_id), client_id):
                yield account


def _matches_challenge(verifier: str, challenge: str) -> bool:
    """Return whether BASE64URL(SHA256(verifier)) is the challenge (RFC 7636, 4.6).

    A verifier has 43 to 128 characters (RFC 7636, 4.1).
    """
    if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
        return False
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return constant_time_equal(base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"), challenge)


def _basic(header: str) -> tuple[str, str] | None:
    word, _, rest = header.partition(" ")
    if word.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return unquote_plus(name), unquote_plus(secret)
