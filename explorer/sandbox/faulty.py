"""Answers that go wrong on purpose: the honest answer (or one in its place), changed, and sent badly.

honest app ─ captured ─► changes of status, headers, body ─► late, in drips, cut off or without end ─► the socket
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from explorer.core.pagination import style_for
from explorer.core.pagination.base import at_path
from explorer.sandbox.answers import Reply, response
from explorer.sandbox.faults import FAULT_HEADER, Fault, FaultBoard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from explorer.core.catalog import Endpoint, Vendor
    from explorer.core.pagination.base import Options

_DROP: Final = 8
"""Bytes in one drip."""
_BLOCK: Final = b" " * 65536


@dataclass
class Answer:
    """An answer before it is sent."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def set_header(self, name: str, value: str) -> None:
        """Put a header in the place of those of its name."""
        key = name.lower().encode()
        self.headers = [pair for pair in self.headers if pair[0].lower() != key] + [(key, value.encode("latin-1"))]

    def header(self, name: str) -> str:
        """A header's value, or an empty text."""
        key = name.lower().encode()
        return next((value.decode("latin-1") for one, value in self.headers if one.lower() == key), "")


@dataclass
class Misbehaviour:
    """An ASGI app that answers one call under *faults*."""

    faults: Sequence[Fault]
    board: FaultBoard
    honest: ASGIApp
    vendor: Vendor
    endpoint: Endpoint | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        replaced = next((fault for fault in self.faults if fault.kind in ("429", "500", "503")), None)
        answer = _replacement(replaced) if replaced else await _captured(self.honest, scope, receive)
        for fault in self.faults:
            change = _CHANGES.get(fault.kind)
            if change is not None:
                change(self, fault, answer)
        answer.set_header(FAULT_HEADER, " ".join(str(fault) for fault in self.faults))
        await self._send(answer, receive, send)

    async def _send(self, answer: Answer, receive: Receive, send: Send) -> None:
        ways = {fault.kind: fault for fault in self.faults}
        gone = asyncio.create_task(_left(receive))
        try:
            if "slow" in ways and await _within(gone, ways["slow"].amount):
                return
            endless, cut = "endless" in ways, ways.get("cut")
            if endless:
                answer.headers = [pair for pair in answer.headers if pair[0].lower() != b"content-length"]
            else:
                answer.set_header("content-length", str(len(answer.body)))
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            body = answer.body
            if cut is not None:
                body = body[: int(cut.amount) if cut.value else len(body) // 2]
            pause = ways["drip"].amount if "drip" in ways else None
            if not await _pieces(send, body, pause, gone):
                return
            while endless and not gone.done():
                await send({"type": "http.response.body", "body": _BLOCK, "more_body": True})
                await asyncio.sleep(0)
            if cut is None and not endless:
                await send({"type": "http.response.body", "body": b""})
        finally:  # an answer that was begun and not ended makes the server close the connection
            gone.cancel()


async def _captured(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    answer = Answer()

    async def take(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await app(scope, receive, take)
    return answer


async def _left(receive: Receive) -> None:
    """Until the caller is gone."""
    message = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()


async def _within(gone: asyncio.Task[None], seconds: float) -> bool:
    """Wait; whether the caller left meanwhile."""
    await asyncio.wait({gone}, timeout=seconds)
    return gone.done()


async def _pieces(send: Send, body: bytes, pause: float | None, gone: asyncio.Task[None]) -> bool:
    """Send the body so far, at once or in drips; whether the caller is still there."""
    if pause is None:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await asyncio.sleep(0)
        return True
    for start in range(0, len(body), _DROP):
        await send({"type": "http.response.body", "body": body[start : start + _DROP], "more_body": True})
        if await _within(gone, pause):
            return False
    return True


# --- what stands in an answer's place ---------------------------------------------------------------------------------


def _replacement(fault: Fault) -> Answer:
    status = int(fault.kind)
    answer = Answer(status, [], json.dumps({"error": _WORDS[status]}).encode())
    answer.set_header("content-type", "application/json")
    if fault.value:
        answer.set_header("retry-after", f"{fault.amount:g}" if fault.amount % 1 else str(int(fault.amount)))
    return answer


_WORDS: Final = {
    429: "too many requests: come back later",
    500: "internal error",
    503: "not available at the moment",
}


# --- what is changed in an answer -------------------------------------------------------------------------------------


def _error200(by: Misbehaviour, fault: Fault, answer: Answer) -> None:
    """The vendor's own no, in a 200."""
    rule = (by.endpoint.verdict if by.endpoint else None) or by.vendor.verdict
    words = "the sandbox was told to fail here"
    both = bool(rule.message and rule.error)
    leaves: dict[str, Any] = {
        rule.success: False,
        rule.error: "sandbox_fault" if both else words,
        rule.message: words,
        rule.code: int(fault.amount),
        rule.status_code: int(fault.amount),
    }
    value: dict[str, Any] = {}
    for path, leaf in leaves.items():
        _put(value, path, leaf)
    sandbox = by.vendor.sandbox
    as_xml = "xml" in answer.header("content-type")
    made = response(Reply(200, value or {"error": words}), as_xml=as_xml, root=sandbox.xml_root, item=sandbox.xml_item)
    answer.status, answer.body = 200, bytes(made.body)
    answer.set_header("content-type", made.headers["content-type"])


def _put(table: dict[str, Any], path: str, leaf: Any) -> None:
    *above, name = path.split(".")
    for part in above:
        table = table.setdefault(part, {})
    if name:
        table[name] = leaf


def _malformed(_by: Misbehaviour, _fault: Fault, answer: Answer) -> None:
    half = len(answer.body) // 2
    answer.body = answer.body[:half] + b'"<}' + answer.body[half:]


def _truncated(_by: Misbehaviour, _fault: Fault, answer: Answer) -> None:
    answer.body = answer.body[: len(answer.body) // 2]


def _content_type(_by: Misbehaviour, fault: Fault, answer: Answer) -> None:
    answer.set_header("content-type", fault.value)


def _charset(_by: Misbehaviour, fault: Fault, answer: Answer) -> None:
    answer.body = answer.body.decode("utf-8", "replace").encode(fault.value, "replace")
    kind = answer.header("content-type").partition(";")[0]
    answer.set_header("content-type", f"{kind}; charset=utf-8")


def _totals(by: Misbehaviour, fault: Fault, answer: Answer) -> None:
    """The total, larger by some with every answer."""

    def change(body: Any, options: Options) -> None:
        path = options.total
        above, _, name = path.rpartition(".")
        table = at_path(body, above)
        if path and isinstance(table, dict) and isinstance(table.get(name), int):
            key = ("totals", by.vendor.id, by.endpoint.id if by.endpoint else "")
            grown = by.board.memory.get(key, 0)
            by.board.memory[key] = grown + int(fault.amount)
            table[name] += grown

    _paged(by, answer, change)


def _overlap(by: Misbehaviour, fault: Fault, answer: Answer) -> None:
    """The last records of the page that was sent before, at the head of this one, whose own last are left out."""

    def change(body: Any, options: Options) -> None:
        records = at_path(body, options.items)
        if not isinstance(records, list):
            return
        key, count = ("overlap", by.vendor.id, by.endpoint.id if by.endpoint else ""), int(fault.amount)
        before = by.board.memory.get(key, [])
        if before and records:
            records[:] = [*before, *records][: len(records)]
        by.board.memory[key] = records[-count:] if count else []

    _paged(by, answer, change)


def _paged(by: Misbehaviour, answer: Answer, change: Callable[[Any, Options], None]) -> None:
    """Change the decoded body of a page; what is no JSON page stays."""
    style = style_for(by.vendor, by.endpoint) if by.endpoint is not None else None
    if style is None:
        return
    try:
        body = json.loads(answer.body)
    except ValueError:
        return
    change(body, style.options)
    answer.body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


_CHANGES: Final[dict[str, Callable[[Misbehaviour, Fault, Answer], None]]] = {
    "error200": _error200,
    "totals": _totals,
    "overlap": _overlap,
    "malformed": _malformed,
    "truncated": _truncated,
    "content_type": _content_type,
    "charset": _charset,
}
