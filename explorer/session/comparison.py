"""Compare exchanges, two versions of a call, and the vendors."""

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
    """Two exchanges, or entries of the history by their numbers, compared to the end, secrets masked.

    *volatile* is masked in place of what ``volatile_of`` tells.

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
    """As ``compare``, with nothing compared yet: ``Comparison.run`` does that, in whatever thread."""
    from explorer.core.diff import Comparison

    one, other = [await past_exchange(session, side) if isinstance(side, int) else side for side in (left, right)]
    if volatile is None:
        volatile = volatile_of(session, one.call) | volatile_of(session, other.call)
    masked = await asyncio.to_thread(lambda: (_masked(session, one), _masked(session, other)))
    return Comparison(*masked, volatile)


def _masked(session: SessionContext, exchange: Exchange) -> Exchange:
    """What is shown of an exchange; of one that the catalog knows no more, what the history kept."""
    try:
        return redact(session, exchange)
    except UnknownName:
        return exchange


def volatile_of(session: SessionContext, call: Call) -> VolatileMask:
    """What is masked for *call*: headers that differ everywhere, what the catalog says of vendor and endpoint, what the
    vendor's auth schemes place, and what the person ignores (``settings.ignored``)."""
    from explorer.core.diff.volatile import GENERAL, VolatileMask, parse_patterns

    own = parse_patterns(ignored_patterns(session, call.vendor))
    found = GENERAL | own
    vendor = session.catalog.vendors.get(call.vendor)
    if vendor is None:
        return found
    tables = [vendor.volatile]
    if call.endpoint in vendor.endpoints:
        tables.append(vendor.endpoints[call.endpoint].volatile)
    for table in tables:
        found |= VolatileMask(
            headers=frozenset(name.lower() for name in table.headers), names=frozenset(map(str.lower, table.names))
        )
        found |= parse_patterns(table.paths)
    return found | _auth_volatile(vendor, own.headers | own.params | own.names)


def _auth_volatile(vendor: Vendor, ignored: frozenset[str]) -> VolatileMask:
    """What the auth schemes put into requests: a signature, its moment, a token. What a person told to ignore is not
    looked for either."""
    from explorer.core.auth import options_of
    from explorer.core.diff.volatile import VolatileMask

    every = [options_of(auth) for auth in vendor.auth.values()]
    headers = {name.lower() for options in every for name in options.headers}
    params = {name.lower() for options in every for name in options.volatile_params}
    names = {name.lower() for options in every for name in options.token_fields}
    placed = frozenset((headers | params) - ignored)
    return VolatileMask(frozenset(headers), frozenset(params), frozenset(names), placed=placed)


async def previous_entry(session: SessionContext, exchange: Exchange) -> int:
    """The number of the last answered entry of the same call and environment before *exchange*; 0 where there is none.

    Raises:
        UsageError: there is no history.
    """
    call = exchange.call
    words = f"vendor:{call.vendor} endpoint:{call.endpoint} env:{call.environment}"
    rows = await recent_entries(session, limit=5, text=words, before=exchange.id or None)
    found = (row for row in rows if row.status is not None and row.endpoint == call.endpoint and row.id != exchange.id)
    return next((row.id for row in found), 0)


# --- what a person ignores -------------------------------------------------------------------------------------------


def ignored_patterns(session: SessionContext, vendor: str) -> tuple[str, ...]:
    """The patterns that a person told to ignore for a vendor."""
    return session.settings.ignored.get(vendor, ())


async def ignore_pattern(session: SessionContext, vendor: str, pattern: str) -> tuple[str, ...]:
    """Mask *pattern* in every comparison of the vendor from now on; what is to be said of writing the settings.

    Raises:
        SettingsError, StoreError: the settings could not be written; nothing is changed.
    """
    return await _change(session, vendor, lambda now: tuple(dict.fromkeys((*now, pattern))))


async def stop_ignoring(session: SessionContext, vendor: str, pattern: str) -> tuple[str, ...]:
    """Take *pattern* out of what is ignored.

    Raises:
        SettingsError, StoreError: the settings could not be written; nothing is changed.
    """
    return await _change(session, vendor, lambda now: tuple(one for one in now if one != pattern))


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
    """Every row of the comparison, or the one of that name. Some hundredths of a second for large catalogs.

    Raises:
        UnknownName: there is no such row.
    """
    if task and task not in TASKS:
        raise UnknownName("task", task, TASKS)
    return tuple(one for one in _compare(session.catalog) if not task or one.id == task)


__all__ = ["ComparisonCell", "Task", "compare_vendors"]
