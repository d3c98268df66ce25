"""Everything that went over the wire for one call: every hop in order, requests as sent, answers as they came.

    ▍1 of 2 · token call
    → POST /oauth/token HTTP/1.1
    → Host: …
    ← HTTP/1.1 200 OK

The gutter tells the direction without colour; ``↳`` marks a line that wrapping added. The exchange given is redacted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from explorer.core.document import Document
from explorer.core.exchange import Exchange, Header, Hop, ReceivedResponse, SentRequest
from explorer.core.sanitise import sanitise_line
from explorer.tui.numbers import size_text
from explorer.tui.widgets.lines_view import LinesView, Row, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

Purpose = Literal["call", "auth", "redirect", "retry"]
PURPOSES: Final[dict[Purpose, str]] = {
    "auth": "token call",
    "redirect": "redirect followed",
    "retry": "second try",
    "call": "call",
}
BODY_BYTES: Final = 32_768
"""How much of a request's body the view shows; the file of an upload is not pulled through the screen."""
BODY_LINES: Final = 200
LINE_CHARACTERS: Final = 4_000

_OUT: Final[Span] = ("out", " → ")
_IN: Final[Span] = ("in", " ← ")
_MORE: Final[Span] = ("dim", " ↳ ")


def hops_of(exchange: Exchange) -> tuple[Hop, ...]:
    """Every hop of the exchange, the final one last."""
    purpose = _last_purpose(exchange)
    return (*exchange.hops, Hop(purpose=purpose, request=exchange.request, response=exchange.response))


def _last_purpose(exchange: Exchange) -> Purpose:
    """What the final request was: a hop before it tells, since an exchange does not say."""
    before = exchange.hops[-1] if exchange.hops else None
    if before is None or before.purpose == "auth" or before.response is None:
        return "call"
    if before.response.status in (301, 302, 303, 307, 308) and before.response.header("location"):
        return "redirect"
    return "retry"


def wire_rows(exchange: Exchange) -> list[Row]:
    """The whole conversation as rows."""
    hops = hops_of(exchange)
    rows: list[Row] = []
    for number, hop in enumerate(hops, 1):
        last = number == len(hops)
        if rows:
            rows.append(Row())
        rows.append(_heading(number, len(hops), hop))
        rows += _request(hop.request)
        rows.append(Row())
        rows += _response(hop.response, exchange, last=last)
    return rows


def _heading(number: int, count: int, hop: Hop) -> Row:
    title = f"▍{number} of {count} · {PURPOSES[hop.purpose]}" if count > 1 else f"▍{PURPOSES[hop.purpose]}"
    answer = f" · answered {hop.response.status}" if hop.response is not None else " · not answered"
    place = sanitise_line(urlsplit(hop.request.url).netloc)
    return Row(spans=(("heading", f"{title}{answer} "), ("dim", f" {place}")))


def _request(request: SentRequest) -> Iterator[Row]:
    gutter, more = (_OUT,), (_MORE,)
    method = sanitise_line(request.method)
    spans: tuple[Span, ...] = (("strong", method), ("url", f" {_target(request.url)}"), ("text", " HTTP/1.1"))
    yield Row(spans=spans, gutter=gutter, more=more)
    yield from _headers(request.headers, gutter)
    if request.body:
        yield Row(gutter=gutter)
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    for line in _body(request.body, kind):
        yield Row(spans=line, gutter=gutter, more=more)


def _target(url: str) -> str:
    """What stands in the request line: the path and the query as they were encoded."""
    rest = url.partition("://")[2]
    slash = min((rest.find(mark) for mark in "/?" if mark in rest), default=-1)
    target = rest[slash:].partition("#")[0] if slash >= 0 else "/"
    return sanitise_line(target if target.startswith("/") else f"/{target}")


def _response(response: ReceivedResponse | None, exchange: Exchange, *, last: bool) -> Iterator[Row]:
    if response is None:
        reason = f": {sanitise_line(exchange.failure.message)}" if last and exchange.failure else ""
        yield Row(spans=(("bad", f"no answer{reason}"),), gutter=(_IN,), more=(_MORE,))
        return
    gutter, more = (_IN,), (_MORE,)
    status = "good" if response.status < 300 else "warn" if response.status < 400 else "bad"
    line = f"{response.status} {sanitise_line(response.reason)}".rstrip()
    yield Row(spans=(("text", f"{sanitise_line(response.http_version)} "), (status, line)), gutter=gutter, more=more)
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
    note = f"({size_text(len(response.body))} of body, shown on the Body tab"
    return note + (f"; {sanitise_line(response.truncated)})" if response.truncated else ")")


def _headers(headers: tuple[Header, ...], gutter: tuple[Span, ...]) -> Iterator[Row]:
    for name, value in headers:
        spans = (("name", sanitise_line(name)), ("text", f": {sanitise_line(value)}"))
        yield Row(spans=spans, gutter=gutter, more=(_MORE,))


def _body(body: bytes, content_type: str) -> Iterator[tuple[Span, ...]]:
    """The body's lines as they were sent, cut where it grows long."""
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
        yield (("dim", f"… cut here; the body sent has {size_text(len(body))}"),)


class WireView(LinesView):
    """Shows the conversation of an exchange."""

    def show_exchange(self, exchange: Exchange) -> None:
        """Show every hop of a redacted *exchange*."""
        self.show(wire_rows(exchange))
