"""Inject faults into responses: replace or change a captured response, and send it badly.

app ─ captured ─► changed status, headers, body ─► sent late, in drips, cut off or without end ─► socket
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

_DRIP_SIZE: Final = 8
"""Bytes of one drip."""
_BLOCK: Final = b" " * 65536


@dataclass
class FaultInjector:
    """An ASGI app that responds to one request with *faults*."""

    faults: Sequence[Fault]
    active_faults: ActiveFaults
    wrapped_app: ASGIApp
    vendor: Vendor
    endpoint: Endpoint | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response with the faults."""
        replacing = next((fault for fault in self.faults if KINDS[fault.kind].replaces), None)
        out = OutgoingResponse(self.vendor, self.endpoint, self.active_faults.memory)
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
    disconnected = asyncio.create_task(_wait_for_disconnect(receive))
    try:
        if out.delay and await _disconnects_within(disconnected, out.delay):
            return
        if out.endless:
            out.headers = [pair for pair in out.headers if pair[0].lower() != b"content-length"]
        else:
            out.set_header("content-length", str(len(out.body)))
        await send({"type": "http.response.start", "status": out.status, "headers": out.headers})
        body = out.body
        if out.breaks:
            body = body[: len(body) // 2 if out.cut is None else out.cut]
        if not await _send_pieces(send, body, out.pause, disconnected):
            return
        while out.endless and not disconnected.done():
            await send({"type": "http.response.body", "body": _BLOCK, "more_body": True})
            await asyncio.sleep(0)
        if not out.breaks and not out.endless:
            await send({"type": "http.response.body", "body": b""})
    finally:  # an unfinished response makes the server close the connection
        disconnected.cancel()


async def _capture(out: OutgoingResponse, app: ASGIApp, scope: Scope, receive: Receive) -> None:
    """Store the response of *app* in *out*."""

    async def store(message: Any) -> None:
        if message["type"] == "http.response.start":
            out.status, out.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            out.body += message.get("body", b"")

    await app(scope, receive, store)


async def _wait_for_disconnect(receive: Receive) -> None:
    """Wait until the client disconnects."""
    message = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()


async def _disconnects_within(disconnected: asyncio.Task[None], seconds: float) -> bool:
    """Wait up to *seconds*; return whether the client disconnected."""
    await asyncio.wait({disconnected}, timeout=seconds)
    return disconnected.done()


async def _send_pieces(send: Send, body: bytes, pause: float | None, disconnected: asyncio.Task[None]) -> bool:
    """Send *body* at once or in drips; return whether the client is still connected."""
    if pause is None:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await asyncio.sleep(0)
        return True
    for start in range(0, len(body), _DRIP_SIZE):
        await send({"type": "http.response.body", "body": body[start : start + _DRIP_SIZE], "more_body": True})
        if await _disconnects_within(disconnected, pause):
            return False
    return True
