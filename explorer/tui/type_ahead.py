"""Type-ahead: each key reaches the focused widget after every earlier key has taken effect.

Textual forwards a key to the widget focused at that moment. A key that moves the focus (enter, tab, ctrl+o) takes
effect only after passing through the queues of that widget and its ancestors. In a burst, the following keys would
reach the widget that is about to lose the focus. So keys wait here. After each key that is not text for a field, a
marker is sent through the same queues; when it returns, the key has taken effect.
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
"""Seconds that a key may delay the following ones; then they are forwarded in any case."""
LONGEST_HOLD: Final = 5.0
"""Seconds that a form being built may delay keys."""
CHECK_INTERVAL: Final = 0.05
"""Seconds between checks that the widget with the marker still exists."""
BURST_GAP: Final = 0.05
"""Maximum gap, in seconds, between keys that are not typed one by one on purpose."""
PRESS_KEYS: Final = frozenset({"enter", "space"})
"""Keys to which a widget responds with a message, and its container with another one."""


class TypeAhead:
    """Queues keys until earlier ones have taken effect."""

    @dataclass
    class Passed(Message):
        """The marker: everything queued before it has been handled."""

        token: object

    def __init__(self, app: App[int], forward: Callable[[events.Event], Awaitable[None]]) -> None:
        """Create the queue. *forward* passes an event to the focused widget, as Textual does."""
        self._app = app
        self._forward = forward
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._token: object | None = None
        self._chain: list[DOMNode] = []
        """The widget that received the last key, and its ancestors at that time."""
        self._rounds = 0
        self._deadline = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._holds: set[object] = set()
        self._dropped_until = 0.0

    async def take(self, event: events.Key | events.Paste) -> None:
        """Forward *event* now, or after the earlier ones have taken effect."""
        if event.time <= self._dropped_until:
            return
        self._waiting.append(event)
        if self._token is None:
            await self._forward_next()

    def hold(self) -> Callable[[], None]:
        """Hold keys until the returned function is called, at most ``LONGEST_HOLD`` seconds."""
        hold = object()
        self._holds.add(hold)

        def release() -> None:
            if hold in self._holds:
                timer.cancel()
                self._holds.discard(hold)
                self._app.call_later(self._forward_next)

        timer = asyncio.get_running_loop().call_later(LONGEST_HOLD, release)
        return release

    def discard_following(self, event: events.Key) -> None:
        """Discard keys typed in the same burst as *event* and after it."""
        self._dropped_until = event.time + BURST_GAP
        self._waiting = deque(waiting for waiting in self._waiting if waiting.time > self._dropped_until)

    async def _forward_next(self) -> None:
        """Forward keys until one must take effect first. Runs in the app's own task, like Textual's dispatch."""
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
        """Send the marker from the widget, or from its innermost ancestor that still exists."""
        self._token = object()
        while self._chain and not self._chain[0].is_attached:
            self._chain.pop(0)
        if not (self._chain and self._chain[0].post_message(self.Passed(self._token))):
            self._settle_soon()
        elif self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(CHECK_INTERVAL, self._check)

    def passed(self, event: Passed) -> None:
        """Handle the returned marker."""
        event.stop()
        if event.token is self._token and self._chain:
            self._rounds -= 1
            if self._rounds > 0:
                self._send_marker()
            else:
                self._settle_soon()

    def _check(self) -> None:
        """Send the marker again if it was lost with its widget; give up after ``MAX_KEYS``."""
        self._watch = None
        if self._token is None or not self._chain:
            return
        if time.monotonic() >= self._deadline:
            self._settle_soon()
        elif self._chain[0].is_attached:
            self._watch = asyncio.get_running_loop().call_later(CHECK_INTERVAL, self._check)
        else:
            self._send_marker()

    def _settle_soon(self) -> None:
        """Continue after what the key has put into the app's own queue, such as a focus change."""
        self._chain = []
        self._app.call_later(self._settle)

    async def _settle(self) -> None:
        self._token = None
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        await self._forward_next()
