"""The history as a session sees it: found, looked up, annotated, forgotten.

Those that are no coroutines block; ``Session`` calls them in a thread.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.exchange import Exchange
    from explorer.core.search_hints import Names
    from explorer.history import History, HistoryRow
    from explorer.history.annotations import Annotation
    from explorer.session import Session


@dataclass(frozen=True)
class Kept:
    """An entry of the history: its row (note and tags in it), the exchange, and the numbers of its replays."""

    row: HistoryRow
    exchange: Exchange
    replays: tuple[int, ...]


@dataclass(frozen=True)
class Details:
    """What there is to say of an entry beside its row."""

    replayed: str
    """How it was made of its origin: ``again``, ``exact``, ``form``, or nothing."""
    replays: tuple[int, ...]
    """The numbers of the entries that are replays of it."""
    changes: tuple[str, ...]
    """What changed since, in sentences."""
    problems: tuple[str, ...] = ()
    """What of it could not be kept, or is gone."""


async def details(session: Session, number: int) -> Details:
    """What there is to say of the entry of that number.

    Raises:
        UnknownName: there is none; StoreError: it is damaged.
    """
    return await asyncio.to_thread(_details, session, number)


def _details(session: Session, number: int) -> Details:
    from explorer.session.circumstances import changes

    history = _history(session)
    exchange = history.get(number, bodies=False)
    try:
        told = changes(session, exchange)
    except UnknownName as error:
        told = (error.message,)
    gone = tuple(f"the file of the {place}'s body is missing" for place in history.missing(number))
    return Details(exchange.replayed, tuple(history.replays(number)), told, gone)


async def names(session: Session) -> Names:
    """What the filters of a search may hold, for completing them."""
    return await asyncio.to_thread(_names, session)


def _names(session: Session) -> Names:
    from explorer.core.search_hints import Names

    history = session.history()
    vendors = session.catalog.vendors
    environments = {name for vendor in vendors.values() for name in session.environments(vendor)}
    return Names(
        vendors=tuple(vendors),
        endpoints=tuple(f"{vendor.id}.{name}" for vendor in vendors.values() for name in vendor.endpoints),
        environments=tuple(sorted(environments)),
        tags=tuple(history.tags()) if history else (),
    )


async def forget(session: Session, numbers: Sequence[int]) -> int:
    """Take entries out of the history for good; how many there were.

    Raises:
        StoreError: the file could not be written; nothing is taken away.
    """
    return await asyncio.to_thread(lambda: _history(session).delete(numbers))


def recent(session: Session, limit: int, text: str, before: int | None) -> list[HistoryRow]:
    """``Session.recent``."""
    history = session.history()
    return history.recent(limit=limit, text=text, before=before) if history else []


def past(session: Session, number: int) -> Exchange:
    """``Session.past``."""
    return _history(session).get(number)


def kept(session: Session, number: int) -> Kept:
    """``Session.kept``."""
    history = _history(session)
    return Kept(history.row(number), history.get(number), tuple(history.replays(number)))


def annotate(session: Session, number: int, annotation: Annotation) -> HistoryRow:
    """``Session.annotate``: every secret that is at hand, of whatever vendor, is masked in the note."""
    from explorer.core.catalog import Vendor
    from explorer.core.redaction import Redactor

    history = _history(session)
    if annotation.note:
        call = history.get(number).call
        known = session.vault.held(session.catalog.vendors.values())
        try:
            redactor = session.redactor(call, (*known, *session.scheme(call).secrets()))
        except UnknownName:  # the catalog knows this call no more; any vendor's redactor masks by value
            redactor = Redactor(Vendor(title=""), None, known)
        annotation = msgspec.structs.replace(annotation, note=redactor.text(annotation.note))
    return history.annotate(number, annotation)


def _history(session: Session) -> History:
    history = session.history()
    if history is None:
        raise UsageError("there is no history")
    return history
