"""The top of the screen: where a request would go, and how the last one fared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from explorer.core.text.sanitize import sanitize_line

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
