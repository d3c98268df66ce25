"""The client side of an auth scheme, and its optional capabilities."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Generic, Protocol, TypeAlias, TypeVar

from explorer.core.auth.options import AuthOptions, O_co
from explorer.core.auth.token_history import TokenUse
from explorer.core.model import FrozenStruct
from explorer.core.text.env_names import variable_name
from explorer.core.text.secret import MASK, Secret
from explorer.errors import CredentialMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    import httpx

    from explorer.core.auth.signature_recipe import SignatureInput, SignatureRecipe
    from explorer.core.auth.tokens import Token, TokenStore
    from explorer.core.catalog.model import Endpoint, Vendor


@dataclass(frozen=True)
class SignatureTemplate:
    """A signed request with placeholders for the timestamp and the signature."""

    base: str
    """The base string, with the timestamp placeholder."""
    request: httpx.Request
    escaped: bool
    """Whether values are percent-escaped in the base string."""
    uppercase: bool
    """Whether the hexadecimal signature is uppercase."""
    rewritten: str = ""
    """The credential whose wire form differs from its signed form, so no placeholder can replace it; or empty."""


class Signer(Protocol):
    """What the signature debugger needs from a scheme that signs by a recipe."""

    @property
    def recipe(self) -> SignatureRecipe:
        """The recipe of the signature."""

    @property
    def key_credential(self) -> str:
        """The name of the credential used as the signing key."""

    def material(self, request: httpx.Request, at: float | None = None) -> SignatureInput:
        """Return the recipe's input for *request*, signed at *at* (Unix seconds, default now)."""

    def sent_material(self, request: httpx.Request) -> tuple[SignatureInput, str]:
        """Return the recipe's input for a signed request, and its signature (empty if unsigned)."""

    def template(self, request: httpx.Request, timestamp: str, signature: str) -> SignatureTemplate:
        """Return *request* signed with placeholders for timestamp and signature, for an export.

        Raises:
            CredentialMissing: The key id is missing.
        """


@dataclass(frozen=True)
class AuthorizationRequest:
    """The consent page to open, and what to keep until the redirect."""

    url: str
    state: str
    verifier: Secret
    """The PKCE code verifier; an empty secret if the vendor does not use PKCE."""


class ConsentFlow(Protocol):
    """The login of a scheme whose token requires the user's consent in a browser."""

    @property
    def redirect_credential(self) -> str:
        """The name of the credential that contains the redirect URL."""

    def authorization_url(self) -> AuthorizationRequest:
        """Return the consent page's URL with a fresh state and PKCE challenge."""

    def redeem(
        self, redirect_url: str, request: AuthorizationRequest
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield the request that exchanges the code in *redirect_url* for tokens, and store them.

        Raises:
            CredentialRefused: The redirect or the response contains an error.
        """


_T = TypeVar("_T")
_Tok = TypeVar("_Tok", bound="Token | Secret")
Flow: TypeAlias = "Generator[httpx.Request, httpx.Response, None]"
TokenFlow: TypeAlias = "Generator[httpx.Request, httpx.Response, _T]"
PURPOSE: Final = "explorer.purpose"
SINGLE_FLIGHT: Final = "explorer.single_flight"
PLACEHOLDER: Final = "{token}"
"""Shown in a preview when the token must be requested first."""


class TokensChanged(Exception):
    """Raised in a flow at its token request, which was not sent: another flow's token request has finished."""


class SigningStep(FrozenStruct, frozen=True, kw_only=True):
    """One step of the signing explanation. Secrets in it are masked."""

    title: str
    text: str
    detail: str = ""
    literal: bool = False
    """Whether whitespace in the text is significant."""


def _no_build(endpoint: str, values: Mapping[str, str]) -> httpx.Request:  # noqa: ARG001
    raise LookupError(f"no request builder for {endpoint!r}")


@dataclass(kw_only=True)
class AuthContext:
    """What a scheme may use.

    ``now`` returns Unix seconds and ``nonce(n)`` a URL-safe string from *n* random bytes. ``credential`` returns the
    secret of that name or None. ``build`` returns an unsigned request to another endpoint of this vendor.
    """

    vendor: Vendor
    endpoint: Endpoint
    environment: str
    now: Callable[[], float]
    nonce: Callable[[int], str]
    credential: Callable[[str], Secret | None]
    tokens: TokenStore
    base_url: str
    build: Callable[[str, Mapping[str, str]], httpx.Request] = _no_build
    forget_cached: Callable[[str], None] = lambda _name: None
    """Drop the cached credential of that name, because another process may have replaced it."""
    safe_to_retry: bool = False
    """True only for a read: nothing else is sent twice."""
    exchange: int = 0
    """The exchange's number in the history, 0 if it has none."""


class Scheme(ABC, Generic[O_co]):
    """The client side of a scheme."""

    name: ClassVar[str] = ""

    def __init__(self, options: O_co, context: AuthContext) -> None:
        self.options = options
        self.context = context

    @abstractmethod
    def missing(self) -> tuple[str, ...]:
        """Return the names of the required credentials that are missing."""

    @abstractmethod
    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:
        """Return *request* as it would be signed at *at* (Unix seconds, default now), without network access.

        If the token must be requested first, ``{token}`` replaces it and ``prerequisite`` describes the request.

        Raises:
            CredentialMissing: A required credential is missing.
        """

    @abstractmethod
    def auth_flow(self, request: httpx.Request) -> Flow:
        """Yield the signed request, plus any requests required before or after it.

        Raises:
            CredentialMissing: A required credential is missing; nothing was sent.
            CredentialRefused: The vendor issued no token for the credentials.
        """

    @abstractmethod
    def strip(self, request: httpx.Request) -> httpx.Request:
        """Return a copy of *request* without this scheme's credentials, as it was before signing."""

    @abstractmethod
    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:
        """Explain how ``preview`` computes its result, step by step."""

    def signer(self) -> Signer | None:
        """Return the signature debugger's view of the scheme; None if it does not sign."""
        return None

    def consent(self) -> ConsentFlow | None:
        """Return the login that requires the user's consent; None if none does."""
        return None

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret that the scheme may send or sign with, for masking."""
        return ()

    def signed_at(self, request: httpx.Request) -> float | None:  # noqa: ARG002 - for schemes that need it
        """Return the time (Unix seconds) of the signature in *request*; None if unknown."""
        return None

    def prerequisite(self) -> str:
        """Describe the request that must precede the call; empty if none."""
        return ""

    def mints(self, endpoint: str) -> bool:  # noqa: ARG002 - for schemes that need it
        """Return whether responses of *endpoint* contain a token of this scheme."""
        return False

    def learn(self, response: httpx.Response) -> None:
        """Store the token from the response to a minting call that the user sent."""

    def refresh_call(self) -> httpx.Request | None:
        """Return the request that exchanges the refresh token for a new token; None for a scheme without one.

        Raises:
            CredentialMissing: A required credential is missing.
            UsageError: The token endpoint is not safe (plain http).
        """
        return None

    def renew(self) -> Flow:
        """Yield the requests that get a new token even if the current one is valid; nothing if that is unsupported.

        Raises:
            CredentialMissing, CredentialRefused: As for ``auth_flow``.
        """
        yield from ()

    # --- for the schemes ---------------------------------------------------------------------------------------------

    def _send(
        self, request: httpx.Request, token: Secret, origin: str
    ) -> Generator[httpx.Request, httpx.Response, httpx.Response]:
        """Yield *request*, which carries *token*, and record its time and status in the token's history."""
        context, history = self.context, self.context.tokens.token_records
        use = TokenUse(context.exchange, context.endpoint.id, context.now())
        number = history.record_use(token.fingerprint(), origin, use)
        status: int | None = None
        try:
            response = yield request
            status = response.status_code
            return response
        except TokensChanged:
            history.discard_request(number)
            raise
        finally:
            history.record_response(number, context.now(), status, context.exchange)

    def _get_or_request(self, current: Callable[[], _T | None], ask: Callable[[], TokenFlow[_T]]) -> TokenFlow[_T]:
        """Return the *current* token, or *ask* for one. If another flow is asking already, wait for its token."""
        while True:
            token = current()
            if token is not None:
                return token
            try:
                return (yield from ask())
            except TokensChanged:
                continue

    def _request_newer(self, current: Callable[[], _Tok | None], ask: Callable[[], TokenFlow[_Tok]]) -> TokenFlow[_Tok]:
        """Return a token that differs from the *current* one, from *ask* or from another flow's token request."""
        former = _secret_of(current())

        def newer() -> _Tok | None:
            token = current()
            return None if _secret_of(token) == former else token

        return (yield from self._get_or_request(newer, ask))

    def _time(self, at: float | None) -> float:
        return self.context.now() if at is None else at

    def _require(self, name: str) -> str:
        """Return the credential as a string, or raise CredentialMissing."""
        credential = self.context.credential(name)
        if not credential:
            raise self._missing_credential(name)
        return credential.reveal()

    def _missing_credential(self, name: str) -> CredentialMissing:
        vendor = self.context.vendor
        return CredentialMissing(vendor.id, name, variable_name(vendor.id, name))

    def _absent(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if not self.context.credential(name))

    def _secrets_of(self, *names: str) -> tuple[Secret, ...]:
        """Return the named credentials that are set and that the catalog marks as secret."""
        table = self.context.vendor.credentials
        secret_names = [name for name in names if name not in table or table[name].secret]
        return tuple(credential for name in secret_names if (credential := self.context.credential(name)))

    def _mask(self, text: str) -> str:
        for secret in sorted(self.secrets(), key=lambda secret: -len(secret.reveal())):
            text = text.replace(secret.reveal(), MASK) if secret else text
        return text


class Anonymous(Scheme):
    """No authentication. ``learner`` is the scheme whose token the call mints, if any."""

    name = "none"

    def __init__(self, options: AuthOptions, context: AuthContext, learner: Scheme | None = None) -> None:
        super().__init__(options, context)
        self._learner = learner

    def missing(self) -> tuple[str, ...]:
        return ()

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:  # noqa: ARG002 - for schemes that need it
        return request

    def auth_flow(self, request: httpx.Request) -> Flow:
        response = yield request
        if self._learner is not None and response.is_success:
            self._learner.learn(response)

    def strip(self, request: httpx.Request) -> httpx.Request:
        return request

    def secrets(self) -> tuple[Secret, ...]:
        return self._learner.secrets() if self._learner is not None else ()

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:  # noqa: ARG002 - for schemes that need it
        return (SigningStep(title="No authentication", text="The call is anonymous."),)


def is_secret_name(vendor: Vendor, endpoint: Endpoint, name: str) -> bool:
    """Return whether the catalog marks the parameter *name* (with concrete indexes) as secret."""
    if name.lower() in (field.lower() for field in vendor.secret_fields):
        return True
    secret = (param.name for param in endpoint.params.values() if param.secret)
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\#", r"\d+").replace(r"\*", r"[^]]*"), name) for pattern in secret
    )


def _secret_of(token: Token | Secret | None) -> Secret | None:
    return token if token is None or isinstance(token, Secret) else token.value


def token_request(request: httpx.Request, tokens: TokenStore) -> httpx.Request:
    """Mark *request* as a token request of *tokens*, and return it."""
    request.extensions[PURPOSE] = "auth"
    request.extensions[SINGLE_FLIGHT] = tokens
    return request
