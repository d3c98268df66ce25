"""The top of the screen: target, last outcome, active track, and the path of followed links."""

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
"""Cells of faults that are named."""
METHODS: Final = frozenset({"get", "head", "post", "put", "patch", "delete"})


def method_style(method: str) -> str:
    """The style of a method's word."""
    lowered = method.lower()
    return f"$method-{lowered} bold" if lowered in METHODS else "bold"


@dataclass(frozen=True)
class OpenEndpoint:
    """What the bar says of the open endpoint."""

    vendor: str = ""
    endpoint: str = ""
    environment: str = ""
    guarded: bool = False
    method: str = ""
    url: str = ""
    badges: tuple[str, ...] = ()


class TitleBar(Widget):
    """Two lines: vendor, endpoint, environment and state; method and URL. Red as a whole where the environment is
    guarded."""

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
    """What the sandbox does wrong on purpose, in its own words."""

    def watch_place(self, place: OpenEndpoint) -> None:
        """A guarded place makes the bar red."""
        self.set_class(place.guarded, "-guarded")

    def render(self) -> Content:
        """Both lines, cut to the width."""
        width = max(20, self.size.width - 2)
        return Content("\n").join([self._first(width), self._second(width)])

    def _first(self, width: int) -> Content:
        place = self.place
        if not place.vendor:
            return _between(
                Content.assemble(("API Explorer", "bold"), ("  choose an endpoint", "dim")), self._faults(), width
            )
        word = f" {sanitize_line(place.environment).upper()} "
        if place.guarded:
            word = f" {sanitize_line(place.environment).upper()} · GUARDED "
        right = Content.assemble(self._faults(), Content.styled(word, "reverse bold"))
        left = Content.assemble((sanitize_line(place.vendor), "bold"), " › ", sanitize_line(place.endpoint))
        for badge in place.badges:
            left = Content.assemble(left, "  ", (badge, "italic"))
        return _between(left, right, width)

    def _faults(self) -> Content:
        """The mark that answers are not to be trusted; nothing while the sandbox is honest."""
        if not self.faults:
            return Content("")
        words = sanitize_line(self.faults)
        words = f"{words[: _FAULTS - 1]}…" if len(words) > _FAULTS else words
        return Content.assemble((f" ⚡ FAULTS {words} ", "bold $text-warning on $warning-muted"), " ")

    def _second(self, width: int) -> Content:
        place = self.place
        if not place.method:
            return Content.styled("Type to find one, enter to open it.", "dim")
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


class Breadcrumbs(Widget):
    """``orders_list › #3 data[0].id=42 › orders_get``; not shown while it is empty. What is last is seen longest."""

    DEFAULT_CSS = """
    Breadcrumbs { height: 1; padding: 0 1; background: $panel; color: $foreground; display: none; }
    """
    parts: reactive[tuple[str, ...]] = reactive((), init=False)

    def show(self, parts: Sequence[str]) -> None:
        """Show *parts*, the place where one is now last."""
        self.parts = tuple(sanitize_line(part) for part in parts)
        self.display = bool(parts)
        self.refresh()

    def render(self) -> Content:
        """The parts from the last one back, as far as there is room."""
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
