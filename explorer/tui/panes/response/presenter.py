"""Showing an answer while it arrives: a few times a second, and only one that takes longer than a person waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from explorer.core.model import Exchange
    from explorer.session.response_stream import ResponseUpdate
    from explorer.tui.panes.response.pane import ResponsePane

TICK: Final = 0.08
SHOW_AFTER: Final = 0.25
"""Seconds after the headers in which the answer may become whole without being shown before."""
MAX_SHOWN: Final = 400_000
"""Bytes that are shown at once."""


class ResponsePresenter:
    """Takes what a session tells of an answer and shows it in *pane* as long as *wanted* says so."""

    def __init__(
        self,
        pane: ResponsePane,
        started: float,
        wanted: Callable[[], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pane = pane
        self._started = started
        self._wanted = wanted
        self._clock = clock
        self._exchange: Exchange | None = None
        self._since = 0.0
        self._waiting: list[bytes] = []
        self._shown = False
        self._timer: Timer | None = None

    def __call__(self, arrival: ResponseUpdate) -> None:
        """Take note of *arrival*; it is shown with the next tick."""
        if arrival.exchange is not None:
            self._exchange, self._since, self._shown = arrival.exchange, self._clock(), False
            self._waiting.clear()
            if self._timer is None:
                self._timer = self._pane.set_interval(TICK, self._tick)
        elif arrival.data:
            self._waiting.append(arrival.data)

    def end(self) -> None:
        """No more ticks."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _tick(self) -> None:
        if not self._wanted() or self._exchange is None:
            self.end()
            return
        if not self._shown:
            soon = self._clock() - self._since < SHOW_AFTER and sum(map(len, self._waiting)) < MAX_SHOWN
            if soon:
                return
            self._shown = True
            self._pane.show_arriving(self._exchange, self._started)
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._pane.feed(data)
