"""The server side of an auth scheme: verify a request against known accounts."""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol
from urllib.parse import urlencode, urlsplit

from explorer.core.auth.options import O_co
from explorer.core.text.env_names import variable_name
from explorer.core.text.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from explorer.core.catalog.model import Vendor


@dataclass
class IncomingRequest:
    """A request as the vendor receives it.

    ``path`` is decoded and below the vendor's root (``/v1/order/calculate.json``). ``query`` and ``form`` are decoded
    pairs in order; ``form`` contains urlencoded or multipart text fields. ``files`` are the names of file fields.
    Header names are lowercase.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """Why a request was refused: the failed ``check``, a message, and the expected and received values."""

    check: str
    message: str
    expected: str = ""
    got: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Extra response headers, such as a challenge (RFC 9110, 11.6.1)."""


@dataclass(frozen=True)
class Grant:
    """The account, and the headers that the response must carry with any status."""

    account: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ConsentRequest:
    """What an application requests consent for. With an ``error``, the user is redirected back at once."""

    account: str
    client_id: str
    redirect_uri: str
    state: str = ""
    scope: str = ""
    challenge: str = ""
    error: str = ""
    description: str = ""

    def back(self, **params: str) -> str:
        """Return the redirect URL with these parameters and the state, without empty ones."""
        pairs = {name: value for name, value in {**params, "state": self.state}.items() if value}
        return self.redirect_uri + ("&" if urlsplit(self.redirect_uri).query else "?") + urlencode(pairs)

    def denied(self) -> str:
        """Return the redirect URL after a denied consent or a wrong request (RFC 6749, 4.1.2.1)."""
        return self.back(error=self.error or "access_denied", error_description=self.description)


class TokenIssuer(Protocol):
    """The token operations of a verifier whose vendor issues tokens."""

    def mint(self, account: str) -> str:
        """Return a new token for *account*."""

    def revoke(self, token: str) -> None:
        """Revoke a token."""

    def token_of(self, request: IncomingRequest) -> str:
        """Return the token of a request, or an empty string."""


class AuthorizationServer(Protocol):
    """The consent operations of a verifier whose vendor asks the user for consent (RFC 6749, 4.1)."""

    def consent(self, request: IncomingRequest) -> ConsentRequest | Refusal:
        """Return the parameters of the consent page."""

    def approve(self, request: ConsentRequest) -> str:
        """Return the redirect URL with a code."""

    def token(self, request: IncomingRequest) -> dict[str, object] | Refusal:
        """Return the token endpoint's response as an object (RFC 6749, 5.1), or the refusal."""


class Verifier(ABC, Generic[O_co]):
    """The server side of a scheme."""

    def __init__(
        self, options: O_co, accounts: AccountBook, now: Callable[[], float], nonce: Callable[[int], str]
    ) -> None:
        self.options = options
        self.accounts = accounts
        self.now = now
        self.nonce = nonce

    def issuer(self) -> TokenIssuer | None:
        """Return the token operations; None if tokens are entered manually, or there are none."""
        return None

    def authorization_server(self) -> AuthorizationServer | None:
        """Return the consent operations; None if no consent is required."""
        return None

    def refuse_foreign(self, name: str, token: str) -> Refusal | None:
        """Return a refusal if *token* is a value of the credential *name* in another environment."""
        if not self.accounts.is_foreign(name, token):
            return None
        message = "the token belongs to another environment"
        return Refusal("token_environment", message, "a token of this environment", "a token of another")

    @abstractmethod
    def verify(self, request: IncomingRequest) -> Grant | Refusal:
        """Return whether the request is accepted."""


def header_token(request: IncomingRequest, header: str, prefix: str) -> str | Refusal:
    """Return the token of a header without its prefix; the prefix is case-insensitive (RFC 9110, 11.1)."""
    expected = f"{header}: {prefix}TOKEN"
    value = request.headers.get(header.lower())
    if value is None:
        stray = request.headers.get(prefix.strip().lower()) if prefix.strip() else None
        if stray is not None:
            return Refusal("token_malformed", f"the header is named {prefix.strip()}", expected, f"{prefix.strip()}: …")
        return Refusal("token_missing", f"the header {header} is missing", expected)
    word, rest = value[: len(prefix)], value[len(prefix) :]
    if word.lower() != prefix.lower() or not rest or rest != rest.strip() or " " in rest:
        return Refusal("token_malformed", f"the header {header} is malformed", expected, _mask_value(value))
    return rest


def _mask_value(value: str) -> str:
    """Return a header value masked except for a known first word, so that no token is repeated."""
    word, _, rest = value.partition(" ")
    known = word.rstrip(":").lower() in ("bearer", "basic", "digest", "token")
    return f"{word} {'…' if rest else ''}".strip() if known else "…"


def constant_time_equal(left: str, right: str) -> bool:
    """Compare two strings in constant time."""
    return hmac.compare_digest(left.encode("utf-8", "surrogateescape"), right.encode("utf-8", "surrogateescape"))


@dataclass(frozen=True, slots=True)
class Account:
    """One customer of the vendor: credential name → value."""

    id: str
    values: Mapping[str, Secret]

    def value(self, name: str) -> str:
        """Return a credential's value, or an empty string."""
        secret = self.values.get(name)
        return secret.reveal() if secret else ""


class AccountBook:
    """All accounts, and for each credential the values that belong to another environment."""

    def __init__(self, accounts: Iterable[Account] = (), foreign: Mapping[str, Iterable[str]] | None = None) -> None:
        self._accounts = {account.id: account for account in accounts}
        self._foreign = {name: tuple(Secret(value) for value in values) for name, values in (foreign or {}).items()}

    @classmethod
    def of(cls, vendor: Vendor, environ: Mapping[str, str] | None = None) -> AccountBook:
        """Return the demo account of *vendor*, and a second account with the overrides in *environ*.

        ``API_EXPLORER_<VENDOR>_SANDBOX_<NAME>`` takes precedence over ``API_EXPLORER_<VENDOR>_<NAME>``. Credentials
        that *environ* does not set are those of the demo account.
        """
        demo = {name: credential.sandbox for name, credential in vendor.credentials.items() if credential.sandbox}
        overrides = {}
        for name in vendor.credentials:
            for variable in (variable_name(vendor.id, name), variable_name(vendor.id, name, "sandbox")):
                if environ and environ.get(variable):
                    overrides[name] = environ[variable]
        accounts = [Account("demo", _secrets(demo))]
        if overrides:
            accounts.append(Account("environment", _secrets({**demo, **overrides})))
        return cls(accounts, {name: credential.sandbox_foreign for name, credential in vendor.credentials.items()})

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts, the demo account first."""
        return tuple(self._accounts.values())

    def account(self, account_id: str) -> Account | None:
        """Return the account with this id, or None."""
        return self._accounts.get(account_id)

    def add(self, account: Account) -> None:
        """Add an account, replacing one with the same id."""
        self._accounts[account.id] = account

    def find(self, values: Mapping[str, str]) -> Account | None:
        """Return the first account with all of these values (credential name → value); None for no values."""
        if not values:
            return None
        for account in self._accounts.values():
            if all(
                bool(account.value(name)) and constant_time_equal(account.value(name), text)
                for name, text in values.items()
            ):
                return account
        return None

    def is_foreign(self, name: str, text: str) -> bool:
        """Return whether *text* is a value of that credential in another environment."""
        return any(constant_time_equal(value.reveal(), text) for value in self._foreign.get(name, ()))


def _secrets(values: Mapping[str, str]) -> dict[str, Secret]:
    return {name: Secret(text) for name, text in values.items()}
