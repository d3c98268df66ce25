"""How long the work on a response may take once it has arrived: what is left of the call's time limit.

transfer ── judge ── search for secrets ── keep          every piece of the work asks the allowance whether to go on
    └────────── one time limit, one esc ──────────┘       (``core.checkpoint``)
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from explorer.core.checkpoint import stop_when
from explorer.core.exchange import Failure
from explorer.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_MIN_SECONDS: Final = 0.75
"""Seconds that the search for secrets has in any case: enough for every body but the largest, which may have taken all
of the limit to arrive."""
JUDGE_SECONDS: Final = 0.25
"""Seconds that judging has in any case."""


class TimeBudget:
    """Ends work in threads when the time limit of a call has passed, or a person cancelled it."""

    def __init__(self, limit: float, spent: float, clock: Callable[[], float]) -> None:
        """Allow what is left of *limit* after *spent*, in seconds of *clock*."""
        self._limit = limit
        self._clock = clock
        self._deadline = clock() + limit - spent
        self._cancelled = False

    async def work(self, job: Callable[[], T], *, least: float = _MIN_SECONDS) -> T:
        """Do *job* in a thread, for at least so many seconds.

        Raises:
            Interrupted: the time limit passed; asyncio.CancelledError: a person cancelled.
        """
        deadline = max(self._deadline, self._clock() + least)
        with stop_when(lambda: self._cancelled or self._clock() > deadline):
            try:
                return await asyncio.to_thread(job)
            except asyncio.CancelledError:
                self.cancel()
                raise

    def cancel(self) -> None:
        """Let the thread end at its next piece of work."""
        self._cancelled = True

    def timed_out(self, what: str) -> Failure:
        """Return why *what* was not finished."""
        error = TimedOut(f"the response arrived, but {what} took longer than the {self._limit:g} s allowed")
        return Failure(
            kind="TimedOut", title=error.title, message=error.message, hint=error.hint, exit_code=error.exit_code
        )
