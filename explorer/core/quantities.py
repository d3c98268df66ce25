"""Sizes and lengths of time as people type them."""

from __future__ import annotations

import re
from typing import Final

from explorer.errors import UsageError

LAST_SECOND: Final = 253_402_300_799
"""The last second of the year 9999 in Unix time, after which Python has no date."""
_SIZE: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)\s*(b|kb|mb|gb|tb)?", re.IGNORECASE)
_UNITS: Final = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_AGE: Final = re.compile(r"([0-9]{1,6})\s*([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def size_of(text: str) -> int:
    """Bytes: ``250000``, ``256 kB``, ``1.5 GB`` (units of 1000).

    Raises:
        UsageError: it is no size.
    """
    found = _SIZE.fullmatch(text.strip().replace("_", "").replace(",", ""))
    if found is None:
        raise UsageError(f"{text!r} is no size", hint="Such as 500 MB, 1.5 GB or 250000.")
    return round(float(found[1]) * _UNITS[(found[2] or "b").lower()])


def seconds_of(text: str) -> float:
    """Seconds: ``30d``, ``12h``, ``2w``.

    Raises:
        UsageError: it is no length of time.
    """
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"{text!r} is no length of time", hint="Such as 90m, 12h, 30d or 8w.")
    return float(int(found[1]) * _SECONDS[found[2]])
