"""The top of the screen: target and last outcome, the active track, and the trail of followed links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence


_FAULTS: Final = 30
"""Maximum length of the list of faults."""
METHODS: Final = frozenset({"get", "head", "post", "put", "patch", "delete"})


def method_style(method: str) -> str:
    """Return the style of an HTTP method."""
    lowered = method.lower()
    return f"$method-{lowered} bold" if lowered in METHODS else "bold"


@dataclass(frozen=True)
class OpenEndpoint:
    """What the title bar shows about the open endpoint."""

    vendor: str = ""
    endpoint: str = ""
    environment: str = ""
    guarded: bool = False
    method: str = ""
    url: str = ""
    badges: tuple[str, ...] = ()


class TitleBar(Widget):
    """Two lines: vendor, endpoint, environment; method, URL, state. All red in a guarded environment."""

    DEFAULT_CSS = """
    TitleBar {
        height: 2;
        padding: 0 1;
        background: $panel;
        color: $foreground;
        &.-guarded { background: $guarded; color: $guarded-text; }
    }
    """
    place: reactive[OpenEndpoint] = reactive(OpenEndpoint(), init=False)
    state: reactive[str] = reactive("", init=False)
    faults: reactive[str] = reactive("", init=False)
    """The faults that the sandbox simulates, in its notation."""

    def watch_place(self, place: OpenEndpoint) -> None:
        """Set the class for a guarded environment."""
        self.set_class(place.guarded, "-guarded")

    def render(self) -> Content:
        """Return both lines, truncated to the width."""
        width = max(20, self.size.width - 2)
        return Content("\n").join([self._first(width), self._second(width)])

    def _first(self, width: int) -> Content:
        place = self.place
        if not place.vendor:
            return _between(
                Content.assemble(("API Explorer", "bold"), ("  choose an endpoint", "dim")), self._faults(), width
            )
        environment = sanitize_line(place.environment).upper()
        badge = f" {environment} · GUARDED " if place.guarded else f" {environment} "
        right = Content.assemble(self._faults(), Content.styled(badge, "reverse bold"))
        left = Content.assemble((sanitize_line(place.vendor), "bold"), " › ", sanitize_line(place.endpoint))
        for note in place.badges:
            left = Content.assemble(left, "  ", (note, "italic"))
        return _between(left, right, width)

    def _faults(self) -> Content:
        """Return the warning that the sandbox simulates faults; empty if it does not."""
        if not self.faults:
            return Content("")
        faults = sanitize_line(self.faults)
        faults = f"{faults[: _FAULTS - 1]}…" if len(faults) > _FAULTS else faults
        return Content.assemble((f" ⚡ FAULTS {faults} ", "bold $text-warning on $warning-muted"), " ")

    def _second(self, width: int) -> Content:
        place = self.place
        if not place.method:
            return Content.styled("Type to filter, enter to open.", "dim")
        style = "bold" if place.guarded else method_style(place.method)
        left = Content.assemble((place.method, style), " ", sanitize_line(place.url))
        return _between(left, Content(sanitize_line(self.state)), width)


def _between(left: Content, right: Content, width: int) -> Content:
    room = width - right.cell_length - 1
    if room < 8:
        return left.truncate(width, ellipsis=True)
    return Content.assemble(left.truncate(room, ellipsis=True, pad=True), " ", right)


SIGNS: Final = {"done": "✓", "finished": "★", "missed": "…", "back": "↶"}
_STYLES: Final = {
    "done": "$text-success",
    "finished": "bold $text-success",
    "missed": "$text-warning",
    "back": "$text-error",
}


@dataclass(frozen=True)
class TrackStatus:
    """State of the active track. ``at`` counts from 1; nothing is shown without a title."""

    title: str = ""
    at: int = 0
    of: int = 0
    step: str = ""
    brief: str = ""
    endpoint: str = ""
    """The endpoint of the step, if another one is open."""
    kind: str = ""
    """Result of the last send: ``done``, ``finished``, ``missed``, ``back``, or empty."""
    message: str = ""
    key: str = "J"
    """The key that opens the track."""


def progress_dots(done: int, of: int) -> str:
    """Return progress as dots: ``●●○``."""
    return "●" * done + "○" * (of - done)


class TrackStrip(Static):
    """Shows a ``TrackStatus``; hidden without one."""

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
        """Show the new state."""
        self.set_class(bool(line.title), "-shown")
        self.update(strip_text(line))


def strip_text(line: TrackStatus) -> Content:
    """Return the lines of the strip."""
    if not line.title:
        return Content("")
    done = line.at - 1 if line.step else line.of
    head = Content.assemble(
        (f" {line.key} ", "bold reverse"), " ", (sanitize_line(line.title), "bold"), f" {progress_dots(done, line.of)} "
    )
    if line.step:
        head = Content.assemble(head, f" {line.at}. ", (sanitize_line(line.step), "bold $text-accent"))
    parts = []
    if line.message:
        message = f"{SIGNS.get(line.kind, '·')} {sanitize_line(line.message)}"
        parts.append(Content.styled(message, _STYLES.get(line.kind, MUTED)))
    parts.append(head)
    if line.brief:
        parts.append(Content(f"  → {sanitize_line(line.brief)}"))
    if line.endpoint:
        parts.append(Content.styled(f"    {line.key}, enter opens {sanitize_line(line.endpoint)}", MUTED))
    return Content("\n").join(parts)


class Breadcrumbs(Widget):
    """``orders_list › #3 data[0].id=42 › orders_get``; hidden while empty, truncated on the left."""

    DEFAULT_CSS = """
    Breadcrumbs { height: 1; padding: 0 1; background: $panel; color: $foreground; display: none; }
    """
    parts: reactive[tuple[str, ...]] = reactive((), init=False)

    def show(self, parts: Sequence[str]) -> None:
        """Show *parts*, the current endpoint last."""
        self.parts = tuple(sanitize_line(part) for part in parts)
        self.display = bool(parts)
        self.refresh()

    def render(self) -> Content:
        """Return as many of the last parts as fit."""
        hint = Content.styled("  esc back", MUTED)
        room = self.size.width - 2 - hint.cell_length
        line = Content("")
        for at, part in enumerate(reversed(self.parts)):
            style = "bold" if at == 0 else MUTED if part.startswith("#") else ""
            longer = Content.assemble((part, style), *((" › ", line) if at else ()))
            if longer.cell_length > room and at:
                return Content.assemble("… › ", line).truncate(room, ellipsis=True) + hint
            line = longer
        return line.truncate(room, ellipsis=True) + hint
