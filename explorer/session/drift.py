"""Find drift between the responses in the history and the catalog; accept findings into the user's overlay or dismiss
them.

    history ── successful responses, in slices ──► shape and requests of each call ── compare ──► findings
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from explorer.core.text.data import first_nonblank
from explorer.errors import ExplorerError, UnknownName
from explorer.sandbox.faults import FAULT_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from explorer.core.drift import AcceptedRequest, DriftFinding, Shape
    from explorer.core.model import Exchange
    from explorer.session.context import SessionContext
    from explorer.store.history import HistoryRow

SLICE: Final = 40
"""Entries read at a time; the UI handles keys in between."""
MAX_PER_CALL: Final = 300
"""Newest responses examined for each call."""
MAX_BODY: Final = 5_000_000
"""Bytes of a body; larger ones are skipped."""


@dataclass
class DriftReport:
    """The findings and how many responses they are based on."""

    findings: list[DriftFinding] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    """The keys of dismissed findings."""
    answers: int = 0
    """Responses examined."""
    calls: int = 0
    """Distinct calls among them."""
    unknown: int = 0
    """Calls without a sample response in the catalog."""
    problems: tuple[str, ...] = ()


@dataclass
class _CallSamples:
    """The samples of one call."""

    shape: Shape
    requests: list[AcceptedRequest] = field(default_factory=list)
    count: int = 0


async def find_drift(
    session: SessionContext, vendor: str = "", *, every: bool = False, tell: Callable[[int], None] = lambda _count: None
) -> DriftReport:
    """Compare the history, or only *vendor*'s entries, with the catalog.

    *tell* is called with the number of responses examined so far. With *every*, include dismissed findings.

    Raises:
        UnknownName: there is no such vendor; StoreError: the history cannot be read.
    """
    from explorer.store.journals import load_dismissed

    if vendor:
        session.vendor(vendor)
    samples: dict[str, _CallSamples] = {}
    report = DriftReport()
    before: int | None = None
    while True:
        rows = await asyncio.to_thread(_rows, session, vendor, before)
        if not rows:
            break
        before = rows[-1].id
        report.answers += await asyncio.to_thread(_add_samples, session, rows, samples)
        tell(report.answers)
    dismissed, report.problems = await asyncio.to_thread(load_dismissed, session.folders)
    findings = await asyncio.to_thread(_compare, session, samples, report)
    report.findings = [finding for finding in findings if every or finding.key not in dismissed]
    report.hidden = frozenset(finding.key for finding in findings if finding.key in dismissed)
    return report


def _rows(session: SessionContext, vendor: str, before: int | None) -> list[HistoryRow]:
    history = session.history()
    return history.recent(limit=SLICE, before=before, vendor=vendor) if history is not None else []


def _add_samples(session: SessionContext, rows: Iterable[HistoryRow], samples: dict[str, _CallSamples]) -> int:
    from explorer.core.drift import Shape

    count = 0
    for row in rows:
        if row.state != "done" or row.outcome not in ("OK", "PARTIAL") or row.size > MAX_BODY:
            continue
        of_call = samples.setdefault(row.address, _CallSamples(Shape()))
        if of_call.count >= MAX_PER_CALL or row.vendor not in session.catalog.vendors:
            continue
        history = session.history()
        if history is not None:
            count += _add_sample(session, history.get(row.id), of_call)
    return count


def _add_sample(session: SessionContext, exchange: Exchange, samples: _CallSamples) -> int:
    """Add an exchange to *samples*; return 1, or 0 if it is unusable or has an injected fault."""
    response = exchange.response
    if response is None or response.truncated or response.header(FAULT_HEADER):
        return 0
    try:
        body = json.loads(response.body[:]) if first_nonblank(response.body) in (b"{", b"[") else None
    except (ValueError, RecursionError):
        return 0
    samples.count += 1
    if body is not None:
        samples.shape.add(body, exchange.id)
    try:
        samples.requests.append(_accepted_request(session, exchange))
    except ExplorerError:  # the call or a reading of it is no longer in the catalog
        return 1
    return 1


def _accepted_request(session: SessionContext, exchange: Exchange) -> AcceptedRequest:
    from explorer.core.drift import AcceptedRequest
    from explorer.core.text.secret import MASK
    from explorer.session.pages import paging_style, requested_query

    call = exchange.call
    own = {} if call.readings else {entry.name: entry.value for entry in call.entries if entry.kind == "text"}
    values = tuple((name, text) for name, text in own.items() if MASK not in text)
    style = paging_style(session, call)
    if style is None or not style.params[1]:
        return AcceptedRequest(exchange.id, values)
    from explorer.session.pages import page_info

    query = dict(requested_query(style, exchange))
    info = page_info(session, exchange)
    size = style.params[1]
    if info is None:
        return AcceptedRequest(exchange.id, values)
    more = info.has_next and info.certain
    return AcceptedRequest(exchange.id, values, size, style.requested_size(query), info.records, more)


def _compare(session: SessionContext, samples: dict[str, _CallSamples], report: DriftReport) -> list[DriftFinding]:
    from explorer.core.drift import compare_shapes, documented_shape, find_request_drift, sort_findings

    findings: list[DriftFinding] = []
    for address, of_call in samples.items():
        try:
            vendor, endpoint = session.endpoint(address)
        except UnknownName:
            continue
        report.calls += 1
        report.unknown += not documented_shape(endpoint).bodies
        findings += compare_shapes(vendor, endpoint, of_call.shape)
        findings += find_request_drift(vendor, endpoint, of_call.requests)
    return sort_findings(findings)


def accept_finding(session: SessionContext, finding: DriftFinding) -> tuple[str, ...]:
    """Write the finding's patches to the user's overlay; return notes about the changed file. Blocking.

    Raises:
        SettingsError: the overlay cannot be changed; StoreError: it cannot be written.
    """
    from explorer.session.ambiguity_status import change_catalog

    vendor = msgspec.to_builtins(session.vendor(finding.vendor))
    changes = [(path, _with_known(vendor, path, value)) for path, value in finding.patches]
    return change_catalog(session, finding.vendor, changes)


def _with_known(table: Any, path: tuple[str, ...], value: Any) -> Any:
    """Return *value*, merged with the catalog's current list at *path*: another finding may have extended it."""
    for part in path:
        table = table.get(part, {}) if isinstance(table, dict) else {}
    if isinstance(value, list) and isinstance(table, list | tuple):
        return [*table, *(item for item in value if item not in table)]
    return value


def dismiss_finding(session: SessionContext, finding: DriftFinding, *, back: bool = False) -> None:
    """Dismiss a finding, or with *back* restore it. Blocking.

    Raises:
        StoreError: the file could not be written.
    """
    from explorer.store import journals

    journals.dismiss(session.folders, finding.key, session.now(), back=back)


def patch_words(finding: DriftFinding) -> tuple[str, ...]:
    """Return the patches as TOML for the overlay, each as a table and a key on two lines."""
    from explorer.core.catalog.table import format_toml_path

    return tuple(
        f"[{format_toml_path(('vendors', finding.vendor, *path[:-1]))}]\n{path[-1]} = {_toml(value)}"
        for path, value in finding.patches
    )


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
