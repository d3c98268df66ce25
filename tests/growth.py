"""How processor time grows with the size of an input, as a ratio: a slow machine has the same ratios as a fast one."""

from __future__ import annotations

import gc
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 5
_MEASURABLE = 0.002
"""Seconds of processor time below which the clock and the scheduler are most of what is measured."""
_REPEATS = 64
"""Most repetitions of quick work, so that work without any cost ends as well."""


def growth(work: Callable[[Any], object], small: Any, large: Any) -> float:
    """Return how many times the processor time of *work* on *small* its work on *large* takes: the median of five.

    Both are measured in turns, so that a busy moment of the machine strikes both. Quick work is repeated as often as
    *small* needs to be measurable; work on *large* that stays below the time of the clock's noise counts as no growth.
    """
    repeats = _repeats(work, small)
    ratios = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(_ROUNDS):
            before = _seconds(work, small, repeats)
            after = _seconds(work, large, repeats)
            ratios.append(max(after, _MEASURABLE / 2) / max(before, _MEASURABLE / 2))
    finally:
        if collecting:
            gc.enable()
    return median(ratios)


def _repeats(work: Callable[[Any], object], small: Any) -> int:
    repeats = 1
    while repeats < _REPEATS and _seconds(work, small, repeats) < _MEASURABLE:
        repeats *= 2
    return repeats


def _seconds(work: Callable[[Any], object], value: Any, repeats: int) -> float:
    start = process_time()
    for _ in range(repeats):
        work(value)
    return process_time() - start
