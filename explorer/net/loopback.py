"""Receive the redirect that ends an OAuth2 login: one HTTP request on a loopback port (RFC 8252, section 7.3).

The server accepts only the exact redirect URL that was registered (003:11), with the ``state`` of this login. Every
local program and every web page can reach the port, so any other request is rejected and the wait continues.

    request ── GET? ── path? ── our state, and a code or an error? ──► 200, the wait ends
                405     404      400
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from explorer.errors import TimedOut, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_PAGES: Final = {
    HTTPStatus.OK: "<h1>Login complete</h1><p>Return to the terminal.</p>",
    HTTPStatus.BAD_REQUEST: "<h1>Wrong login</h1><p>This redirect does not belong to the login in progress.</p>",
    HTTPStatus.NOT_FOUND: "<p>Not found.</p>",
    HTTPStatus.METHOD_NOT_ALLOWED: "<p>Method not allowed. Use GET.</p>",
}
_PAGE: Final = (
    "<!doctype html><meta charset=utf-8><title>API Explorer</title><body style='font-family:sans-serif;margin:4em'>{}"
)
_MAX_LINE: Final = 16_384
_MAX_HEAD: Final = 65_536
"""Maximum bytes of a request line and its headers."""
_MAX_CONNECTIONS: Final = 32
"""Above it the oldest is closed: a browser sends its request at once, so the newest is the most likely one."""
_REQUEST_TIMEOUT: Final = 10.0
"""Seconds for one whole request."""


async def wait_for_redirect(
    redirect_uri: str, state: str, started: Callable[[], Awaitable[None]], seconds: float = 300.0
) -> str:
    """Return the complete URL that the browser was redirected to, including the query.

    *state* is that of the authorization request (RFC 6749, section 10.12). *started* is awaited once the port listens;
    open the consent page there.

    Raises:
        UsageError: the redirect URL is not on loopback, or its port is in use.
        TimedOut: the redirect did not arrive within *seconds*.
    """
    parts = urlsplit(redirect_uri)
    host = parts.hostname or ""
    if parts.scheme != "http" or host not in ("127.0.0.1", "localhost", "::1"):
        raise UsageError(
            f"{redirect_uri} is not on this machine",
            hint="Use --no-browser and paste the URL that the browser ends on.",
        )
    callback = _Callback(parts.path or "/", state, f"{parts.scheme}://{parts.netloc}")
    try:
        server = await asyncio.start_server(callback.serve, host, parts.port or 80, limit=_MAX_LINE)
    except OSError as error:
        hint = "Stop the other program, or use --no-browser and paste the URL that the browser ends on."
        raise UsageError(f"cannot listen on {redirect_uri}: {error.strerror}", hint=hint) from None
    async with server:
        try:
            await started()
            return await asyncio.wait_for(callback.arrived, seconds)
        except TimeoutError:
            raise TimedOut(f"no redirect to {redirect_uri} within {seconds:g} s") from None
        finally:
            callback.close()  # since Python 3.12, closing the server waits for every connection


@dataclass
class _Callback:
    """Server of the redirect URL, for one login."""

    path: str
    state: str
    origin: str
    arrived: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _open: dict[asyncio.StreamWriter, None] = field(default_factory=dict)
    """Connections whose request has not arrived, oldest first."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Respond to one connection."""
        self._open[writer] = None
        if len(self._open) > _MAX_CONNECTIONS:
            self._drop(next(iter(self._open)))
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT):
                method, target = await _request(reader)
                status = self._status(method, target)
                self._open.pop(writer, None)
                writer.write(_response(status, body=method != "HEAD"))
                await writer.drain()
            if status == HTTPStatus.OK and not self.arrived.done():
                self.arrived.set_result(self.origin + target)
        except (TimeoutError, ConnectionError):
            return
        finally:
            self._open.pop(writer, None)
            writer.close()

    def close(self) -> None:
        """Drop the connections that never sent a request."""
        for writer in list(self._open):
            self._drop(writer)

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._open.pop(writer, None)
        writer.transport.abort()

    def _status(self, method: str, target: str) -> HTTPStatus:
        """Return the status for a request: OK for the one that ends the login."""
        if not target.startswith("/"):
            return HTTPStatus.BAD_REQUEST
        path, _, query = target.partition("?")
        if path != self.path:
            return HTTPStatus.NOT_FOUND
        if method != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED
        pairs = parse_qsl(query.partition("#")[0], keep_blank_values=True)
        values = dict(pairs)
        matches = hmac.compare_digest(values.get("state", "").encode("utf-8", "replace"), self.state.encode())
        complete = len(values) == len(pairs) and bool(values.get("code") or values.get("error"))
        return HTTPStatus.OK if matches and complete else HTTPStatus.BAD_REQUEST


async def _request(reader: asyncio.StreamReader) -> tuple[str, str]:
    """Return method and target of the next request; both are empty if it is not HTTP."""
    try:
        line = await reader.readline()
        size = len(line)
        while (header := await reader.readline()).strip():
            size += len(header)
            if size > _MAX_HEAD:
                return "", ""
    except ValueError:  # a line longer than ``_MAX_LINE`` bytes
        return "", ""
    words = line.decode("latin-1").split()
    return (words[0], words[1]) if len(words) == 3 and words[2].startswith("HTTP/") else ("", "")


def _response(status: HTTPStatus, *, body: bool) -> bytes:
    page = _PAGE.format(_PAGES[status]).encode()
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/html; charset=utf-8\r\n"
    head += "Allow: GET\r\n" if status == HTTPStatus.METHOD_NOT_ALLOWED else ""
    head += f"Content-Length: {len(page)}\r\nConnection: close\r\nCache-Control: no-store\r\n\r\n"
    return head.encode() + (page if body else b"")
