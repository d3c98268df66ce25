"""Where the time of a call went, as a waterfall in text, and how many bytes and requests it took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from explorer.core.exchange import hops_of
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_elapsed, format_local, format_size
from explorer.tui.widgets.lines_view import LinesView, Row, Span
from explorer.tui.widgets.wire_view import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.exchange import Exchange, ReceivedResponse

_LABEL: Final = 10
_AMOUNT: Final = 12
_WIDEST_BAR: Final = 100
_BAR: Final = "█"
STOPPED: Final = "stopped here"


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of a call, in seconds from its start. ``note`` says what the bar alone would not."""

    name: str
    start: float
    end: float
    note: str = ""


def phases(exchange: Exchange) -> list[Phase]:
    """The phases that the call went through, in order; the last one holds the failure, if there was one."""
    timings = exchange.timings
    marks = (
        ("connect", timings.connected),
        ("send", timings.sent),
        ("wait", timings.first_byte),
        ("receive", timings.total if exchange.response is not None else None),
    )
    found: list[Phase] = []
    at = 0.0
    later = [mark for _, mark in marks[1:]]
    for name, mark in marks:
        if mark is not None:
            note = "with the requests before it" if not found and exchange.hops else ""
            found.append(Phase(name, at, max(at, mark), note))
            at = max(at, mark)
        elif name == "connect" and any(one is not None for one in later):
            found.append(Phase(name, 0.0, 0.0, "an open connection was used"))
        elif exchange.failure is not None:
            found.append(Phase(name, at, max(at, timings.total), STOPPED))
            return found
    if exchange.failure is not None and found:
        last = found[-1]
        found[-1] = Phase(last.name, last.start, last.end, STOPPED)
    return found


def timing_rows(exchange: Exchange, width: int) -> list[Row]:
    """The waterfall and the figures below it, for a view *width* cells wide."""
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
    counted = Counter(PURPOSES[hop.purpose] for hop in hops)
    parts = ", ".join(f"{count} × {name}" if count > 1 else name for name, count in counted.items())
    if exchange.pages > 1:
        yield _figure("requests", f"one a page, {exchange.pages} pages; the phases are those of the first")
    else:
        yield _figure("requests", f"{len(hops)}  ({parts})")
    yield _figure("sent", f"{format_size(len(exchange.request.body))} of body")
    if exchange.response is not None:
        yield _figure("received", _received(exchange.response))
        if exchange.response.truncated:
            yield _figure("cut", exchange.response.truncated, kind="warn")
    else:
        yield _figure("received", "nothing", kind="warn")


def _received(response: ReceivedResponse) -> str:
    decoded, wire = len(response.body), response.wire_size
    coding = response.header("content-encoding")
    if coding and wire:
        ratio = f", {decoded / wire:.1f} times as much" if decoded > wire else ""
        return f"{format_size(wire)} on the wire ({coding}), {format_size(decoded)} decoded{ratio}"
    return f"{format_size(wire or decoded)} on the wire, {format_size(decoded)} decoded"


def _figure(name: str, text: str, kind: str = "text") -> Row:
    return Row(
        spans=(("dim", f" {name}".ljust(_LABEL + 1)), (kind, f" {sanitize_line(text)}")), hanging_indent=_LABEL + 2
    )


class TimingView(LinesView):
    """Shows the phases of an exchange."""

    def show_exchange(self, exchange: Exchange) -> None:
        """Show where the time of *exchange* went."""
        self.show_for(lambda width: timing_rows(exchange, width))
