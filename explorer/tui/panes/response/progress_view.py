"""A request in flight: its phase, then the status and progress of a streaming response."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_size
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from explorer.core.model import ReceivedResponse
    from explorer.net.client import SendProgress


_PHASES: Final = {
    "connecting": "connecting",
    "sending": "sending the request",
    "waiting": "waiting for the response",
    "receiving": "receiving the response",
    "done": "reading the response",
}
_TICK: Final = 0.1
_BAR: Final = 24


class SendingView(Widget, can_focus=True):
    """Counts the seconds between ``start`` and ``stop``; idle while stopped."""

    DEFAULT_CSS = """
    SendingView {
        height: 1fr;
        content-align: center middle;
        text-align: center;
    }
    """

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._clock = clock
        self._started = 0.0
        self._progress: SendProgress | None = None
        self._note = ""
        self._timer: Timer | None = None
        super().__init__(id=id)

    def start(self, started: float) -> None:
        """Count from *started*, a value of the clock in seconds."""
        self._started, self._progress, self._note = started, None, ""
        if self._timer is None:
            self._timer = self.set_interval(_TICK, self.refresh)
        self._timer.resume()
        self.refresh()

    def stop(self) -> None:
        """Stop counting."""
        if self._timer is not None:
            self._timer.pause()

    def progress(self, progress: SendProgress) -> None:
        """Set the progress; painted with the next frame."""
        self._progress = progress
        self.refresh()

    def note(self, text: str) -> None:
        """Show the latest event."""
        self._note = sanitize_line(text)
        self.refresh()

    def render(self) -> Content:
        """Return elapsed time and phase, bytes, the cancel key and the latest event, one per line."""
        elapsed = max(0.0, self._clock() - self._started)
        phase = _PHASES[self._progress.phase] if self._progress else "preparing"
        lines = [Content.assemble((f"⇅ {elapsed:.1f} s", "bold $text-accent"), f"  {phase} …"), Content(self._bytes())]
        lines.append(Content.assemble(("esc", "bold"), " cancel"))
        if self._note:
            lines.append(Content.styled(self._note, "$text-warning"))
        return Content("\n").join(lines)

    def _bytes(self) -> str:
        received = self._progress.received if self._progress else 0
        expected = self._progress.expected if self._progress else None
        if not expected:
            return f"{format_size(received)} received"
        filled = min(_BAR, received * _BAR // expected)
        return f"{'━' * filled}{'─' * (_BAR - filled)}  {format_size(received)} of {format_size(expected)}"


_ARRIVAL_BAR: Final = 12
_WINDOW: Final = 3.0
"""Seconds over which the rate is averaged."""


class ArrivingView(Static):
    """Two lines about a response that is arriving: its head, and its progress."""

    DEFAULT_CSS = """
    ArrivingView { height: 2; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._clock = clock
        self._started = 0.0
        self._response: ReceivedResponse | None = None
        self._progress: SendProgress | None = None
        self._samples: deque[tuple[float, int]] = deque()
        super().__init__(id=id, markup=False)

    def start(self, response: ReceivedResponse, started: float) -> None:
        """Show the head of *response* to a call sent at *started*, a value of the clock in seconds."""
        self._response, self._started, self._progress = response, started, None
        self._samples.clear()
        self.tick()

    def progress(self, progress: SendProgress) -> None:
        """Set the progress; painted with the next ``tick``."""
        self._progress = progress
        now = self._clock()
        if not self._samples or now - self._samples[-1][0] > 0.1:
            self._samples.append((now, progress.received))
            while now - self._samples[0][0] > _WINDOW and len(self._samples) > 2:
                self._samples.popleft()

    def tick(self) -> None:
        """Paint the current progress."""
        if self._response is not None:
            self.update(Content("\n").join((self._head(self._response), self._body())), layout=False)

    def _head(self, response: ReceivedResponse) -> Content:
        status = sanitize_line(f"HTTP {response.status} {response.reason}".rstrip())
        kind = sanitize_line(response.header("content-type"))
        return Content.assemble(
            (" ⇅ RECEIVING ", "bold $text-accent on $accent-muted"),
            f"  {status}",
            (f" · {kind}" if kind else "", MUTED),
            (" · verdict when complete", MUTED),
        )

    def _body(self) -> Content:
        received = self._progress.received if self._progress else 0
        expected = self._progress.expected if self._progress else None
        parts = [
            f"{format_size(received)} of {format_size(expected)}" if expected else f"{format_size(received)} so far"
        ]
        if rate := self._rate():
            parts.append(f"{format_size(int(rate))}/s")
            if expected and expected > received and (left := (expected - received) / rate) > 1:
                parts.append(f"{left:.0f} s left")
        parts.append(f"{max(0.0, self._clock() - self._started):.1f} s")
        bar = ""
        if expected:
            filled = min(_ARRIVAL_BAR, received * _ARRIVAL_BAR // expected)
            bar = f"{'━' * filled}{'─' * (_ARRIVAL_BAR - filled)} "
        return Content.assemble(
            (bar, "$text-accent"), parts[0], " · ", ("esc", "bold"), " stop · ", " · ".join(parts[1:])
        )

    def _rate(self) -> float:
        """Return the recent rate in bytes per second; 0 while unknown."""
        if len(self._samples) < 2:
            return 0.0
        (first, received_then), now = self._samples[0], self._clock()
        received = self._progress.received if self._progress else 0
        return (received - received_then) / (now - first) if now - first > 0.2 else 0.0
