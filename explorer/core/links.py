"""Ids in a response that other calls take: where they are, which calls take them, what else those calls require.

    path, value ── Links.kinds ──► product ── link_targets ──► products_get(id), stock(sku) …

Paths are in the notation of the body view: ``data[3].attributes.price``, ``["odd key"]``, or an XPath for XML, whose
root and indexes are ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from explorer.core.model import Entry
from explorer.core.text.json_path import PathStep, format_path, get_at, parse_path
from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from explorer.core.catalog.model import Effect, Endpoint, IdSource, Vendor

_EFFECT_ORDER: Final[tuple[Effect, ...]] = ("read", "session", "update", "create", "delete", "order")
_LONGEST: Final = 200
"""Maximum length of an id in characters."""


@dataclass(frozen=True)
class LinkTarget:
    """A call that takes an id: ``entries`` fill its form, including the id in ``field``."""

    endpoint: Endpoint
    field: str
    entries: tuple[Entry, ...]

    @property
    def value(self) -> str:
        """The id."""
        return next(entry.value for entry in self.entries if entry.name == self.field)


class Links:
    """The ids in the responses of one endpoint that another endpoint takes."""

    def __init__(self, vendor: Vendor, endpoint: Endpoint) -> None:
        consumers: dict[str, set[str]] = {}
        for other in vendor.endpoints.values():
            for kind in consumed_kinds(vendor, other).values():
                consumers.setdefault(kind, set()).add(other.id)
        sources = (*endpoint.produces, *vendor.produces)
        sources = tuple(source for source in sources if consumers.get(source.kind, set()) - {endpoint.id})
        self._rules = tuple(
            (source, _pattern(path)) for source in sources for path in (source.path, *_merged_path(source.path))
        )
        self._keys = frozenset(_last_key(source) for source, _ in self._rules)

    def may_be_id(self, key: str) -> bool:
        """Return whether a value under *key* (empty: an array element) may be an id. Fast, without false negatives."""
        return key in self._keys or "*" in self._keys

    def kinds(self, path: str, value: str, siblings: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return kind and id of the value at *path*; empty if it is not an id.

        *siblings* are the other scalars of the same object, by key.
        """
        steps = steps_of(path)
        text = _normal(steps)
        ids = []
        for source, pattern in self._rules:
            identity = str(steps[-1]) if source.key and steps else value
            type_matches = not source.type or siblings.get("type") == source.type
            if pattern.fullmatch(text) and type_matches and _is_id(identity):
                ids.append((source.kind, identity))
        return tuple(dict.fromkeys(ids))

    def around(self, tree: Any, path: str) -> dict[str, str]:
        """Return kind → id of the values around *path* in a decoded body, innermost object first."""
        steps = steps_of(path)
        ids: dict[str, str] = {}
        for depth in range(len(steps) - 1, -1, -1):
            node = get_at(tree, steps[:depth])
            if isinstance(node, dict):
                scalars = object_scalars(node)
                for key, value in scalars.items():
                    for kind, identity in self.kinds(format_path((*steps[:depth], key)), value, scalars):
                        ids.setdefault(kind, identity)
        return ids


def consumed_kinds(vendor: Vendor, endpoint: Endpoint) -> dict[str, str]:
    """Return parameter → kind of the id that it takes."""
    names = {param.name for param in endpoint.params.values()}
    both = {**{name: kind for name, kind in vendor.consumes.items() if name in names}, **endpoint.consumes}
    return {name: kind for name, kind in both.items() if kind and name in names}


def link_targets(vendor: Vendor, kinds: Sequence[tuple[str, str]], known: Mapping[str, str]) -> tuple[LinkTarget, ...]:
    """Return the calls that take an id of *kinds* (kind, id), reads first.

    *known* are further ids by kind, which fill the call's other required parameters.
    """
    targets = []
    for endpoint in vendor.endpoints.values():
        consumed = consumed_kinds(vendor, endpoint)
        for kind, identity in kinds:
            field = next((name for name, consumed_kind in consumed.items() if consumed_kind == kind), "")
            if field:
                entries = tuple(_entries(endpoint, consumed, field, identity, known))
                targets.append(LinkTarget(endpoint, concrete_name(endpoint, field), entries))
                break
    return tuple(sorted(targets, key=lambda target: _EFFECT_ORDER.index(target.endpoint.effect)))


def concrete_name(endpoint: Endpoint, name: str) -> str:
    """Return the first name of a parameter that repeats by index: ``item0_id`` of ``item#_id``."""
    param = next((param for param in endpoint.params.values() if param.name == name), None)
    group = endpoint.groups.get(param.group or "") if param else None
    return name.replace("#", str(group.start if group else 0))


def sent_ids(vendor: Vendor, endpoint: Endpoint, entries: Sequence[Entry]) -> dict[str, str]:
    """Return kind → id of the ids that a call was sent with."""
    consumed = consumed_kinds(vendor, endpoint)
    return {consumed[entry.name]: entry.value for entry in entries if entry.name in consumed and _is_id(entry.value)}


def _entries(
    endpoint: Endpoint, consumed: Mapping[str, str], field: str, identity: str, known: Mapping[str, str]
) -> Iterator[Entry]:
    for param in endpoint.params.values():
        if param.name == field:
            yield Entry(name=concrete_name(endpoint, field), value=identity)
        elif param.required and consumed.get(param.name) in known:
            yield Entry(name=concrete_name(endpoint, param.name), value=known[consumed[param.name]])


# --- JSON:API --------------------------------------------------------------------------------------------------------


def identifier_of(path: str, siblings: Mapping[str, str]) -> tuple[str, str] | None:
    """Return type and id if *path* is in a resource identifier in ``relationships`` (JSON:API 1.1, 7.3)."""
    steps = [step for step in steps_of(path) if isinstance(step, str)]
    if len(steps) < 4 or steps[-1] not in ("type", "id") or steps[-2] != "data" or steps[-4] != "relationships":
        return None
    kind, identity = siblings.get("type", ""), siblings.get("id", "")
    return (kind, identity) if kind and identity else None


def included_index(tree: Any, identifier: tuple[str, str]) -> int | None:
    """Return the index in ``included`` of the object with that type and id, or None."""
    included = tree.get("included") if isinstance(tree, dict) else None
    for number, resource in enumerate(included if isinstance(included, list) else ()):
        if isinstance(resource, dict) and (str(resource.get("type")), str(resource.get("id"))) == identifier:
            return number
    return None


# --- paths -----------------------------------------------------------------------------------------------------------


def steps_of(path: str) -> tuple[PathStep, ...]:
    """Return a path as keys and indexes; for an XPath, the names below the root."""
    if path.startswith("/"):
        return tuple(re.sub(r"\[\d+\]$", "", name) for name in path.split("/")[2:])
    return parse_path(path)


def object_scalars(node: Any) -> dict[str, str]:
    """Return the strings and integers of an object, by key."""
    if not isinstance(node, dict):
        return {}
    return {
        key: str(value) for key, value in node.items() if isinstance(value, str | int) and not isinstance(value, bool)
    }


def _is_id(text: str) -> bool:
    return bool(text) and len(text) <= _LONGEST and text not in ("null", "true", "false") and MASK not in text


def _normal(steps: Sequence[PathStep]) -> str:
    """Return steps in pattern notation: ``data[].line_items[].id``."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


@lru_cache(maxsize=512)
def _pattern(path: str) -> re.Pattern[str]:
    anywhere = path.startswith("**.")
    parts = re.split(r"(\*)", path.removeprefix("**."))
    text = "".join(r"[^.\[\]]+" if part == "*" else re.escape(part) for part in parts)
    return re.compile((r"(?:.*[.\]])?" if anywhere else "") + text, re.DOTALL)


def _merged_path(path: str) -> tuple[str, ...]:
    """Return where a record's ids are when all pages are one array: ``[].id`` of ``data[].id``."""
    match = re.fullmatch(r"[^.*\[\]]+(\[\]\..+)", path)
    return (match[1],) if match else ()


def _last_key(source: IdSource) -> str:
    """Return the key that a line of the body must have; empty for array elements."""
    last = source.path.rpartition(".")[2]
    return "" if last.endswith("[]") else last
