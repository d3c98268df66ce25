"""Logging in, as a browser and a person would: consent over a loopback redirect, refusal, pasting, rotating tokens."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from explorer.core.model import Call
from explorer.errors import CredentialRefused, UsageError
from explorer.session.factory import open_session
from explorer.session.login import log_in
from explorer.session.send import send

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

    from explorer.session.context import SessionContext

CALL = Call(vendor="quickstart", endpoint="customers_list")


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def session(home: Path, environ: Mapping[str, str]) -> SessionContext:
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


async def test_consent_gives_a_token_that_works(session: SessionContext) -> None:
    seen: list[str] = []

    async def approve(url: str) -> None:
        seen.append(url)
        approve.task = asyncio.create_task(decide(url, "allow"))  # type: ignore[attr-defined]

    said = await asyncio.wait_for(log_in(session, CALL, open_url=approve, paste=None), 20)
    assert "access token" in said
    asked = dict(parse_qsl(urlsplit(seen[0]).query))
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    assert len(asked["state"]) >= 16
    exchange = await send(session, CALL)
    assert exchange.verdict.outcome == "OK"
    await session.close()


async def test_a_no_is_said(session: SessionContext) -> None:
    async def refuse(url: str) -> None:
        refuse.task = asyncio.create_task(decide(url, "deny"))  # type: ignore[attr-defined]

    with pytest.raises(CredentialRefused, match="access_denied"):
        await asyncio.wait_for(log_in(session, CALL, open_url=refuse, paste=None), 20)
    await session.close()


async def test_without_a_browser_the_url_is_pasted(session: SessionContext) -> None:
    async def nothing(_url: str) -> None:
        return

    async def paste(url: str) -> str:
        return await decide(url, "allow", follow=False)

    assert "access token" in await log_in(session, CALL, open_url=nothing, paste=paste)

    async def paste_of_another(url: str) -> str:
        return re.sub("state=[^&]+", "state=forged", await decide(url, "allow", follow=False))

    with pytest.raises(CredentialRefused, match="state"):
        await log_in(session, CALL, open_url=nothing, paste=paste_of_another)
    await session.close()


async def test_a_port_that_is_taken_is_said(session: SessionContext) -> None:
    found = session.vault.find(session.vendor("quickstart"), "redirect_uri", "sandbox")
    assert found

    async def nothing(_url: str) -> None:
        return

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", urlsplit(found.value.reveal()).port or 0))
        taken.listen()
        with pytest.raises(UsageError, match="cannot listen on"):
            await log_in(session, CALL, open_url=nothing, paste=None)
    await session.close()


async def test_a_login_survives_a_request_of_another_page(session: SessionContext) -> None:
    async def approve(url: str) -> None:
        async def strayed() -> None:
            redirect = dict(parse_qsl(urlsplit(url).query))["redirect_uri"]
            async with httpx.AsyncClient() as browser:
                stray = await browser.get(redirect, params={"code": "forged", "state": "forged"})
            assert stray.status_code == 400
            await decide(url, "allow")

        approve.task = asyncio.create_task(strayed())  # type: ignore[attr-defined]

    assert "access token" in await asyncio.wait_for(log_in(session, CALL, open_url=approve, paste=None), 20)
    await session.close()


def request_bytes(url: str, *, method: str = "GET", query: str | None = None, path: str | None = None) -> bytes:
    """A request to the redirect URL, as a browser or a stranger sends it."""
    parts = urlsplit(url)
    target = (parts.path if path is None else path) + (f"?{parts.query if query is None else query}")
    return f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()


async def ask(url: str, data: bytes) -> bytes:
    """The status line that *data* is answered with on the port of *url*."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    writer.write(data)
    if b"\r\n\r\n" not in data:
        writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer.split(b"\r\n")[0]


LANDED = "http://127.0.0.1:{}/callback?code=c0de&state=right-state"


async def waiting(visit: Callable[[str], Coroutine[Any, Any, None]]) -> str:
    """What a login that waits for ``LANDED`` gets, where *visit* comes to its port."""
    from explorer.net.loopback import wait_for_redirect

    landed = LANDED.format(free_port())
    visits: list[asyncio.Task[None]] = []

    async def started() -> None:
        visits.append(asyncio.create_task(visit(landed)))

    url = await asyncio.wait_for(wait_for_redirect(landed.partition("?")[0], "right-state", started), 8)
    await visits[0]
    assert url == landed
    return url


@pytest.mark.parametrize(
    ("stray", "status"),
    [
        ({"query": "code=c0de&state=wrong"}, b"400"),
        ({"query": "code=c0de"}, b"400"),
        ({"query": ""}, b"400"),
        ({"query": "state=right-state"}, b"400"),
        ({"query": "code=c0de&state=right-state&state=wrong"}, b"400"),
        ({"query": "error=access_denied&state=wrong"}, b"400"),
        ({"query": "code=c0de&state=%ff%00"}, b"400"),
        ({"path": "/favicon.ico"}, b"404"),
        ({"method": "HEAD"}, b"405"),
        ({"method": "POST"}, b"405"),
    ],
    ids=str,
)
async def test_a_stray_request_does_not_end_the_login(stray: dict[str, str], status: bytes) -> None:
    async def visit(url: str) -> None:
        assert status in await ask(url, request_bytes(url, **stray))
        assert b"200" in await ask(url, request_bytes(url))

    await waiting(visit)


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\xfc", id="tls"),
        pytest.param(b"\r\n", id="empty line"),
        pytest.param(b"x" * 100_000, id="long line"),
        pytest.param(b"GET\r\n\r\n", id="no target"),
        pytest.param(b"\0" * 40 + b"\r\n\r\n", id="zeros"),
        pytest.param(b"", id="nothing"),
    ],
)
async def test_garbage_does_not_end_the_login(garbage: bytes) -> None:
    async def visit(url: str) -> None:
        with contextlib.suppress(ConnectionError):
            assert b"400" in await ask(url, garbage)
        assert b"200" in await ask(url, request_bytes(url))

    await waiting(visit)


async def test_many_slow_connections_do_not_keep_the_browser_out() -> None:
    async def visit(url: str) -> None:
        slow = [await asyncio.open_connection("127.0.0.1", urlsplit(url).port) for _ in range(200)]
        for _, writer in slow[::2]:
            writer.write(b"GET /callback?code=")
        assert b"200" in await ask(url, request_bytes(url))
        for _, writer in slow:
            writer.close()

    await waiting(visit)


async def test_signing_in_by_the_vendors_own_call(session: SessionContext) -> None:
    async def nothing(_url: str) -> None:
        return

    call = Call(vendor="fashionphile", endpoint="whoami")
    assert "token" in await log_in(session, call, open_url=nothing, paste=None)
    assert (await send(session, call)).hops == ()
    await session.close()
