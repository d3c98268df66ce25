"""Comparisons run at once, from start to end; the program runs them in steps, or in a process of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.diff import Comparison, DiffPart, VolatileMask
from explorer.core.diff.exchange import body_job
from explorer.core.diff.volatile import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.model import Exchange


def compare_exchanges(
    left: Exchange, right: Exchange, volatile: VolatileMask = NOTHING, tick: Callable[[], None] = lambda: None
) -> Comparison:
    """Return both exchanges compared, request and response."""
    comparison = Comparison(left, right, volatile)
    comparison.run(tick)
    return comparison


def compare_bodies(
    left: bytes,
    right: bytes,
    media: tuple[str, str] = ("", ""),
    volatile: VolatileMask = NOTHING,
    tick: Callable[[], None] = lambda: None,
) -> DiffPart:
    """Return two bodies compared; *media* are their content types."""
    job = body_job("response", (left, right), media, volatile)
    job.lay_out(tick)
    job.walk(tick)
    return job.part


def compare_texts(left: str, right: str) -> DiffPart:
    """Return two texts compared line by line."""
    return compare_bodies(left.encode(), right.encode(), ("text/plain; charset=utf-8",) * 2)
