"""Type-ahead: each key reaches what has the focus once every key typed before it has taken effect.

The library forwards a key to the widget that has the focus at that moment, but a key that moves the focus (enter, tab,
ctrl+o) only takes effect after it has passed through the queues of that widget and its ancestors. In a burst, the keys
after it would all land in the widget that is about to be left. So keys wait here, and a marker is sent through the same
queues after each key that is not plain text for a field: when the marker is back, the key has taken effect.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual import events
from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import App
    from textual.dom import DOMNode

MAX_KEYS: Final = 3.0
"""Seconds that a key may hold back those after it; then they are passed on whatever happens."""
LONGEST_HOLD: Final = 5.0
"""Seconds that a form under construction may hold back keys."""
CHECK_INTERVAL: Final = 0.05
"""Seconds between looks at whether the widget that the marker went to still exists."""
BURST_GAP: Final = 0.05
"""Seconds between two keys that nobody types one after the other on purpose."""
PRESS_KEYS: Final = frozenset({"enter", "space"})
"""Keys to which widgets respond with a message, and the widget around them with one more."""


class TypeAhead:
    """The keys that wait for those before them."""

    @dataclass
    class Passed(Message):
        """The marker: everything that was queued before it has been handled."""

        token: object

    def __init__(self, app: App[int], forward: Callable[[events.Event], Awaitable[None]]) -> None:
        """*forward* hands an event to what has the focus, as the library does."""
        self._app = app
        self._forward = forward
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._token: object | None = None
        self._chain: list[DOMNode] = []
        """The widget that the last key went to, and its ancestors then."""
        self._rounds = 0
        self._deadline = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._holds: set[object] = set()
        self._dropped_until = 0.0

    async def take(self, event: events.Key | events.Paste) -> None:
        """Pass *event* on, at once or when those before it have taken effect."""
        if event.time <= self._dropped_until:
            return
        self._waiting.append(event)
        if self._token is None:
            await self._pass_on()

    def hold(self) -> Callable[[], None]:
        """Hold keys back until what this returns is called, or for ``LONGEST_HOLD`` seconds."""
        hold = object()
        self._holds.add(hold)

        def release() -> None:
            if hold in self._holds:
                timer.cancel()
                self._holds.discard(hold)
                self._app.call_later(self._pass_on)

        timer = asyncio.get_running_loop().call_later(LONGEST_HOLD, release)
        return release

    def discard_following(self, event: events.Key) -> None:
        """Ignore what was typed together with *event* and comes after it."""
        self._dropped_until = event.time + BURST_GAP
        self._waiting = deque(one for one in self._waiting if one.time > self._dropped_until)

    async def _pass_on(self) -> None:
        """Pass keys on until one has to take effect first. Runs in the app's own task, like the library's dispatch."""
        while self._waiting and self._token is None and not self._holds:
            event = self._waiting.popleft()
            target = self._app.focused or self._app.screen
            text = isinstance(event, events.Paste) or target.check_consume_key(event.key, event.character)
            await self._forward(event)
            if not text:
                self._rounds = 3 if isinstance(event, events.Key) and event.key in PRESS_KEYS else 1
                self._deadline = time.monotonic() + MAX_KEYS
                self._chain = target.ancestors_with_self
                self._send_marker()

    def _send_marker(self) -> None:
        """Send the marker from the widget, or from the innermost of its ancestors that is still there."""
        self._token = object()
        while self._chain and not self._chain[0].is_attached:
            self._chain.pop(0)
        if not (self._chain and self._chain[0].post_message(self.Passed(self._token))):
            self._settle_soon()
        elif self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(CHECK_INTERVAL, self._look)

    def passed(self, event: Passed) -> None:
        """Take the marker back."""
        event.stop()
        if event.token is self._token and self._chain:
            self._rounds -= 1
            if self._rounds > 0:
                self._send_marker()
            else:
                self._settle_soon()

    def _look(self) -> None:
        """Send the marker again where it may have been lost with its widget; wait no longer than ``MAX_KEYS``."""
        self._watch = None
        if self._token is None or not self._chain:
            return
        if time.monotonic() >= self._deadline:
            self._settle_soon()
        elif self._chain[0].is_attached:
            self._watch = asyncio.get_running_loop().call_later(CHECK_INTERVAL, self._look)
        else:
            self._send_marker()

    def _settle_soon(self) -> None:
        """Go on behind what the key has put into the app's own queue, such as a change of the focus."""
        self._chain = []
        self._app.call_later(self._settle)

    async def _settle(self) -> None:
        self._token = None
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        await self._pass_on()
