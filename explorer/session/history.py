"""Search, read, annotate and delete history entries, with database access in threads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.errors import UnknownName
from explorer.session.prepare import auth_scheme, redactor_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.history_search import FilterNames
    from explorer.core.model import Exchange
    from explorer.session.context import SessionContext
    from explorer.store.history import HistoryRow
    from explorer.store.history.rows import Annotation


@dataclass(frozen=True)
class HistoryEntry:
    """A history entry: its row (with note and tags), the exchange, and the numbers of its replays."""

    row: HistoryRow
    exchange: Exchange
    replays: tuple[int, ...]


@dataclass(frozen=True)
class EntryDetails:
    """Details of an entry that are not in its row."""

    replayed: str
    """How it was derived from its origin: ``again``, ``exact``, ``form``, or empty."""
    replays: tuple[int, ...]
    """The numbers of its replays."""
    changes: tuple[str, ...]
    """What changed since, as sentences."""
    problems: tuple[str, ...] = ()
    """Missing parts of the entry, as sentences."""


async def entry_details(session: SessionContext, number: int) -> EntryDetails:
    """Return the details of entry *number*.

    Raises:
        UnknownName: there is none; StoreError: it is damaged.
    """
    return await asyncio.to_thread(_entry_details, session, number)


def _entry_details(session: SessionContext, number: int) -> EntryDetails:
    from explorer.session.request_context import changes_since

    history = session.require_history()
    exchange = history.get(number, bodies=False)
    try:
        changes = changes_since(session, exchange)
    except UnknownName as error:
        changes = (error.message,)
    problems = tuple(f"the file of the {place} body is missing" for place in history.missing(number))
    return EntryDetails(exchange.replayed, tuple(history.replays(number)), changes, problems)


async def filter_names(session: SessionContext) -> FilterNames:
    """Return the values for completing search filters."""
    return await asyncio.to_thread(_filter_names, session)


def _filter_names(session: SessionContext) -> FilterNames:
    from explorer.core.history_search import FilterNames

    history = session.history()
    vendors = session.catalog.vendors
    environments = {name for vendor in vendors.values() for name in session.environments(vendor)}
    return FilterNames(
        vendors=tuple(vendors),
        endpoints=tuple(f"{vendor.id}.{name}" for vendor in vendors.values() for name in vendor.endpoints),
        environments=tuple(sorted(environments)),
        tags=tuple(history.tags()) if history else (),
    )


async def delete_entries(session: SessionContext, numbers: Sequence[int]) -> int:
    """Delete entries permanently; return how many existed.

    Raises:
        StoreError: the file could not be written; nothing is deleted.
    """
    return await asyncio.to_thread(lambda: session.require_history().delete(numbers))


async def recent_entries(
    session: SessionContext, limit: int = 200, text: str = "", before: int | None = None
) -> list[HistoryRow]:
    """Return the newest *limit* rows below number *before* that match the search *text* (``core.history_search``).

    Raises:
        UsageError: a filter in *text* is invalid.
    """

    def read() -> list[HistoryRow]:
        history = session.history()
        return history.recent(limit=limit, text=text, before=before) if history else []

    return await asyncio.to_thread(read)


async def past_exchange(session: SessionContext, number: int) -> Exchange:
    """Return the redacted exchange of entry *number*.

    Raises:
        UnknownName: there is none.
    """
    return await asyncio.to_thread(lambda: session.require_history().get(number))


async def past_exchanges(session: SessionContext, numbers: Sequence[int]) -> list[Exchange]:
    """Return the redacted exchanges of entries *numbers*."""

    def read() -> list[Exchange]:
        history = session.require_history()
        return [history.get(number) for number in numbers]

    return await asyncio.to_thread(read)


async def history_entry(session: SessionContext, number: int) -> HistoryEntry:
    """Return entry *number* with its redacted exchange and its replays.

    Raises:
        UnknownName: there is none.
    """

    def read() -> HistoryEntry:
        history = session.require_history()
        return HistoryEntry(history.row(number), history.get(number), tuple(history.replays(number)))

    return await asyncio.to_thread(read)


async def annotate_entry(
    session: SessionContext,
    number: int,
    *,
    note: str | None = None,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> HistoryRow:
    """Replace the note of an entry (None: keep it), add and remove tags, and return the changed row.

    Known secrets of all vendors are masked in the note.

    Raises:
        UnknownName: there is no such entry; UsageError: a tag is invalid.
    """
    from explorer.store.history.rows import Annotation

    annotation = Annotation(note=note, add=tuple(add), remove=tuple(remove))
    return await asyncio.to_thread(_annotate, session, number, annotation)


def _annotate(session: SessionContext, number: int, annotation: Annotation) -> HistoryRow:
    from explorer.core.catalog import Vendor
    from explorer.core.redaction import Redactor

    history = session.require_history()
    if annotation.note:
        call = history.get(number).call
        known = session.vault.held(session.catalog.vendors.values())
        try:
            redactor = redactor_for(session, call, (*known, *auth_scheme(session, call).secrets()))
        except UnknownName:  # no longer in the catalog; any redactor masks known values
            redactor = Redactor(Vendor(title=""), None, known)
        annotation = msgspec.structs.replace(annotation, note=redactor.text(annotation.note))
    return history.annotate(number, annotation)
