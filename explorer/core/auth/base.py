"""The client side of every auth scheme, and the optional capabilities of one."""

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
    """A signed request in which placeholders stand for time and signature."""

    base: str
    """The base string, with the placeholder for the time."""
    request: httpx.Request
    escaped: bool
    """Whether values are percent-escaped in the base string."""
    uppercase: bool
    """Whether the hexadecimal signature is in capitals."""
    rewritten: str = ""
    """The credential that is sent otherwise than it is signed, so that no placeholder can stand for it; or empty."""


class Signer(Protocol):
    """What a scheme that signs by a recipe lets the signature debugger see."""

    @property
    def recipe(self) -> SignatureRecipe:
        """How its signature is made."""

    @property
    def key_credential(self) -> str:
        """The credential that is the signing key."""

    def material(self, request: httpx.Request, at: float | None = None) -> SignatureInput:
        """Return what *request* offers to the recipe, signed at *at* (Unix seconds, or now)."""

    def sent_material(self, request: httpx.Request) -> tuple[SignatureInput, str]:
        """Return what a signed request offers, and its signature (empty where it has none)."""

    def template(self, request: httpx.Request, timestamp: str, signature: str) -> SignatureTemplate:
        """Return *request* as it is signed with placeholders for time and signature, for an export.

        Raises:
            CredentialMissing: there is no key id.
        """


@dataclass(frozen=True)
class AuthorizationRequest:
    """Where to send the person who consents, and what to remember until the redirect comes back."""

    url: str
    state: str
    verifier: Secret
    """The PKCE code verifier; an empty secret where the vendor does without."""


class ConsentFlow(Protocol):
    """What a scheme offers whose token needs a person's consent in a browser."""

    @property
    def redirect_credential(self) -> str:
        """The credential that is the redirect URL."""

    def authorization_url(self) -> AuthorizationRequest:
        """Return the consent page's URL with a fresh state and PKCE challenge."""

    def redeem(self, landed: str, request: AuthorizationRequest) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield the request that turns the code in the URL *landed* into tokens, and store them.

        Raises:
            CredentialRefused: the redirect or the response carries an error.
        """


_T = TypeVar("_T")
_Tok = TypeVar("_Tok", bound="Token | Secret")
Flow: TypeAlias = "Generator[httpx.Request, httpx.Response, None]"
TokenFlow: TypeAlias = "Generator[httpx.Request, httpx.Response, _T]"
PURPOSE: Final = "explorer.purpose"
SINGLE_FLIGHT: Final = "explorer.single_flight"
PLACEHOLDER: Final = "{token}"
"""Stands in a preview where a token would have to be asked for first."""


class TokensChanged(Exception):
    """Thrown into a flow at its token request, which was not sent: another flow's token request has ended."""


class SigningStep(FrozenStruct, frozen=True, kw_only=True):
    """One step of how a request was signed, for people. Secrets in it are masked."""

    title: str
    text: str
    detail: str = ""
    literal: bool = False
    """Whether every character of the text counts, blanks too."""


def _no_build(endpoint: str, values: Mapping[str, str]) -> httpx.Request:  # noqa: ARG001
    raise LookupError(f"no way to build {endpoint!r}")


@dataclass(kw_only=True)
class AuthContext:
    """What a scheme may use. ``now`` gives Unix seconds; ``nonce(n)`` URL-safe text from *n* random bytes;
    ``credential`` the secret of that name or None; ``build`` an unsigned request of another endpoint of this vendor."""

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
    """Reads the credential of that name afresh, which another process may have replaced by now."""
    safe_to_retry: bool = False
    """True only for a read: nothing else is sent a second time."""
    exchange: int = 0
    """The number in the history of the exchange that this is for, 0 where it has none."""


class Scheme(ABC, Generic[O_co]):
    """The client's side of a scheme, over the options of the scheme."""

    name: ClassVar[str] = ""

    def __init__(self, options: O_co, context: AuthContext) -> None:
        self.options = options
        self.context = context

    @abstractmethod
    def missing(self) -> tuple[str, ...]:
        """Names of the credentials that it needs and has not."""

    @abstractmethod
    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:
        """*request* as it would be signed at *at* (Unix seconds, or now), without any network.

        Where a token would have to be asked for first, ``{token}`` stands in its place and ``prerequisite`` says so.

        Raises:
            CredentialMissing: a credential that it needs is not to be had.
        """

    @abstractmethod
    def auth_flow(self, request: httpx.Request) -> Flow:
        """Yield the signed request, and what must go before or after it.

        Raises:
            CredentialMissing: a credential that it needs is not to be had; nothing was sent.
            CredentialRefused: the vendor gave no token for the credentials.
        """

    @abstractmethod
    def strip(self, request: httpx.Request) -> httpx.Request:
        """A copy of *request* without any trace of this scheme's credentials, as before it was signed."""

    @abstractmethod
    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:
        """How ``preview`` comes to its result, step by step."""

    def signer(self) -> Signer | None:
        """Return what the signature debugger needs; None for a scheme that signs nothing."""
        return None

    def consent(self) -> ConsentFlow | None:
        """Return the login that needs a person's consent; None where logging in needs none."""
        return None

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret that it has put or could put on the wire or into a signature, for masking."""
        return ()

    def signed_at(self, request: httpx.Request) -> float | None:  # noqa: ARG002 - for schemes that need it
        """The moment (Unix seconds) that the signature in *request* is of; None where it does not tell."""
        return None

    def prerequisite(self) -> str:
        """What has to be asked of the vendor before the call, in words, or an empty text."""
        return ""

    def mints(self, endpoint: str) -> bool:  # noqa: ARG002 - for schemes that need it
        """Whether the answer of that endpoint holds a token of this scheme."""
        return False

    def learn(self, response: httpx.Response) -> None:
        """Take in the token of an answer to a call that mints one and that a person made by hand."""

    def refresh_call(self) -> httpx.Request | None:
        """Return the request that gives a new token for a refresh token; None for a scheme without one.

        Raises:
            CredentialMissing: a credential for it is missing; UsageError: the token endpoint is not safe (plain http).
        """
        return None

    def renew(self) -> Flow:
        """Yield what gets a new token, be there a good one or not; nothing where the scheme has no way to.

        Raises:
            CredentialMissing, CredentialRefused: as ``auth_flow``.
        """
        yield from ()

    # --- for the schemes ---------------------------------------------------------------------------------------------

    def _sent(
        self, request: httpx.Request, token: Secret, origin: str
    ) -> Generator[httpx.Request, httpx.Response, httpx.Response]:
        """Yield *request*, which carries *token*, and write into the token's life when it went and what came of it."""
        context, lives = self.context, self.context.tokens.token_records
        use = TokenUse(context.exchange, context.endpoint.id, context.now())
        number = lives.used(token.fingerprint(), origin, use)
        status: int | None = None
        try:
            response = yield request
            status = response.status_code
            return response
        except TokensChanged:
            lives.discard_request(number)
            raise
        finally:
            lives.answered(number, context.now(), status, context.exchange)

    def _shared(self, current: Callable[[], _T | None], ask: Callable[[], TokenFlow[_T]]) -> TokenFlow[_T]:
        """Return the *current* token, or *ask* for one. While another flow asks, wait for what it brings."""
        while True:
            token = current()
            if token is not None:
                return token
            try:
                return (yield from ask())
            except TokensChanged:
                continue

    def _renewed(self, current: Callable[[], _Tok | None], ask: Callable[[], TokenFlow[_Tok]]) -> TokenFlow[_Tok]:
        """Return a token other than the *current* one: from *ask*, or from another flow that was asking already."""
        former = _secret_of(current())

        def newer() -> _Tok | None:
            token = current()
            return None if _secret_of(token) == former else token

        return (yield from self._shared(newer, ask))

    def _time(self, at: float | None) -> float:
        return self.context.now() if at is None else at

    def _need(self, name: str) -> str:
        """The text of a credential, or CredentialMissing."""
        found = self.context.credential(name)
        if not found:
            raise self._missing_credential(name)
        return found.reveal()

    def _missing_credential(self, name: str) -> CredentialMissing:
        vendor = self.context.vendor
        return CredentialMissing(vendor.id, name, variable_name(vendor.id, name))

    def _without(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if not self.context.credential(name))

    def _held(self, *names: str) -> tuple[Secret, ...]:
        """Those of the named credentials that are there and that the catalog calls secret."""
        table = self.context.vendor.credentials
        wanted = [name for name in names if name not in table or table[name].secret]
        return tuple(found for name in wanted if (found := self.context.credential(name)))

    def _mask(self, text: str) -> str:
        for secret in sorted(self.secrets(), key=lambda one: -len(one.reveal())):
            text = text.replace(secret.reveal(), MASK) if secret else text
        return text


class Anonymous(Scheme):
    """No authentication. ``learner`` is the scheme whose token the call mints, if it mints one."""

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
        return (SigningStep(title="No authentication", text="This call is anonymous: nothing is added."),)


def is_secret_name(vendor: Vendor, endpoint: Endpoint, name: str) -> bool:
    """Whether a parameter of that (concrete) name holds a secret, by what the catalog says."""
    if name.lower() in (one.lower() for one in vendor.secret_fields):
        return True
    secret = (param.name for param in endpoint.params.values() if param.secret)
    return any(re.fullmatch(re.escape(one).replace(r"\#", r"\d+").replace(r"\*", r"[^]]*"), name) for one in secret)


def _secret_of(token: Token | Secret | None) -> Secret | None:
    return token if token is None or isinstance(token, Secret) else token.value


def token_request(request: httpx.Request, tokens: TokenStore) -> httpx.Request:
    """Mark *request* as one that asks for a token of *tokens*, and return it."""
    request.extensions[PURPOSE] = "auth"
    request.extensions[SINGLE_FLIGHT] = tokens
    return request
