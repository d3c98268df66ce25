"""Follow an id in a response to the calls that take it."""

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

_MAX_BODY: Final = 16_000_000
"""Bytes of a body; larger ones are not decoded for the values around an id."""


@dataclass(frozen=True)
class LinkResolution:
    """The targets of an id: the calls that take it, and the object in ``included`` that it identifies."""

    link_targets: tuple[LinkTarget, ...]
    included: int | None = None


def links_of(session: SessionContext, exchange: Exchange) -> Links | None:
    """Return the ids in the response of *exchange*; None if its call is no longer in the catalog."""
    try:
        operation = session.operation(exchange.call)
    except ExplorerError:
        return None
    return Links(operation.vendor, operation.endpoint)


def resolve_link(
    session: SessionContext, exchange: Exchange, path: str, value: str, siblings: Mapping[str, str]
) -> LinkResolution:
    """Return the targets of *value* at *path* of the response. Blocking while it decodes the body.

    Raises:
        UnknownName: the call is no longer in the catalog.
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
    targets = link_targets(operation.vendor, links.kinds(path, value, beside), known)
    sent = {entry.name: entry.value for entry in exchange.call.entries}
    others = [
        target
        for target in targets
        if target.endpoint.id != operation.endpoint.id or sent.get(target.field) != target.value
    ]
    return LinkResolution(tuple(others), included)


@dataclass(frozen=True)
class ResponseId:
    """An id in a response: its path, value and kind."""

    path: str
    value: str
    kind: str


def find_ids(session: SessionContext, exchange: Exchange) -> Iterator[ResponseId]:
    """Yield the ids of the response that other calls take, in document order. Blocking while it decodes the body.

    Raises:
        UnknownName: the call is no longer in the catalog.
    """
    operation = session.operation(exchange.call)
    links = Links(operation.vendor, operation.endpoint)
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), _tree(exchange))]
    while stack:
        steps, node = stack.pop()
        beside = object_scalars(node)
        for key, value in beside.items():
            path = format_path((*steps, key))
            yield from (ResponseId(path, identity, kind) for kind, identity in links.kinds(path, value, beside))
        below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        stack += reversed([((*steps, key), child) for key, child in below if isinstance(child, dict | list)])


def value_in(exchange: Exchange, path: str) -> str | None:
    """Return the string or number at *path* of the response, or None."""
    value = get_at(_tree(exchange), steps_of(path))
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _tree(exchange: Exchange) -> Any:
    """Return the decoded body, or None if it is not JSON or too large."""
    response = exchange.response
    if response is None or len(response.body) > _MAX_BODY:
        return None
    try:
        return json.loads(response.body[:])
    except (ValueError, RecursionError):
        return None
