"""Compare exchanges and vendors."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.core.vendor_comparison import TASKS, ComparisonCell, Task
from explorer.core.vendor_comparison import compare_vendors as _compare
from explorer.errors import UnknownName
from explorer.session.history import past_exchange, recent_entries
from explorer.session.prepare import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.catalog.model import Vendor
    from explorer.core.diff import Comparison, VolatileMask
    from explorer.core.model import Call, Exchange
    from explorer.session.context import SessionContext


async def compare(
    session: SessionContext,
    left: Exchange | int,
    right: Exchange | int,
    *,
    volatile: VolatileMask | None = None,
) -> Comparison:
    """Compare two exchanges, or history entries by number, redacted.

    *volatile* replaces the mask of ``volatile_of``.

    Raises:
        UnknownName: there is no such entry.
    """
    comparison = await open_comparison(session, left, right, volatile=volatile)
    await asyncio.to_thread(comparison.run)
    return comparison


async def open_comparison(
    session: SessionContext,
    left: Exchange | int,
    right: Exchange | int,
    *,
    volatile: VolatileMask | None = None,
) -> Comparison:
    """Return the comparison of ``compare`` before it runs: call ``Comparison.run``, in any thread."""
    from explorer.core.diff import Comparison

    first, second = [await past_exchange(session, side) if isinstance(side, int) else side for side in (left, right)]
    if volatile is None:
        volatile = volatile_of(session, first.call) | volatile_of(session, second.call)
    masked = await asyncio.to_thread(lambda: (_masked(session, first), _masked(session, second)))
    return Comparison(*masked, volatile)


def _masked(session: SessionContext, exchange: Exchange) -> Exchange:
    """Return *exchange* redacted; unchanged (and redacted when stored) if its call is no longer in the catalog."""
    try:
        return redact(session, exchange)
    except UnknownName:
        return exchange


def volatile_of(session: SessionContext, call: Call) -> VolatileMask:
    """Return the mask of volatile parts for *call*.

    It has the headers that always differ, the volatile parts of vendor and endpoint in the catalog, those of the
    vendor's auth schemes, and the patterns that the user ignores (``settings.ignored``).
    """
    from explorer.core.diff.volatile import GENERAL, VolatileMask, parse_patterns

    own = parse_patterns(ignored_patterns(session, call.vendor))
    mask = GENERAL | own
    vendor = session.catalog.vendors.get(call.vendor)
    if vendor is None:
        return mask
    tables = [vendor.volatile]
    if call.endpoint in vendor.endpoints:
        tables.append(vendor.endpoints[call.endpoint].volatile)
    for table in tables:
        mask |= VolatileMask(
            headers=frozenset(name.lower() for name in table.headers), names=frozenset(map(str.lower, table.names))
        )
        mask |= parse_patterns(table.paths)
    return mask | _auth_volatile(vendor, own.headers | own.params | own.names)


def _auth_volatile(vendor: Vendor, ignored: frozenset[str]) -> VolatileMask:
    """Return the mask of what auth schemes add to requests: signature, timestamp, token; *ignored* names excepted."""
    from explorer.core.auth import options_of
    from explorer.core.diff.volatile import VolatileMask

    schemes = [options_of(auth) for auth in vendor.auth.values()]
    headers = {name.lower() for options in schemes for name in options.headers}
    params = {name.lower() for options in schemes for name in options.volatile_params}
    names = {name.lower() for options in schemes for name in options.token_fields}
    placed = frozenset((headers | params) - ignored)
    return VolatileMask(frozenset(headers), frozenset(params), frozenset(names), placed=placed)


async def previous_entry(session: SessionContext, exchange: Exchange) -> int:
    """Return the number of the last entry with a response of the same call and environment before *exchange*, or 0.

    Raises:
        UsageError: there is no history.
    """
    call = exchange.call
    query = f"vendor:{call.vendor} endpoint:{call.endpoint} env:{call.environment}"
    rows = await recent_entries(session, limit=5, text=query, before=exchange.id or None)
    matches = (
        row.id for row in rows if row.status is not None and row.endpoint == call.endpoint and row.id != exchange.id
    )
    return next(matches, 0)


# --- ignored patterns ------------------------------------------------------------------------------------------------


def ignored_patterns(session: SessionContext, vendor: str) -> tuple[str, ...]:
    """Return the patterns that the user ignores for a vendor."""
    return session.settings.ignored.get(vendor, ())


async def ignore_pattern(session: SessionContext, vendor: str, pattern: str) -> tuple[str, ...]:
    """Ignore *pattern* in every comparison of the vendor; return notes about the settings file.

    Raises:
        SettingsError, StoreError: the settings could not be written; nothing is changed.
    """
    return await _change(session, vendor, lambda patterns: tuple(dict.fromkeys((*patterns, pattern))))


async def stop_ignoring(session: SessionContext, vendor: str, pattern: str) -> tuple[str, ...]:
    """Stop ignoring *pattern*; return notes about the settings file.

    Raises:
        SettingsError, StoreError: the settings could not be written; nothing is changed.
    """
    return await _change(session, vendor, lambda patterns: tuple(other for other in patterns if other != pattern))


async def _change(
    session: SessionContext, vendor: str, change: Callable[[tuple[str, ...]], tuple[str, ...]]
) -> tuple[str, ...]:
    from explorer.store.preferences import change_settings, load_settings

    def write() -> tuple[str, ...]:
        current, _ = load_settings(session.folders)
        table = {**current.ignored, vendor: change(current.ignored.get(vendor, ()))}
        session.settings, notes = change_settings(
            session.folders, ignored={name: patterns for name, patterns in table.items() if patterns}
        )
        return notes

    return await asyncio.to_thread(write)


def compare_vendors(session: SessionContext, task: str = "") -> tuple[Task, ...]:
    """Return all rows of the vendor comparison, or that of *task*. Takes some 10 ms for large catalogs.

    Raises:
        UnknownName: there is no such row.
    """
    if task and task not in TASKS:
        raise UnknownName("task", task, TASKS)
    return tuple(row for row in _compare(session.catalog) if not task or row.id == task)


__all__ = ["ComparisonCell", "Task", "compare_vendors"]
