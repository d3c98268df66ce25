"""The numbered steps from an empty file to the present shape. A step that was released is never changed; what is new is
a new step. ``PRAGMA user_version`` holds the number of the last one done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.errors import StoreError
from explorer.history.rows import search_columns, unpack

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_ENTRIES: Final = """
CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at REAL NOT NULL,
    vendor TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    environment TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    status INTEGER,
    outcome TEXT NOT NULL,
    size INTEGER NOT NULL,
    seconds REAL NOT NULL,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    stored INTEGER NOT NULL
);
CREATE INDEX entries_by_endpoint ON entries (vendor, endpoint, id);
CREATE INDEX entries_under_way ON entries (id) WHERE state = 'sent';
CREATE TABLE blobs (id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE, data BLOB NOT NULL);
CREATE TABLE totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO totals VALUES (0, 0);
CREATE TRIGGER entry_added AFTER INSERT ON entries BEGIN
    UPDATE totals SET entries = entries + 1, bytes = bytes + new.stored;
END;
CREATE TRIGGER entry_changed AFTER UPDATE OF stored ON entries BEGIN
    UPDATE totals SET bytes = bytes - old.stored + new.stored;
END;
CREATE TRIGGER entry_removed AFTER DELETE ON entries BEGIN
    UPDATE totals SET entries = entries - 1, bytes = bytes - old.stored;
END
"""

_SEARCH: Final = """
CREATE VIRTUAL TABLE search USING fts5(place, form, bodies, said, prefix='2 3', tokenize='unicode61');
CREATE TRIGGER entry_unsearched AFTER DELETE ON entries BEGIN
    DELETE FROM search WHERE rowid = old.id;
END
"""

_ANNOTATIONS: Final = """
ALTER TABLE entries ADD COLUMN origin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE entries ADD COLUMN tags TEXT NOT NULL DEFAULT '';
CREATE INDEX entries_by_origin ON entries (origin) WHERE origin > 0;
CREATE INDEX entries_tagged ON entries (id) WHERE tags != ''
"""

_BODIES: Final = """
CREATE TABLE spooled (
    id INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    place TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    PRIMARY KEY (id, place)
) WITHOUT ROWID;
CREATE INDEX spooled_by_name ON spooled (name);
CREATE INDEX entries_loose ON entries (started_at) WHERE note = '' AND tags = ''
"""


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run the statements of *script* one by one (``executescript`` would end the transaction)."""
    import sqlite3

    statement = ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement.rstrip("\n")):
            connection.execute(statement)
            statement = ""
    if statement.strip():
        connection.execute(statement)


def _add_entries(connection: sqlite3.Connection) -> None:
    _run(connection, _ENTRIES)


def _add_search(connection: sqlite3.Connection) -> None:
    _run(connection, _SEARCH)
    for (number,) in connection.execute("SELECT id FROM blobs").fetchall():
        data = connection.execute("SELECT data FROM blobs WHERE id = ?", (number,)).fetchone()[0]
        try:
            found = search_columns(unpack(data, number))
        except StoreError:
            continue  # a damaged entry stays listed and cannot be searched
        connection.execute(
            "INSERT INTO search (rowid, place, form, bodies, said) VALUES (?, ?, ?, ?, ?)", (number, *found)
        )


def _add_annotations(connection: sqlite3.Connection) -> None:
    _run(connection, _ANNOTATIONS)


def _add_bodies(connection: sqlite3.Connection) -> None:
    _run(connection, _BODIES)


STEPS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (
    _add_entries,
    _add_search,
    _add_annotations,
    _add_bodies,
)


def migrate(connection: sqlite3.Connection, steps: int | None = None) -> None:
    """Bring the file to the present shape, or through its first *steps* steps, in one transaction.

    Raises:
        StoreError: the file was made by a newer version of the program; it is not touched.
    """
    wanted = len(STEPS) if steps is None else steps
    if _version(connection) == wanted:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = _version(connection)  # another instance may have been quicker
        if done > len(STEPS):
            raise StoreError(
                f"the history was written by a newer version of this program (shape {done}; this knows {len(STEPS)})",
                hint="Update this program. The history is left as it is, and nothing is added to it until then.",
            )
        for step in STEPS[done:wanted]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {max(done, wanted)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check_shape(connection: sqlite3.Connection) -> None:
    """See that a file that cannot be changed has the present shape.

    Raises:
        StoreError: an older or a newer version of the program wrote it last.
    """
    done = _version(connection)
    if done != len(STEPS):
        age = "a newer" if done > len(STEPS) else "an older"
        raise StoreError(
            f"the history was written by {age} version of this program and is read-only",
            hint="Update this program." if done > len(STEPS) else "Make it writable once, so that it can be updated.",
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
