"""The client over real sockets: what it keeps, what it refuses to carry along, how it fails."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import tempfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from mmap import mmap
from typing import TYPE_CHECKING

import httpx
import pytest

from explorer.core.auth import scheme_for
from explorer.core.auth.base import AuthContext, Scheme
from explorer.core.auth.tokens import TokenStore
from explorer.core.text.secret import Secret
from explorer.net.client import Client, Limits, Listener, SendProgress, Transfer, TransferOutcome
from tests.core.shop import endpoint, vendor

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.core.model import ReceivedResponse, SentRequest

Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


async def _open(*_: object, **_named: object) -> None:
    """A gate that lets every request pass."""


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A bare TCP server: *handler* is given each request head and the writer."""
    seen: list[bytes] = []
    serving_now: set[asyncio.Task[object]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            serving_now.add(task)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                seen.append(head)
                await handler(head, writer)
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
        server.close()
        if serving_now:
            await asyncio.wait(serving_now, timeout=5)


def answer(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def scheme(url: str, name: str = "upload") -> Scheme:
    context = AuthContext(
        vendor=vendor(),
        endpoint=endpoint(name),
        environment="test",
        now=lambda: 0.0,
        nonce=lambda _: "n",
        credential=lambda _: Secret("tok-4711"),
        tokens=TokenStore(),
        base_url=url,
        safe_to_retry=True,
    )
    return scheme_for(vendor(), endpoint(name), context)


async def fetch(
    url: str,
    limits: Limits | None = None,
    on_progress: Callable[[SendProgress], None] | None = None,
    method: str = "GET",
    listener: Listener | None = None,
    outcome: TransferOutcome | None = None,
) -> Transfer:
    async with Client() as client:
        request = httpx.Request(method, url, headers={"X-Mine": "secret-ish", "Accept": "a/b"})
        limits = limits or Limits(total=10)
        return await client.send(request, lambda: scheme(url), limits, _open, on_progress, listener, outcome)


async def test_what_was_sent_is_what_arrived() -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b'{"a": 1.0}', headers="X-Two: 1\r\nX-Two: 2\r\n"))

    async with serving(handler) as (url, seen):
        transfer = await fetch(f"{url}/p?q=1")
    lines = seen[0].decode().split("\r\n")
    assert lines[0] == "GET /p?q=1 HTTP/1.1"
    assert [f"{name}: {value}" for name, value in transfer.request.headers] == lines[1:-2]
    assert ("X-Shop-Token", "tok-4711") in transfer.request.headers
    assert transfer.response is not None
    assert transfer.response.body == b'{"a": 1.0}'
    assert [value for name, value in transfer.response.headers if name == "X-Two"] == ["1", "2"]
    assert transfer.failure is None
    assert transfer.timings.first_byte is not None
    assert transfer.timings.first_byte <= transfer.timings.total


@pytest.mark.parametrize("coding", ["", "Content-Encoding: gzip\r\n"])
async def test_a_large_body_is_whole_in_a_file_that_has_no_name(
    coding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    body = b"[" + b",".join(b'{"id": %d}' % number for number in range(60_000)) + b"]"

    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(gzip.compress(body) if coding else body, headers=coding))

    async with serving(handler) as (url, _):
        transfer = await fetch(url, Limits(total=10, spooled=100_000))
    assert transfer.failure is None
    assert transfer.response is not None
    assert isinstance(transfer.response.body, mmap)
    assert transfer.response.body[:] == body
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - of the event loop's thread, as pathlib's is not to be


async def test_a_body_in_a_file_is_cut_at_the_limit_too() -> None:
    async with serving(bomb) as (url, _):
        transfer = await fetch(url, Limits(total=10, max_body=1_000_000, spooled=100_000))
    assert transfer.failure is not None
    assert transfer.failure.kind == "TooLarge"
    assert transfer.response is not None
    assert transfer.response.body[:] == b"a" * 1_000_000
    assert "1,000,000 bytes" in transfer.response.truncated
    wire = len(gzip.compress(b"a" * 3_000_000))
    assert f"{wire:,} bytes on the wire" in transfer.response.truncated


def encoded(codings: str, body: bytes) -> Handler:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(body, headers=f"Content-Encoding: {codings}\r\n"))

    return handler


async def test_a_bomb_within_a_bomb_is_cut_at_the_limit() -> None:
    bomb_in_bomb = gzip.compress(gzip.compress(b"a" * 30_000_000))
    async with serving(encoded("gzip, gzip", bomb_in_bomb)) as (url, _):
        transfer = await fetch(url, Limits(total=10, max_body=1_000_000))
    assert transfer.failure is not None
    assert transfer.failure.kind == "TooLarge"
    assert transfer.response is not None
    assert len(transfer.response.body) == 1_000_000


async def test_the_time_limit_ends_the_decoding_of_what_has_arrived() -> None:
    bomb_in_bomb = gzip.compress(gzip.compress(b"a" * 300_000_000, 1))
    async with serving(encoded("gzip, gzip", bomb_in_bomb)) as (url, _):
        transfer = await fetch(url, Limits(total=0.1, max_body=10**10, spooled=1))
    assert transfer.failure is not None
    assert transfer.failure.kind == "TimedOut"
    assert transfer.response is not None
    assert transfer.response.truncated


@pytest.mark.parametrize(
    ("codings", "body", "message"),
    [
        ("gzip", gzip.compress(b"{}" * 100)[:-9], "the gzip data ended early"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}" * 100)[:-9]), "the gzip data ended early"),
        ("gzip", b"{}", "the body is not valid gzip"),
        ("gzip, gzip, gzip", b"{}", "the body has 3 content codings"),
    ],
    ids=["early", "early inside", "plain", "three"],
)
async def test_a_body_that_does_not_decode_to_its_end_is_broken(codings: str, body: bytes, message: str) -> None:
    async with serving(encoded(codings, body)) as (url, _):
        transfer = await fetch(url)
    assert transfer.failure is not None
    assert transfer.failure.kind == "BrokenAnswer"
    assert transfer.failure.message.startswith(message)
    assert transfer.response is not None
    assert transfer.response.truncated.startswith(message)


@pytest.mark.parametrize(
    ("codings", "body", "expected", "note"),
    [
        ("br", b"\x0b\x02\x80{}\x03", b"\x0b\x02\x80{}\x03", "'br' is not supported"),
        ("gzip", gzip.compress(b"{}") + b"\n", b"{}", "1 B after the end"),
        ("deflate", zlib.compress(b"{}"), b"{}", ""),
    ],
    ids=["unknown", "trailing", "deflate"],
)
async def test_what_is_odd_about_the_coding_is_noted(codings: str, body: bytes, expected: bytes, note: str) -> None:
    async with serving(encoded(codings, body)) as (url, _):
        transfer = await fetch(url)
    assert transfer.failure is None
    assert transfer.response is not None
    assert transfer.response.body == expected
    assert note in transfer.response.note
    assert bool(transfer.response.note) == bool(note)


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:99999999/", "http://xn--/", "http://[::1/", "http://a:b/", "ftp://a/", "http://:1/"],
)
@pytest.mark.parametrize("status", [302, 307])
async def test_a_redirect_to_no_place_is_not_followed(target: str, status: int) -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", f"{status} Go", f"Location: {target}\r\n"))

    async with serving(handler) as (url, seen):
        transfer = await fetch(url)
    assert len(seen) == 1
    assert transfer.response is None or transfer.response.status == status
    assert transfer.failure is None or transfer.failure.exit_code == 3


async def test_a_304_with_a_location_is_not_followed() -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 304 Not Modified\r\nLocation: /new\r\n\r\n")

    async with serving(handler) as (url, seen):
        transfer = await fetch(url)
    assert len(seen) == 1
    assert transfer.response is not None
    assert transfer.response.status == 304


async def test_a_redirect_to_the_same_origin_is_signed_anew_and_shown() -> None:
    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        first = head.startswith(b"GET /old")
        writer.write(answer(b"", "302 Found", "Location: /new\r\n") if first else answer(b"{}"))

    async with serving(handler) as (url, seen):
        transfer = await fetch(f"{url}/old")
    assert b"X-Shop-Token: tok-4711" in seen[1]
    assert [hop.response.status for hop in transfer.hops if hop.response] == [302]
    assert transfer.request.url.endswith("/new")


async def test_no_credential_follows_to_another_origin() -> None:
    async def other(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"{}"))

    async with serving(other) as (there, there_seen):

        async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(answer(b"", "307 Temporary Redirect", f"Location: {there}/x\r\n"))

        async with serving(handler) as (url, _):
            transfer = await fetch(f"{url}/old")
    assert transfer.response is not None
    assert transfer.response.status == 200
    assert b"tok-4711" not in there_seen[0]
    assert b"secret-ish" not in there_seen[0]


async def test_a_redirect_of_a_post_is_shown_and_not_followed() -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "307 Temporary Redirect", "Location: /x\r\n"))

    async with serving(handler) as (url, seen):
        transfer = await fetch(url, method="POST")
    assert transfer.response is not None
    assert transfer.response.status == 307
    assert len(seen) == 1


async def test_a_call_that_is_no_read_does_not_follow_even_a_get() -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "302 Found", "Location: /x\r\n"))

    async with serving(handler) as (url, seen):
        transfer = await fetch(url, Limits(total=10, redirects=0))
    assert transfer.response is not None
    assert transfer.response.status == 302
    assert len(seen) == 1


async def test_a_circle_of_redirects_ends() -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "302 Found", "Location: /again\r\n"))

    async with serving(handler) as (url, seen):
        transfer = await fetch(url)
    assert transfer.failure is not None
    assert transfer.failure.kind == "BrokenAnswer"
    assert len(seen) == 11


async def cut(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 40)
    writer.close()


async def garbage(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello, I speak no HTTP\r\n\r\n")
    writer.close()


async def flood(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"X-Flood: y\r\n" * 20_000 + b"\r\n")
    writer.close()


async def hang_up(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def broken_gzip(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(gzip.compress(b"a" * 100)[:-10] + b"\xff" * 20, headers="Content-Encoding: gzip\r\n"))


async def bomb(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(gzip.compress(b"a" * 3_000_000), headers="Content-Encoding: gzip\r\n"))


async def silence(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    await writer.drain()


@pytest.mark.parametrize(
    ("handler", "kind", "kept"),
    [
        (cut, "BrokenAnswer", 40),
        (garbage, "BrokenAnswer", None),
        (flood, "BrokenAnswer", None),
        (hang_up, "BrokenAnswer", None),
        (broken_gzip, "BrokenAnswer", 0),
        (bomb, "TooLarge", 1_000_000),
        (silence, "TimedOut", 3),
    ],
)
async def test_a_failure_is_named_and_what_arrived_is_kept(handler: Handler, kind: str, kept: int | None) -> None:
    async with serving(handler) as (url, _):
        transfer = await fetch(url, Limits(total=0.5, max_body=1_000_000))
    assert transfer.failure is not None
    assert transfer.failure.kind == kind
    assert transfer.failure.exit_code == 3
    if kept is None:
        assert transfer.response is None
    else:
        assert transfer.response is not None
        assert len(transfer.response.body) == kept or kind == "BrokenAnswer"
        assert transfer.response.truncated


async def test_nobody_listens() -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    transfer = await fetch(f"http://127.0.0.1:{port}")
    assert transfer.failure is not None
    assert transfer.failure.kind == "ConnectFailed"


async def test_cancelling_ends_the_send_while_the_server_is_silent() -> None:
    waiting = asyncio.Event()

    async def handler(_head: bytes, _writer: asyncio.StreamWriter) -> None:
        waiting.set()

    async with serving(handler) as (url, _):
        task = asyncio.create_task(fetch(url))
        await asyncio.wait_for(waiting.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class Heard:
    """What a listener was told, in order."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.first = asyncio.Event()

    def response_started(self, request: SentRequest, response: ReceivedResponse) -> None:
        self.told.append((request.method, response.status, response.header("content-type"), response.body))

    def body_received(self, data: bytes) -> None:
        self.told.append(data)
        self.first.set()


async def test_what_came_is_told_while_it_comes_and_kept_when_it_is_cancelled() -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\nfirst words")
        await writer.drain()

    heard, outcome = Heard(), TransferOutcome()
    async with serving(handler) as (url, _):
        task = asyncio.create_task(fetch(url, listener=heard, outcome=outcome))
        await asyncio.wait_for(heard.first.wait(), 5)
        assert heard.told == [("GET", 200, "text/plain", b""), b"first words"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
    assert vars(caught.value) == {}
    transfer = outcome.transfer
    assert transfer is not None
    assert transfer.response is not None
    assert (transfer.response.status, transfer.response.body) == (200, b"first words")
    assert transfer.response.truncated == "stopped before the body was complete"


async def test_a_time_limit_around_a_send_is_still_one() -> None:
    limit = asyncio.timeout(None)

    async def handler(_head: bytes, _writer: asyncio.StreamWriter) -> None:
        limit.reschedule(asyncio.get_running_loop().time())

    async with serving(handler) as (url, _):
        with pytest.raises(TimeoutError):
            async with limit:
                await fetch(url)


async def test_progress_tells_phases_and_bytes() -> None:
    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"x" * 200_000))

    told: list[SendProgress] = []
    async with serving(handler) as (url, _):
        await fetch(url, on_progress=told.append)
    assert told[0].phase == "connecting"
    assert {"sending", "waiting", "receiving", "done"} <= {one.phase for one in told}
    assert told[-1].received == told[-1].expected == 200_000


async def test_a_proxy_of_the_environment_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def handler(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"{}"))

    async with serving(handler) as (url, _):
        transfer = await fetch(url)
    assert transfer.failure is None
