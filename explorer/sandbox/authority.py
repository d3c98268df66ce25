"""Who may call: the accounts of one vendor, and the verifiers of its auth schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.core.auth import options_of, verifier_for
from explorer.core.auth.accounts import Account, AccountBook
from explorer.core.auth.base import Arrived, Grant, Refusal, Verifier
from explorer.core.text.secret import Secret
from explorer.sandbox.refusal import Refused, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.core.catalog import Vendor
    from explorer.core.catalog.sandbox import FailureKind
    from explorer.sandbox.arrival import Arrival

_SAME = {"environment": "demo"}
"""Account → the account whose records it has."""


class Authority:
    """Accounts and verifiers of one vendor."""

    def __init__(
        self, vendor: Vendor, environ: Mapping[str, str], now: Callable[[], float], nonce: Callable[[int], str]
    ) -> None:
        self._vendor = vendor
        self._now, self.nonce = now, nonce
        self.book = AccountBook.of(vendor, environ)
        self._people: dict[str, dict[str, Any]] = {}
        self._verifiers: dict[str, Verifier] = {}
        self.waiting: dict[str, Any] = {}
        """What applications asked people for and nobody decided yet, by ticket."""
        demo = vendor.sandbox.accounts.get("demo")
        for account in self.book.accounts:
            self._people[account.id] = {**(demo.data if demo else {}), "roles": list(demo.roles if demo else ())}
        for key, known in vendor.sandbox.accounts.items():
            if key != "demo":
                self.enrol(key, known.credentials, {**known.data, "roles": list(known.roles)})

    def follow(self, vendor: Vendor) -> None:
        """Take over what *vendor* says of its auths; accounts and live tokens stay."""
        for key, verifier in list(self._verifiers.items()):
            if key in vendor.auth and vendor.auth[key].scheme == self._vendor.auth[key].scheme:
                verifier.options = options_of(vendor.auth[key])
            else:
                del self._verifiers[key]
        self._vendor = vendor

    def enrol(self, account_id: str, credentials: Mapping[str, str], about: Mapping[str, Any]) -> None:
        """Make an account, in place of one with the same id."""
        self.book.add(Account(account_id, {name: Secret(value) for name, value in credentials.items()}))
        self._people[account_id] = dict(about)

    def person(self, account_id: str) -> dict[str, Any]:
        """What templates may say of an account. The one that the environment names has the demo account's records."""
        return {"roles": [], **self._people.get(account_id, {}), "id": _SAME.get(account_id, account_id)}

    def params(self, auth: str) -> tuple[str, ...]:
        """Names of the parameters that the auth *auth* takes for itself; none for ``none`` or an empty text."""
        return self.verifier(auth).options.params if auth in self._vendor.auth else ()

    def verifier(self, auth: str) -> Verifier:
        """The verifier of one of the vendor's auths."""
        if auth not in self._verifiers:
            self._verifiers[auth] = verifier_for(self._vendor, auth, self.book, self._now, self.nonce)
        return self._verifiers[auth]

    def check(self, auth: str, arrival: Arrival) -> Grant:
        """Let the request in.

        Raises:
            Refused: with the verifier's own check.
        """
        verdict = self.verifier(auth).verify(arrived(arrival))
        if isinstance(verdict, Refusal):
            raise refused(verdict)
        return verdict


def refused(refusal: Refusal) -> Refused:
    """A verifier's refusal as the sandbox's."""
    kind: FailureKind = "credentials" if refusal.check == "credentials" else "auth"
    return refuse(kind, refusal.check, refusal.message, expected=refusal.expected, got=refusal.got)


def arrived(arrival: Arrival) -> Arrived:
    """A request in the form that verifiers take."""
    return Arrived(
        method=arrival.method,
        path=arrival.path,
        query=arrival.query,
        form=arrival.form,
        files=arrival.files,
        headers=arrival.headers,
    )
