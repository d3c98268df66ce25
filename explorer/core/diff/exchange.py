"""Comparison of two exchanges, and of their bodies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus, urlsplit

from explorer.core.body.document import Document
from explorer.core.diff.body import walk_pairs
from explorer.core.diff.changes import Change, DiffPart, PairLines, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.diff.changes import ChangeKind, Side
    from explorer.core.diff.volatile import VolatileMask
    from explorer.core.model import Exchange, SentRequest

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_BOUNDARY: Final = re.compile(r'boundary="?([^";,\s]+)', re.IGNORECASE)


@dataclass
class Comparison:
    """Two exchanges and their differences. Another thread may read the results while ``run`` compares."""

    left: Exchange
    right: Exchange
    volatile: VolatileMask
    parts: list[DiffPart] = field(default_factory=list)
    _is_walked: bool = False

    @property
    def done(self) -> bool:
        """Whether the comparison is complete."""
        return self._is_walked and all(part.done for part in self.parts)

    def run(
        self, tick: Callable[[], None] = lambda: None, apart: Callable[[BodyJob], bool] = lambda _job: False
    ) -> None:
        """Compare both exchanges.

        *tick* is called every few milliseconds; an exception from it ends the comparison (``ComparisonCancelled``).
        *apart* returns whether it compares a pair of bodies in another process.
        """
        for _ in _diff_heads(self, tick):
            tick()
        for job in _jobs(self):
            job.part.done = False
            self.parts.append(job.part)
            elsewhere = apart(job)
            job.lay_out(tick)
            if not elsewhere:
                job.walk(tick)
                job.part.done = True
        self._is_walked = True

    def of(self, side: Side) -> list[DiffPart]:
        """Return the parts of a side."""
        return [part for part in self.parts if part.side == side]

    def changes(self, side: Side | None = None) -> Iterator[tuple[DiffPart, Change]]:
        """Yield every stored change with its part, including masked ones."""
        for part in self.parts:
            if side in (None, part.side):
                for change in part.record.changes:
                    yield part, change

    def found(self, side: Side | None = None) -> int:
        """Return the number of changes that are not masked."""
        return sum(part.record.found for part in self.parts if side in (None, part.side))

    def masked(self, side: Side | None = None) -> int:
        """Return the number of masked changes."""
        return sum(part.record.masked for part in self.parts if side in (None, part.side))

    @property
    def headline(self) -> str:
        """Summary, such as ``status 200 → 401 · response: 3 changed, 1 added · 2 volatile masked``."""
        phrases: list[str] = []
        if (old := _outcome_text(self.left)) != (new := _outcome_text(self.right)):
            phrases.append(f"{old} → {new.removeprefix('status ') if old.startswith('status ') else new}")
        phrases += [text for side in ("response", "request") if (text := self._side_summary(side))]
        if not self.found():
            phrases.append("the same" if self.done else "the same so far")
        if masked := self.masked():
            phrases.append(f"{masked:,} volatile masked")
        return " · ".join(phrases)

    def _side_summary(self, side: Side) -> str:
        totals: dict[ChangeKind, int] = {}
        for part in self.of(side):
            if part.name == "status":
                continue
            for kind, number in part.record.counts.items():
                totals[kind] = totals.get(kind, 0) + number
        counts = ", ".join(f"{number:,} {kind}" for kind, number in totals.items() if number)
        return f"{side}: {counts}" if counts else ""


# --- request line, query, headers, status -----------------------------------------------------------------------------


def _diff_heads(comparison: Comparison, tick: Callable[[], None]) -> Iterator[None]:
    left, right, volatile = comparison.left, comparison.right, comparison.volatile

    def add(
        name: str,
        side: Side,
        pairs: tuple[list[tuple[str, str]], list[tuple[str, str]]],
        between: str,
        masked: Callable[[str, ChangeKind], bool],
        pattern: str,
    ) -> None:
        record = Record(tick)
        lines = PairLines(pairs[0], between), PairLines(pairs[1], between)
        walk_pairs(*pairs, record, masked=masked, pattern=pattern, fold=pattern == "header")
        comparison.parts.append(DiffPart(name, side, *lines, record))

    requests = left.request, right.request
    host = _host_mask(*requests, volatile)
    add(
        "request",
        "request",
        (_request_line(requests[0]), _request_line(requests[1])),
        "  ",
        lambda name, _kind: host(name),
        "line",
    )

    def param_mask(name: str, kind: ChangeKind) -> bool:
        return volatile.sent(name, kind, header=False)

    def header_mask(name: str, kind: ChangeKind) -> bool:
        return volatile.sent(name, kind, header=True) or (name.lower() == "host" and host("host"))

    add("query", "request", (_query(requests[0]), _query(requests[1])), " = ", param_mask, "param")
    yield
    add("headers", "request", (list(requests[0].headers), list(requests[1].headers)), ": ", header_mask, "header")
    yield
    add("status", "response", (_status(left), _status(right)), "  ", lambda _name, _kind: False, "line")
    headers = [list(exchange.response.headers) if exchange.response else [] for exchange in (left, right)]
    add("headers", "response", (headers[0], headers[1]), ": ", lambda name, _kind: volatile.header(name), "header")
    yield


def _request_line(request: SentRequest) -> list[tuple[str, str]]:
    url = urlsplit(request.url)
    return [("method", request.method), ("host", f"{url.scheme}://{url.netloc}"), ("path", url.path or "/")]


def _host_mask(left: SentRequest, right: SentRequest, volatile: VolatileMask) -> Callable[[str], bool]:
    """Return a mask for hosts that only differ in the port of a server on this machine."""
    hosts = urlsplit(left.url).hostname, urlsplit(right.url).hostname
    local = volatile.ports and hosts[0] == hosts[1] and hosts[0] in _LOOPBACK
    return lambda name: name == "host" and local


def _query(request: SentRequest) -> list[tuple[str, str]]:
    query = urlsplit(request.url).query
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def _status(exchange: Exchange) -> list[tuple[str, str]]:
    response, failure = exchange.response, exchange.failure
    pairs = []
    if response is not None:
        pairs += [("status", f"{response.status} {response.reason}".strip()), ("protocol", response.http_version)]
    if failure is not None:
        pairs.append(("failure", f"{failure.title}: {failure.message}"))
    verdict = exchange.verdict
    if verdict.outcome != "UNKNOWN":
        pairs.append(("verdict", verdict.outcome))
    if verdict.message:
        pairs.append(("message", verdict.message))
    return pairs


def _outcome_text(exchange: Exchange) -> str:
    if exchange.response is not None:
        return f"status {exchange.response.status}"
    return exchange.failure.title if exchange.failure else "no response"


# --- bodies ----------------------------------------------------------------------------------------------------------


@dataclass
class BodyJob:
    """Comparison of two bodies: ``lay_out``, then ``walk``, in this process or another."""

    part: DiffPart
    documents: tuple[Document, Document]
    bodies: tuple[bytes, bytes]
    media: tuple[str, str]
    volatile: VolatileMask

    def lay_out(self, tick: Callable[[], None]) -> None:
        """Format both bodies, and call *tick* after each step."""
        for document in self.documents:
            for _ in document.steps():
                tick()

    def walk(self, tick: Callable[[], None]) -> None:
        """Compare the formatted bodies."""
        from explorer.core.diff.body import walk_bodies

        boundaries = [match[1].encode() for media in self.media if (match := _BOUNDARY.search(media))]
        self.part.record = Record(tick)
        walk_bodies(self.part, *self.documents, self.bodies, self.volatile, boundaries, tick)


def body_job(side: Side, bodies: tuple[bytes, bytes], media: tuple[str, str], volatile: VolatileMask) -> BodyJob:
    """Return the job to compare two bodies; *media* are their content types."""
    documents = Document.opened(bodies[0], media[0]), Document.opened(bodies[1], media[1])
    return BodyJob(DiffPart("body", side, *documents, Record()), documents, bodies, media, volatile)


def _jobs(comparison: Comparison) -> Iterator[BodyJob]:
    left, right = comparison.left, comparison.right
    requests = left.request, right.request
    yield from _job(
        "request",
        (requests[0].body, requests[1].body),
        (_content_type(requests[0]), _content_type(requests[1])),
        comparison,
    )
    bodies = left.response.body[:] if left.response else b"", right.response.body[:] if right.response else b""
    media = [exchange.response.header("content-type") if exchange.response else "" for exchange in (left, right)]
    yield from _job("response", bodies, (media[0], media[1]), comparison)


def _job(side: Side, bodies: tuple[bytes, bytes], media: tuple[str, str], comparison: Comparison) -> Iterator[BodyJob]:
    if any(bodies):
        yield body_job(side, bodies, media, comparison.volatile)


def _content_type(request: SentRequest) -> str:
    return next((value for name, value in request.headers if name.lower() == "content-type"), "")
