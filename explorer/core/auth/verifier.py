"""The server side of every auth scheme: verify a request against known accounts."""

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
    """A request as the vendor sees it. ``path`` is decoded and below the vendor's root (``/v1/order/calculate.json``);
    ``query`` and ``form`` are decoded pairs in order, ``form`` of urlencoded and multipart text fields; ``files`` the
    names of file fields; header names are in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let in: which ``check`` failed, in words, what was expected and what came."""

    check: str
    message: str
    expected: str = ""
    got: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """What the response carries beside it, such as a challenge (RFC 9110, 11.6.1)."""


@dataclass(frozen=True)
class Grant:
    """Who came in, and the headers that the answer must carry, whatever its status."""

    account: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ConsentRequest:
    """What an application asks a person for. With an ``error`` nothing is asked: the person goes straight back."""

    account: str
    client_id: str
    redirect_uri: str
    state: str = ""
    scope: str = ""
    challenge: str = ""
    error: str = ""
    description: str = ""

    def back(self, **params: str) -> str:
        """The redirect URL with these parameters and the state; empty ones are left out."""
        pairs = {name: value for name, value in {**params, "state": self.state}.items() if value}
        return self.redirect_uri + ("&" if urlsplit(self.redirect_uri).query else "?") + urlencode(pairs)

    def denied(self) -> str:
        """Where the person goes who does not consent, or whose application asked wrongly (RFC 6749, 4.1.2.1)."""
        return self.back(error=self.error or "access_denied", error_description=self.description)


class TokenIssuer(Protocol):
    """What a verifier offers whose vendor gives out tokens."""

    def mint(self, account: str) -> str:
        """Return a new token for *account*."""

    def revoke(self, token: str) -> None:
        """End a token."""

    def token_of(self, request: IncomingRequest) -> str:
        """Return the token that a request came with, or an empty string."""


class AuthorizationServer(Protocol):
    """What a verifier offers whose vendor asks a person for consent (RFC 6749, 4.1)."""

    def consent(self, request: IncomingRequest) -> ConsentRequest | Refusal:
        """Return what the consent page was opened with."""

    def approve(self, request: ConsentRequest) -> str:
        """Return the URL that the person is sent to, with a code in it."""

    def token(self, request: IncomingRequest) -> dict[str, object] | Refusal:
        """Return the response of the token endpoint as an object (RFC 6749, 5.1), or why there is none."""


class Verifier(ABC, Generic[O_co]):
    """The vendor's side of a scheme, over the options of the scheme."""

    def __init__(
        self, options: O_co, accounts: AccountBook, now: Callable[[], float], nonce: Callable[[int], str]
    ) -> None:
        self.options = options
        self.accounts = accounts
        self.now = now
        self.nonce = nonce

    def issuer(self) -> TokenIssuer | None:
        """Return what gives out and ends tokens; None where a token is given by hand, or there is none."""
        return None

    def authorization_server(self) -> AuthorizationServer | None:
        """Return what asks a person for consent and gives out tokens for it; None where nobody is asked."""
        return None

    @abstractmethod
    def verify(self, request: IncomingRequest) -> Grant | Refusal:
        """Whether the request is let in."""


def header_token(request: IncomingRequest, header: str, prefix: str) -> str | Refusal:
    """The token in a header with its prefix taken off; the prefix word is compared in any case (RFC 9110, 11.1)."""
    expected = f"{header}: {prefix}TOKEN"
    value = request.headers.get(header.lower())
    if value is None:
        stray = request.headers.get(prefix.strip().lower()) if prefix.strip() else None
        if stray is not None:
            return Refusal(
                "token_malformed", f"the header is called {prefix.strip()}", expected, f"{prefix.strip()}: …"
            )
        return Refusal("token_missing", f"there is no header {header}", expected)
    word, rest = value[: len(prefix)], value[len(prefix) :]
    if word.lower() != prefix.lower() or not rest or rest != rest.strip() or " " in rest:
        return Refusal("token_malformed", f"the header {header} is not in the right form", expected, _mask_value(value))
    return rest


def _mask_value(value: str) -> str:
    """A header value with everything hidden but a known first word, so that nobody's token is said back."""
    word, _, rest = value.partition(" ")
    known = word.rstrip(":").lower() in ("bearer", "basic", "digest", "token")
    return f"{word} {'…' if rest else ''}".strip() if known else "…"


def constant_time_equal(left: str, right: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(left.encode("utf-8", "surrogateescape"), right.encode("utf-8", "surrogateescape"))


@dataclass(frozen=True, slots=True)
class Account:
    """One customer of the vendor: credential name → value."""

    id: str
    values: Mapping[str, Secret]

    def value(self, name: str) -> str:
        """The text of a credential, empty where the account has none of that name."""
        secret = self.values.get(name)
        return secret.reveal() if secret else ""


class AccountBook:
    """Every account, and per credential name the values that belong to another environment."""

    def __init__(self, accounts: Iterable[Account] = (), foreign: Mapping[str, Iterable[str]] | None = None) -> None:
        self._accounts = {account.id: account for account in accounts}
        self._foreign = {name: tuple(Secret(value) for value in values) for name, values in (foreign or {}).items()}

    @classmethod
    def of(cls, vendor: Vendor, environ: Mapping[str, str] | None = None) -> AccountBook:
        """The demo account of *vendor*, and one more with what *environ* sets in its place.

        ``environ`` is read for ``API_EXPLORER_<VENDOR>_<NAME>`` and ``API_EXPLORER_<VENDOR>_SANDBOX_<NAME>``; the
        second is the stronger one. Credentials that it does not name are those of the demo account.
        """
        demo = {name: one.sandbox for name, one in vendor.credentials.items() if one.sandbox}
        found = {}
        for name in vendor.credentials:
            for variable in (variable_name(vendor.id, name), variable_name(vendor.id, name, "sandbox")):
                if environ and environ.get(variable):
                    found[name] = environ[variable]
        accounts = [Account("demo", _secrets(demo))]
        if found:
            accounts.append(Account("environment", _secrets({**demo, **found})))
        return cls(accounts, {name: one.sandbox_foreign for name, one in vendor.credentials.items()})

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts, the demo account first."""
        return tuple(self._accounts.values())

    def account(self, account_id: str) -> Account | None:
        """The account with this id."""
        return self._accounts.get(account_id)

    def add(self, account: Account) -> None:
        """Take in an account, in place of one with the same id."""
        self._accounts[account.id] = account

    def find(self, values: Mapping[str, str]) -> Account | None:
        """The first account that has every one of these values (credential name → text); none for no values."""
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
        """Whether *text* is a value of that credential in another environment."""
        return any(constant_time_equal(one.reveal(), text) for one in self._foreign.get(name, ()))


def _secrets(values: Mapping[str, str]) -> dict[str, Secret]:
    return {name: Secret(text) for name, text in values.items()}
