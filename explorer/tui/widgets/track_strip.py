"""The strip under the title while a guided track is under way: the step to do next, and what the last send meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.styles import MUTED

SIGNS: Final = {"done": "✓", "finished": "★", "missed": "…", "back": "↶"}
_STYLES: Final = {
    "done": "$text-success",
    "finished": "bold $text-success",
    "missed": "$text-warning",
    "back": "$text-error",
}


@dataclass(frozen=True)
class TrackStatus:
    """What the strip says. ``at`` counts from 1; without a title nothing is shown."""

    title: str = ""
    at: int = 0
    of: int = 0
    step: str = ""
    brief: str = ""
    there: str = ""
    """The endpoint of the step, where another one is open."""
    kind: str = ""
    """What the last send meant: ``done``, ``finished``, ``missed``, ``back``, or empty."""
    said: str = ""
    key: str = "J"
    """The key that shows all of the track."""


def progress_dots(done: int, of: int) -> str:
    """Progress as dots: ``●●○``."""
    return "●" * done + "○" * (of - done)


class TrackStrip(Static):
    """Shows a ``TrackStatus``; hidden where there is none."""

    DEFAULT_CSS = """
    TrackStrip {
        height: auto; max-height: 6; padding: 0 1; background: $accent-muted 40%; color: $foreground; display: none;
        &.-shown { display: block; }
    }
    """
    line: reactive[TrackStatus] = reactive(TrackStatus(), init=False)

    def __init__(self) -> None:
        super().__init__(markup=False)

    def watch_line(self, line: TrackStatus) -> None:
        """Show it."""
        self.set_class(bool(line.title), "-shown")
        self.update(strip_text(line))


def strip_text(line: TrackStatus) -> Content:
    """The lines of the strip."""
    if not line.title:
        return Content("")
    done = line.at - 1 if line.step else line.of
    head = Content.assemble(
        (f" {line.key} ", "bold reverse"), " ", (sanitize_line(line.title), "bold"), f" {progress_dots(done, line.of)} "
    )
    if line.step:
        head = Content.assemble(head, f" {line.at}. ", (sanitize_line(line.step), "bold $text-accent"))
    parts = []
    if line.said:
        sign = f"{SIGNS.get(line.kind, '·')} {sanitize_line(line.said)}"
        parts.append(Content.styled(sign, _STYLES.get(line.kind, MUTED)))
    parts.append(head)
    if line.brief:
        parts.append(Content(f"  → {sanitize_line(line.brief)}"))
    if line.there:
        way = f"{line.key}, enter opens {sanitize_line(line.there)}"
        parts.append(Content.styled(f"    {way}", MUTED))
    return Content("\n").join(parts)
