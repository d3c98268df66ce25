"""Requests and answers as lines, and the exit code of an answer; as data they are in ``core.exchange_table``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.cli.output import table
from explorer.core.exchange_table import (
    body_value,
    exchange_table,
    failure_table,
    request_table,
    sandbox_reason,
    verdict_table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.exchange import Exchange
    from explorer.core.provenance import RequestPart

__all__ = [
    "body_value",
    "exchange_table",
    "exit_code",
    "failure_table",
    "part_table",
    "parts_text",
    "request_table",
    "sandbox_reason",
    "verdict_table",
]


def exit_code(exchange: Exchange) -> int:
    """0 success, 1 the vendor said no, 3 no whole answer, 4 credentials refused (HTTP 401)."""
    if exchange.failure is not None:
        return exchange.failure.exit_code
    if exchange.verdict.outcome == "UNKNOWN":
        return 3
    if exchange.verdict.outcome != "OK":
        return 4 if exchange.verdict.http_status == 401 else 1
    return 0


def parts_text(parts: Sequence[RequestPart]) -> str:
    """The parts of a request, one a line, each after its origin and what there is to say of that."""
    from explorer.core.provenance import PART_ORIGINS
    from explorer.core.text.sanitize import sanitize_line

    rows = []
    for part in parts:
        text = part.text.rstrip("\r\n") if part.place in ("header", "frame", "method") else part.text
        if text:
            rows.append((PART_ORIGINS[part.origin], sanitize_line(part.detail), sanitize_line(text)))
    return table(rows)


def part_table(part: RequestPart) -> dict[str, str]:
    """A part of a request as data: ``{place, name, text, origin, detail}``; the texts joined are the request."""
    return {
        "place": part.place,
        "name": part.name,
        "text": part.text,
        "origin": part.origin,
        "detail": part.detail,
    }
