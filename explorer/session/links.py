"""Following an id in an answer to the calls that take it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from explorer.core.links import (
    Links,
    LinkTarget,
    identifier_of,
    included_index,
    link_targets,
    object_scalars,
    sent_ids,
    steps_of,
)
from explorer.core.text.json_path import format_path, get_at
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from explorer.core.model import Exchange
    from explorer.session.context import SessionContext

_DECODED: Final = 16_000_000
"""Bytes of a body up to which what stands around an id is looked at."""


@dataclass(frozen=True)
class LinkResolution:
    """Where an id leads: the calls that take it, and the object of ``included`` that it names."""

    link_targets: tuple[LinkTarget, ...]
    included: int | None = None


def links_of(session: SessionContext, exchange: Exchange) -> Links | None:
    """The ids in the answer of *exchange*; None where the catalog knows its call no more."""
    try:
        operation = session.operation(exchange.call)
    except ExplorerError:
        return None
    return Links(operation.vendor, operation.endpoint)


def resolve_link(
    session: SessionContext, exchange: Exchange, path: str, value: str, siblings: Mapping[str, str]
) -> LinkResolution:
    """Where *value* at *path* of the answer leads. Decodes the body, and blocks for as long.

    Raises:
        UnknownName: the catalog knows the call no more.
    """
    operation = session.operation(exchange.call)
    links = Links(operation.vendor, operation.endpoint)
    tree = _tree(exchange)
    beside = {**siblings, **object_scalars(get_at(tree, steps_of(path)[:-1]))}
    known = {**sent_ids(operation.vendor, operation.endpoint, exchange.call.entries), **links.around(tree, path)}
    identifier = identifier_of(path, beside)
    included = included_index(tree, identifier) if identifier is not None else None
    if identifier is not None and steps_of(path)[-1] == "type":
        path, value = path.removesuffix("type") + "id", identifier[1]
    found = link_targets(operation.vendor, links.kinds(path, value, beside), known)
    same = {entry.name: entry.value for entry in exchange.call.entries}
    others = [way for way in found if way.endpoint.id != operation.endpoint.id or same.get(way.field) != way.value]
    return LinkResolution(tuple(others), included)


@dataclass(frozen=True)
class ResponseId:
    """An id in an answer: its path, what it is, and its kind."""

    path: str
    value: str
    kind: str


def find_ids(session: SessionContext, exchange: Exchange) -> Iterator[ResponseId]:
    """Every id of the answer that another call takes, in its order. Decodes the body, and blocks for as long.

    Raises:
        UnknownName: the catalog knows the call no more.
    """
    operation = session.operation(exchange.call)
    links = Links(operation.vendor, operation.endpoint)
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), _tree(exchange))]
    while waiting:
        steps, node = waiting.pop()
        beside = object_scalars(node)
        for key, value in beside.items():
            path = format_path((*steps, key))
            yield from (ResponseId(path, identity, kind) for kind, identity in links.kinds(path, value, beside))
        below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        waiting += reversed([((*steps, key), one) for key, one in below if isinstance(one, dict | list)])


def value_in(exchange: Exchange, path: str) -> str | None:
    """The text or number at *path* of the answer, or None."""
    value = get_at(_tree(exchange), steps_of(path))
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _tree(exchange: Exchange) -> Any:
    """The decoded body, or None where it is no JSON or too large."""
    response = exchange.response
    if response is None or len(response.body) > _DECODED:
        return None
    try:
        return json.loads(response.body[:])
    except (ValueError, RecursionError):
        return None
