"""Drift: the answers in the history against the catalog, read in slices off the event loop; findings accepted into the
person's overlay one by one, or dismissed.

    history ── slices of answers that were well ──► Shape and requests of each call ── compare ──► findings
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
"""Entries that are read at a time; a person's keys are heard in between."""
MAX_PER_CALL: Final = 300
"""Answers of one call that are looked at, the newest."""
MAX_BODY: Final = 5_000_000
"""Bytes of a body; a larger one is left out."""


@dataclass
class DriftReport:
    """What was found, and what it rests on."""

    findings: list[DriftFinding] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    """The keys of findings that were dismissed."""
    answers: int = 0
    """Answers that were looked at."""
    calls: int = 0
    """Calls that they were answers of."""
    unknown: int = 0
    """Calls among them of whose answers the catalog shows no sample."""
    problems: tuple[str, ...] = ()


@dataclass
class _CallSamples:
    """What was seen of one call."""

    shape: Shape
    requests: list[AcceptedRequest] = field(default_factory=list)
    count: int = 0


async def find_drift(
    session: SessionContext, vendor: str = "", *, every: bool = False, tell: Callable[[int], None] = lambda _count: None
) -> DriftReport:
    """Look through the history (of one vendor where it is named) and compare. *tell* is told how many answers were
    looked at so far. With *every* also what was dismissed.

    Raises:
        UnknownName: there is no such vendor; StoreError: the history cannot be read.
    """
    from explorer.store.journals import load_dismissed

    if vendor:
        session.vendor(vendor)
    gathered: dict[str, _CallSamples] = {}
    drift = DriftReport()
    before: int | None = None
    while True:
        rows = await asyncio.to_thread(_rows, session, vendor, before)
        if not rows:
            break
        before = rows[-1].id
        drift.answers += await asyncio.to_thread(_add_samples, session, rows, gathered)
        tell(drift.answers)
    known, drift.problems = await asyncio.to_thread(load_dismissed, session.folders)
    found = await asyncio.to_thread(_compare, session, gathered, drift)
    drift.findings = [one for one in found if every or one.key not in known]
    drift.hidden = frozenset(one.key for one in found if one.key in known)
    return drift


def _rows(session: SessionContext, vendor: str, before: int | None) -> list[HistoryRow]:
    history = session.history()
    return history.recent(limit=SLICE, before=before, vendor=vendor) if history is not None else []


def _add_samples(session: SessionContext, rows: Iterable[HistoryRow], gathered: dict[str, _CallSamples]) -> int:
    from explorer.core.drift import Shape

    looked = 0
    for row in rows:
        if row.state != "done" or row.outcome not in ("OK", "PARTIAL") or row.size > MAX_BODY:
            continue
        known = gathered.setdefault(row.address, _CallSamples(Shape()))
        if known.count >= MAX_PER_CALL or row.vendor not in session.catalog.vendors:
            continue
        history = session.history()
        if history is not None:
            looked += _add_sample(session, history.get(row.id), known)
    return looked


def _add_sample(session: SessionContext, exchange: Exchange, known: _CallSamples) -> int:
    """Take one exchange in; how many were (one that went wrong on purpose is none)."""
    response = exchange.response
    if response is None or response.truncated or response.header(FAULT_HEADER):
        return 0
    try:
        body = json.loads(response.body[:]) if first_nonblank(response.body) in (b"{", b"[") else None
    except (ValueError, RecursionError):
        return 0
    known.count += 1
    if body is not None:
        known.shape.add(body, exchange.id)
    try:
        known.requests.append(_accepted(session, exchange))
    except ExplorerError:  # the catalog knows the call, or a reading of it, no more
        return 1
    return 1


def _accepted(session: SessionContext, exchange: Exchange) -> AcceptedRequest:
    from explorer.core.drift import AcceptedRequest
    from explorer.core.text.secret import MASK
    from explorer.session.pages import paging_style, requested_query

    call = exchange.call
    own = {} if call.readings else {one.name: one.value for one in call.entries if one.kind == "text"}
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


def _compare(session: SessionContext, gathered: dict[str, _CallSamples], drift: DriftReport) -> list[DriftFinding]:
    from explorer.core.drift import compare_shapes, documented_shape, find_request_drift, sort_findings

    found: list[DriftFinding] = []
    for address, known in gathered.items():
        try:
            vendor, endpoint = session.endpoint(address)
        except UnknownName:
            continue
        drift.calls += 1
        drift.unknown += not documented_shape(endpoint).bodies
        found += compare_shapes(vendor, endpoint, known.shape)
        found += find_request_drift(vendor, endpoint, known.requests)
    return sort_findings(found)


def accept_finding(session: SessionContext, finding: DriftFinding) -> tuple[str, ...]:
    """Lay the finding's patches over the catalog by the person's overlay; what had to be done for it. Blocking.

    Raises:
        SettingsError: the overlay cannot be changed; StoreError: it cannot be written.
    """
    from explorer.session.ambiguity_status import change_catalog

    vendor = msgspec.to_builtins(session.vendor(finding.vendor))
    changes = [(path, _with_known(vendor, path, value)) for path, value in finding.patches]
    return change_catalog(session, finding.vendor, changes)


def _with_known(table: Any, path: tuple[str, ...], value: Any) -> Any:
    """A list with what the catalog holds there by now: another finding may have been accepted meanwhile."""
    for part in path:
        table = table.get(part, {}) if isinstance(table, dict) else {}
    if isinstance(value, list) and isinstance(table, list | tuple):
        return [*table, *(one for one in value if one not in table)]
    return value


def dismiss_finding(session: SessionContext, finding: DriftFinding, *, back: bool = False) -> None:
    """Let a finding not be shown from now on, or be shown again. Blocking.

    Raises:
        StoreError: it could not be kept.
    """
    from explorer.store import journals

    journals.dismiss(session.folders, finding.key, session.now(), back=back)


def patch_words(finding: DriftFinding) -> tuple[str, ...]:
    """The patches as TOML, as the overlay would have them: a table and a key, on two lines each."""
    from explorer.core.catalog.table import format_toml_path

    return tuple(
        f"[{format_toml_path(('vendors', finding.vendor, *path[:-1]))}]\n{path[-1]} = {_toml(value)}"
        for path, value in finding.patches
    )


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
