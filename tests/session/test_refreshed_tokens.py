"""Tokens that a vendor replaces outlive the program: in the keyring, also where they came from the environment.

The vendor accepts each refresh token once; the second use of one revokes them all (RFC 9700, 4.14.2).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from explorer.core.model import Call
from explorer.core.text.secret import Secret
from explorer.errors import CredentialRefused
from explorer.net.client import Client
from explorer.session.context import SessionContext
from explorer.session.send import send
from explorer.store.catalogs import decode
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.preferences import Settings
from tests.services.test_credentials import LockedKeyring, MemoryKeyring

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "API_EXPLORER_SHOP_REFRESH_TOKEN"
CALL = Call(vendor="shop", endpoint="items", environment="live")
ANONYMOUS = {"title": "T", "group": "G", "auth": "none"}
CATALOG: dict[str, Any] = {
    "vendors": {
        "shop": {
            "title": "Shop",
            "environments": {"live": {"base_url": "https://shop.example"}},
            "credentials": {
                name: {"title": name}
                for name in ("client_id", "client_secret", "redirect_uri", "access_token", "refresh_token")
            },
            "auth": {"login": {"scheme": "oauth2", "options": {"authorize": "authorize", "token": "token"}}},
            "verdict": {"error": "error"},
            "endpoints": {
                "items": {"title": "Items", "group": "G", "path": "/items", "auth": "login"},
                "authorize": {**ANONYMOUS, "path": "/authorize"},
                "token": {**ANONYMOUS, "path": "/token", "method": "POST", "body": "form", "effect": "session"},
            },
        }
    }
}


@dataclass
class Rotating:
    """A vendor that rotates: ``refresh-0`` is good once and brings ``refresh-1`` and ``access-1``, and so on."""

    turn: int = 0
    revoked: bool = False
    silent: bool = False
    """Whether calls are never answered; token requests always are."""
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return self._refreshed(parse_qs(request.content.decode())["refresh_token"][0])
        self.called.set()
        if self.silent:
            await asyncio.Event().wait()
        good = request.headers["authorization"] == f"Bearer access-{self.turn}" and not self.revoked
        return httpx.Response(200, json={"items": []}) if good else httpx.Response(401, json={"error": "no"})

    def _refreshed(self, token: str) -> httpx.Response:
        if token != f"refresh-{self.turn}" or self.revoked:
            self.revoked = True
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.turn += 1
        table = {"access_token": f"access-{self.turn}", "refresh_token": f"refresh-{self.turn}", "expires_in": 3600}
        return httpx.Response(200, json={**table, "token_type": "Bearer"})


@dataclass
class Person:
    """One who starts the program again and again, with the same variables and the same keyring."""

    home: Mapping[str, str]
    keyring: MemoryKeyring | None
    vendor: Rotating = field(default_factory=Rotating)
    variables: dict[str, str] = field(
        default_factory=lambda: {"API_EXPLORER_SHOP_CLIENT_ID": "app", VARIABLE: "refresh-0"}
    )
    warnings: list[str] = field(default_factory=list)

    def session(self) -> SessionContext:
        """A new run of the program."""
        environ = {**self.home, **self.variables}
        keyring = self.keyring
        session = SessionContext(
            catalog=decode(CATALOG, "test"),
            settings=Settings(),
            folders=Folders.from_environ(environ),
            vault=Vault(environ, keyring=None if keyring is None else lambda: keyring),
            environ=environ,
            on_warning=self.warnings.append,
        )
        session._client = Client(transport=httpx.MockTransport(self.vendor))
        return session

    async def run(self) -> str:
        """Start the program, send the call, and end it; the outcome."""
        session = self.session()
        try:
            return (await send(session, CALL)).verdict.outcome
        finally:
            await session.close()


async def test_a_token_of_the_environment_that_was_replaced_is_found_by_the_next_run(
    environ: Mapping[str, str],
) -> None:
    person = Person(environ, MemoryKeyring())
    assert await person.run() == "OK"
    [warning] = person.warnings
    assert VARIABLE in warning
    assert "keyring" in warning
    assert "refresh-1" not in warning
    assert await person.run() == "OK"
    assert person.vendor.turn == 2
    assert len(person.warnings) == 1


async def test_logging_out_leaves_nothing_of_it_in_the_keyring(environ: Mapping[str, str]) -> None:
    keyring = MemoryKeyring()
    person = Person(environ, keyring)
    await person.run()
    assert keyring.kept
    session = person.session()
    session.vault.forget(session.vendor("shop"), "live", "refresh_token")
    assert not keyring.kept


async def test_another_value_in_the_variable_is_newer_than_the_keyring(environ: Mapping[str, str]) -> None:
    person = Person(environ, MemoryKeyring())
    await person.run()
    vendor = person.session().vendor("shop")
    found = person.session().vault.find(vendor, "refresh_token", "live")
    assert found
    assert (found.value.reveal(), VARIABLE in found.source, "keyring" in found.source) == ("refresh-1", True, True)
    person.variables[VARIABLE] = "pasted after a login elsewhere"
    found = person.session().vault.find(vendor, "refresh_token", "live")
    assert found
    assert found.value.reveal() == "pasted after a login elsewhere"


@pytest.mark.parametrize("keyring", [None, LockedKeyring()], ids=["none", "locked"])
async def test_without_a_keyring_the_person_is_warned_once_and_told_what_to_do(
    environ: Mapping[str, str], keyring: MemoryKeyring | None
) -> None:
    person = Person(environ, keyring)
    session = person.session()
    for _ in range(3):
        assert (await send(session, CALL)).verdict.outcome == "OK"
    await session.close()
    [warning] = person.warnings
    assert warning.startswith(f"The refresh token in {VARIABLE} was replaced")
    assert "api-explorer login shop --env live" in warning
    assert "refresh-1" not in warning


async def test_what_a_stopped_call_refreshed_is_kept(environ: Mapping[str, str]) -> None:
    person = Person(environ, MemoryKeyring(), Rotating(silent=True))
    session = person.session()
    sending = asyncio.create_task(send(session, CALL))
    await person.vendor.called.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await session.close()
    person.vendor.silent = False
    assert await person.run() == "OK"
    assert not person.vendor.revoked


async def test_what_another_process_refreshed_is_used(environ: Mapping[str, str]) -> None:
    person = Person(environ, MemoryKeyring())
    waiting = person.session()
    vendor = waiting.vendor("shop")
    assert waiting.vault.find(vendor, "refresh_token", "live")  # it has read the old one by now
    assert await person.run() == "OK"
    assert (await send(waiting, CALL)).verdict.outcome == "OK"
    await waiting.close()
    assert person.vendor.turn == 2
    assert not person.vendor.revoked


async def test_a_spent_token_does_not_replace_what_is_kept(environ: Mapping[str, str]) -> None:
    person = Person(environ, MemoryKeyring())
    await person.run()
    person.vendor.revoked = True
    session = person.session()
    with pytest.raises(CredentialRefused):
        await send(session, CALL)
    await session.close()
    found = person.session().vault.find(session.vendor("shop"), "refresh_token", "live")
    assert found
    assert found.value == Secret("refresh-1")
