"""Calls, requests, responses and verdicts as values, and the shapes that ``send --json`` promises."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from explorer.core.text.data import Data
else:
    Data = bytes  # what a history holds: a memory map is taken out of what is written

SANDBOX: Final = "sandbox"
"""The environment that is a server on this machine; every vendor has it, and it is the default."""
Outcome = Literal["OK", "FAILED", "PARTIAL", "UNKNOWN"]
Header = tuple[str, str]
REDIRECT_STATUSES = (301, 302, 303, 307, 308)
"""Statuses that name another URL to be requested in ``Location`` (RFC 9110, section 15.4); 304 is not among them."""
Purpose = Literal["call", "auth", "redirect", "retry"]
"""Why a request was sent: the call itself, a token for it, a redirect that was followed, a second try."""


class FrozenStruct(msgspec.Struct, frozen=True, kw_only=True):
    """A plain value."""


class Entry(FrozenStruct, frozen=True):
    """One thing that a person set in a form: ``name=text``, ``name:=json`` or ``name=@file``.

    A name without an entry is absent; ``text`` with an empty ``value`` is empty; ``json`` with ``null`` is null.
    """

    name: str
    kind: Literal["text", "json", "file"] = "text"
    value: str = ""


class Call(FrozenStruct, frozen=True, kw_only=True):
    """What a person asked for, before anything was checked. Enough to make the request again."""

    vendor: str
    endpoint: str
    environment: str = SANDBOX
    method: str = ""
    """One of the endpoint's methods; the first where empty."""
    base_url: str = ""
    """Replaces the environment's, where given."""
    entries: tuple[Entry, ...] = ()
    readings: dict[str, str] = {}
    extra: tuple[tuple[str, str], ...] = ()
    """Undocumented query parameters."""
    headers: tuple[Header, ...] = ()
    force: bool = False
    """Go on although the form has errors."""

    @property
    def address(self) -> str:
        """``vendor.endpoint``."""
        return f"{self.vendor}.{self.endpoint}"


class SentRequest(FrozenStruct, frozen=True, kw_only=True):
    """A request as it stands on the wire. Header names and values as sent, in order."""

    method: str
    url: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""

    @property
    def url_without_query(self) -> str:
        """The URL up to its query."""
        return self.url.partition("?")[0]


class ReceivedResponse(FrozenStruct, frozen=True, kw_only=True):
    """A response as it arrived; ``body`` is decoded from its content coding. A large one is a memory map of a temporary
    file, which is gone when nobody has the response any more."""

    status: int
    reason: str = ""
    http_version: str = "HTTP/1.1"
    headers: tuple[Header, ...] = ()
    body: Data = b""
    truncated: str = ""
    """Why the body is not whole (``cut at 250 MB``, ``connection broke``), or empty."""
    wire_size: int = 0
    """Bytes of the body on the wire, before decoding."""
    note: str = ""
    """What a person should know about the decoding of the body (``the content coding 'br' is unknown …``), or empty."""

    def header(self, name: str) -> str:
        """The value of a header, or an empty text; names are case-insensitive."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


class Hop(FrozenStruct, frozen=True, kw_only=True):
    """One request and its response among several: a token call, a redirect, a second try."""

    purpose: Purpose
    request: SentRequest
    response: ReceivedResponse | None = None


class Timings(FrozenStruct, frozen=True, kw_only=True):
    """Seconds from the start of the send to the end of each phase; None where it was not reached or not needed."""

    connected: float | None = None
    sent: float | None = None
    first_byte: float | None = None
    total: float = 0.0


class RejectedField(FrozenStruct, frozen=True, kw_only=True):
    """A field that the vendor complained about, by the name that the form uses, and the complaint."""

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
    """What the documentation says of this status, in our words."""
    why: str = ""
    """What the judgement rests on: ``HTTP 404``, ``success is false in a 200``."""


class Failure(FrozenStruct, frozen=True, kw_only=True):
    """Why there is no (whole) response: the class of the error tree, its text and what to do next."""

    kind: str
    title: str
    message: str
    hint: str = ""
    exit_code: int = 3


class RequestContext(FrozenStruct, frozen=True, kw_only=True):
    """What a call was made under, so that a replay can say what changed since. Nothing in it is secret."""

    edition: str = ""
    """Edition of the catalog."""
    catalog: str = ""
    """Digest of the whole catalog."""
    endpoint: str = ""
    """Digest of what the catalog says of this call, its vendor's authentication and version."""
    base_url: str = ""
    credentials: dict[str, str] = {}
    """Name → ``Secret.fingerprint`` of every credential that was there."""
    used: tuple[str, ...] = ()
    """Fingerprints of the secrets of the auth scheme that stood in the request."""
    minted: tuple[str, ...] = ()
    """Fingerprints of the tokens that came of it."""


class Exchange(FrozenStruct, frozen=True, kw_only=True, weakref=True):
    """One call and all that came of it."""

    call: Call
    started_at: float
    """Unix time, seconds."""
    request: SentRequest
    """The request as finally sent."""
    response: ReceivedResponse | None = None
    hops: tuple[Hop, ...] = ()
    """Everything that went over the wire before ``request``, in order."""
    timings: Timings = msgspec.field(default_factory=Timings)
    verdict: Verdict = msgspec.field(default_factory=Verdict)
    failure: Failure | None = None
    pages: int = 1
    problems: tuple[dict[str, Any], ...] = ()
    """Form problems that were overridden, as tables."""
    id: int = 0
    """Its number in the history, 0 before it is kept."""
    under: RequestContext | None = None
    """None in an entry that was kept before there were any."""
    origin: int = 0
    """The number of the entry that it is a replay of, or 0."""
    replayed: Literal["", "again", "exact", "form"] = ""
    """How it was made of its origin."""
    lost: tuple[str, ...] = ()
    """Bodies that the history has no more: ``request``, ``response``, ``hop 0 request``, …"""


def hops_of(exchange: Exchange) -> tuple[Hop, ...]:
    """Every hop of the exchange, the final one last."""
    last = Hop(purpose=_last_purpose(exchange), request=exchange.request, response=exchange.response)
    return (*exchange.hops, last)


def _last_purpose(exchange: Exchange) -> Purpose:
    """What the final request was: a hop before it tells, since an exchange does not say."""
    before = exchange.hops[-1] if exchange.hops else None
    if before is None or before.purpose == "auth" or before.response is None:
        return "call"
    if before.response.status in REDIRECT_STATUSES and before.response.header("location"):
        return "redirect"
    return "retry"


def sandbox_reason(exchange: Exchange) -> str:
    """What the sandbox says of a refusal: which check failed, what it expected and what it got; or an empty text."""
    from urllib.parse import unquote

    response = exchange.response
    reason = unquote(response.header("x-sandbox-reason")) if response else ""
    return f"sandbox, check {response.header('x-sandbox-check')}: {reason}" if response and reason else ""


def request_table(request: SentRequest) -> dict[str, Any]:
    """A request as data: ``{method, url, headers, body}``."""
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
    """Return parsed JSON where the body is JSON, otherwise text; None for no body. What many readers of JSON could not
    take is text: numbers that fit no machine type, and what is nested deeper than ``lenient_json.DEEPEST``."""
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
    """Refuse ``NaN`` and ``Infinity``, which Python reads and RFC 8259 (section 6) does not know."""
    raise ValueError(f"{name} is not JSON")


def _finite_or_text(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def exchange_table(exchange: Exchange) -> dict[str, Any]:
    """``send --json``: one exchange as data."""
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
    """A verdict as data."""
    return {
        "outcome": verdict.outcome,
        "http_status": verdict.http_status,
        "code": verdict.code,
        "message": verdict.message,
        "fields": [{"name": one.name, "message": one.message} for one in verdict.fields],
        "why": verdict.why,
        "meaning": verdict.meaning,
    }


def failure_table(failure: Failure) -> dict[str, Any]:
    """Why there is no (whole) answer, as data."""
    return {"kind": failure.kind, "title": failure.title, "message": failure.message, "hint": failure.hint}
