"""The history as a session sees it: found, looked up, annotated, forgotten.

Every function reads and writes the database in a thread.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.errors import UnknownName, UsageError
from explorer.session.prepare import auth_scheme, redactor_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.history_search import FilterNames
    from explorer.core.model import Exchange
    from explorer.session.context import SessionContext
    from explorer.store.history import History, HistoryRow
    from explorer.store.history.rows import Annotation


@dataclass(frozen=True)
class HistoryEntry:
    """An entry of the history: its row (note and tags in it), the exchange, and the numbers of its replays."""

    row: HistoryRow
    exchange: Exchange
    replays: tuple[int, ...]


@dataclass(frozen=True)
class EntryDetails:
    """What there is to say of an entry beside its row."""

    replayed: str
    """How it was made of its origin: ``again``, ``exact``, ``form``, or nothing."""
    replays: tuple[int, ...]
    """The numbers of the entries that are replays of it."""
    changes: tuple[str, ...]
    """What changed since, in sentences."""
    problems: tuple[str, ...] = ()
    """What of it could not be kept, or is gone."""


async def entry_details(session: SessionContext, number: int) -> EntryDetails:
    """What there is to say of the entry of that number.

    Raises:
        UnknownName: there is none; StoreError: it is damaged.
    """
    return await asyncio.to_thread(_entry_details, session, number)


def _entry_details(session: SessionContext, number: int) -> EntryDetails:
    from explorer.session.request_context import changes_since

    history = _history(session)
    exchange = history.get(number, bodies=False)
    try:
        told = changes_since(session, exchange)
    except UnknownName as error:
        told = (error.message,)
    gone = tuple(f"the file of the {place}'s body is missing" for place in history.missing(number))
    return EntryDetails(exchange.replayed, tuple(history.replays(number)), told, gone)


async def filter_names(session: SessionContext) -> FilterNames:
    """What the filters of a search may hold, for completing them."""
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
    """Take entries out of the history for good; how many there were.

    Raises:
        StoreError: the file could not be written; nothing is taken away.
    """
    return await asyncio.to_thread(lambda: _history(session).delete(numbers))


async def recent_entries(
    session: SessionContext, limit: int = 200, text: str = "", before: int | None = None
) -> list[HistoryRow]:
    """Return the newest *limit* rows that the words of *text* ask for (``core.search_words``), below number *before*.

    Raises:
        UsageError: a filter in *text* cannot be read.
    """

    def read() -> list[HistoryRow]:
        history = session.history()
        return history.recent(limit=limit, text=text, before=before) if history else []

    return await asyncio.to_thread(read)


async def past_exchange(session: SessionContext, number: int) -> Exchange:
    """Return the exchange of that number, redacted as it was stored.

    Raises:
        UnknownName: there is none.
    """
    return await asyncio.to_thread(lambda: _history(session).get(number))


async def past_exchanges(session: SessionContext, numbers: Sequence[int]) -> list[Exchange]:
    """Return the exchanges of those numbers, as ``past_exchange`` does."""

    def read() -> list[Exchange]:
        history = _history(session)
        return [history.get(number) for number in numbers]

    return await asyncio.to_thread(read)


async def history_entry(session: SessionContext, number: int) -> HistoryEntry:
    """Return the entry of that number: the exchange as it was stored, its note and tags, and its replays.

    Raises:
        UnknownName: there is none.
    """

    def read() -> HistoryEntry:
        history = _history(session)
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
    """Replace the note of an entry (None leaves it), add and remove tags, and return the entry as it is then. Every
    known secret, of whatever vendor, is masked in the note.

    Raises:
        UnknownName: there is no such entry; UsageError: a tag cannot be one.
    """
    from explorer.store.history.rows import Annotation

    annotation = Annotation(note=note, add=tuple(add), remove=tuple(remove))
    return await asyncio.to_thread(_annotate, session, number, annotation)


def _annotate(session: SessionContext, number: int, annotation: Annotation) -> HistoryRow:
    from explorer.core.catalog import Vendor
    from explorer.core.redaction import Redactor

    history = _history(session)
    if annotation.note:
        call = history.get(number).call
        known = session.vault.held(session.catalog.vendors.values())
        try:
            redactor = redactor_for(session, call, (*known, *auth_scheme(session, call).secrets()))
        except UnknownName:  # the catalog knows this call no more; any vendor's redactor masks by value
            redactor = Redactor(Vendor(title=""), None, known)
        annotation = msgspec.structs.replace(annotation, note=redactor.text(annotation.note))
    return history.annotate(number, annotation)


def _history(session: SessionContext) -> History:
    history = session.history()
    if history is None:
        raise UsageError("there is no history")
    return history
