"""What is expected to differ from one call to the next: timestamps, signatures, tokens, request ids.

A pattern is written as

    header:NAME      a header of the request or the response
    param:NAME       a parameter, in the query or in a form
    NAME             a parameter, a body field, an XML element or attribute of that name, wherever it stands
    data[*].when     a path into a JSON body from its root; ``$.when`` for a field of the root itself
    /order/@when     a path into an XML body; indexes are left out
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
"""Headers that differ every time whoever sends them (RFC 9110; W3C Trace Context; usual names of request ids)."""
_INDEX: Final = re.compile(r"\[\d+\]")

State = tuple[Any, ...]
"""Where a walk stands in the paths: the nodes of the tree of patterns that it has reached."""


@dataclass(frozen=True)
class VolatileMask:
    """What to mask. Names do not care about case."""

    headers: frozenset[str] = frozenset()
    params: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    paths: tuple[tuple[str, ...], ...] = ()
    """Steps from the root; ``*`` is any key or index."""
    placed: frozenset[str] = frozenset()
    """Headers and parameters that authentication puts into a request: another value is masked, but that one is there
    on one side only is a change all the same."""
    ports: bool = False
    """Whether the port of a server on this machine is volatile: it is another one at every start."""

    def __or__(self, other: VolatileMask) -> VolatileMask:
        """What either masks."""
        return VolatileMask(
            self.headers | other.headers,
            self.params | other.params,
            self.names | other.names,
            tuple(dict.fromkeys((*self.paths, *other.paths))),
            self.placed | other.placed,
            self.ports or other.ports,
        )

    def header(self, name: str) -> bool:
        """Whether a header is volatile."""
        return name.lower() in self.headers

    def param(self, name: str) -> bool:
        """Whether a parameter of a query or a form is volatile."""
        low = name.lower()
        return low in self.params or low in self.names

    def sent(self, name: str, kind: str, *, header: bool) -> bool:
        """Whether a change of that kind of what a request holds is masked."""
        low = name.lower()
        if low in self.placed:
            return kind == "changed"
        return self.header(low) if header else self.param(low)

    def start(self) -> State:
        """The state at the root of a body."""
        root: dict[str, Any] = {}
        for path in self.paths:
            node = root
            for key in path:
                node = node.setdefault(key, {})
            node[""] = True
        return (root,) if root else ()

    def step(self, state: State, key: str) -> State:
        """The state one level further in; lists are entered by ``*``."""
        if not state:
            return state
        keys = (key,) if key == "*" else (key, "*")
        return tuple(node[one] for node in state for one in keys if one in node)

    def hides(self, state: State, name: str) -> bool:
        """Whether what was stepped to, which is called *name* (empty for elements of lists), is volatile."""
        return (bool(name) and name.lower() in self.names) or any("" in node for node in state)


NOTHING: Final = VolatileMask()
GENERAL: Final = VolatileMask(headers=GENERAL_HEADERS, ports=True)


def parse_patterns(patterns: Iterable[str]) -> VolatileMask:
    """Patterns as the head of this file writes them. Blank ones are left out; never raises."""
    headers, params, names, paths = set[str](), set[str](), set[str](), list[tuple[str, ...]]()
    for pattern in patterns:
        text = pattern.strip()
        kind, colon, name = text.partition(":")
        if colon and kind in ("header", "param") and name:
            (headers if kind == "header" else params).add(name.strip().lower())
        elif text.startswith("/"):
            paths.append(tuple(_INDEX.sub("", text).strip("/").split("/")))
        elif text.startswith("$") or "." in text or "[" in text:
            paths.append(_path(text))
        elif text:
            names.add(text.lower())
    return VolatileMask(frozenset(headers), frozenset(params), frozenset(names), tuple(path for path in paths if path))


def _path(text: str) -> tuple[str, ...]:
    """``$.data[3].name`` as ``("data", "*", "name")``: an index stands for every index."""
    steps = parse_path(text.removeprefix("$").removeprefix("."))
    return tuple("*" if isinstance(step, int) else step for step in steps)
