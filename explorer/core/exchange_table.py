"""Requests, answers and verdicts as data: the shapes that ``send --json`` promises."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.core.exchange import Exchange, Failure, SentRequest, Verdict


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

    from explorer.core.lenient_json import DEEPEST, depth, parse

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
