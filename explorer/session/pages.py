"""Turning pages: another page is another call, made from the parameters and signed anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from explorer.core.exchange import Call, Entry, Exchange
from explorer.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from explorer.core.pagination.base import PageInfo, Pairs, Style
    from explorer.session import Session


def paging(session: Session, call: Call) -> Style | None:
    """The paging style of the call's endpoint, or None."""
    from explorer.core.pagination import PAGINATION_STYLES

    operation = session.operation(call)
    rule = operation.vendor.pagination.get(operation.endpoint.pagination)
    if rule is None:
        return None
    return PAGINATION_STYLES[rule.style].from_options(rule.options)


def page_info(session: Session, exchange: Exchange) -> PageInfo | None:
    """Which page an exchange holds and what is around it; None where its endpoint does not page."""
    style = paging(session, exchange.call)
    if style is None or exchange.response is None:
        return None
    return style.page_info(dict(_query(exchange)), _body(exchange))


def turn(session: Session, exchange: Exchange, to: str | int) -> Call | None:
    """The call for another page of *exchange*: ``next``, ``previous``, ``first``, ``last`` or a page number.

    The request is rebuilt from the parameters, so filters and order stay and it is signed anew; None where there is
    no such page.
    """
    style = paging(session, exchange.call)
    if style is None or exchange.response is None:
        return None
    query, body = _query(exchange), _body(exchange)
    turned = _turned(style, query, body, to)
    if turned is None:
        return None
    before, after = dict(query), dict(turned)
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    gone = {name for name in before if name not in after}
    entries = [one for one in exchange.call.entries if one.name not in changed and one.name not in gone]
    entries += [Entry(name=name, value=value) for name, value in changed.items()]
    extra = tuple(pair for pair in exchange.call.extra if pair[0] not in changed and pair[0] not in gone)
    return msgspec.structs.replace(exchange.call, entries=tuple(entries), extra=extra)


async def pages(
    session: Session, call: Call, *, max_pages: int | None = None, timeout: float | None = None
) -> AsyncIterator[Exchange]:
    """Every page of *call*, one after the other, until the last, a failure, or *max_pages*."""
    following: Call | None = call
    count = 0
    while following is not None and (max_pages is None or count < max_pages):
        exchange = await session.send(following, timeout=timeout)
        count += 1
        yield exchange
        if exchange.failure is not None or exchange.verdict.outcome == "FAILED":
            return
        following = turn(session, exchange, "next")


def _turned(style: Style, query: list[tuple[str, str]], body: Any, to: str | int) -> Pairs | None:
    """The query of another page, or None where there is none."""
    if isinstance(to, int):
        return style.goto_params(query, to, body)
    ways: dict[str, Callable[[list[tuple[str, str]], Any], Pairs | None]] = {
        "next": style.next_params,
        "previous": style.previous_params,
        "first": style.first_params,
        "last": style.last_params,
    }
    if to not in ways:
        raise UnknownName("page", to, ways)
    return ways[to](query, body)


def _query(exchange: Exchange) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl, urlsplit

    return parse_qsl(urlsplit(exchange.request.url).query, keep_blank_values=True)


def _body(exchange: Exchange) -> Any:
    from explorer.core.verdict import NotReadable, read_body

    if exchange.response is None:
        return None
    try:
        return read_body(exchange.response)
    except NotReadable:
        return None
