"""What the other side of the wire knows: accounts with their credentials, and credentials that are good elsewhere."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.text.env_names import variable_name
from explorer.core.text.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from explorer.core.catalog.model import Vendor


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
