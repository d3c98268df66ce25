"""Following an id in an answer to the calls that take it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from explorer.core.links import Links, Way, descend, identifier_of, included_at, scalars_of, sent_ids, steps_of, ways
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.exchange import Exchange
    from explorer.session import Session

_DECODED: Final = 16_000_000
"""Bytes of a body up to which what stands around an id is looked at."""


@dataclass(frozen=True)
class Following:
    """Where an id leads: the calls that take it, and the object of ``included`` that it names."""

    ways: tuple[Way, ...]
    included: int | None = None


def links_of(session: Session, exchange: Exchange) -> Links | None:
    """The ids in the answer of *exchange*; None where the catalog knows its call no more."""
    try:
        operation = session.operation(exchange.call)
    except ExplorerError:
        return None
    return Links(operation.vendor, operation.endpoint)


def follow(session: Session, exchange: Exchange, path: str, value: str, siblings: Mapping[str, str]) -> Following:
    """Where *value* at *path* of the answer leads. Decodes the body, and blocks for as long.

    Raises:
        UnknownName: the catalog knows the call no more.
    """
    operation = session.operation(exchange.call)
    links = Links(operation.vendor, operation.endpoint)
    tree = _tree(exchange)
    beside = {**siblings, **scalars_of(descend(tree, steps_of(path)[:-1]))}
    known = {**sent_ids(operation.vendor, operation.endpoint, exchange.call.entries), **links.around(tree, path)}
    identifier = identifier_of(path, beside)
    included = included_at(tree, identifier) if identifier is not None else None
    if identifier is not None and steps_of(path)[-1] == "type":
        path, value = path.removesuffix("type") + "id", identifier[1]
    found = ways(operation.vendor, links.kinds(path, value, beside), known)
    same = {entry.name: entry.value for entry in exchange.call.entries}
    others = [way for way in found if way.endpoint.id != operation.endpoint.id or same.get(way.field) != way.value]
    return Following(tuple(others), included)


def _tree(exchange: Exchange) -> Any:
    """The decoded body, or None where it is no JSON or too large."""
    response = exchange.response
    if response is None or len(response.body) > _DECODED:
        return None
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        return None
