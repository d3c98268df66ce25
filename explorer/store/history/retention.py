"""Retention of history entries: limits, pruning, statistics. Running entries and those with a note or tag are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from explorer.core.model import FrozenStruct

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

DAY: Final = 86_400.0
_PRUNABLE: Final = """
SELECT id, started_at, stored FROM entries
WHERE note = '' AND tags = '' AND state != 'sent' ORDER BY started_at, id
"""


class RetentionPolicy(FrozenStruct, frozen=True, kw_only=True):
    """Limits of the history: number of entries, bytes (compressed entries, search text, body files) and age in seconds.

    An age of 0 is unlimited.
    """

    entries: int = 100_000
    size: int = 1_000_000_000
    seconds: float = 0.0


class Pruning(FrozenStruct, frozen=True, kw_only=True):
    """Entries to prune, or pruned. ``oldest`` and ``newest`` are Unix seconds, 0 if there are none."""

    entries: int = 0
    size: int = 0
    oldest: float = 0.0
    newest: float = 0.0


class HistoryStats(FrozenStruct, frozen=True, kw_only=True):
    """Statistics of the history. Sizes in bytes, times in Unix seconds (0 if there is no entry)."""

    entries: int = 0
    annotated: int = 0
    """Entries with a note or a tag."""
    oldest: float = 0.0
    newest: float = 0.0
    file: int = 0
    """The database and its write-ahead log."""
    free: int = 0
    """Unused part of the database."""
    bodies: int = 0
    """Decoded bodies of all responses."""
    spooled: int = 0
    """Number of body files."""
    spooled_size: int = 0
    aside: int = 0
    """Number of renamed damaged files."""


def expired(connection: sqlite3.Connection, rules: RetentionPolicy, now: float, most: int | None = None) -> list[Any]:
    """Return the entries to prune under *rules*, oldest first, at most *most*: ``(id, started_at, stored)``.

    The newest entry is kept, whatever its size.
    """
    return list(_iter_expired(connection, rules, now, most))


def _iter_expired(
    connection: sqlite3.Connection, rules: RetentionPolicy, now: float, most: int | None
) -> Iterator[Any]:
    entries, size = connection.execute("SELECT entries, bytes FROM totals").fetchone()
    cutoff = now - rules.seconds if rules.seconds else float("-inf")
    if entries <= rules.entries and size <= rules.size and not rules.seconds:
        return
    count = 0
    for row in connection.execute(_PRUNABLE):
        _, started_at, stored = row
        fits = entries <= rules.entries and size <= rules.size
        if (fits and started_at >= cutoff) or (most is not None and count >= most):
            return
        if entries <= 1 and started_at >= cutoff:
            return
        yield row
        count, entries, size = count + 1, entries - 1, size - stored


def summarize_pruning(rows: list[Any]) -> Pruning:
    """Return the totals of *rows*, as ``expired`` returns them."""
    if not rows:
        return Pruning()
    return Pruning(entries=len(rows), size=sum(row[2] for row in rows), oldest=rows[0][1], newest=rows[-1][1])


def count_entries(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the fields of ``HistoryStats`` that come from the database."""
    entries = connection.execute("SELECT entries FROM totals").fetchone()[0]
    annotated = connection.execute("SELECT count(*) FROM entries WHERE note != '' OR tags != ''").fetchone()[0]
    bodies = connection.execute("SELECT coalesce(sum(size), 0) FROM entries").fetchone()[0]
    oldest, newest = connection.execute("SELECT min(started_at), max(started_at) FROM entries").fetchone()
    page = connection.execute("PRAGMA page_size").fetchone()[0]
    free = connection.execute("PRAGMA freelist_count").fetchone()[0] * page
    return {
        "entries": entries,
        "annotated": annotated,
        "bodies": bodies,
        "oldest": oldest or 0.0,
        "newest": newest or 0.0,
        "free": free,
    }
