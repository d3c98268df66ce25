"""Readings: where the vendor's document contradicts itself, every version of it, the lines and why; to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.styles import MUTED
from explorer.tui.widgets.fields.choice import OptionLines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from textual.app import ComposeResult

    from explorer.core.catalog.model import Reading, Vendor


class ReadingBox(Vertical):
    """One reading: what it is about, its versions, why the default is the default."""

    DEFAULT_CSS = """
    ReadingBox {
        height: auto; padding: 0 1; margin: 0 0 1 0;
        & > Static { height: auto; width: 1fr; }
        & > OptionLines { margin: 0 0 0 2; }
        & > .reading-why { color: $text-muted; margin: 0 0 0 2; }
    }
    """

    @dataclass
    class Chosen(Message):
        """Another version was chosen."""

        key: str
        choice: str

    def __init__(
        self,
        vendor: Vendor,
        key: str,
        reading: Reading,
        chosen: str,
        evidence: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """*evidence*: choice → what servers made of it, in words."""
        self._evidence = evidence or {}
        self._vendor = vendor
        self._key = key
        self._reading = reading
        self._chosen = chosen or reading.default
        super().__init__()

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the document that its versions cite."""
        return tuple(choice.lines for choice in self._reading.choices.values() if choice.lines)

    def compose(self) -> ComposeResult:
        """About, versions, why."""
        reading = self._reading
        mark = ("◆ ", "$accent bold") if reading.changes_request else ("◇ ", MUTED)
        about = Content.assemble(mark, (sanitize_line(self._key), "bold"), "  ", sanitize_line(reading.about))
        yield Static(about, markup=False)
        if reading.changes_request:
            yield OptionLines(self._key, list(self._choices()), self._chosen)
        else:
            yield Static(Content("\n").join(f"  · {words}" for _, words in self._choices()), markup=False)
        yield Static(Content(f"Why: {sanitize_line(reading.why)}"), classes="reading-why", markup=False)

    def _choices(self) -> Iterator[tuple[str, Content]]:
        for name, choice in self._reading.choices.items():
            cited = self._vendor.cite(choice.lines)
            default = " (default)" if name == self._reading.default else ""
            tried = "".join(f"\n    {sanitize_line(line)}" for line in self._evidence.get(name, ()))
            words = Content.assemble(
                sanitize_line(choice.title),
                (default, "italic"),
                (f"  {cited}" if cited else "", MUTED),
                (tried, "$accent"),
            )
            yield name, words

    @on(OptionLines.Changed)
    def _changed(self, event: OptionLines.Changed) -> None:
        event.stop()
        self.post_message(self.Chosen(event.lines.key, event.value))


def readings_summary(readings: Mapping[str, Reading], chosen: Mapping[str, str]) -> str:
    """``3 readings change this request, 1 is not the default``; empty where there are none."""
    keys = [key for key, reading in readings.items() if reading.changes_request]
    if not keys:
        return ""
    many = len(keys) > 1
    text = f"{len(keys)} readings of the document change this request" if many else "1 reading changes this request"
    other = [f"{key}={chosen[key]}" for key in keys if chosen.get(key, readings[key].default) != readings[key].default]
    return text + (f"; not the default: {', '.join(other)}" if other else "")
