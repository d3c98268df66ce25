"""What the sandbox can be told to do wrong, on purpose: ``KIND[=VALUE][*TIMES][@vendor[.endpoint]]``.

    slow=5                     every answer comes after five seconds
    429=2*3@shop               the next three calls of that vendor are told to come back in two seconds
    truncated@shop.orders_list

Imports neither starlette nor uvicorn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from explorer.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from explorer.core.catalog import Catalog

FAULT_HEADER: Final = "X-Sandbox-Fault"
"""Response header that says which faults an answer suffers from."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One way of going wrong: what it is, what its value means, and the value where none is given."""

    name: str
    title: str
    value: str = ""
    default: str = ""
    number: bool = True


KINDS: Final[dict[str, FaultKind]] = {
    kind.name: kind
    for kind in (
        FaultKind("slow", "The answer comes late", "seconds", "3"),
        FaultKind("drip", "The body comes a few bytes at a time", "seconds between them", "0.2"),
        FaultKind("cut", "The connection breaks inside the body", "bytes before that; half the body unless told"),
        FaultKind("429", "Too many requests, with Retry-After", "seconds to wait", "1"),
        FaultKind("500", "An internal error"),
        FaultKind("503", "Not available, with Retry-After where a value is given", "seconds to wait"),
        FaultKind("error200", "HTTP 200 and an error in the vendor's own shape", "the error's code", "500"),
        FaultKind("malformed", "JSON (or XML) with a syntax error"),
        FaultKind("truncated", "Half of the body, as if it were all"),
        FaultKind("content_type", "Another media type than that of the body", "media type", "text/html", number=False),
        FaultKind("charset", "A body in another charset than UTF-8, as it says", "charset", "utf-16", number=False),
        FaultKind("endless", "A body that never ends"),
        FaultKind("totals", "The total of records grows with every answer", "by how many", "1"),
        FaultKind("overlap", "A page begins with the last records of the page before", "how many records", "1"),
    )
}
_WORD = re.compile(r"(?P<kind>[^=*@]+)(?:=(?P<value>[^*@]*))?(?:\*(?P<times>[0-9]{1,9}))?(?:@(?P<where>.*))?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: a word of ``KINDS``, its value, how often (None: always), and at which vendor and endpoint."""

    kind: str
    value: str = ""
    times: int | None = None
    vendor: str = ""
    endpoint: str = ""

    def __str__(self) -> str:
        where = f"@{self.vendor}" + (f".{self.endpoint}" if self.endpoint else "") if self.vendor else ""
        return self.kind + (f"={self.value}" if self.value else "") + (f"*{self.times}" if self.times else "") + where

    def fits(self, vendor: str, endpoints: Iterable[str]) -> bool:
        """Whether it concerns a call of that vendor that means one of these endpoints."""
        return self.vendor in ("", vendor) and (not self.endpoint or self.endpoint in endpoints)

    @property
    def amount(self) -> float:
        """The value as a number; 0 for none."""
        return float(self.value) if self.value else 0.0


def parse_fault(word: str, catalog: Catalog) -> Fault:
    """The fault that *word* names.

    Raises:
        UsageError: it cannot be read; UnknownName: no such kind, vendor or endpoint.
    """
    found = _WORD.fullmatch(word.strip())
    if found is None:
        raise UsageError(f"{word!r} cannot be read", hint="Write KIND[=VALUE][*TIMES][@vendor[.endpoint]].")
    name = found["kind"].strip()
    if name not in KINDS:
        raise UnknownName("fault", name, KINDS)
    kind = KINDS[name]
    value = found["value"] or kind.default
    if value and not kind.value:
        raise UsageError(f"the fault {name} takes no value", hint=f"Write {name}.")
    if value and kind.number and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value) is None:
        raise UsageError(f"{value!r} is no value of the fault {name}", hint=f"It takes a number: {kind.value}.")
    if name == "charset":
        _check_charset(value)
    if name == "content_type" and re.fullmatch(r"[\w.+/;= -]+", value, re.ASCII) is None:
        raise UsageError(f"{value!r} is no media type", hint="Write one such as text/html.")
    times = int(found["times"]) if found["times"] else None
    vendor, _, endpoint = (found["where"] or "").partition(".")
    _check_place(vendor, endpoint, catalog)
    return Fault(name, value, times, vendor, endpoint)


def _check_charset(value: str) -> None:
    try:
        "{}".encode(value)
    except (LookupError, UnicodeError):
        raise UsageError(f"{value!r} is no charset", hint="Write one such as latin-1 or utf-16.") from None


def _check_place(vendor: str, endpoint: str, catalog: Catalog) -> None:
    if vendor and vendor not in catalog.vendors:
        raise UnknownName("vendor", vendor, catalog.vendors)
    if endpoint and endpoint not in catalog.vendors[vendor].endpoints:
        raise UnknownName("endpoint", f"{vendor}.{endpoint}", catalog.vendors[vendor].endpoints)


class FaultBoard:
    """The faults in force. Set from any thread; asked by the server, which wears out those with a number of times."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._left: list[list[Any]] = []
        self.memory: dict[Any, Any] = {}
        """What a fault remembers between two answers."""
        self.set(faults)

    def set(self, faults: Sequence[Fault]) -> None:
        """Put these faults in the place of those in force."""
        self.memory = {}
        self._left = [[fault, fault.times] for fault in faults]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that are still in force."""
        return tuple(fault for fault, times in self._left if times is None or times > 0)

    def take(self, vendor: str, endpoints: Sequence[str]) -> list[Fault]:
        """The faults that the answer to this call suffers from; each is one time less after it."""
        taken = []
        for one in self._left:
            fault, times = one
            if fault.fits(vendor, endpoints) and (times is None or times > 0):
                taken.append(fault)
                one[1] = None if times is None else times - 1
        return taken
