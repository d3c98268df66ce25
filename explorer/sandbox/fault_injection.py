"""Answers that go wrong on purpose: the honest answer (or one in its place), changed, and sent badly.

honest app ─ captured ─► changes of status, headers, body ─► late, in drips, cut off or without end ─► the socket
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from explorer.sandbox.faults import FAULT_HEADER, KINDS, ActiveFaults, Fault, OutgoingResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from explorer.core.catalog import Endpoint, Vendor

_CONNECTION_DROP: Final = 8
"""Bytes in one drip."""
_BLOCK: Final = b" " * 65536


@dataclass
class FaultInjector:
    """An ASGI app that answers one call under *faults*."""

    faults: Sequence[Fault]
    board: ActiveFaults
    wrapped_app: ASGIApp
    vendor: Vendor
    endpoint: Endpoint | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        replacing = next((fault for fault in self.faults if KINDS[fault.kind].replaces), None)
        out = OutgoingResponse(self.vendor, self.endpoint, self.board.memory)
        if replacing is None:
            await _capture(out, self.wrapped_app, scope, receive)
        else:
            KINDS[replacing.kind].effect(out, replacing)
        for fault in self.faults:
            if not KINDS[fault.kind].replaces:
                KINDS[fault.kind].effect(out, fault)
        out.set_header(FAULT_HEADER, " ".join(str(fault) for fault in self.faults))
        await _send(out, receive, send)


async def _send(out: OutgoingResponse, receive: Receive, send: Send) -> None:
    gone = asyncio.create_task(_wait_for_disconnect(receive))
    try:
        if out.delay and await _is_gone_within(gone, out.delay):
            return
        if out.endless:
            out.headers = [pair for pair in out.headers if pair[0].lower() != b"content-length"]
        else:
            out.set_header("content-length", str(len(out.body)))
        await send({"type": "http.response.start", "status": out.status, "headers": out.headers})
        body = out.body
        if out.breaks:
            body = body[: len(body) // 2 if out.cut is None else out.cut]
        if not await _send_pieces(send, body, out.pause, gone):
            return
        while out.endless and not gone.done():
            await send({"type": "http.response.body", "body": _BLOCK, "more_body": True})
            await asyncio.sleep(0)
        if not out.breaks and not out.endless:
            await send({"type": "http.response.body", "body": b""})
    finally:  # a response that was begun and not ended makes the server close the connection
        gone.cancel()


async def _capture(out: OutgoingResponse, app: ASGIApp, scope: Scope, receive: Receive) -> None:
    """Put the honest response into *out*."""

    async def take(message: Any) -> None:
        if message["type"] == "http.response.start":
            out.status, out.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            out.body += message.get("body", b"")

    await app(scope, receive, take)


async def _wait_for_disconnect(receive: Receive) -> None:
    """Until the caller is gone."""
    message = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()


async def _is_gone_within(gone: asyncio.Task[None], seconds: float) -> bool:
    """Wait; whether the caller left meanwhile."""
    await asyncio.wait({gone}, timeout=seconds)
    return gone.done()


async def _send_pieces(send: Send, body: bytes, pause: float | None, gone: asyncio.Task[None]) -> bool:
    """Send the body so far, at once or in drips; whether the caller is still there."""
    if pause is None:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await asyncio.sleep(0)
        return True
    for start in range(0, len(body), _CONNECTION_DROP):
        await send({"type": "http.response.body", "body": body[start : start + _CONNECTION_DROP], "more_body": True})
        if await _is_gone_within(gone, pause):
            return False
    return True
