"""The registry of faults, their effects, and the syntax ``KIND[=VALUE][*TIMES][@vendor[.endpoint]]``."""

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
    """A fault to inject: kind, value, number of times (None: always), and the vendor and endpoint it applies to."""

    kind: str
    value: str = ""
    times: int | None = None
    vendor: str = ""
    endpoint: str = ""

    def __str__(self) -> str:
        scope = f"@{self.vendor}" + (f".{self.endpoint}" if self.endpoint else "") if self.vendor else ""
        return self.kind + (f"={self.value}" if self.value else "") + (f"*{self.times}" if self.times else "") + scope

    def applies_to(self, vendor: str, endpoints: Iterable[str]) -> bool:
        """Whether it applies to a request of *vendor* that matches one of *endpoints*."""
        return self.vendor in ("", vendor) and (not self.endpoint or self.endpoint in endpoints)

    @property
    def amount(self) -> float:
        """The value as a number; 0 without one."""
        return float(self.value) if self.value else 0.0


@dataclass
class OutgoingResponse:
    """A response before it is sent, and how to send it. Effects change any part of it."""

    vendor: Vendor
    endpoint: Endpoint | None
    memory: dict[Any, Any]
    """State of the effects between responses."""
    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    delay: float = 0.0
    """Seconds before the first byte."""
    pause: float | None = None
    """Seconds between drips of the body; None sends it at once."""
    breaks: bool = False
    """Whether the connection breaks within the body."""
    cut: int | None = None
    """Bytes sent before the break; None for half of the body."""
    endless: bool = False

    def set_header(self, name: str, value: str) -> None:
        """Set a header, replacing those of the same name."""
        key = name.lower().encode()
        self.headers = [pair for pair in self.headers if pair[0].lower() != key] + [(key, value.encode("latin-1"))]

    def header(self, name: str) -> str:
        """Return the value of a header, or an empty string."""
        key = name.lower().encode()
        return next((value.decode("latin-1") for raw_name, value in self.headers if raw_name.lower() == key), "")


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: its effect, the meaning of its value, and the default value."""

    name: str
    title: str
    effect: Callable[[OutgoingResponse, Fault], None]
    value: str = ""
    """Meaning of the value; empty if it takes none."""
    default: str = ""
    check: Callable[[FaultKind, str], None] | None = None
    """Raises ``UsageError`` for an invalid value; None: the value is a number."""
    replaces: bool = False
    """Whether it replaces the response, so that the request has no effect."""

    def check_value(self, value: str) -> None:
        """Check the value of a fault.

        Raises:
            UsageError: the fault takes no value, or the value is invalid.
        """
        if value and not self.value:
            raise UsageError(f"the fault {self.name} takes no value", hint=f"Use {self.name} without =VALUE.")
        if self.check is not None:
            self.check(self, value)
        elif value and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value) is None:
            raise UsageError(f"{value!r} is not a value of the fault {self.name}", hint=f"Use a number: {self.value}.")


def _charset_name(_kind: FaultKind, value: str) -> None:
    try:
        "{}".encode(value)
    except (LookupError, ValueError):
        raise UsageError(f"{value!r} is not a charset", hint="Examples: latin-1, utf-16.") from None


def _media_type(_kind: FaultKind, value: str) -> None:
    if re.fullmatch(r"[\w.+/;= -]+", value, re.ASCII) is None:
        raise UsageError(f"{value!r} is not a media type", hint="Example: text/html.")


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


# --- responses that replace the original -----------------------------------------------------------------------------


def _status(status: int, message: str) -> Callable[[OutgoingResponse, Fault], None]:
    def effect(out: OutgoingResponse, fault: Fault) -> None:
        out.status, out.headers, out.body = status, [], json.dumps({"error": message}).encode()
        out.set_header("content-type", JSON)
        if fault.value:
            out.set_header("retry-after", f"{fault.amount:g}" if fault.amount % 1 else str(int(fault.amount)))

    return effect


# --- changes to a response -------------------------------------------------------------------------------------------


def _error200(out: OutgoingResponse, fault: Fault) -> None:
    """Send a failure in the vendor's format with status 200."""
    from explorer.sandbox.responses import Reply, response  # imports starlette

    rule = (out.endpoint.verdict if out.endpoint else None) or out.vendor.verdict
    message = "injected by the sandbox"
    has_both = bool(rule.message and rule.error)
    leaves: dict[str, Any] = {
        rule.success: False,
        rule.error: "sandbox_fault" if has_both else message,
        rule.message: message,
        rule.code: int(fault.amount),
        rule.status_code: int(fault.amount),
    }
    value: dict[str, Any] = {}
    for path, leaf in leaves.items():
        if path:
            put_at(value, path, leaf)
    sandbox = out.vendor.sandbox
    as_xml = "xml" in out.header("content-type")
    reply = Reply(200, value or {"error": message})
    failure = response(reply, as_xml=as_xml, root=sandbox.xml_root, item=sandbox.xml_item)
    out.status, out.body = 200, bytes(failure.body)
    out.set_header("content-type", failure.headers["content-type"])


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
    """Increase the total of records with every response."""

    def change(body: Any, style: Style) -> None:
        path = style.options.total
        parent, _, name = path.rpartition(".")
        table = get_at(body, parent)
        if path and isinstance(table, dict) and isinstance(table.get(name), int):
            key = ("totals", out.vendor.id, out.endpoint.id if out.endpoint else "")
            growth = out.memory.get(key, 0)
            out.memory[key] = growth + int(fault.amount)
            table[name] += growth

    _change_page(out, change)


def _overlap(out: OutgoingResponse, fault: Fault) -> None:
    """Start the page with the last records of the previous page, and drop as many at its end."""

    def change(body: Any, style: Style) -> None:
        records = get_at(body, style.options.items)
        if not isinstance(records, list):
            return
        key, count = ("overlap", out.vendor.id, out.endpoint.id if out.endpoint else ""), int(fault.amount)
        previous = out.memory.get(key, [])
        if previous and records:
            records[:] = [*previous, *records][: len(records)]
        out.memory[key] = records[-count:] if count else []

    _change_page(out, change)


def _change_page(out: OutgoingResponse, change: Callable[[Any, Style], None]) -> None:
    """Apply *change* to the body of a page. A body that is not a JSON page is unchanged."""
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
    FaultKind("slow", "A delayed response", _slow, "seconds", "3"),
    FaultKind("drip", "A body sent a few bytes at a time", _drip, "seconds between drips", "0.2"),
    FaultKind("cut", "A connection that breaks within the body", _cut, "bytes before the break; default half the body"),
    FaultKind(
        "429",
        "Too many requests, with Retry-After",
        _status(429, "too many requests: try again later"),
        "seconds to wait",
        "1",
        replaces=True,
    ),
    FaultKind("500", "An internal error", _status(500, "internal error"), replaces=True),
    FaultKind(
        "503",
        "Unavailable, with Retry-After if a value is given",
        _status(503, "service unavailable"),
        "seconds to wait",
        replaces=True,
    ),
    FaultKind("error200", "HTTP 200 with an error in the vendor's format", _error200, "error code", "500"),
    FaultKind("malformed", "JSON (or XML) with a syntax error", _malformed),
    FaultKind("truncated", "Half of the body, sent as if it were complete", _truncated),
    FaultKind(
        "content_type",
        "A media type that differs from the body's",
        _content_type,
        "media type",
        "text/html",
        check=_media_type,
    ),
    FaultKind(
        "charset",
        "A body that is not in the declared UTF-8",
        _charset,
        "charset",
        "utf-16",
        check=_charset_name,
    ),
    FaultKind("endless", "A body that never ends", _endless),
    FaultKind("totals", "A total that grows with every response", _totals, "records added", "1"),
    FaultKind("overlap", "A page that repeats the last records of the previous", _overlap, "number of records", "1"),
)
KINDS: Final[Registry[FaultKind]] = Registry("fault", members=((kind.name, kind) for kind in _FAULTS))
"""Fault kinds by name, in the order of their list."""


FAULT_HEADER: Final = "X-Sandbox-Fault"
"""Response header with the faults of a response."""


_FAULT = re.compile(r"(?P<kind>[^=*@]+)(?:=(?P<value>[^*@]*))?(?:\*(?P<times>[0-9]{1,9}))?(?:@(?P<where>.*))?")


def parse_fault(word: str, catalog: Catalog) -> Fault:
    """Parse a fault.

    Raises:
        UsageError: *word* cannot be parsed.
        UnknownName: the kind, vendor or endpoint is unknown.
    """
    match = _FAULT.fullmatch(word.strip())
    if match is None:
        raise UsageError(f"{word!r} is not a fault", hint="Use KIND[=VALUE][*TIMES][@VENDOR[.ENDPOINT]].")
    name = match["kind"].strip()
    if name not in KINDS:
        raise UnknownName("fault", name, KINDS)
    value = match["value"] or KINDS[name].default
    KINDS[name].check_value(value)
    times = int(match["times"]) if match["times"] else None
    vendor, _, endpoint = (match["where"] or "").partition(".")
    _check_address(vendor, endpoint, catalog)
    return Fault(name, value, times, vendor, endpoint)


def _check_address(vendor: str, endpoint: str, catalog: Catalog) -> None:
    if vendor and vendor not in catalog.vendors:
        raise UnknownName("vendor", vendor, catalog.vendors)
    if endpoint and endpoint not in catalog.vendors[vendor].endpoints:
        raise UnknownName("endpoint", f"{vendor}.{endpoint}", catalog.vendors[vendor].endpoints)


class ActiveFaults:
    """The faults to inject. Set from any thread; the server counts down those with a number of times."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._remaining: list[list[Any]] = []
        self.memory: dict[Any, Any] = {}
        """State of the effects between responses."""
        self.set(faults)

    def set(self, faults: Sequence[Fault]) -> None:
        """Replace the active faults."""
        self.memory = {}
        self._remaining = [[fault, fault.times] for fault in faults]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that are still active."""
        return tuple(fault for fault, times in self._remaining if times is None or times > 0)

    def take(self, vendor: str, endpoints: Sequence[str]) -> list[Fault]:
        """Return the faults of the response to this request, and count each of them down."""
        taken = []
        for item in self._remaining:
            fault, times = item
            if fault.applies_to(vendor, endpoints) and (times is None or times > 0):
                taken.append(fault)
                item[1] = None if times is None else times - 1
        return taken
