"""What the sandbox can be told to do wrong, on purpose: ``KIND[=VALUE][*TIMES][@vendor[.endpoint]]``.

    slow=5                     every answer comes after five seconds
    429=2*3@shop               the next three calls of that vendor are told to come back in two seconds
    truncated@shop.orders_list

Imports neither starlette nor uvicorn.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from explorer.errors import UnknownName, UsageError
from explorer.sandbox.fault_kinds import KINDS, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.catalog import Catalog

FAULT_HEADER: Final = "X-Sandbox-Fault"
"""Response header that says which faults an answer suffers from."""


_WORD = re.compile(r"(?P<kind>[^=*@]+)(?:=(?P<value>[^*@]*))?(?:\*(?P<times>[0-9]{1,9}))?(?:@(?P<where>.*))?")


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
    value = found["value"] or KINDS[name].default
    KINDS[name].check_value(value)
    times = int(found["times"]) if found["times"] else None
    vendor, _, endpoint = (found["where"] or "").partition(".")
    _check_place(vendor, endpoint, catalog)
    return Fault(name, value, times, vendor, endpoint)


def _check_place(vendor: str, endpoint: str, catalog: Catalog) -> None:
    if vendor and vendor not in catalog.vendors:
        raise UnknownName("vendor", vendor, catalog.vendors)
    if endpoint and endpoint not in catalog.vendors[vendor].endpoints:
        raise UnknownName("endpoint", f"{vendor}.{endpoint}", catalog.vendors[vendor].endpoints)


class ActiveFaults:
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
