"""The tabs of a response: body, headers, wire and timing. A tab is filled when it is first opened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TabbedContent, TabPane, Tabs

from explorer.core.model import hops_of
from explorer.core.text.media_type import JSON
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_elapsed, format_local, format_size
from explorer.tui.body.panel import BodyPanel
from explorer.tui.kit.lines_view import LinesView, Row, Span, span_width
from explorer.tui.panes.response.wire_view import PURPOSES, WireView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from explorer.core.links import Links
    from explorer.core.model import Exchange, Header, ReceivedResponse
    from explorer.tui.panes.response.wire_view import Trace


class BodyTab(Vertical):
    """Shows the body of a response, or why there is none. The caller has redacted it."""

    DEFAULT_CSS = """
    BodyTab {
        height: 1fr;
        & > #body-cut { height: auto; max-height: 3; padding: 0 1; color: $text-warning; text-style: bold; }
        & > #body-words {
            height: 1fr; padding: 0 2; content-align: center middle; text-align: center; color: $text-muted;
        }
        & > #body-cut, & > BodyPanel, & > #body-words { display: none; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="body-cut", markup=False)
        yield BodyPanel()
        yield Static(id="body-words", markup=False)

    def show(self, response: ReceivedResponse, links: Links | None = None) -> None:
        """Show the body of *response*; ids in *links* can be followed."""
        self.query_one("#body-cut", Static).update(Content(f"✂ Truncated: {sanitize_line(response.truncated)}"))
        self.panel.links = links
        content_type = response.header("content-type")
        (self.panel.finish if self.panel.arriving else self.panel.show)(response.body, content_type)
        self._enter(shown=True, cut=bool(response.truncated))

    def grow(self, more: bytes, records: Sequence[bytes] | None = None) -> None:
        """Append *more* to JSON that is still arriving, until ``show`` replaces it.

        With *records*, a sequence that grows along, start again from its beginning.
        """
        if records is not None:
            self.panel.begin(JSON)
            self.panel.coming = records
            self._enter(shown=True)
        if self.panel.arriving:
            self.panel.feed(more)

    def begin(self, response: ReceivedResponse) -> None:
        """Prepare for the body of *response*, which is still arriving: ``feed`` it, then ``show`` it."""
        self.panel.links = None
        self.panel.begin(response.header("content-type"))
        self._enter(shown=True)

    def feed(self, data: bytes) -> None:
        """Append to the body."""
        self.panel.feed(data)

    def show_nothing(self, exchange: Exchange) -> None:
        """Show why *exchange* has no body."""
        self.panel.clear()
        self.query_one("#body-words", Static).update(Content(no_body_text(exchange)))
        self._enter(shown=False)

    @property
    def focus_target(self) -> Widget | None:
        """The view that takes the focus; None while there is no body."""
        return self.panel.view if self.panel.document is not None else None

    @property
    def panel(self) -> BodyPanel:
        """The panel that shows the body."""
        return self.query_one(BodyPanel)

    def _enter(self, *, shown: bool, cut: bool = False) -> None:
        self.panel.display = shown
        self.query_one("#body-cut").display = cut
        self.query_one("#body-words").display = not shown


def no_body_text(exchange: Exchange) -> str:
    """Return why there is no body, as a sentence."""
    response = exchange.response
    if response is None:
        return "No response. The Wire tab shows what was sent."
    if response.truncated:
        return f"No body arrived: {sanitize_line(response.truncated)}."
    status = f"{response.status} {sanitize_line(response.reason)}".rstrip()
    if exchange.request.method.upper() == "HEAD":
        return f"{status}: a response to HEAD has no body."
    return f"{status}: the response has no body."


_WIDEST_NAME = 32


def header_rows(headers: Sequence[Header], width: int) -> list[Row]:
    """Return one row per header, for a view *width* cells wide: names in a column, long values wrapped beside it."""
    names = [sanitize_line(name) for name, _ in headers]
    column = min(
        max((span_width([("name", name)]) for name in names), default=0), _WIDEST_NAME, max(12, width * 2 // 5)
    )
    rows = []
    for name, (_, value) in zip(names, headers, strict=True):
        pad = " " * max(0, column - span_width([("name", name)]))
        text = sanitize_line(value)
        shown = ("text", text) if text else ("dim", "(empty)")
        rows.append(
            Row(spans=(("name", name), ("text", f"{pad}  "), shown), gutter=(("text", " "),), hanging_indent=column + 2)
        )
    return rows


class HeadersView(LinesView):
    """Shows headers; long values are wrapped, never truncated."""

    def show_headers(self, headers: Sequence[Header]) -> None:
        """Show *headers*, or that there are none."""
        if headers:
            self.show_for(lambda width: header_rows(headers, width))
        else:
            self.show([Row(spans=(("dim", " No response headers."),))])


_LABEL: Final = 10
_AMOUNT: Final = 12
_WIDEST_BAR: Final = 100
_BAR: Final = "█"
STOPPED: Final = "stopped here"


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a call, in seconds from its start, with an optional note below its bar."""

    name: str
    start: float
    end: float
    note: str = ""


def phases(exchange: Exchange) -> list[Phase]:
    """Return the phases of the call in order; a failure is noted on the last one."""
    timings = exchange.timings
    marks = (
        ("connect", timings.connected),
        ("send", timings.sent),
        ("wait", timings.first_byte),
        ("receive", timings.total if exchange.response is not None else None),
    )
    reached: list[Phase] = []
    at = 0.0
    later = [mark for _, mark in marks[1:]]
    for name, mark in marks:
        if mark is not None:
            note = "includes the requests before it" if not reached and exchange.hops else ""
            reached.append(Phase(name, at, max(at, mark), note))
            at = max(at, mark)
        elif name == "connect" and any(time is not None for time in later):
            reached.append(Phase(name, 0.0, 0.0, "reused an open connection"))
        elif exchange.failure is not None:
            reached.append(Phase(name, at, max(at, timings.total), STOPPED))
            return reached
    if exchange.failure is not None and reached:
        last = reached[-1]
        reached[-1] = Phase(last.name, last.start, last.end, STOPPED)
    return reached


def timing_rows(exchange: Exchange, width: int) -> list[Row]:
    """Return the waterfall and the figures below it, for a view *width* cells wide."""
    total = exchange.timings.total
    room = max(8, min(width - _LABEL - _AMOUNT - 4, _WIDEST_BAR))
    rows = [row for phase in phases(exchange) for row in _bar(phase, total, room)]
    amount = format_elapsed(total).rjust(_AMOUNT)
    rows.append(Row(spans=(("strong", " total".ljust(_LABEL + 1)), ("dim", f" {'─' * room} "), ("strong", amount))))
    rows.append(Row())
    return rows + list(_figures(exchange))


def _bar(phase: Phase, total: float, room: int) -> Iterator[Row]:
    scale = room / total if total > 0 else 0.0
    start = min(round(phase.start * scale), room - 1)
    length = max(1, min(round(phase.end * scale), room) - start) if phase.end > phase.start else 0
    label: Span = ("text", f" {phase.name}".ljust(_LABEL + 1))
    amount = (format_elapsed(phase.end - phase.start) if length else "–").rjust(_AMOUNT)
    before, after = f"▕{' ' * start}", f"{' ' * (room - start - length)}▏"
    yield Row(spans=(label, ("dim", before), (phase.name, _BAR * length), ("dim", after), ("text", amount)))
    if phase.note:
        yield Row(spans=(("bad" if phase.note == STOPPED else "dim", f"{' ' * (_LABEL + 2)}{phase.note}"),))


def _figures(exchange: Exchange) -> Iterator[Row]:
    yield _figure("started", format_local(exchange.started_at))
    hops = hops_of(exchange)
    counts = Counter(PURPOSES[hop.purpose] for hop in hops)
    parts = ", ".join(f"{count} × {name}" if count > 1 else name for name, count in counts.items())
    if exchange.pages > 1:
        yield _figure("requests", f"one per page, {exchange.pages} pages; phases of the first page")
    else:
        yield _figure("requests", f"{len(hops)}  ({parts})")
    yield _figure("sent", f"{format_size(len(exchange.request.body))} body")
    if exchange.response is not None:
        yield _figure("received", _received(exchange.response))
        if exchange.response.truncated:
            yield _figure("truncated", exchange.response.truncated, kind="warn")
    else:
        yield _figure("received", "nothing", kind="warn")


def _received(response: ReceivedResponse) -> str:
    decoded, wire = len(response.body), response.wire_size
    coding = response.header("content-encoding")
    if coding and wire:
        ratio = f", {decoded / wire:.1f}× the size" if decoded > wire else ""
        return f"{format_size(wire)} on the wire ({coding}), {format_size(decoded)} decoded{ratio}"
    return f"{format_size(wire or decoded)} on the wire, {format_size(decoded)} decoded"


def _figure(name: str, text: str, kind: str = "text") -> Row:
    return Row(
        spans=(("dim", f" {name}".ljust(_LABEL + 1)), (kind, f" {sanitize_line(text)}")), hanging_indent=_LABEL + 2
    )


class TimingView(LinesView):
    """Shows the timing of an exchange."""

    def show_exchange(self, exchange: Exchange) -> None:
        """Show how long each phase of *exchange* took."""
        self.show_for(lambda width: timing_rows(exchange, width))


TABS: Final = ("body", "headers", "wire", "timing")


class ResponseTabs(TabbedContent):
    """``show`` fills the tabs of an exchange except its body, which is set on ``body``."""

    def __init__(self) -> None:
        self._unfilled: dict[str, Callable[[], None]] = {}
        """Tab → what fills it, for tabs not opened since the exchange was shown."""
        super().__init__(initial=TABS[0])
        self._headers, self._wire, self._timing = HeadersView(), WireView(), TimingView()
        self.body: Final = BodyTab()
        """The Body tab."""
        for tab, view in zip(TABS, (self.body, self._headers, self._wire, self._timing), strict=True):
            self.compose_add_child(TabPane(tab.capitalize(), view, id=tab))

    def show(self, exchange: Exchange, trace: Trace | None) -> None:
        """Show headers, wire and timing of a redacted *exchange*; *trace* returns the parts of its requests."""
        headers = exchange.response.headers if exchange.response else ()
        self._unfilled = {
            "headers": lambda: self._headers.show_headers(headers),
            "wire": lambda: self._wire.show_exchange(exchange, trace),
            "timing": lambda: self._timing.show_exchange(exchange),
        }
        self._fill(self.active)
        self.count("headers", len(headers))
        self.count("wire", len(hops_of(exchange)) if exchange.hops else 0)

    def watch_active(self, active: str) -> None:
        """Fill the tab before its first frame."""
        self._fill(active)

    def _fill(self, tab: str) -> None:
        if fill := self._unfilled.pop(tab, None):
            fill()

    def count(self, tab: str, count: int) -> None:
        """Show *count* in the label of *tab*; 0 removes it."""
        label, name = self.get_tab(tab), tab.capitalize()
        text = f"{name} {count}" if count else name
        if label.label_text != text:
            label.label = Content(text)

    def neighbor(self, step: int) -> str:
        """Return the tab *step* places to the right of the open one."""
        return TABS[(TABS.index(self.active) + step) % len(TABS)]

    def take_focus(self) -> None:
        """Focus the view of the open tab, or the tab bar if it has none."""
        views: dict[str, Widget | None] = {"headers": self._headers, "wire": self._wire, "timing": self._timing}
        (views.get(self.active, self.body.focus_target) or self.query_one(Tabs)).focus()
