"""A token sent as an ordinary parameter, in the query or the form depending on the method (``000:49,407,459``).

A call with client id and secret mints it (``000:698-739``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.auth import token_request, wire
from explorer.core.auth.base import PLACEHOLDER, PURPOSE, Flow, Scheme, SigningStep
from explorer.core.auth.options import AuthOptions, TokenPlacement, TokenSource
from explorer.core.auth.scheme import AuthScheme
from explorer.core.auth.tokens import Token
from explorer.core.auth.verifier import Grant, IncomingRequest, Refusal, Verifier
from explorer.core.text.media_type import FORM, essence
from explorer.core.text.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    import httpx

    from explorer.core.auth.verifier import AccountBook
    from explorer.core.catalog.sandbox import Handler


class TokenParamOptions(AuthOptions, frozen=True, kw_only=True):
    """A token sent as an ordinary parameter."""

    token: str = "access_token"  # noqa: S105 - the name of a credential
    """Credential that is used instead of minting, if set."""
    param: str = "access_token"
    """The parameter that carries the token."""
    query_methods: tuple[str, ...] = ("GET", "HEAD")
    """Methods that carry it in the query; the others carry it in the form."""
    mint: str = ""
    """Endpoint that mints a token."""
    mint_values: dict[str, str] = {}
    """Parameter of that endpoint → credential."""
    token_field: str = "access_token"  # noqa: S105 - the name of a body field
    """Path of the token in the response that mints it."""
    refused_statuses: tuple[int, ...] = (401,)
    """Statuses that mean a minted token is no longer valid; a read is then retried once with a new one."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.token,)

    @property
    def minting(self) -> str:
        return self.mint

    @property
    def params(self) -> tuple[str, ...]:
        return (self.param,)

    @property
    def minting_values(self) -> tuple[Mapping[str, str], ...]:
        return (self.mint_values,)

    @property
    def issued(self) -> tuple[str, ...]:
        return (self.token,) if self.mint else ()

    @property
    def token_fields(self) -> tuple[str, ...]:
        return (self.token_field,)

    def token_place(self, method: str) -> TokenPlacement:
        return TokenPlacement("query" if method in self.query_methods else "form", self.param)

    @property
    def placement(self) -> tuple[str, str]:
        methods = ", ".join(self.query_methods)
        detail = (
            f"In the query for {methods}, in the form for other methods."
            if methods
            else "In the form for every method."
        )
        return f"parameter {self.param}", detail

    @property
    def token_source(self) -> TokenSource:
        return TokenSource(("requested with id and secret" if self.mint else "entered manually",), endpoint=self.mint)

    def handlers(self, key: str) -> Iterator[tuple[str, Handler]]:
        yield self.mint, token_request.mint_handler(key, self.mint_values, self.token_field)


class TokenParam(Scheme[TokenParamOptions]):
    """The client side. A token credential takes precedence over a minted token."""

    name = "token_param"

    def missing(self) -> tuple[str, ...]:
        if self._token(self.context.now()) or self._values() is not None:
            return ()
        return self._absent(tuple(self.options.mint_values.values()) or (self.options.token,))

    def prerequisite(self) -> str:
        if self._token(self.context.now()) or self._values() is None:
            return ""
        return f"a token is requested from {self.options.mint} first"

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:
        token = self._token(self._time(at))
        if token is None and self._values() is None:
            raise self._missing_credential(self.missing()[0])
        return self._put(request, token.reveal() if token else PLACEHOLDER)

    def auth_flow(self, request: httpx.Request) -> Flow:
        token = yield from self._get_or_request(self._current, self._mint)
        response = yield from self._send(self._put(request, token.reveal()), token, self._origin(token))
        if response.status_code not in self.options.refused_statuses or not self._drop(token):
            return
        if self.context.safe_to_retry and self._values() is not None:
            token = yield from self._get_or_request(self._current, self._mint)
            second = self._put(request, token.reveal())
            second.extensions[PURPOSE] = "retry"
            yield from self._send(second, token, self._origin(token))

    def renew(self) -> Flow:
        if self._values() is not None:
            yield from self._request_newer(self._current, self._mint)

    def mints(self, endpoint: str) -> bool:
        return bool(endpoint) and endpoint == self.options.mint

    def learn(self, response: httpx.Response) -> None:
        value = token_request.read_token(response, self.options.token_field)
        if value is not None:
            self._begin(value, "a manual token request")

    def strip(self, request: httpx.Request) -> httpx.Request:
        return wire.without_parameters(request, (self.options.param,))

    def secrets(self) -> tuple[Secret, ...]:
        minted = tuple(token.value for token in self.context.tokens.history)
        return minted + self._secrets_of(self.options.token, *self.options.mint_values.values())

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:
        place = "query" if self._in_query(request) else "form"
        token = self._token(self._time(at))
        if token is None:
            text = self.prerequisite() or f"none; missing: {', '.join(self.missing())}"
        else:
            text = f"{MASK} ({token.fingerprint()})"
        detail = f"in the {place} for {request.method}"
        return (
            SigningStep(title="Token", text=text, detail=self._origin(token)),
            SigningStep(title="Sent", text=f"{self.options.param}={MASK}", detail=detail),
        )

    def _token(self, now: float) -> Secret | None:
        credential = self.context.credential(self.options.token)
        if credential:
            return credential
        minted = self.context.tokens.current(now)
        return minted.value if minted else None

    def _current(self) -> Secret | None:
        return self._token(self.context.now())

    def _origin(self, token: Secret | None) -> str:
        if token is not None and token == self.context.credential(self.options.token):
            return f"the credential {self.options.token!r}"
        minted = self._minted(token)
        return f"from {minted.origin}" if minted else ""

    def _minted(self, token: Secret | None) -> Token | None:
        return next((minted for minted in self.context.tokens.history if minted.value == token), None)

    def _drop(self, token: Secret) -> bool:
        """Return whether a refused token was minted, and if so stop using it."""
        minted = self._minted(token)
        if minted is None or token == self.context.credential(self.options.token):
            return False
        self.context.tokens.refuse(minted, self.context.now())
        return True

    def _values(self) -> dict[str, str] | None:
        return token_request.mint_values(self.context, (self.options.mint_values,)) if self.options.mint else None

    def _mint(self) -> Generator[httpx.Request, httpx.Response, Secret]:
        values = self._values()
        if values is None:
            raise self._missing_credential((self.missing() or (self.options.token,))[0])
        value = yield from token_request.mint(self.context, self.options.mint, values, self.options.token_field)
        return self._begin(value, self.options.mint)

    def _begin(self, value: Secret, origin: str) -> Secret:
        token = Token(value, self.context.now(), origin, minted_by=self.context.exchange)
        return self.context.tokens.begin(token).value

    def _put(self, request: httpx.Request, text: str) -> httpx.Request:
        bare = self.strip(request)
        pairs = ((self.options.param, text),)
        return wire.add_to_query(bare, pairs) if self._in_query(bare) else wire.add_to_body(bare, pairs)

    def _in_query(self, request: httpx.Request) -> bool:
        """Return whether *request* carries it in the query: by method, or because the body is not a form."""
        if request.method in self.options.query_methods:
            return True
        content_type = request.headers.get("content-type", "")
        is_form = essence(content_type) == FORM or wire.boundary_of(content_type)
        return bool(request.content) and not is_form


class TokenParamVerifier(Verifier[TokenParamOptions]):
    """The server side, which accepts the token only where the method expects it, and only once (``000:66``)."""

    def __init__(
        self,
        options: TokenParamOptions,
        accounts: AccountBook,
        now: Callable[[], float],
        nonce: Callable[[int], str],
    ) -> None:
        super().__init__(options, accounts, now, nonce)
        self._live: dict[str, str] = {}

    def issuer(self) -> TokenParamVerifier:
        return self

    def mint(self, account: str) -> str:
        """Return a new token for *account*."""
        token = self.nonce(24)
        self._live[token] = account
        return token

    def revoke(self, token: str) -> None:
        """Revoke a token that was minted here."""
        self._live.pop(token, None)

    def token_of(self, request: IncomingRequest) -> str:
        """Return the token of a request, or an empty string."""
        return dict((*request.query, *request.form)).get(self.options.param, "")

    def verify(self, request: IncomingRequest) -> Grant | Refusal:
        name = self.options.param
        in_query = [value for key, value in request.query if key == name]
        in_form = [value for key, value in request.form if key == name]
        place, other = ("query", "form") if request.method in self.options.query_methods else ("form", "query")
        right, wrong = (in_query, in_form) if place == "query" else (in_form, in_query)
        expected = f"{name} once in the {place} of a {request.method}"
        if len(right) + len(wrong) > 1:
            return Refusal("token_repeated", f"{name} is given more than once", expected, f"{len(right + wrong)} times")
        if wrong:
            return Refusal("token_place", f"{name} is in the wrong part of the request", expected, f"in the {other}")
        if not right or not right[0]:
            return Refusal("token_missing", f"{name} is missing", expected, "an empty value" if right else "nothing")
        return self._admit(right[0])

    def _admit(self, token: str) -> Grant | Refusal:
        foreign = self.refuse_foreign(self.options.token, token)
        if foreign is not None:
            return foreign
        if token in self._live:
            return Grant(self._live[token])
        account = self.accounts.find({self.options.token: token})
        if account is None:
            return Refusal("token_unknown", "the token was not issued here", "a token of this server", "another")
        return Grant(account.id)


SCHEME = AuthScheme(id="token_param", options=TokenParamOptions, client=TokenParam, verifier=TokenParamVerifier)
