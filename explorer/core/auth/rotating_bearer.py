"""A bearer token that every response replaces (``001:34-71``).

    sign in ─► T0 ── call ──► response with T1 ── call ──► response with T2 …
               └─ valid for five more seconds after its use, so that concurrent calls succeed

The newest token is used next; the store keeps late responses from reverting that. If the response with the next token
does not arrive within the grace time, the scheme signs in again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.auth import token_request, wire
from explorer.core.auth.base import PLACEHOLDER, PURPOSE, Flow, Scheme, SigningStep
from explorer.core.auth.options import HeaderTokenOptions, TokenSource
from explorer.core.auth.scheme import AuthScheme
from explorer.core.auth.tokens import CREDENTIAL_ORIGIN, Token
from explorer.core.auth.verifier import Grant, IncomingRequest, Refusal, Verifier, header_token
from explorer.core.catalog.sandbox import Handler, HandlerStep
from explorer.core.text.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    import httpx

    from explorer.core.auth.verifier import AccountBook


class RotatingBearerOptions(HeaderTokenOptions, frozen=True, kw_only=True):
    """A bearer token that every response replaces."""

    token: str = "token"  # noqa: S105 - the name of a credential
    """Credential to start with, if set."""
    prefix: str = "Bearer "
    """What precedes the token in the header, such as ``Bearer``."""
    sign_in: str = ""
    """Endpoint that mints a token."""
    sign_in_values: dict[str, str] = {}
    """Parameter of that endpoint → credential."""
    sign_in_other_values: tuple[dict[str, str], ...] = ()
    """Further sets of parameter → credential, tried in order if the first lacks a credential."""
    also_sign_in: tuple[str, ...] = ()
    """Further endpoints whose response contains a token, stored when the user calls them."""
    token_field: str = "token"  # noqa: S105 - the name of a body field
    """Path of the next token in the response."""
    sign_out: str = ""
    """Endpoint that revokes a token."""
    grace_seconds: float = 5.0
    """Seconds that a used token stays valid (``001:71``)."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.token,)

    @property
    def minting(self) -> str:
        return self.sign_in

    @property
    def ending(self) -> str:
        return self.sign_out

    @property
    def minting_values(self) -> tuple[Mapping[str, str], ...]:
        return (self.sign_in_values, *self.sign_in_other_values)

    @property
    def prefers_minting(self) -> bool:
        return True

    @property
    def endpoints(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.sign_in, self.sign_out, *self.also_sign_in)))

    @property
    def issued(self) -> tuple[str, ...]:
        return (self.token,) if self.sign_in else ()

    @property
    def token_fields(self) -> tuple[str, ...]:
        return (self.token_field,)

    @property
    def grace(self) -> float:
        return self.grace_seconds

    @property
    def token_source(self) -> TokenSource:
        details = [f"A used token stays valid for {self.grace_seconds:g} more seconds."]
        details += [f"Ended by {self.sign_out}."] if self.sign_out else []
        return TokenSource(("sign in", "replaced by every response"), tuple(details), self.sign_in)

    def handlers(self, key: str) -> Iterator[tuple[str, Handler]]:
        yield self.sign_in, token_request.mint_handler(key, self.sign_in_values, self.token_field)
        for endpoint, values in zip(self.also_sign_in, self.sign_in_other_values, strict=False):
            yield endpoint, token_request.mint_handler(key, values, self.token_field)
        yield self.sign_out, Handler(steps=(HandlerStep(do="revoke", auth=key),), status=204)


class RotatingBearer(Scheme[RotatingBearerOptions]):
    """The client side, which signs in when necessary and takes the next token from every response."""

    name = "rotating_bearer"

    def missing(self) -> tuple[str, ...]:
        if self._token(self.context.now()) or self._values() is not None:
            return ()
        return self._absent(tuple(self.options.sign_in_values.values()) or (self.options.token,))

    def prerequisite(self) -> str:
        if self._token(self.context.now()) or self._values() is None:
            return ""
        return f"a token is requested from {self.options.sign_in} first"

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:
        token = self._token(self._time(at))
        if token is None and self._values() is None:
            raise self._missing_credential(self.missing()[0])
        return self._put(request, token.value.reveal() if token else PLACEHOLDER)

    def auth_flow(self, request: httpx.Request) -> Flow:
        token = yield from self._get_or_request(self._current, self._sign_in)
        response = yield from self._send(self._use(request, token), token.value, token.origin)
        self._store_next(response, token)
        if response.status_code != 401 or not self.context.safe_to_retry:
            return
        if self._current() is None and self._values() is None:
            return
        newer = yield from self._get_or_request(self._current, self._sign_in)
        second = self._use(request, newer)
        second.extensions[PURPOSE] = "retry"
        self._store_next((yield from self._send(second, newer.value, newer.origin)), newer)

    def renew(self) -> Flow:
        if self._values() is not None:
            yield from self._request_newer(self._current, self._sign_in)

    def mints(self, endpoint: str) -> bool:
        return bool(endpoint) and endpoint in (self.options.sign_in, *self.options.also_sign_in)

    def learn(self, response: httpx.Response) -> None:
        self._token(self.context.now())  # a token credential set by now is older than the response
        value = token_request.read_token(response, self.options.token_field)
        if value is not None:
            self._begin(value, "a manual sign-in")

    def strip(self, request: httpx.Request) -> httpx.Request:
        bare = wire.copy_request(request)
        bare.headers.pop(self.options.header, None)
        return bare

    def secrets(self) -> tuple[Secret, ...]:
        sets = (self.options.sign_in_values, *self.options.sign_in_other_values)
        names = [name for values in sets for name in values.values()]
        return tuple(token.value for token in self.context.tokens.history) + self._secrets_of(
            self.options.token, *names
        )

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:  # noqa: ARG002 - the base class's
        now = self._time(at)
        token = self._token(now)
        if token is None:
            first = SigningStep(
                title="Token", text=self.prerequisite() or f"none; missing: {', '.join(self.missing())}"
            )
        else:
            used = "" if token.used_at is None else f", used {now - token.used_at:.1f} s ago and within its grace time"
            first = SigningStep(
                title="Token", text=f"{MASK} ({token.value.fingerprint()})", detail=f"from {token.origin}{used}"
            )
        header = SigningStep(title="Header", text=f"{self.options.header}: {self.options.prefix}{MASK}")
        after = f"the {self.options.header} header of the response contains the next token"
        return (
            first,
            header,
            SigningStep(title="Next token", text=after, detail=f"grace: {self.options.grace_seconds:g} s"),
        )

    def _token(self, now: float) -> Token | None:
        """Return the token to use; a new token credential starts its own line."""
        credential = self.context.credential(self.options.token)
        if credential and not self.context.tokens.has_seen(credential):
            self._begin(credential, f"{CREDENTIAL_ORIGIN}{self.options.token!r}", minted=False)
        return self.context.tokens.current(now)

    def _current(self) -> Token | None:
        return self._token(self.context.now())

    def _begin(self, value: Secret, origin: str, *, minted: bool = True) -> Token:
        grace, number = self.options.grace_seconds, self.context.exchange if minted else 0
        token = Token(value, self.context.now(), origin, grace=grace, minted_by=number)
        return self.context.tokens.begin(token)

    def _values(self) -> dict[str, str] | None:
        if not self.options.sign_in:
            return None
        return token_request.mint_values(
            self.context, (self.options.sign_in_values, *self.options.sign_in_other_values)
        )

    def _sign_in(self) -> Generator[httpx.Request, httpx.Response, Token]:
        values = self._values()
        if values is None:
            raise self._missing_credential((self.missing() or (self.options.token,))[0])
        value = yield from token_request.mint(self.context, self.options.sign_in, values, self.options.token_field)
        return self._begin(value, self.options.sign_in)

    def _put(self, request: httpx.Request, text: str) -> httpx.Request:
        signed = self.strip(request)
        signed.headers[self.options.header] = self.options.prefix + text
        return signed

    def _use(self, request: httpx.Request, token: Token) -> httpx.Request:
        self.context.tokens.mark_used(token, self.context.now())
        return self._put(request, token.value.reveal())

    def _store_next(self, response: httpx.Response, token: Token) -> None:
        if response.status_code == 401:
            self.context.tokens.refuse(token, self.context.now())
        if self.context.endpoint.id == self.options.sign_out and response.is_success:
            self.context.tokens.forget(self.context.now())
            return
        header = response.headers.get(self.options.header, "")
        match = re.fullmatch(re.escape(self.options.prefix) + r"(\S+)", header.strip(), re.IGNORECASE)
        if match:
            origin, now = f"the response of {self.context.endpoint.id}", self.context.now()
            grace, number = self.options.grace_seconds, self.context.exchange
            successor = Token(Secret(match[1]), now, origin, grace=grace, minted_by=number)
            self.context.tokens.add(successor, after=token)


@dataclass
class _Live:
    account: str
    parent: str = ""
    used_at: float | None = None
    revoked: bool = False


class RotatingBearerVerifier(Verifier[RotatingBearerOptions]):
    """The server side, which mints a token for every accepted request and blacklists the used one.

    The blacklisting follows after the grace time. A ``token`` credential of an account is valid once, as if minted by a
    sign-in.
    """

    def __init__(
        self,
        options: RotatingBearerOptions,
        accounts: AccountBook,
        now: Callable[[], float],
        nonce: Callable[[int], str],
    ) -> None:
        super().__init__(options, accounts, now, nonce)
        self._live: dict[str, _Live] = {}

    def issuer(self) -> RotatingBearerVerifier:
        return self

    def sign_in(self, values: Mapping[str, str]) -> str | Refusal:
        """Return a token for the parameters of a sign-in call if they belong to an account."""
        for names in (self.options.sign_in_values, *self.options.sign_in_other_values):
            if names and all(values.get(param) for param in names):
                account = self.accounts.find({name: values[param] for param, name in names.items()})
                if account is None:
                    return Refusal("credentials", "wrong credentials", "the credentials of an account", "others")
                return self.mint(account.id)
        return Refusal("credentials", "credentials are missing", " and ".join(self.options.sign_in_values), "fewer")

    def mint(self, account: str, parent: str = "") -> str:
        """Return a new token for *account* that replaces *parent*."""
        token = self.nonce(24)
        self._live[token] = _Live(account, parent)
        return token

    def verify(self, request: IncomingRequest) -> Grant | Refusal:
        token = header_token(request, self.options.header, self.options.prefix)
        if isinstance(token, Refusal):
            return token
        live = self._find(token)
        if live is None:
            return self._unknown(token)
        now, grace = self.now(), self.options.grace_seconds
        if live.revoked:
            return Refusal(
                "token_blacklisted", "the token was signed out", "a token of a new sign-in", "a revoked token"
            )
        if live.used_at is not None and now - live.used_at > grace:
            expected = f"the token of the latest response, or a token used within the last {grace:g} seconds"
            got = f"a token used {now - live.used_at:.1f} seconds ago"
            return Refusal("token_blacklisted", "the used token is blacklisted", expected, got)
        live.used_at = now if live.used_at is None else live.used_at
        successor = self.mint(live.account, token)
        return Grant(live.account, ((self.options.header, self.options.prefix + successor),))

    def revoke(self, token: str) -> None:
        """Revoke a token and its successors at once, without grace time."""
        revoked = {token}
        for text, live in self._live.items():  # parents precede their successors
            if text in revoked or live.parent in revoked:
                revoked.add(text)
                live.revoked = True

    def token_of(self, request: IncomingRequest) -> str:
        """Return the token of a request, or an empty string."""
        token = header_token(request, self.options.header, self.options.prefix)
        return "" if isinstance(token, Refusal) else token

    def _find(self, token: str) -> _Live | None:
        if token not in self._live:
            account = self.accounts.find({self.options.token: token})
            if account is not None:
                self._live[token] = _Live(account.id)
        return self._live.get(token)

    def _unknown(self, token: str) -> Refusal:
        unknown = Refusal("token_unknown", "the token was not issued here", "a token of this server", "another")
        return self.refuse_foreign(self.options.token, token) or unknown


SCHEME = AuthScheme(
    id="rotating_bearer", options=RotatingBearerOptions, client=RotatingBearer, verifier=RotatingBearerVerifier
)
