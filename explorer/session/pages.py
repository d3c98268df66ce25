"""Turning pages: another page is another call, made from the parameters and signed anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from explorer.core.model import Call, Entry, Exchange
from explorer.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.core.paging.base import PageInfo, Style
    from explorer.core.text.url_pairs import Pairs
    from explorer.session.context import SessionContext


def paging_style(session: SessionContext, call: Call) -> Style | None:
    """The paging style of the call's endpoint, or None."""
    from explorer.core.paging import style_for

    operation = session.operation(call)
    return style_for(operation.vendor, operation.endpoint)


def page_info(session: SessionContext, exchange: Exchange) -> PageInfo | None:
    """Which page an exchange holds and what is around it; None where its endpoint does not page, or the page is not
    whole."""
    style = paging_style(session, exchange.call)
    if style is None or exchange.response is None or exchange.response.truncated:
        return None
    return style.page_info(dict(requested_query(style, exchange)), decoded_body(exchange))


def turn_page(session: SessionContext, exchange: Exchange, to: str | int) -> Call | None:
    """The call for another page of *exchange*: ``next``, ``previous``, ``first``, ``last`` or a page number.

    The request is rebuilt from the parameters, so filters and order stay and it is signed anew; None where there is
    no such page.

    Raises:
        UsageError: there is no page of that number; UnknownName: no such word.
    """
    style = paging_style(session, exchange.call)
    if style is None or exchange.response is None:
        return None
    query, body = requested_query(style, exchange), decoded_body(exchange)
    turned = _page_query(style, query, body, to)
    return None if turned is None else with_query(exchange.call, query, turned)


def with_query(call: Call, query: Sequence[tuple[str, str]], turned: Pairs) -> Call:
    """*call* with what *turned* changes in its *query*; everything else that was given stays as it was given."""
    before, after = dict(query), dict(turned)
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    gone = {name for name in before if name not in after}
    entries = [one for one in call.entries if one.name not in changed and one.name not in gone]
    entries += [Entry(name=name, value=value) for name, value in changed.items()]
    extra = tuple(pair for pair in call.extra if pair[0] not in changed and pair[0] not in gone)
    return msgspec.structs.replace(call, entries=tuple(entries), extra=extra)


def requested_query(style: Style, exchange: Exchange) -> Pairs:
    """What was asked for: the query as sent, and the parameters of paging as they were given to the call, since a
    redirect may have dropped them and a reading may have put them into the body."""
    from explorer.core.paging.base import with_params

    pairs = parse_qsl(urlsplit(exchange.request.url).query, keep_blank_values=True)
    given = {**dict(exchange.call.extra), **{one.name: one.value for one in exchange.call.entries}}
    return with_params(pairs, {name: given[name] for name in style.params if name and name in given})


def decoded_body(exchange: Exchange) -> Any:
    """The decoded body of an exchange, or None where it cannot be read."""
    from explorer.core.body.value import UnreadableBody, read_body

    if exchange.response is None:
        return None
    try:
        return read_body(exchange.response)
    except UnreadableBody:
        return None


def _page_query(style: Style, query: Pairs, body: Any, to: str | int) -> Pairs | None:
    """The query of another page, or None where there is none."""
    if isinstance(to, int):
        return style.goto_params(query, to, body)
    ways: dict[str, Callable[[Pairs, Any], Pairs | None]] = {
        "next": style.next_params,
        "previous": style.previous_params,
        "first": style.first_params,
        "last": style.last_params,
    }
    if to not in ways:
        raise UnknownName("page", to, ways)
    return ways[to](query, body)
