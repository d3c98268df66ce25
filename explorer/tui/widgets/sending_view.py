"""A send in flight: what it is doing, for how long, how much has arrived, and how to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.widget import Widget

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from explorer.client import SendProgress

_WORDS: Final = {
    "connecting": "connecting",
    "sending": "sending the request",
    "waiting": "waiting for the answer",
    "receiving": "receiving the answer",
    "done": "reading the answer",
}
_TICK: Final = 0.1
_BAR: Final = 24


class SendingView(Widget, can_focus=True):
    """Counts the seconds since ``start`` until ``stop``; costs nothing while stopped."""

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
        """Begin to count from *started*, a reading of the clock."""
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
        """Take note of how far it is; painted with the next frame."""
        self._progress = progress
        self.refresh()

    def note(self, text: str) -> None:
        """Say what happened last."""
        self._note = sanitize_line(text)
        self.refresh()

    def render(self) -> Content:
        """The state of the send as three lines, and what happened last."""
        elapsed = max(0.0, self._clock() - self._started)
        phase = _WORDS[self._progress.phase] if self._progress else "preparing"
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
