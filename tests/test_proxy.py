"""Proxies and certificates of the environment, against a small SOCKS5 and a small HTTP proxy on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from explorer.errors import ConnectFailed
from explorer.net.client import Client, Limits, Transfer
from explorer.net.proxy import is_loopback, proxy_route
from tests.test_client import _open, answer, scheme, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter, list[str]], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy on loopback: its host and port, and the targets that it was asked for."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer, asked)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has what it wanted
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[str]) -> None:
    """A forward proxy that answers in the place of every host; it refuses to connect (RFC 9110, section 9.3.6)."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    asked.append(" ".join(head.split("\r\n")[0].split(" ")[:2]))
    writer.write(b"HTTP/1.1 403 No\r\n\r\n" if head.startswith("CONNECT") else answer(b'{"by": "proxy"}'))
    await writer.drain()


async def socks5(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[str]) -> None:
    """A SOCKS5 proxy without authentication (RFC 1928) that answers in the place of every host."""
    _, count = await reader.readexactly(2)
    await reader.readexactly(count)
    writer.write(b"\x05\x00")
    kind = (await reader.readexactly(4))[3]
    length = (await reader.readexactly(1))[0] if kind == 3 else {1: 4, 4: 16}[kind]
    host = (await reader.readexactly(length)).decode("latin-1")
    port = int.from_bytes(await reader.readexactly(2), "big")
    asked.append(f"{host}:{port}")
    writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
    await reader.readuntil(b"\r\n\r\n")
    writer.write(answer(b'{"by": "socks"}'))
    await writer.drain()


async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[str]) -> None:
    """A server that is not a proxy."""
    asked.append((await reader.read(3)).hex())
    writer.write(b"\xff" * 7)
    await writer.drain()


async def get(url: str, environ: Mapping[str, str]) -> Transfer:
    async with Client(environ=environ) as client:
        return await client.send(httpx.Request("GET", url), lambda: scheme(url), Limits(total=10), _open)


def body_of(transfer: Transfer) -> bytes:
    assert transfer.failure is None, transfer.failure
    assert transfer.response is not None
    return transfer.response.body[:]


@pytest.mark.parametrize("prefix", ["http://", ""])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_a_name_is_reached_through_the_http_proxy(variable: str, prefix: str) -> None:
    async with listening(forward) as (place, asked):
        transfer = await get("http://shop.example/p?q=1", {variable: prefix + place})
    assert body_of(transfer) == b'{"by": "proxy"}'
    assert asked == ["GET http://shop.example/p?q=1"]


@pytest.mark.parametrize("word", ["socks5", "socks5h", "socks", "SOCKS5"])
async def test_a_name_is_reached_through_the_socks_proxy(word: str) -> None:
    async with listening(socks5) as (place, asked):
        transfer = await get("http://shop.example:8080/p", {"ALL_PROXY": f"{word}://{place}"})
    assert body_of(transfer) == b'{"by": "socks"}'
    assert asked == ["shop.example:8080"]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
async def test_loopback_is_never_reached_through_a_proxy(variable: str) -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"{}"))

    async with listening(socks5) as (place, asked), serving(handler) as (url, _):
        for target in (url, url.replace("127.0.0.1", "localhost")):
            assert body_of(await get(target, {variable: f"socks5://{place}"})) == b"{}"
    assert asked == []


async def test_https_asks_the_proxy_to_connect_and_names_it_when_it_refuses() -> None:
    async with listening(forward) as (place, asked):
        transfer = await get("https://shop.example/p", {"https_proxy": f"http://user:s3cret@{place}"})
    assert asked == ["CONNECT shop.example:443"]
    assert transfer.failure is not None
    assert transfer.failure.message == f"no connection to shop.example through the proxy {place} (https_proxy): 403 No"
    assert "NO_PROXY" in transfer.failure.hint
    assert "s3cret" not in str(transfer)


@pytest.mark.parametrize("word", ["socks5", "http"])
async def test_a_server_that_is_not_a_proxy_is_named(word: str) -> None:
    async with listening(nonsense) as (place, asked):
        transfer = await get("https://shop.example/p", {"ALL_PROXY": f"{word}://{place}"})
    assert len(asked) == 1
    assert transfer.failure is not None
    assert transfer.failure.exit_code == 3
    assert f"through the proxy {place} (ALL_PROXY)" in transfer.failure.message


@pytest.mark.parametrize("word", ["socks5", "http"])
async def test_a_proxy_that_refuses_is_named_with_its_variable(word: str, unused_tcp_port: int) -> None:
    transfer = await get("http://shop.example/p", {"ALL_PROXY": f"{word}://127.0.0.1:{unused_tcp_port}"})
    assert transfer.failure is not None
    assert (transfer.failure.kind, transfer.failure.exit_code) == ("ConnectFailed", 3)
    assert f"the proxy 127.0.0.1:{unused_tcp_port} (ALL_PROXY)" in transfer.failure.message


@pytest.mark.parametrize(
    "value",
    ["ftp://proxy.example:1", "http://", "socks4://p.example:1080", "http://[::1", "http://p:99999999", "http://p:x"],
)
async def test_a_proxy_that_cannot_be_used_is_an_error_that_names_the_variable(value: str) -> None:
    transfer = await get("http://shop.example/p", {"http_proxy": value})
    assert transfer.failure is not None
    assert transfer.failure.exit_code == 3
    assert transfer.failure.message == "http_proxy is not a valid proxy URL"
    assert "http_proxy" in transfer.failure.hint


@pytest.mark.parametrize(
    ("no_proxy", "excepted"),
    [
        ("*", True),
        ("shop.example", True),
        (".shop.example", True),
        ("*.shop.example", True),
        ("other.example, SHOP.example", True),
        ("other.example shop.example:8080", True),
        ("shop.example:80", False),
        ("hop.example", False),
        ("api.shop.example.com", False),
        ("", False),
    ],
)
def test_no_proxy_names_hosts(no_proxy: str, excepted: bool) -> None:
    environ = {"ALL_PROXY": "p:1", "NO_PROXY": no_proxy}
    assert (proxy_route(httpx.URL("http://api.shop.example:8080/"), environ) is None) == excepted


@pytest.mark.parametrize(("no_proxy", "excepted"), [("10.0.0.0/8", True), ("10.1.2.3", True), ("10.1.2.0/31", False)])
def test_no_proxy_names_networks(no_proxy: str, excepted: bool) -> None:
    environ = {"all_proxy": "p:1", "no_proxy": no_proxy, "NO_PROXY": "*"}
    assert (proxy_route(httpx.URL("https://10.1.2.3/"), environ) is None) == excepted
    assert proxy_route(httpx.URL("https://[fd00::1]:8443/"), {"ALL_PROXY": "p:1", "NO_PROXY": "[fd00::1]:8443"}) is None


def test_the_proxy_of_a_scheme_goes_before_that_of_all_and_a_request_header_does_not_count() -> None:
    environ = {"HTTPS_PROXY": "a:1", "ALL_PROXY": "b:2"}
    assert [
        getattr(proxy_route(httpx.URL(f"{word}://x.example"), environ), "address", "") for word in ("https", "http")
    ] == [
        "a:1",
        "b:2",
    ]
    assert proxy_route(httpx.URL("http://x.example"), {"HTTP_PROXY": "evil:1", "REQUEST_METHOD": "GET"}) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "LocalHost.", "::ffff:127.0.0.1"])
def test_loopback_has_many_names(host: str) -> None:
    assert is_loopback(host)
    assert not is_loopback("localhost.example")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_certificates_that_cannot_be_read_are_named_and_only_where_they_are_needed(
    variable: str, tmp_path: Path
) -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"{}"))

    environ = {variable: str(tmp_path / "none")}
    async with serving(handler) as (url, _):
        assert body_of(await get(url, environ)) == b"{}"
    transfer = await get("https://shop.example/", environ)
    assert transfer.failure is not None
    assert transfer.failure.exit_code == 3
    assert transfer.failure.message.startswith(f"{variable}={tmp_path / 'none'} cannot be used: ")
    assert variable in transfer.failure.hint


async def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing", encoding="utf-8")
    transfer = await get("https://shop.example/", {"SSL_CERT_FILE": str(tmp_path / "empty.pem")})
    assert transfer.failure is not None
    assert "it contains no certificates" in transfer.failure.message


@pytest.mark.parametrize(
    "variables",
    [{"ALL_PROXY": "socks5://127.0.0.1:1"}, {"all_proxy": "nonsense://x", "SSL_CERT_FILE": "/nonexistent"}],
    ids=["socks", "nonsense"],
)
def test_the_sandbox_answers_whatever_proxies_and_certificates_there_are(
    variables: dict[str, str], tmp_path: Path
) -> None:
    environ = {**os.environ, "API_EXPLORER_HOME": str(tmp_path), **variables}
    command = [sys.executable, "-m", "explorer", "send", "cottoncart.stats_sales"]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr


def test_an_error_of_a_proxy_is_a_failed_connection() -> None:
    with pytest.raises(ConnectFailed):
        proxy_route(httpx.URL("http://x.example"), {"ALL_PROXY": "gopher://x"})
