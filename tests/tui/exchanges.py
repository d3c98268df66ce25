"""Exchanges to show, and a screen to show one widget on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from textual.app import App, ComposeResult
from textual.widget import Widget

from explorer.core.model import (
    Call,
    Exchange,
    Failure,
    Hop,
    ReceivedResponse,
    RejectedField,
    SentRequest,
    Timings,
    Verdict,
)

if TYPE_CHECKING:
    from textual.message import Message

CALL = Call(vendor="teahouse", endpoint="order_calculate")
HEADERS = (
    ("Host", "api.teahouse.test"),
    ("Authorization", "Bearer ••••••"),
    ("Content-Type", "application/x-www-form-urlencoded"),
)
REQUEST = SentRequest(
    method="POST",
    url="https://api.teahouse.test/v1/order.json?sig=••••••&filter%5Bname%5D=a+b",
    headers=HEADERS,
    body=b"item1_id=16361&city=Hyrule%20Castle",
)
BODY = json.dumps({"success": False, "error": "no size", "rows": [{"id": n} for n in range(30)]}).encode()
RESPONSE = ReceivedResponse(
    status=200,
    reason="OK",
    headers=(("Content-Type", "application/json"), ("X-Long", "v" * 300), ("Content-Encoding", "gzip")),
    body=BODY,
    wire_size=90,
)
TIMINGS = Timings(connected=0.012, sent=0.013, first_byte=0.133, total=0.173)
REFUSED = Verdict(
    outcome="FAILED",
    http_status=200,
    code="412",
    message="no size",
    meaning="the order cannot be made",
    why="HTTP 200, but the body says `success: false`",
    fields=(RejectedField(name="item1_size", message="no size"), RejectedField(name="city", message="too far")),
)
FAILED = Exchange(
    call=CALL, started_at=1_790_000_000.0, request=REQUEST, response=RESPONSE, timings=TIMINGS, verdict=REFUSED
)
TOKEN_HOP = Hop(
    purpose="auth",
    request=SentRequest(method="POST", url="https://api.teahouse.test/oauth/token", body=b"grant_type=password"),
    response=ReceivedResponse(status=200, reason="OK", body='{"token":"••••••"}'.encode()),
)


def changed(exchange: Exchange, **values: Any) -> Exchange:
    """*exchange* with other values; ``body``, ``headers``, ``status`` and ``truncated`` go to its response."""
    inner = {name: values.pop(name) for name in ("body", "headers", "status", "reason", "truncated") if name in values}
    if inner:
        assert exchange.response is not None
        values["response"] = msgspec.structs.replace(exchange.response, **inner)
    return msgspec.structs.replace(exchange, **values)


OK = changed(FAILED, verdict=Verdict(outcome="OK", http_status=200, why="HTTP 200"))
UNREACHED = Exchange(
    call=CALL,
    started_at=1_790_000_000.0,
    request=REQUEST,
    timings=Timings(total=0.02),
    failure=Failure(kind="ConnectFailed", title="Could not connect", message="no connection: refused", hint="Look up."),
)
CUT = changed(
    FAILED,
    body=BODY[:40],
    truncated="the connection was lost before the body was complete",
    verdict=Verdict(),
    failure=Failure(kind="BrokenAnswer", title="Broken response", message="the server hung up"),
)

Shown = TypeVar("Shown", bound=Widget)


class Bench(App[None], Generic[Shown]):
    """A screen with one widget; remembers the messages that come up from it."""

    def __init__(self, widget: Shown) -> None:
        self.widget = widget
        self.told: list[Message] = []
        super().__init__()

    def compose(self) -> ComposeResult:
        yield self.widget

    def painted(self) -> str:
        """What stands on the screen."""
        return "\n".join(strip.text.rstrip() for strip in self.screen._compositor.render_strips())

    def note(self, message: Message) -> None:
        """Remember a message; for ``message_hook``."""
        self.told.append(message)

    def of(self, kind: type[Message]) -> list[Any]:
        """The messages of one kind, each once (a bubbling message is seen at every node)."""
        seen: dict[int, Message] = {id(one): one for one in self.told if isinstance(one, kind)}
        return list(seen.values())
