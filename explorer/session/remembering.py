"""The history as a session sees it: found, looked up, annotated. Each blocks; ``Session`` calls them in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from explorer.core.exchange import Exchange
    from explorer.history import History, HistoryRow
    from explorer.history.annotations import Annotation
    from explorer.session import Session


@dataclass(frozen=True)
class Kept:
    """An entry of the history: its row (note and tags in it), the exchange, and the numbers of its replays."""

    row: HistoryRow
    exchange: Exchange
    replays: tuple[int, ...]


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
