"""The history: every exchange, redacted, in one SQLite file.

    Exchange ─ bodies.detach_bodies ─► large bodies in files beside it
             ─ rows.pack ─► blob (zlib over MessagePack)      ─┐
             ─ rows.columns ─► columns of the list             ├─ one transaction ─► history.sqlite3 (WAL)
             ─ rows.search_columns ─► searched text (FTS5)    ─┘

``opening`` opens the database, renames a damaged one and runs the migrations; ``retention`` selects the entries to
prune.
"""

from __future__ import annotations

from explorer.store.history.rows import EntryState, HistoryRow
from explorer.store.history.store import History

__all__ = ["EntryState", "History", "HistoryRow"]
