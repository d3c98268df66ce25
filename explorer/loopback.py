"""Waits for the redirect that ends an OAuth2 login: one HTTP request on a loopback port (RFC 8252, section 7.3).

It serves the one exact redirect URL that was registered (003:11), answers once with a page that says to go back to the
terminal, and closes. Requests for other paths (a favicon) are answered 404 and do not end the wait.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from explorer.errors import TimedOut, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_PAGE = (
    "<!doctype html><meta charset=utf-8><title>API Explorer</title>"
    "<body style='font-family:sans-serif;margin:4em'><h1>That was it.</h1><p>Go back to the terminal.</p>"
)
_MAX_LINE = 16_384


async def wait_for_redirect(redirect_uri: str, started: Callable[[], Awaitable[None]], seconds: float = 300.0) -> str:
    """The whole URL that the browser was redirected to, query included.

    *started* is awaited once the port listens: open the consent page there.

    Raises:
        UsageError: the redirect URL is not on loopback, or its port is taken.
        TimedOut: nobody came within *seconds*.
    """
    parts = urlsplit(redirect_uri)
    host = parts.hostname or ""
    if parts.scheme != "http" or host not in ("127.0.0.1", "localhost", "::1"):
        raise UsageError(
            f"{redirect_uri} is not on this machine", hint="Use --no-browser and paste the URL you land on."
        )
    arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = (await asyncio.wait_for(reader.readline(), 10)).decode("latin-1")
            while (await asyncio.wait_for(reader.readline(), 10)).strip():
                continue
            words = line.split(" ")
            target = words[1] if len(words) > 1 else ""
            found = words[0] == "GET" and urlsplit(target).path == (parts.path or "/")
            body = (_PAGE if found else "Not here.").encode()
            head = f"HTTP/1.1 {'200 OK' if found else '404 Not Found'}\r\nContent-Type: text/html; charset=utf-8\r\n"
            head += f"Content-Length: {len(body)}\r\nConnection: close\r\nCache-Control: no-store\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
            if found and not arrived.done():
                arrived.set_result(f"{parts.scheme}://{parts.netloc}{target}")
        except (TimeoutError, ValueError, ConnectionError):
            return
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(serve, host, parts.port or 80, limit=_MAX_LINE)
    except OSError as error:
        hint = "End the other program, or use --no-browser and paste the URL you land on."
        raise UsageError(f"{redirect_uri}: the port cannot be used: {error.strerror}", hint=hint) from None
    async with server:
        await started()
        try:
            return await asyncio.wait_for(arrived, seconds)
        except TimeoutError:
            raise TimedOut(f"nobody came back to {redirect_uri} within {seconds:g} s") from None
