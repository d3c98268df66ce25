"""Logging in, as a browser and a person would: consent over a loopback redirect, refusal, pasting, rotating tokens."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from explorer.core.exchange import Call
from explorer.errors import CredentialRefused, UsageError
from explorer.session_factory import open_session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from explorer.session import Session

CALL = Call(vendor="quickstart", endpoint="customers_list")


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def session(home: Path, environ: Mapping[str, str]) -> Session:
    """A session whose redirect URL is a free port, and that has no token yet."""
    folder = home / "config" / "catalogs"
    folder.mkdir(parents=True)
    redirect = f"http://127.0.0.1:{free_port()}/callback"
    (folder / "port.toml").write_text(
        f'[vendors.quickstart.credentials]\nredirect_uri.sandbox = "{redirect}"\n'
        'access_token.sandbox = ""\nrefresh_token.sandbox = ""\n'
    )
    return open_session(environ)


async def decide(url: str, decision: str, *, follow: bool = True) -> str:
    """Open the consent page, press a button, and go where it leads; gives that URL."""
    async with httpx.AsyncClient() as browser:
        page = (await browser.get(url)).text
        action = re.search(r'action="([^"]+)"', page)
        ticket = re.search(r'name="ticket" value="([^"]+)"', page)
        assert action
        assert ticket
        answer = await browser.post(urljoin(url, action[1]), data={"ticket": ticket[1], "decision": decision})
        assert answer.status_code == 303
        if follow:
            landed = await browser.get(answer.headers["location"])
            assert landed.status_code == 200
        return str(answer.headers["location"])


async def test_consent_gives_a_token_that_works(session: Session) -> None:
    seen: list[str] = []

    async def approve(url: str) -> None:
        seen.append(url)
        approve.task = asyncio.create_task(decide(url, "allow"))  # type: ignore[attr-defined]

    said = await asyncio.wait_for(session.log_in(CALL, open_url=approve, paste=None), 20)
    assert "access token" in said
    asked = dict(parse_qsl(urlsplit(seen[0]).query))
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    assert len(asked["state"]) >= 16
    exchange = await session.send(CALL)
    assert exchange.verdict.outcome == "OK"
    await session.close()


async def test_a_no_is_said(session: Session) -> None:
    async def refuse(url: str) -> None:
        refuse.task = asyncio.create_task(decide(url, "deny"))  # type: ignore[attr-defined]

    with pytest.raises(CredentialRefused, match="access_denied"):
        await asyncio.wait_for(session.log_in(CALL, open_url=refuse, paste=None), 20)
    await session.close()


async def test_without_a_browser_the_url_is_pasted(session: Session) -> None:
    async def nothing(_url: str) -> None:
        return

    async def paste(url: str) -> str:
        return await decide(url, "allow", follow=False)

    assert "access token" in await session.log_in(CALL, open_url=nothing, paste=paste)

    async def paste_of_another(url: str) -> str:
        return re.sub("state=[^&]+", "state=forged", await decide(url, "allow", follow=False))

    with pytest.raises(CredentialRefused, match="state"):
        await session.log_in(CALL, open_url=nothing, paste=paste_of_another)
    await session.close()


async def test_a_port_that_is_taken_is_said(session: Session) -> None:
    found = session.vault.find(session.vendor("quickstart"), "redirect_uri", "sandbox")
    assert found

    async def nothing(_url: str) -> None:
        return

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", urlsplit(found.value.reveal()).port or 0))
        taken.listen()
        with pytest.raises(UsageError, match="port"):
            await session.log_in(CALL, open_url=nothing, paste=None)
    await session.close()


async def test_signing_in_by_the_vendors_own_call(session: Session) -> None:
    async def nothing(_url: str) -> None:
        return

    call = Call(vendor="fashionphile", endpoint="whoami")
    assert "token" in await session.log_in(call, open_url=nothing, paste=None)
    assert (await session.send(call)).hops == ()
    await session.close()
