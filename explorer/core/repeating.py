"""Whether and when a read that failed is worth another try. Pure: time and chance are arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.core.text.units import parse_http_date

if TYPE_CHECKING:
    from explorer.core.exchange import Exchange

TRANSIENT_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may be gone the next time (RFC 9110, 15.5.9, 15.6; RFC 6585, 4; RFC 8470, 5.2)."""
_FIRST: Final = 0.5
_LONGEST: Final = 30.0


def is_retryable(exchange: Exchange) -> bool:
    """Whether the same read may do better in a while: no answer, a broken one, or a status that passes, also where it
    stands in the body of a 200."""
    if exchange.failure is not None:
        return exchange.failure.kind in ("ConnectFailed", "TimedOut", "BrokenAnswer")
    verdict = exchange.verdict
    if verdict.http_status in TRANSIENT_STATUSES:
        return True
    if verdict.outcome == "UNKNOWN":
        return verdict.http_status is not None and 200 <= verdict.http_status < 300
    return verdict.outcome == "FAILED" and verdict.code.isdigit() and int(verdict.code) in TRANSIENT_STATUSES


def retry_after(exchange: Exchange, now: float) -> float | None:
    """Seconds that the vendor asks to wait, from *now* (Unix seconds): a number or a date (RFC 9110, 10.2.3). None
    where it asks for nothing that can be read."""
    text = exchange.response.header("retry-after").strip() if exchange.response is not None else ""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    at = parse_http_date(text)
    return max(0.0, at - now) if at is not None else None


def backoff(attempt: int, told: float | None, chance: float) -> float:
    """Seconds before try number *attempt* + 1 (the first is 1): what the vendor told, otherwise twice as long each time
    up to half a minute, of which *chance* (0 to 1) takes away up to a half, so that many do not come back at once."""
    if told is not None:
        return told
    return float(min(_FIRST * 2 ** (attempt - 1), _LONGEST) * (1 - chance / 2))
