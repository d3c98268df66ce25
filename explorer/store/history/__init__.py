"""The history: every exchange, redacted, in one SQLite file.

    Exchange ─ bodies.taken_out ─► large bodies in files beside it
             ─ rows.pack ─► blob (zlib over MessagePack) ─┐
             ─ rows.columns ─► what a list shows          ├─ one transaction ─► history.sqlite3 (WAL)
             ─ rows.words ─► what a search finds (FTS5)  ─┘

``file`` opens the database, sets a damaged one aside and runs the numbered steps of ``migrations``; ``keeping`` says
what is too old or too much.
"""

from __future__ import annotations

from explorer.store.history.rows import EntryState, HistoryRow
from explorer.store.history.store import History

__all__ = ["EntryState", "History", "HistoryRow"]
