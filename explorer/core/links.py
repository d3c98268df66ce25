"""Ids in an answer that another call takes: where they stand, which calls take them, what else those calls need.

    path, value ── Links.kinds ──► product ── ways ──► products_get(id), stock(sku) …

A path is as the body view writes it: ``data[3].attributes.price``, ``["odd key"]``, or an XPath of XML, whose root and
numbers do not count.
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
"""Characters of an id at most."""


@dataclass(frozen=True)
class LinkTarget:
    """A call that takes an id: ``entries`` fill its form, the id among them under ``field``."""

    endpoint: Endpoint
    field: str
    entries: tuple[Entry, ...]

    @property
    def value(self) -> str:
        """The id."""
        return next(entry.value for entry in self.entries if entry.name == self.field)


class Links:
    """The ids in the answers of one endpoint that another endpoint takes."""

    def __init__(self, vendor: Vendor, endpoint: Endpoint) -> None:
        takers: dict[str, set[str]] = {}
        for other in vendor.endpoints.values():
            for kind in consumed_kinds(vendor, other).values():
                takers.setdefault(kind, set()).add(other.id)
        rules = [one for one in (*endpoint.produces, *vendor.produces) if takers.get(one.kind, set()) - {endpoint.id}]
        self._rules = tuple((one, _pattern(path)) for one in rules for path in (one.path, *_merged(one.path)))
        self._keys = frozenset(_last_key(one) for one, _ in self._rules)

    def may_be_id(self, key: str) -> bool:
        """Whether a value under *key* (empty: an element of an array) may be an id; quick, and never no to one."""
        return key in self._keys or "*" in self._keys

    def kinds(self, path: str, value: str, siblings: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Kind and id of what stands at *path*; nothing where it is no id. *siblings* are the other scalars of the
        same object, by key."""
        steps = steps_of(path)
        text = _normal(steps)
        found = []
        for one, pattern in self._rules:
            identity = str(steps[-1]) if one.key and steps else value
            if pattern.fullmatch(text) and (not one.type or siblings.get("type") == one.type) and _is_id(identity):
                found.append((one.kind, identity))
        return tuple(dict.fromkeys(found))

    def around(self, tree: Any, path: str) -> dict[str, str]:
        """Kind → id of what stands around *path* in a decoded body: in its own object first, then further out."""
        steps = steps_of(path)
        found: dict[str, str] = {}
        for depth in range(len(steps) - 1, -1, -1):
            node = get_at(tree, steps[:depth])
            if isinstance(node, dict):
                scalars = object_scalars(node)
                for key, value in scalars.items():
                    for kind, identity in self.kinds(format_path((*steps[:depth], key)), value, scalars):
                        found.setdefault(kind, identity)
        return found


def consumed_kinds(vendor: Vendor, endpoint: Endpoint) -> dict[str, str]:
    """Parameter → kind of the id that it takes."""
    names = {param.name for param in endpoint.params.values()}
    both = {**{name: kind for name, kind in vendor.consumes.items() if name in names}, **endpoint.consumes}
    return {name: kind for name, kind in both.items() if kind and name in names}


def link_targets(vendor: Vendor, kinds: Sequence[tuple[str, str]], known: Mapping[str, str]) -> tuple[LinkTarget, ...]:
    """The calls that take an id of one of *kinds* (kind, id), reads first. *known* are further ids, by kind: they fill
    what else the call requires."""
    found = []
    for endpoint in vendor.endpoints.values():
        takes = consumed_kinds(vendor, endpoint)
        for kind, identity in kinds:
            field = next((name for name, one in takes.items() if one == kind), "")
            if field:
                found.append(
                    LinkTarget(
                        endpoint,
                        concrete_name(endpoint, field),
                        tuple(_entries(endpoint, takes, field, identity, known)),
                    )
                )
                break
    return tuple(sorted(found, key=lambda way: _EFFECT_ORDER.index(way.endpoint.effect)))


def concrete_name(endpoint: Endpoint, name: str) -> str:
    """The name of the first of a parameter that repeats by index: ``item0_id`` of ``item#_id``."""
    param = next((one for one in endpoint.params.values() if one.name == name), None)
    group = endpoint.groups.get(param.group or "") if param else None
    return name.replace("#", str(group.start if group else 0))


def sent_ids(vendor: Vendor, endpoint: Endpoint, entries: Sequence[Entry]) -> dict[str, str]:
    """Kind → id of what a call was sent with."""
    takes = consumed_kinds(vendor, endpoint)
    return {takes[one.name]: one.value for one in entries if one.name in takes and _is_id(one.value)}


def _entries(
    endpoint: Endpoint, takes: Mapping[str, str], field: str, identity: str, known: Mapping[str, str]
) -> Iterator[Entry]:
    for param in endpoint.params.values():
        if param.name == field:
            yield Entry(name=concrete_name(endpoint, field), value=identity)
        elif param.required and takes.get(param.name) in known:
            yield Entry(name=concrete_name(endpoint, param.name), value=known[takes[param.name]])


# --- JSON:API --------------------------------------------------------------------------------------------------------


def identifier_of(path: str, siblings: Mapping[str, str]) -> tuple[str, str] | None:
    """Type and id where *path* is a member of a resource identifier in ``relationships`` (JSON:API 1.1, 7.3)."""
    steps = [step for step in steps_of(path) if isinstance(step, str)]
    if len(steps) < 4 or steps[-1] not in ("type", "id") or steps[-2] != "data" or steps[-4] != "relationships":
        return None
    kind, identity = siblings.get("type", ""), siblings.get("id", "")
    return (kind, identity) if kind and identity else None


def included_index(tree: Any, identifier: tuple[str, str]) -> int | None:
    """The index in ``included`` of the object with that type and id, or None."""
    included = tree.get("included") if isinstance(tree, dict) else None
    for number, one in enumerate(included if isinstance(included, list) else ()):
        if isinstance(one, dict) and (str(one.get("type")), str(one.get("id"))) == identifier:
            return number
    return None


# --- paths -----------------------------------------------------------------------------------------------------------


def steps_of(path: str) -> tuple[PathStep, ...]:
    """A path as keys and indexes; of an XPath the names below the root."""
    if path.startswith("/"):
        return tuple(re.sub(r"\[\d+\]$", "", name) for name in path.split("/")[2:])
    return parse_path(path)


def object_scalars(node: Any) -> dict[str, str]:
    """The texts and numbers of an object, by key."""
    if not isinstance(node, dict):
        return {}
    return {
        key: str(value) for key, value in node.items() if isinstance(value, str | int) and not isinstance(value, bool)
    }


def _is_id(text: str) -> bool:
    return bool(text) and len(text) <= _LONGEST and text not in ("null", "true", "false") and MASK not in text


def _normal(steps: Sequence[PathStep]) -> str:
    """Steps as patterns see them: ``data[].line_items[].id``."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


@lru_cache(maxsize=512)
def _pattern(path: str) -> re.Pattern[str]:
    anywhere = path.startswith("**.")
    parts = re.split(r"(\*)", path.removeprefix("**."))
    text = "".join(r"[^.\[\]]+" if part == "*" else re.escape(part) for part in parts)
    return re.compile((r"(?:.*[.\]])?" if anywhere else "") + text, re.DOTALL)


def _merged(path: str) -> tuple[str, ...]:
    """Where a record's ids stand once the records of all pages are one array: ``[].id`` of ``data[].id``."""
    found = re.fullmatch(r"[^.*\[\]]+(\[\]\..+)", path)
    return (found[1],) if found else ()


def _last_key(one: IdSource) -> str:
    """What a line of the body must have as its key; empty for elements of arrays."""
    last = one.path.rpartition(".")[2]
    return "" if last.endswith("[]") else last
