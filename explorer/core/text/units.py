"""Parse and format sizes, durations and times.

Durations have four formats: ``format_elapsed`` for measurements, ``format_duration`` for values that ``parse_duration``
reads, ``format_countdown`` for running timers, ``format_age`` for estimates.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Final

from explorer.errors import UsageError

LAST_SECOND: Final = 253_402_300_799
"""The last second of the year 9999 in Unix time, the limit of Python's dates."""
_SIZE: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*(b|kb|mb|gb|tb)?", re.IGNORECASE)
_BYTES: Final = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(ms|s|m|h|d|w)", re.IGNORECASE)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


# --- sizes -----------------------------------------------------------------------------------------------------------


def parse_size(text: str) -> int:
    """Return the bytes in *text*: ``250000``, ``256 kB``, ``1.5 GB`` (units of 1000).

    Raises:
        UsageError: *text* is not a size.
    """
    match = _SIZE.fullmatch(text.strip().replace("_", "").replace(",", ""))
    if match is None:
        raise UsageError(f"{text!r} is not a size", hint="Examples: 500 MB, 1.5 GB, 250000.")
    return round(float(match[1]) * _BYTES[(match[2] or "b").lower()])


def format_size(size: int) -> str:
    """Return *size* in bytes as ``512 B``, ``1.2 kB``, ``34 MB`` (units of 1000)."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            break
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def format_exact_size(size: int) -> str:
    """Return *size* in bytes in a form that ``parse_size`` reads without loss: ``1.5 GB``, ``250001 B``."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size % (unit // 1000) == 0 and size >= unit:
            return f"{_shortest(size / unit)} {name}"
    return f"{size} B"


def _shortest(value: float) -> str:
    """Format with at most three decimals and no exponent, so that parsing is exact."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


# --- durations -------------------------------------------------------------------------------------------------------


def parse_duration(text: str) -> float | None:
    """Return the seconds in *text* (``800ms``, ``1.5s``, ``10m``, ``2h``, ``30d``, ``8w``), or None."""
    match = _DURATION.fullmatch(text.strip())
    return float(match[1]) * _SECONDS[match[2].lower()] if match else None


def format_duration(seconds: float) -> str:
    """Return *seconds* for ``parse_duration``, in the largest exact unit: ``10m``, ``90s``, ``800ms``."""
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{_shortest(seconds / _SECONDS[unit])}{unit}"
    return f"{_shortest(seconds * 1000)}ms"


def format_elapsed(seconds: float) -> str:
    """Return measured *seconds* as ``0.4 ms``, ``173 ms``, ``1.23 s``, ``12.3 s``, ``2 min 05 s``."""
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def format_countdown(seconds: float) -> str:
    """Return the *seconds* of a running timer: ``3.2 s``, ``59:48 min``, ``2 h 05 min``, ``3 days``."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02} min"
    if seconds < 172_800:
        return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60:02} min"
    return f"{int(seconds) // 86_400} days"


def format_age(seconds: float) -> str:
    """Return the approximate magnitude of *seconds*: ``4.1 s``, ``41 s``, ``12 min``, ``2 h``, ``3 days``."""
    seconds = abs(seconds)
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:,.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


# --- times -----------------------------------------------------------------------------------------------------------


def parse_http_date(text: str) -> float | None:
    """Return the Unix seconds of an HTTP date (RFC 9110, 5.6.7), or None if it is invalid."""
    from email.utils import parsedate_to_datetime  # imported late to speed up the start

    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def format_utc(at: float, pattern: str = "%Y-%m-%d") -> str:
    """Return the Unix time *at* in UTC, formatted with the ``strftime`` *pattern*.

    Raises:
        ValueError, OverflowError, OSError: *at* is outside the calendar.
    """
    return datetime.fromtimestamp(at, UTC).strftime(pattern)


def format_local(at: float, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return the Unix time *at* in local time, formatted with the ``strftime`` *pattern*.

    Raises:
        ValueError, OverflowError, OSError: *at* is outside the calendar.
    """
    return time.strftime(pattern, time.localtime(at))
