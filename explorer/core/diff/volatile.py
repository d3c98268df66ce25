"""Masks for values that differ in every call: timestamps, signatures, tokens, request ids. The patterns are:

header:NAME      a header of the request or the response
param:NAME       a parameter in the query or in a form
NAME             a parameter, body field, XML element or attribute with that name, at any depth
data[*].when     a path in a JSON body; ``$.when`` for a field of the root
/order/@when     a path in an XML body, without indexes
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from explorer.core.text.json_path import parse_path

if TYPE_CHECKING:
    from collections.abc import Iterable

GENERAL_HEADERS: Final = frozenset(
    {
        "date",
        "age",
        "expires",
        "content-length",  # the body itself is compared
        "server-timing",
        "x-runtime",
        "x-response-time",
        "x-request-id",
        "request-id",
        "x-correlation-id",
        "x-trace-id",
        "traceparent",
        "cf-ray",
        "x-amzn-requestid",
        "x-amzn-trace-id",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "ratelimit-remaining",
        "ratelimit-reset",
    }
)
"""Headers that differ in every call of any vendor (RFC 9110; W3C Trace Context; common names of request ids)."""
_INDEX: Final = re.compile(r"\[\d+\]")

State = tuple[Any, ...]
"""Nodes of the tree of path patterns that a walk has reached."""


@dataclass(frozen=True)
class VolatileMask:
    """Headers, parameters, names and paths to mask. Names are case-insensitive."""

    headers: frozenset[str] = frozenset()
    params: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    paths: tuple[tuple[str, ...], ...] = ()
    """Steps from the root; ``*`` is any key or index."""
    placed: frozenset[str] = frozenset()
    """Headers and parameters that authentication adds to a request. A changed value is masked, but an added or removed
    one is a change."""
    ports: bool = False
    """Whether the port of a server on this machine is volatile, since it changes with every start."""

    def __or__(self, other: VolatileMask) -> VolatileMask:
        """Return the union of both masks."""
        return VolatileMask(
            self.headers | other.headers,
            self.params | other.params,
            self.names | other.names,
            tuple(dict.fromkeys((*self.paths, *other.paths))),
            self.placed | other.placed,
            self.ports or other.ports,
        )

    def header(self, name: str) -> bool:
        """Return whether a header is volatile."""
        return name.lower() in self.headers

    def param(self, name: str) -> bool:
        """Return whether a parameter of a query or a form is volatile."""
        lowercase = name.lower()
        return lowercase in self.params or lowercase in self.names

    def sent(self, name: str, kind: str, *, header: bool) -> bool:
        """Return whether a change of *kind* in a request's header or parameter is masked."""
        lowercase = name.lower()
        if lowercase in self.placed:
            return kind == "changed"
        return self.header(lowercase) if header else self.param(lowercase)

    def start(self) -> State:
        """Return the state at the root of a body."""
        root: dict[str, Any] = {}
        for path in self.paths:
            node = root
            for key in path:
                node = node.setdefault(key, {})
            node[""] = True
        return (root,) if root else ()

    def step(self, state: State, key: str) -> State:
        """Return the state one level deeper; the key of an array element is ``*``."""
        if not state:
            return state
        keys = (key,) if key == "*" else (key, "*")
        return tuple(node[step] for node in state for step in keys if step in node)

    def hides(self, state: State, name: str) -> bool:
        """Return whether the value at *state* with *name* (empty for an array element) is volatile."""
        return (bool(name) and name.lower() in self.names) or any("" in node for node in state)


NOTHING: Final = VolatileMask()
GENERAL: Final = VolatileMask(headers=GENERAL_HEADERS, ports=True)


def parse_patterns(patterns: Iterable[str]) -> VolatileMask:
    """Parse patterns (see the module's docstring); blank ones are ignored. Never raises."""
    headers, params, names, paths = set[str](), set[str](), set[str](), list[tuple[str, ...]]()
    for pattern in patterns:
        text = pattern.strip()
        kind, colon, name = text.partition(":")
        if colon and kind in ("header", "param") and name:
            (headers if kind == "header" else params).add(name.strip().lower())
        elif text.startswith("/"):
            paths.append(tuple(_INDEX.sub("", text).strip("/").split("/")))
        elif text.startswith("$") or "." in text or "[" in text:
            paths.append(_parse_json_path(text))
        elif text:
            names.add(text.lower())
    return VolatileMask(frozenset(headers), frozenset(params), frozenset(names), tuple(path for path in paths if path))


def _parse_json_path(text: str) -> tuple[str, ...]:
    """Parse ``$.data[3].name`` as ``("data", "*", "name")``: an index matches every index."""
    steps = parse_path(text.removeprefix("$").removeprefix("."))
    return tuple("*" if isinstance(step, int) else step for step in steps)
