"""The registry of faults: parameters, effect, and the ``KIND[=VALUE][*TIMES][@vendor]`` syntax."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from explorer.core.registry import Registry
from explorer.core.text.json_path import get_at, put_at
from explorer.core.text.media_type import JSON, essence
from explorer.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from explorer.core.catalog import Catalog, Endpoint, Vendor
    from explorer.core.paging import Style


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the name of a kind, its value, how often (None: always), and at which vendor and endpoint."""

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


@dataclass
class OutgoingResponse:
    """A response before it is sent, and how it is to be sent. An effect changes any of it."""

    vendor: Vendor
    endpoint: Endpoint | None
    memory: dict[Any, Any]
    """What effects remember between two responses."""
    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    delay: float = 0.0
    """Seconds before the first byte."""
    pause: float | None = None
    """Seconds between a few bytes of the body and the next; None for all at once."""
    breaks: bool = False
    """Whether the connection breaks inside the body."""
    cut: int | None = None
    """Bytes of the body before that; None for half of them."""
    endless: bool = False

    def set_header(self, name: str, value: str) -> None:
        """Put a header in the place of those of its name."""
        key = name.lower().encode()
        self.headers = [pair for pair in self.headers if pair[0].lower() != key] + [(key, value.encode("latin-1"))]

    def header(self, name: str) -> str:
        """A header's value, or an empty text."""
        key = name.lower().encode()
        return next((value.decode("latin-1") for given, value in self.headers if given.lower() == key), "")


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One way of going wrong: what it is, what its value means, and the value where none is given."""

    name: str
    title: str
    effect: Callable[[OutgoingResponse, Fault], None]
    value: str = ""
    """What its value means; empty where it takes none."""
    default: str = ""
    check: Callable[[FaultKind, str], None] | None = None
    """Raises ``UsageError`` for a value that cannot be; None: the value is a number."""
    replaces: bool = False
    """Whether the response takes the place of the honest one, so that the call has no effect."""

    def check_value(self, value: str) -> None:
        """Check the value of a fault.

        Raises:
            UsageError: it takes none, or not such a one.
        """
        if value and not self.value:
            raise UsageError(f"the fault {self.name} takes no value", hint=f"Write {self.name}.")
        if self.check is not None:
            self.check(self, value)
        elif value and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value) is None:
            hint = f"It takes a number: {self.value}."
            raise UsageError(f"{value!r} is no value of the fault {self.name}", hint=hint)


def _charset_name(_kind: FaultKind, value: str) -> None:
    try:
        "{}".encode(value)
    except (LookupError, ValueError):
        raise UsageError(f"{value!r} is no charset", hint="Write one such as latin-1 or utf-16.") from None


def _media_type(_kind: FaultKind, value: str) -> None:
    if re.fullmatch(r"[\w.+/;= -]+", value, re.ASCII) is None:
        raise UsageError(f"{value!r} is no media type", hint="Write one such as text/html.")


# --- how a response is sent ------------------------------------------------------------------------------------------


def _slow(out: OutgoingResponse, fault: Fault) -> None:
    out.delay = fault.amount


def _drip(out: OutgoingResponse, fault: Fault) -> None:
    out.pause = fault.amount


def _cut(out: OutgoingResponse, fault: Fault) -> None:
    out.breaks = True
    out.cut = int(fault.amount) if fault.value else None


def _endless(out: OutgoingResponse, _fault: Fault) -> None:
    out.endless = True


# --- what stands in a response's place -------------------------------------------------------------------------------


def _status(status: int, words: str) -> Callable[[OutgoingResponse, Fault], None]:
    def effect(out: OutgoingResponse, fault: Fault) -> None:
        out.status, out.headers, out.body = status, [], json.dumps({"error": words}).encode()
        out.set_header("content-type", JSON)
        if fault.value:
            out.set_header("retry-after", f"{fault.amount:g}" if fault.amount % 1 else str(int(fault.amount)))

    return effect


# --- what is changed in a response -----------------------------------------------------------------------------------


def _error200(out: OutgoingResponse, fault: Fault) -> None:
    """The vendor's own no, in a 200."""
    from explorer.sandbox.responses import Reply, response  # loads the server

    rule = (out.endpoint.verdict if out.endpoint else None) or out.vendor.verdict
    words = "the sandbox was told to fail here"
    both = bool(rule.message and rule.error)
    leaves: dict[str, Any] = {
        rule.success: False,
        rule.error: "sandbox_fault" if both else words,
        rule.message: words,
        rule.code: int(fault.amount),
        rule.status_code: int(fault.amount),
    }
    value: dict[str, Any] = {}
    for path, leaf in leaves.items():
        if path:
            put_at(value, path, leaf)
    sandbox = out.vendor.sandbox
    as_xml = "xml" in out.header("content-type")
    made = response(Reply(200, value or {"error": words}), as_xml=as_xml, root=sandbox.xml_root, item=sandbox.xml_item)
    out.status, out.body = 200, bytes(made.body)
    out.set_header("content-type", made.headers["content-type"])


def _malformed(out: OutgoingResponse, _fault: Fault) -> None:
    half = len(out.body) // 2
    out.body = out.body[:half] + b'"<}' + out.body[half:]


def _truncated(out: OutgoingResponse, _fault: Fault) -> None:
    out.body = out.body[: len(out.body) // 2]


def _content_type(out: OutgoingResponse, fault: Fault) -> None:
    out.set_header("content-type", fault.value)


def _charset(out: OutgoingResponse, fault: Fault) -> None:
    out.body = out.body.decode("utf-8", "replace").encode(fault.value, "replace")
    kind = essence(out.header("content-type"))
    out.set_header("content-type", f"{kind}; charset=utf-8")


def _totals(out: OutgoingResponse, fault: Fault) -> None:
    """The total, larger by some with every response."""

    def change(body: Any, style: Style) -> None:
        path = style.options.total
        above, _, name = path.rpartition(".")
        table = get_at(body, above)
        if path and isinstance(table, dict) and isinstance(table.get(name), int):
            key = ("totals", out.vendor.id, out.endpoint.id if out.endpoint else "")
            grown = out.memory.get(key, 0)
            out.memory[key] = grown + int(fault.amount)
            table[name] += grown

    _paged(out, change)


def _overlap(out: OutgoingResponse, fault: Fault) -> None:
    """The last records of the page that was sent before, at the head of this one, whose own last are left out."""

    def change(body: Any, style: Style) -> None:
        records = get_at(body, style.options.items)
        if not isinstance(records, list):
            return
        key, count = ("overlap", out.vendor.id, out.endpoint.id if out.endpoint else ""), int(fault.amount)
        before = out.memory.get(key, [])
        if before and records:
            records[:] = [*before, *records][: len(records)]
        out.memory[key] = records[-count:] if count else []

    _paged(out, change)


def _paged(out: OutgoingResponse, change: Callable[[Any, Style], None]) -> None:
    """Change the decoded body of a page; what is no JSON page stays."""
    from explorer.core.paging import style_for

    style = style_for(out.vendor, out.endpoint) if out.endpoint is not None else None
    if style is None:
        return
    try:
        body = json.loads(out.body)
    except ValueError:
        return
    change(body, style)
    out.body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


_FAULTS: Final = (
    FaultKind("slow", "The answer comes late", _slow, "seconds", "3"),
    FaultKind("drip", "The body comes a few bytes at a time", _drip, "seconds between them", "0.2"),
    FaultKind("cut", "The connection breaks inside the body", _cut, "bytes before that; half the body unless told"),
    FaultKind(
        "429",
        "Too many requests, with Retry-After",
        _status(429, "too many requests: come back later"),
        "seconds to wait",
        "1",
        replaces=True,
    ),
    FaultKind("500", "An internal error", _status(500, "internal error"), replaces=True),
    FaultKind(
        "503",
        "Not available, with Retry-After where a value is given",
        _status(503, "not available at the moment"),
        "seconds to wait",
        replaces=True,
    ),
    FaultKind("error200", "HTTP 200 and an error in the vendor's own shape", _error200, "the error's code", "500"),
    FaultKind("malformed", "JSON (or XML) with a syntax error", _malformed),
    FaultKind("truncated", "Half of the body, as if it were all", _truncated),
    FaultKind(
        "content_type",
        "Another media type than that of the body",
        _content_type,
        "media type",
        "text/html",
        check=_media_type,
    ),
    FaultKind(
        "charset",
        "A body in another charset than UTF-8, as it says",
        _charset,
        "charset",
        "utf-16",
        check=_charset_name,
    ),
    FaultKind("endless", "A body that never ends", _endless),
    FaultKind("totals", "The total of records grows with every answer", _totals, "by how many", "1"),
    FaultKind("overlap", "A page begins with the last records of the page before", _overlap, "how many records", "1"),
)
KINDS: Final[Registry[FaultKind]] = Registry("fault", members=((kind.name, kind) for kind in _FAULTS))
"""Every fault by its name, in the order in which they are listed."""


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
