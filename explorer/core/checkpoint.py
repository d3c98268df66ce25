"""End work in a thread early: a thread cannot be cancelled, so long work asks now and then whether it should go on.

    with until(stop): await asyncio.to_thread(work)      work ── pieces ── checkpoint() ──► Interrupted

``asyncio.to_thread`` hands the context on, so nothing in between needs to know.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STOP: ContextVar[Callable[[], bool] | None] = ContextVar("stop", default=None)


class Interrupted(Exception):
    """The work was asked to end; nobody waits for its result."""


@contextmanager
def stop_when(stop: Callable[[], bool]) -> Iterator[None]:
    """Let the work that is started inside end at its next checkpoint once *stop* gives True."""
    token = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(token)


def checkpoint() -> None:
    """Go on, unless the work should end.

    Raises:
        Interrupted: it should.
    """
    stop = _STOP.get()
    if stop is not None and stop():
        raise Interrupted
