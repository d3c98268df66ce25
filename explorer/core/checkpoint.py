"""Stop work in a thread early. Threads cannot be cancelled, so long work polls a stop condition at checkpoints.

    with stop_when(stop): await asyncio.to_thread(work)      work ── pieces ── checkpoint() ──► Interrupted

``asyncio.to_thread`` propagates the context, so the code in between is unaffected.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STOP: ContextVar[Callable[[], bool] | None] = ContextVar("stop", default=None)


class Interrupted(Exception):
    """The work was stopped; its result is no longer needed."""


@contextmanager
def stop_when(stop: Callable[[], bool]) -> Iterator[None]:
    """Stop the work started inside the block at its next checkpoint once *stop* returns True."""
    token = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(token)


def checkpoint() -> None:
    """Return, unless the work should stop.

    Raises:
        Interrupted: The work should stop.
    """
    stop = _STOP.get()
    if stop is not None and stop():
        raise Interrupted
