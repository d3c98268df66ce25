"""Shows a response while it arrives, several times per second, once it takes longer than ``SHOW_AFTER``."""

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
"""Seconds after the headers before a partial response is shown."""
MAX_SHOWN: Final = 400_000
"""Received bytes that are shown without waiting for ``SHOW_AFTER``."""


class ResponsePresenter:
    """Shows the response updates of a session in *pane* while *wanted* returns true."""

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
        self._headers_at = 0.0
        self._waiting: list[bytes] = []
        self._shown = False
        self._timer: Timer | None = None

    def __call__(self, update: ResponseUpdate) -> None:
        """Queue *update* for the next tick."""
        if update.exchange is not None:
            self._exchange, self._headers_at, self._shown = update.exchange, self._clock(), False
            self._waiting.clear()
            if self._timer is None:
                self._timer = self._pane.set_interval(TICK, self._tick)
        elif update.data:
            self._waiting.append(update.data)

    def end(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _tick(self) -> None:
        if not self._wanted() or self._exchange is None:
            self.end()
            return
        if not self._shown:
            soon = self._clock() - self._headers_at < SHOW_AFTER and sum(map(len, self._waiting)) < MAX_SHOWN
            if soon:
                return
            self._shown = True
            self._pane.show_arriving(self._exchange, self._started)
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._pane.feed(data)
