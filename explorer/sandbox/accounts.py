"""The accounts of one vendor, and the verifiers of its auth schemes."""

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

_RECORD_OWNERS = {"environment": "demo"}
"""Account → the account whose records it shares."""


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
        self.pending: dict[str, Any] = {}
        """Ticket → consent request without a decision yet."""
        demo = vendor.sandbox.accounts.get("demo")
        for account in self.book.accounts:
            self._accounts_by_id[account.id] = {
                **(demo.data if demo else {}),
                "roles": list(demo.roles if demo else ()),
            }
        for key, seeded in vendor.sandbox.accounts.items():
            if key != "demo":
                self.add_account(key, seeded.credentials, {**seeded.data, "roles": list(seeded.roles)})

    def update(self, vendor: Vendor) -> None:
        """Use the auth options of *vendor* from now on; accounts and live tokens are unchanged."""
        for key, verifier in list(self._verifiers.items()):
            if key in vendor.auth and vendor.auth[key].scheme == self._vendor.auth[key].scheme:
                verifier.options = options_of(vendor.auth[key])
            else:
                del self._verifiers[key]
        self._vendor = vendor

    def add_account(self, account_id: str, credentials: Mapping[str, str], data: Mapping[str, Any]) -> None:
        """Add an account, replacing one with the same id."""
        self.book.add(Account(account_id, {name: Secret(value) for name, value in credentials.items()}))
        self._accounts_by_id[account_id] = dict(data)

    def template_account(self, account_id: str) -> dict[str, Any]:
        """Return the data of an account for templates. The ``environment`` account shares the demo records."""
        return {
            "roles": [],
            **self._accounts_by_id.get(account_id, {}),
            "id": _RECORD_OWNERS.get(account_id, account_id),
        }

    def params(self, auth: str) -> tuple[str, ...]:
        """Return the parameters that the auth named *auth* uses; none for ``none`` or an empty string."""
        return self.verifier(auth).options.params if auth in self._vendor.auth else ()

    def verifier(self, auth: str) -> Verifier:
        """Return the verifier of the auth named *auth*."""
        if auth not in self._verifiers:
            self._verifiers[auth] = verifier_for(self._vendor, auth, self.book, self._now, self.nonce)
        return self._verifiers[auth]

    def issuer(self, auth: str) -> TokenIssuer:
        """Return the issuer of the tokens of the auth named *auth*.

        Raises:
            LookupError: it issues none.
        """
        issuer = self.verifier(auth).issuer()
        if issuer is None:
            raise LookupError(f"the auth {auth!r} issues no tokens")
        return issuer

    def authorization_server(self, auth: str) -> AuthorizationServer:
        """Return the authorization server of the auth named *auth*.

        Raises:
            LookupError: it needs no consent.
        """
        server = self.verifier(auth).authorization_server()
        if server is None:
            raise LookupError(f"the auth {auth!r} needs no consent")
        return server

    def check(self, auth: str, request: ParsedRequest) -> Grant:
        """Verify the request.

        Raises:
            Refused: with the verifier's own check.
        """
        result = self.verifier(auth).verify(request)
        if isinstance(result, Refusal):
            raise to_refused(result)
        return result


def to_refused(refusal: Refusal) -> Refused:
    """Convert the refusal of a verifier to the sandbox's error."""
    kind: FailureKind = "credentials" if refusal.check == "credentials" else "auth"
    violation = Violation(refusal.check, kind, refusal.message, expected=refusal.expected, got=refusal.got)
    return Refused((violation,), headers=refusal.headers)
