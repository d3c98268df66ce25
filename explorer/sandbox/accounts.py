"""Who may call: the accounts of one vendor, and the verifiers of its auth schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.core.auth import options_of, verifier_for
from explorer.core.auth.verifier import Account, AccountBook, Grant, Refusal, Verifier
from explorer.core.text.secret import Secret
from explorer.sandbox.refusal import Refused, Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.core.auth.verifier import AuthorizationServer, TokenIssuer
    from explorer.core.catalog import Vendor
    from explorer.core.catalog.sandbox import FailureKind
    from explorer.sandbox.incoming_request import ParsedRequest

_DEFAULT_VALUES = {"environment": "demo"}
"""Account → the account whose records it has."""


class Authority:
    """Accounts and verifiers of one vendor."""

    def __init__(
        self, vendor: Vendor, environ: Mapping[str, str], now: Callable[[], float], nonce: Callable[[int], str]
    ) -> None:
        self._vendor = vendor
        self._now, self.nonce = now, nonce
        self.book = AccountBook.of(vendor, environ)
        self._accounts_by_id: dict[str, dict[str, Any]] = {}
        self._verifiers: dict[str, Verifier] = {}
        self.waiting: dict[str, Any] = {}
        """What applications asked people for and nobody decided yet, by ticket."""
        demo = vendor.sandbox.accounts.get("demo")
        for account in self.book.accounts:
            self._accounts_by_id[account.id] = {
                **(demo.data if demo else {}),
                "roles": list(demo.roles if demo else ()),
            }
        for key, known in vendor.sandbox.accounts.items():
            if key != "demo":
                self.add_account(key, known.credentials, {**known.data, "roles": list(known.roles)})

    def follow(self, vendor: Vendor) -> None:
        """Take over what *vendor* says of its auths; accounts and live tokens stay."""
        for key, verifier in list(self._verifiers.items()):
            if key in vendor.auth and vendor.auth[key].scheme == self._vendor.auth[key].scheme:
                verifier.options = options_of(vendor.auth[key])
            else:
                del self._verifiers[key]
        self._vendor = vendor

    def add_account(self, account_id: str, credentials: Mapping[str, str], about: Mapping[str, Any]) -> None:
        """Make an account, in place of one with the same id."""
        self.book.add(Account(account_id, {name: Secret(value) for name, value in credentials.items()}))
        self._accounts_by_id[account_id] = dict(about)

    def template_account(self, account_id: str) -> dict[str, Any]:
        """What templates may say of an account. The one that the environment names has the demo account's records."""
        return {
            "roles": [],
            **self._accounts_by_id.get(account_id, {}),
            "id": _DEFAULT_VALUES.get(account_id, account_id),
        }

    def params(self, auth: str) -> tuple[str, ...]:
        """Names of the parameters that the auth *auth* takes for itself; none for ``none`` or an empty text."""
        return self.verifier(auth).options.params if auth in self._vendor.auth else ()

    def verifier(self, auth: str) -> Verifier:
        """The verifier of one of the vendor's auths."""
        if auth not in self._verifiers:
            self._verifiers[auth] = verifier_for(self._vendor, auth, self.book, self._now, self.nonce)
        return self._verifiers[auth]

    def issuer(self, auth: str) -> TokenIssuer:
        """Return what gives out the tokens of one of the vendor's auths.

        Raises:
            LookupError: it gives out none.
        """
        issuer = self.verifier(auth).issuer()
        if issuer is None:
            raise LookupError(f"the auth {auth!r} gives out no tokens")
        return issuer

    def authorization_server(self, auth: str) -> AuthorizationServer:
        """Return what asks people for consent to one of the vendor's auths.

        Raises:
            LookupError: nobody is asked.
        """
        server = self.verifier(auth).authorization_server()
        if server is None:
            raise LookupError(f"the auth {auth!r} asks nobody for consent")
        return server

    def check(self, auth: str, arrival: ParsedRequest) -> Grant:
        """Let the request in.

        Raises:
            Refused: with the verifier's own check.
        """
        verdict = self.verifier(auth).verify(arrival)
        if isinstance(verdict, Refusal):
            raise to_refused(verdict)
        return verdict


def to_refused(refusal: Refusal) -> Refused:
    """A verifier's refusal as the sandbox's."""
    kind: FailureKind = "credentials" if refusal.check == "credentials" else "auth"
    flaw = Violation(refusal.check, kind, refusal.message, expected=refusal.expected, got=refusal.got)
    return Refused((flaw,), headers=refusal.headers)
