"""OAuth2 authorization code with PKCE (RFC 6749, 7636, 8252; ``003:7-11``): the client without I/O.

    authorization_url ─► the user consents ─► redirect ─► read_redirect ─► exchange_request ─► read_token_response
                                                                            refresh_request ──► read_token_response

The caller opens the browser and listens on loopback. oauthlib writes and reads the messages and is imported on first
use. It refuses plain http unless an environment variable of the whole process allows it. Here plain http is allowed
only for loopback: oauthlib gets the URL with ``https``, and the scheme is restored afterwards.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from explorer.core.auth import wire
from explorer.core.auth.base import (
    PLACEHOLDER,
    PURPOSE,
    AuthorizationRequest,
    Flow,
    Scheme,
    SigningStep,
    TokenFlow,
    token_request,
)
from explorer.core.auth.oauth2.options import OAuth2Options
from explorer.core.auth.tokens import CREDENTIAL_ORIGIN, TOKEN_KINDS, Token, TokenKind
from explorer.core.text.media_type import FORM
from explorer.core.text.secret import MASK, Secret
from explorer.errors import CredentialRefused, UsageError

if TYPE_CHECKING:
    import httpx
    from oauthlib.oauth2 import OAuth2Error, WebApplicationClient


_MAX_LIFETIME = 1_000_000_000
"""Maximum token lifetime in seconds (about 30 years), whatever the server returns."""


class OAuth2(Scheme[OAuth2Options]):
    """A bearer token, refreshed when it has expired and once when a read is refused with 401."""

    name = "oauth2"

    def missing(self) -> tuple[str, ...]:
        if self._token(self.context.now(), "access") or self._can_refresh():
            return ()
        return (*self._absent((self.options.client_id,)), self.options.access_token)

    def prerequisite(self) -> str:
        if self._token(self.context.now(), "access") or not self._can_refresh():
            return ""
        return f"a new access token is requested from {self.options.token} first"

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:
        token = self._token(self._time(at), "access")
        if token is None and not self._can_refresh():
            raise self._missing_credential(self.options.access_token)
        return self._put(request, token.value.reveal() if token else PLACEHOLDER)

    def auth_flow(self, request: httpx.Request) -> Flow:
        token = yield from self._get_or_request(self._access, self._refresh)
        response = yield from self._send(self._put(request, token.value.reveal()), token.value, token.origin)
        if response.status_code != 401:
            return
        self.context.tokens.refuse(token, self.context.now())
        if not self.context.safe_to_retry:
            return
        if self._access() is None and not self._can_refresh():
            return
        newer = yield from self._get_or_request(self._access, self._refresh)
        second = self._put(request, newer.value.reveal())
        second.extensions[PURPOSE] = "retry"
        yield from self._send(second, newer.value, newer.origin)

    def refresh_call(self) -> httpx.Request | None:
        return self.refresh_request(Secret(self._require(self.options.refresh_token))) if self.options.token else None

    def renew(self) -> Flow:
        if self._can_refresh():
            yield from self._request_newer(self._access, self._refresh)

    def strip(self, request: httpx.Request) -> httpx.Request:
        bare = wire.copy_request(request)
        bare.headers.pop(self.options.header, None)
        return bare

    def secrets(self) -> tuple[Secret, ...]:
        options = self.options
        held = self._secrets_of(options.access_token, options.refresh_token, options.client_secret)
        return tuple(token.value for token in self.context.tokens.history) + held

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:  # noqa: ARG002 - the base class's
        now = self._time(at)
        token = self._token(now, "access")
        if token is None:
            step = SigningStep(title="Token", text=self.prerequisite() or "none: log in first")
        else:
            left = "" if token.expires_at is None else f", valid for {int(token.expires_at - now)} s"
            text = f"{MASK} ({token.value.fingerprint()})"
            step = SigningStep(title="Token", text=text, detail=f"from {token.origin}{left}")
        return (step, SigningStep(title="Header", text=f"{self.options.header}: {self.options.prefix}{MASK}"))

    def mints(self, endpoint: str) -> bool:
        return bool(endpoint) and endpoint == self.options.token

    def learn(self, response: httpx.Response) -> None:
        try:
            self.accept(read_token_response(response.content, self.context.now(), "a manual token request"))
        except CredentialRefused:
            return  # the user sent this call and sees its response

    # --- logging in --------------------------------------------------------------------------------------------------

    def consent(self) -> OAuth2:
        return self

    @property
    def redirect_credential(self) -> str:
        return self.options.redirect_uri

    def redeem(self, redirect_url: str, request: AuthorizationRequest) -> Flow:
        code = read_redirect(redirect_url, request.state)
        response = yield self.exchange_request(code, request.verifier)
        self.accept(read_token_response(response.content, self.context.now(), "logging in"))

    def authorization_url(self, redirect_uri: str = "") -> AuthorizationRequest:
        """Return the consent page's URL with a fresh state and PKCE challenge (S256).

        *redirect_uri* overrides the credential of that name.

        Raises:
            CredentialMissing: The client id or the redirect URL is missing.
            UsageError: The page is plain http and not on loopback.
        """
        import httpx

        page = self.context.build(self.options.authorize, {}).url
        names = (
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method",
        )
        bare = str(wire.without_parameters(httpx.Request("GET", page), names).url)
        state = self.context.nonce(24)
        verifier = self.context.nonce(48) if self.options.pkce else ""
        client = self._client()
        challenge = client.create_code_challenge(verifier, "S256") if verifier else None
        url = client.prepare_request_uri(
            _as_https(bare),
            redirect_uri=redirect_uri or self._require(self.options.redirect_uri),
            scope=list(self.options.scopes) or None,
            state=state,
            code_challenge=challenge,
            code_challenge_method="S256" if challenge else None,
        )
        return AuthorizationRequest(_with_scheme_of(url, bare), state, Secret(verifier))

    def exchange_request(self, code: str, verifier: Secret, redirect_uri: str = "") -> httpx.Request:
        """Return the request that exchanges a code for tokens (RFC 6749, 4.1.3), marked as an auth request."""
        secret = self.context.credential(self.options.client_secret)
        body = self._client().prepare_request_body(
            code=code,
            redirect_uri=redirect_uri or self._require(self.options.redirect_uri),
            code_verifier=verifier.reveal() or None,
            client_secret=secret.reveal() if secret else None,
        )
        return self._token_request(body)

    def refresh_request(self, refresh_token: Secret) -> httpx.Request:
        """Return the request that exchanges a refresh token for new tokens (RFC 6749, 6), marked as an auth request."""
        secret = self.context.credential(self.options.client_secret)
        body = self._client().prepare_refresh_body(
            refresh_token=refresh_token.reveal(),
            client_id=self._require(self.options.client_id),
            client_secret=secret.reveal() if secret else None,
        )
        return token_request(self._token_request(body), self.context.tokens)

    def accept(self, tokens: tuple[Token, ...]) -> None:
        """Store the tokens of a token response; they are newer than any token credential set by now."""
        for kind in TOKEN_KINDS:
            self._token(self.context.now(), kind)
        for token in tokens:
            self.context.tokens.begin(replace(token, minted_by=self.context.exchange))

    # --- parts -------------------------------------------------------------------------------------------------------

    def _client(self) -> WebApplicationClient:
        from oauthlib.oauth2 import WebApplicationClient

        return WebApplicationClient(self._require(self.options.client_id))

    def _token_request(self, body: str) -> httpx.Request:
        """Return the catalog's token endpoint request with *body*; its URL must be safe."""
        built = self.context.build(self.options.token, {})
        _as_https(str(built.url))
        request = wire.copy_request(built, content=body.encode())
        request.headers["Content-Type"] = FORM
        request.extensions[PURPOSE] = "auth"
        return request

    def _token(self, now: float, kind: TokenKind) -> Token | None:
        """Return the token to use; a new token credential is the newest."""
        name = self.options.access_token if kind == "access" else self.options.refresh_token
        credential = self.context.credential(name)
        if credential and not self.context.tokens.has_seen(credential):
            self.context.tokens.begin(Token(credential, now, f"{CREDENTIAL_ORIGIN}{name!r}", kind=kind))
        return self.context.tokens.current(now, kind)

    def _access(self) -> Token | None:
        return self._token(self.context.now(), "access")

    def _replaced_elsewhere(self) -> Token | None:
        """Return the access token that another process has stored meanwhile, or None."""
        before = self._access()
        for name in (self.options.access_token, self.options.refresh_token):
            self.context.forget_cached(name)
        token = self._access()
        return None if token is None or (before is not None and token.value == before.value) else token

    def _can_refresh(self) -> bool:
        has_token = self._token(self.context.now(), "refresh") is not None
        return bool(self.options.token and has_token and self.context.credential(self.options.client_id))

    def _refresh(self) -> TokenFlow[Token]:
        newer = self._replaced_elsewhere()
        if newer is not None:
            return newer
        now = self.context.now()
        refresh = self._token(now, "refresh")
        if refresh is None or not self._can_refresh():
            raise self._missing_credential((self.missing() or (self.options.access_token,))[0])
        former = {token.kind: token.value.fingerprint() for token in self.context.tokens.history}
        response = yield from self._send(self.refresh_request(refresh.value), refresh.value, refresh.origin)
        try:
            tokens = read_token_response(response.content, self.context.now(), self.options.token)
        except CredentialRefused:
            if response.status_code < 500:
                self.context.tokens.refuse(refresh, self.context.now())
            raise
        self.accept(tokens)
        for token in tokens:
            if token.kind in former:
                self.context.tokens.token_records.record_replacement(former[token.kind], token.value.fingerprint())
        return next(token for token in self.context.tokens.history if token.value == tokens[0].value)

    def _put(self, request: httpx.Request, text: str) -> httpx.Request:
        signed = self.strip(request)
        signed.headers[self.options.header] = self.options.prefix + text
        return signed


def read_redirect(url: str, state: str) -> str:
    """Return the code in the redirect URL.

    Raises:
        CredentialRefused: The URL contains an error, a different state, no code or a repeated parameter, or is not a
            redirect URL.
        UsageError: It is plain http and not on loopback.
    """
    from oauthlib.oauth2 import MismatchingStateError, OAuth2Error
    from oauthlib.oauth2.rfc6749.parameters import parse_authorization_code_response

    names = [name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    if len(set(names)) != len(names):
        raise CredentialRefused("the redirect repeats a parameter", hint="Log in again.")
    try:
        response = parse_authorization_code_response(_as_https(url), state=state)
    except MismatchingStateError:
        raise CredentialRefused(
            "the redirect belongs to another login: its state differs", hint="Log in again."
        ) from None
    except OAuth2Error as error:
        raise CredentialRefused(f"the login was refused: {_error_text(error)}", hint="Log in again.") from None
    return str(response["code"])


def read_token_response(body: bytes, now: float, origin: str = "the token endpoint") -> tuple[Token, ...]:
    """Return the tokens of a token endpoint's response: the access token, then the refresh token if present.

    Raises:
        CredentialRefused: The body is an error, or not a token response (RFC 6749, 5).
    """
    from oauthlib.oauth2 import OAuth2Error
    from oauthlib.oauth2.rfc6749.parameters import parse_token_response

    try:
        table = json.loads(body)
        if not isinstance(table, dict):
            raise ValueError("not an object")
        read: dict[str, object] = parse_token_response(json.dumps(table))
        access, refresh = read["access_token"], read.get("refresh_token")
        if (
            not isinstance(access, str)
            or not wire.is_sendable(access)
            or str(table.get("token_type", "bearer")).lower() != "bearer"
        ):
            raise ValueError("no bearer token")
        expires = _expiry(read.get("expires_in"), now)
    except OAuth2Error as error:
        raise CredentialRefused(f"no token was issued: {_error_text(error)}", hint="Log in again.") from None
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise CredentialRefused("the token endpoint returned no valid token response", hint="Log in again.") from None
    scope = str(table.get("scope") or "")
    token = Token(Secret(access), now, origin, expires_at=expires, scope=scope)
    if isinstance(refresh, str) and wire.is_sendable(refresh):
        return (token, Token(Secret(refresh), now, origin, kind="refresh"))
    return (token,)


def _expiry(seconds: object, now: float) -> float | None:
    """Return the expiry time (Unix seconds) of a token that lives for *seconds*; None if unknown."""
    if seconds is None:
        return None
    if not isinstance(seconds, int | float | str):
        raise TypeError("expires_in is not a number")
    return now + min(max(int(seconds), 0), _MAX_LIFETIME)


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's loopback (RFC 8252, 7.3 and 8.3)."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _as_https(url: str) -> str:
    """Return *url* with https; plain http is accepted only for loopback."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return url
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return "https" + url[len("http") :]
    raise UsageError(
        f"OAuth2 requires https, not {parts.scheme or 'a URL without a scheme'}",
        hint="Plain http is allowed only for 127.0.0.1, ::1 and localhost.",
    )


def _with_scheme_of(url: str, original: str) -> str:
    """Return *url* with the scheme of *original*."""
    return urlsplit(original).scheme + url[url.index(":") :]


def _error_text(error: OAuth2Error) -> str:
    """Return the code and description of an OAuth error."""
    code, description = str(error.error or "error"), str(error.description or "")
    return f"{code}: {description}" if description else code
