"""Looking for things in bytes of any size, a step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Generator, Iterator

    from explorer.core.text.data import Data

STEP = 1 << 18
"""Bytes a step."""


def find(data: Data, needle: bytes, start: int) -> Generator[None, None, int]:
    """The offset of the first *needle* from *start* on, or -1."""
    size = len(data)
    while start < size:
        at = data[start : start + STEP + len(needle) - 1].find(needle)
        if at >= 0:
            return start + at
        start += STEP
        yield
    return -1


def find_last(data: Data, needles: tuple[bytes, ...], low: int, high: int) -> Generator[None, None, int]:
    """The offset of the last of the *needles* that begins between *low* and *high*, or -1; small steps come first."""
    step, reach = 1 << 12, max(map(len, needles)) - 1
    while high > low:
        start = max(low, high - step)
        part = data[start : high + reach]
        at = max(part.rfind(needle, 0, high - start + len(needle) - 1) for needle in needles)
        if at >= 0:
            return start + at
        high, step = start, min(2 * step, STEP)
        yield
    return -1


def find_pattern(
    data: Data, pattern: re.Pattern[bytes], low: int, high: int, reach: int
) -> Iterator[re.Match[bytes] | None]:
    """What *pattern* (of at most *reach* bytes) matches from *low* on and before *high*; None after each step."""
    for start in range(low, high, STEP):
        stop = min(start + STEP, high)
        for match in pattern.finditer(data, start, min(stop + reach, len(data))):
            if match.start() >= stop:
                break
            yield match
        yield None
