"""Where every part of a request is from: what ``core.provenance`` needs to know is looked up here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.exchange import hops_of
from explorer.errors import ExplorerError
from explorer.session.preparing import check_call, prepare_call

if TYPE_CHECKING:
    from explorer.core.exchange import Call, Exchange, Purpose, SentRequest
    from explorer.core.provenance import RequestPart
    from explorer.session.context import SessionContext
    from explorer.session.operation import Prepared


@dataclass(frozen=True)
class Preview:
    """A call as it would be sent now, its secrets masked."""

    prepared: Prepared
    request: SentRequest
    parts: tuple[RequestPart, ...]


def preview_of(session: SessionContext, call: Call) -> Preview:
    """Return what ``prepare_call`` returns, redacted, with the origins of its parts. Blocking: it may reach the
    keyring.

    Raises:
        As ``prepare_call``.
    """
    prepared = prepare_call(session, call)
    shown = prepared.shown
    return Preview(prepared, shown, trace_parts(session, call, shown))


def trace_parts(
    session: SessionContext, call: Call, request: SentRequest, base_url: str = "", purpose: Purpose = "call"
) -> tuple[RequestPart, ...]:
    """The parts of *request*, made of *call* for *base_url* (that of now where it is not given), with their origins.

    Raises:
        UnknownName: the catalog does not know the call (any more).
    """
    from explorer.core.provenance.tracing import TraceSubject, trace_request

    operation = session.operation(call)
    subject = TraceSubject(
        vendor=operation.vendor,
        endpoint=operation.endpoint,
        call=call,
        values=check_call(session, call).values,
        base_url=base_url or session.base_url(call),
        purpose=purpose,
    )
    return trace_request(subject, request)


def trace_exchange(session: SessionContext, exchange: Exchange) -> tuple[tuple[RequestPart, ...], ...]:
    """The parts of each hop's request in the order of the wire; nothing where the catalog knows the call no more."""
    from explorer.session.circumstances import original_base_url

    call = exchange.call
    try:
        base_url = original_base_url(exchange, session.base_url(call))
        return tuple(trace_parts(session, call, hop.request, base_url, hop.purpose) for hop in hops_of(exchange))
    except ExplorerError:
        return ()
