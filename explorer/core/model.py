"""Calls, requests, responses and verdicts as values, and the JSON objects of ``send --json``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from explorer.core.text.data import Data
else:
    Data = bytes  # at run time plain bytes, because the history never stores a memory map

SANDBOX: Final = "sandbox"
"""The environment of the local sandbox server. Every vendor has it, and it is the default."""
Outcome = Literal["OK", "FAILED", "PARTIAL", "UNKNOWN"]
Header = tuple[str, str]
REDIRECT_STATUSES = (301, 302, 303, 307, 308)
"""Statuses that redirect to the URL in ``Location`` (RFC 9110, section 15.4); 304 is not one."""
Purpose = Literal["call", "auth", "redirect", "retry"]
"""Why a request was sent: the call itself, its token, a followed redirect, or a retry."""


class FrozenStruct(msgspec.Struct, frozen=True, kw_only=True):
    """A plain immutable value."""


class Entry(FrozenStruct, frozen=True):
    """One form entry: ``name=text``, ``name:=json`` or ``name=@file``.

    A name without an entry is absent; ``text`` with an empty ``value`` is empty; ``json`` with ``null`` is null.
    """

    name: str
    kind: Literal["text", "json", "file"] = "text"
    value: str = ""


class Call(FrozenStruct, frozen=True, kw_only=True):
    """A requested call before validation, complete enough to rebuild its request."""

    vendor: str
    endpoint: str
    environment: str = SANDBOX
    method: str = ""
    """One of the endpoint's methods; empty for the first."""
    base_url: str = ""
    """Overrides the environment's base URL, if set."""
    entries: tuple[Entry, ...] = ()
    readings: dict[str, str] = {}
    extra: tuple[tuple[str, str], ...] = ()
    """Undocumented query parameters."""
    headers: tuple[Header, ...] = ()
    force: bool = False
    """Send even if the form has errors."""

    @property
    def address(self) -> str:
        """``vendor.endpoint``."""
        return f"{self.vendor}.{self.endpoint}"


class SentRequest(FrozenStruct, frozen=True, kw_only=True):
    """A request as sent, with header names and values in order."""

    method: str
    url: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""

    @property
    def url_without_query(self) -> str:
        """The URL without its query."""
        return self.url.partition("?")[0]


class ReceivedResponse(FrozenStruct, frozen=True, kw_only=True):
    """A response as received; ``body`` is decoded from its content coding.

    The body of a large response is a memory map of a temporary file, which is deleted with the last reference to the
    response.
    """

    status: int
    reason: str = ""
    http_version: str = "HTTP/1.1"
    headers: tuple[Header, ...] = ()
    body: Data = b""
    truncated: str = ""
    """Why the body is incomplete (``cut at 250 MB``, ``connection broke``), or empty."""
    wire_size: int = 0
    """Bytes of the body as transferred, before decoding."""
    note: str = ""
    """A remark about decoding the body (``the content coding 'br' is unknown …``), or empty."""

    def header(self, name: str) -> str:
        """Return the value of a header, or an empty string; names are case-insensitive."""
        lowered = name.lower()
        return next((value for key, value in self.headers if key.lower() == lowered), "")


class Hop(FrozenStruct, frozen=True, kw_only=True):
    """One request and its response within an exchange: a token call, a redirect or a retry."""

    purpose: Purpose
    request: SentRequest
    response: ReceivedResponse | None = None


class Timings(FrozenStruct, frozen=True, kw_only=True):
    """Seconds from the start of the send to the end of each phase; None if a phase was not reached or not needed."""

    connected: float | None = None
    sent: float | None = None
    first_byte: float | None = None
    total: float = 0.0


class RejectedField(FrozenStruct, frozen=True, kw_only=True):
    """A field that the vendor rejected, by its form name, and the vendor's message."""

    name: str
    message: str = ""


class Verdict(FrozenStruct, frozen=True, kw_only=True):
    """The vendor's verdict on an exchange."""

    outcome: Outcome = "UNKNOWN"
    http_status: int | None = None
    code: str = ""
    message: str = ""
    fields: tuple[RejectedField, ...] = ()
    meaning: str = ""
    """The documented meaning of this status, in our words."""
    why: str = ""
    """The reason for the outcome: ``HTTP 404``, ``HTTP 200, but the body says `success: false```."""


class Failure(FrozenStruct, frozen=True, kw_only=True):
    """Why there is no (complete) response: error class, title, message and hint."""

    kind: str
    title: str
    message: str
    hint: str = ""
    exit_code: int = 3


class RequestContext(FrozenStruct, frozen=True, kw_only=True):
    """The circumstances of a call, so that a replay can report what changed. Contains no secrets."""

    edition: str = ""
    """Catalog edition."""
    catalog: str = ""
    """Digest of the whole catalog."""
    endpoint: str = ""
    """Digest of the call's catalog entry, and of its vendor's authentication and version."""
    base_url: str = ""
    credentials: dict[str, str] = {}
    """Name → ``Secret.fingerprint`` of every credential that was set."""
    used: tuple[str, ...] = ()
    """Fingerprints of the auth scheme's secrets in the request."""
    minted: tuple[str, ...] = ()
    """Fingerprints of the tokens that the call returned."""


class Exchange(FrozenStruct, frozen=True, kw_only=True, weakref=True):
    """One call with its requests, responses and verdict."""

    call: Call
    started_at: float
    """Unix time, seconds."""
    request: SentRequest
    """The request as finally sent."""
    response: ReceivedResponse | None = None
    hops: tuple[Hop, ...] = ()
    """Everything sent before ``request``, in order."""
    timings: Timings = msgspec.field(default_factory=Timings)
    verdict: Verdict = msgspec.field(default_factory=Verdict)
    failure: Failure | None = None
    pages: int = 1
    problems: tuple[dict[str, Any], ...] = ()
    """Overridden form problems, as objects."""
    id: int = 0
    """Its number in the history, 0 before it is stored."""
    under: RequestContext | None = None
    """None in entries stored before this field existed."""
    origin: int = 0
    """The number of the entry that it replays, or 0."""
    replayed: Literal["", "again", "exact", "form"] = ""
    """How it was derived from its origin."""
    lost: tuple[str, ...] = ()
    """Bodies that the history no longer has: ``request``, ``response``, ``hop 0 request``, …"""


def hops_of(exchange: Exchange) -> tuple[Hop, ...]:
    """Return every hop of the exchange, the final one last."""
    last = Hop(purpose=_last_purpose(exchange), request=exchange.request, response=exchange.response)
    return (*exchange.hops, last)


def _last_purpose(exchange: Exchange) -> Purpose:
    """Return the purpose of the final request, inferred from the hop before it."""
    before = exchange.hops[-1] if exchange.hops else None
    if before is None or before.purpose == "auth" or before.response is None:
        return "call"
    if before.response.status in REDIRECT_STATUSES and before.response.header("location"):
        return "redirect"
    return "retry"


def sandbox_reason(exchange: Exchange) -> str:
    """Return why the sandbox refused: the failed check, the expected and the received value; or an empty string."""
    from urllib.parse import unquote

    response = exchange.response
    reason = unquote(response.header("x-sandbox-reason")) if response else ""
    return f"sandbox, check {response.header('x-sandbox-check')}: {reason}" if response and reason else ""


def request_table(request: SentRequest) -> dict[str, Any]:
    """Return a request as a JSON object: ``{method, url, headers, body}``."""
    return {
        "method": request.method,
        "url": request.url,
        "headers": _header_table(request.headers),
        "body": body_value(request.body),
    }


def _header_table(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def body_value(body: bytes) -> Any:
    """Return parsed JSON if the body is JSON, otherwise a string; None for no body.

    What many JSON readers cannot parse stays a string: numbers that fit no machine type, and nesting deeper than
    ``lenient_json.DEEPEST``.
    """
    import json

    from explorer.core.text.lenient_json import DEEPEST, depth, parse

    if not body:
        return None
    text = body.decode("utf-8", "replace")
    try:
        if depth(body) <= DEEPEST:
            return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite_or_text)
    except ValueError:
        pass
    try:
        return parse(body)
    except ValueError:
        return text


def _refuse_constant(name: str) -> float:
    """Reject ``NaN`` and ``Infinity``, which Python accepts but RFC 8259 (section 6) excludes."""
    raise ValueError(f"{name} is not JSON")


def _finite_or_text(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def exchange_table(exchange: Exchange) -> dict[str, Any]:
    """Return one exchange as the JSON object of ``send --json``."""
    response = exchange.response
    table: dict[str, Any] = {
        "request": request_table(exchange.request),
        "response": None
        if response is None
        else {
            "status": response.status,
            "reason": response.reason,
            "headers": _header_table(response.headers),
            "body": body_value(response.body[:]),
        },
        "verdict": verdict_table(exchange.verdict),
        "timings": {
            "connected": exchange.timings.connected,
            "sent": exchange.timings.sent,
            "first_byte": exchange.timings.first_byte,
            "total": exchange.timings.total,
        },
        "pages": 1,
        "history": exchange.id or None,
    }
    if response is not None and response.truncated:
        table["response"]["truncated"] = response.truncated
    if response is not None and response.note:
        table["response"]["note"] = response.note
    if exchange.failure is not None:
        table["error"] = failure_table(exchange.failure)
    reason = sandbox_reason(exchange)
    if reason:
        table["sandbox"] = reason
    return table


def verdict_table(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as a JSON object."""
    return {
        "outcome": verdict.outcome,
        "http_status": verdict.http_status,
        "code": verdict.code,
        "message": verdict.message,
        "fields": [{"name": field.name, "message": field.message} for field in verdict.fields],
        "why": verdict.why,
        "meaning": verdict.meaning,
    }


def failure_table(failure: Failure) -> dict[str, Any]:
    """Return the reason for a missing or incomplete response as a JSON object."""
    return {"kind": failure.kind, "title": failure.title, "message": failure.message, "hint": failure.hint}
