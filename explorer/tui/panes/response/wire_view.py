"""The wire traffic of one call: every hop in order, with its request and response.

    ▍1 of 2 · token request · HTTP 200
    → auth         POST /oauth/token HTTP/1.1
    → environment  Host: …
    ← HTTP/1.1 200 OK

The gutter shows the direction without color; ``↳`` marks a wrapped line. Exchanges are already redacted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit

from explorer.core.body.document import Document
from explorer.core.model import Exchange, Header, Hop, Purpose, ReceivedResponse, SentRequest, hops_of
from explorer.core.provenance import RequestPart, target_of
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_size
from explorer.tui.actions import bindings
from explorer.tui.kit.lines_view import LinesView, Row, Span
from explorer.tui.panes.request.preview import origin_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.binding import BindingType

    from explorer.core.text.data import Data

Traces = Sequence[Sequence[RequestPart]]
"""The parts of each hop's request."""
Trace = Callable[[Exchange], Traces]
PURPOSES: Final[dict[Purpose, str]] = {
    "auth": "token request",
    "redirect": "redirect",
    "retry": "retry",
    "call": "call",
}
BODY_BYTES: Final = 32_768
"""Bytes of a request body that are shown, so that large uploads are not rendered."""
BODY_LINES: Final = 200
LINE_CHARACTERS: Final = 4_000

_OUT: Final[Span] = ("out", " → ")
_IN: Final[Span] = ("in", " ← ")
_MORE: Final[Span] = ("dim", " ↳ ")


def wire_rows(
    exchange: Exchange, traces: Traces = (), width: int = 80, *, origins: bool = True, mine: bool = False
) -> list[Row]:
    """Return every request and response of *exchange* as rows.

    With *traces*, each part of a request shows its origin unless *origins* is false. *mine* limits requests to the
    parts that the user set.
    """
    hops = hops_of(exchange)
    rows: list[Row] = []
    for number, hop in enumerate(hops, 1):
        last = number == len(hops)
        if rows:
            rows.append(Row())
        rows.append(_heading(number, len(hops), hop))
        parts = traces[number - 1] if number <= len(traces) else ()
        if parts and (origins or mine):
            rows += origin_rows(parts, width, lead=(_OUT,), mine=mine)
        else:
            rows += _request(hop.request)
        if mine and parts:
            continue
        rows.append(Row())
        rows += _response(hop.response, exchange, last=last)
    return rows


def _heading(number: int, count: int, hop: Hop) -> Row:
    title = f"▍{number} of {count} · {PURPOSES[hop.purpose]}" if count > 1 else f"▍{PURPOSES[hop.purpose]}"
    result = f" · HTTP {hop.response.status}" if hop.response is not None else " · no response"
    host = sanitize_line(urlsplit(hop.request.url).netloc)
    return Row(spans=(("heading", f"{title}{result} "), ("dim", f" {host}")))


def _request(request: SentRequest) -> Iterator[Row]:
    gutter, more = (_OUT,), (_MORE,)
    method = sanitize_line(request.method)
    spans: tuple[Span, ...] = (
        ("strong", method),
        ("url", f" {sanitize_line(target_of(request.url))}"),
        ("text", " HTTP/1.1"),
    )
    yield Row(spans=spans, gutter=gutter, more=more)
    yield from _headers(request.headers, gutter)
    if request.body:
        yield Row(gutter=gutter)
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    for line in _body(request.body, kind):
        yield Row(spans=line, gutter=gutter, more=more)


def _response(response: ReceivedResponse | None, exchange: Exchange, *, last: bool) -> Iterator[Row]:
    if response is None:
        reason = f": {sanitize_line(exchange.failure.message)}" if last and exchange.failure else ""
        yield Row(spans=(("bad", f"no response{reason}"),), gutter=(_IN,), more=(_MORE,))
        return
    gutter, more = (_IN,), (_MORE,)
    status = "good" if response.status < 300 else "warn" if response.status < 400 else "bad"
    line = f"{response.status} {sanitize_line(response.reason)}".rstrip()
    yield Row(spans=(("text", f"{sanitize_line(response.http_version)} "), (status, line)), gutter=gutter, more=more)
    yield from _headers(response.headers, gutter)
    yield Row(gutter=gutter)
    if last:
        yield Row(spans=(("dim", _body_note(response)),), gutter=gutter, more=more)
    else:
        for spans in _body(response.body, response.header("content-type")):
            yield Row(spans=spans, gutter=gutter, more=more)


def _body_note(response: ReceivedResponse) -> str:
    if not response.body:
        return "(no body)"
    note = f"({format_size(len(response.body))} body, shown on the Body tab"
    remarks = [sanitize_line(remark) for remark in (response.truncated, response.note) if remark]
    return "; ".join([note, *remarks]) + ")"


def _headers(headers: tuple[Header, ...], gutter: tuple[Span, ...]) -> Iterator[Row]:
    for name, value in headers:
        spans = (("name", sanitize_line(name)), ("text", f": {sanitize_line(value)}"))
        yield Row(spans=spans, gutter=gutter, more=(_MORE,))


def _body(body: Data, content_type: str) -> Iterator[tuple[Span, ...]]:
    """Yield the lines of a body as sent, up to ``BODY_BYTES`` and ``BODY_LINES``."""
    if not body:
        return
    document = Document(body[:BODY_BYTES], content_type, view="raw")
    count = min(document.line_count, BODY_LINES)
    for number in range(count):
        line = document.line(number)
        yield (("text", line[:LINE_CHARACTERS]),)
        if len(line) > LINE_CHARACTERS:
            yield (("dim", f"… {len(line) - LINE_CHARACTERS:,} more characters on this line"),)
    if len(body) > BODY_BYTES or document.line_count > BODY_LINES:
        yield (("dim", f"… truncated; the body is {format_size(len(body))}"),)


class WireView(LinesView):
    """Shows the wire traffic of an exchange."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("wire")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._exchange: Exchange | None = None
        self._trace: Trace = lambda _exchange: ()
        self._origins, self._mine = True, False
        super().__init__(id=id, classes=classes)

    def show_exchange(self, exchange: Exchange, trace: Trace | None = None) -> None:
        """Show every hop of a redacted *exchange*; *trace* returns the parts of their requests."""
        self._exchange = exchange
        self._trace = trace or (lambda _exchange: ())
        self.show_for(self._rows)

    def _rows(self, width: int) -> list[Row]:
        if self._exchange is None:
            return []
        traces = self._trace(self._exchange)
        return wire_rows(self._exchange, traces, width, origins=self._origins, mine=self._mine)

    def action_origins(self) -> None:
        """Show or hide the origin of each part."""
        self._origins, self._mine = not self._origins or self._mine, False
        self.show_for(self._rows)

    def action_mine(self) -> None:
        """Show only what the user set, or everything."""
        self._mine = not self._mine
        self.show_for(self._rows)
