"""Open the history database: owner-only, WAL, migrated. A damaged file is renamed."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from explorer.errors import StoreError
from explorer.store.folders import make_folder
from explorer.store.history.rows import search_columns, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
            searched = search_columns(unpack(data, number))
        except StoreError:
            continue  # a damaged entry is listed but not searchable
        connection.execute(
            "INSERT INTO search (rowid, place, form, bodies, said) VALUES (?, ?, ?, ?, ?)", (number, *searched)
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
    """Migrate the file to the current schema, or only through its first *steps* steps, in one transaction.

    Raises:
        StoreError: a newer version of the program wrote the file; it is unchanged.
    """
    target = len(STEPS) if steps is None else steps
    if _version(connection) == target:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # another instance may have migrated it
        if version > len(STEPS):
            raise StoreError(
                f"a newer version of this program wrote the history (schema {version}; this version: {len(STEPS)})",
                hint="Update this program. Until then the history is unchanged and nothing is added to it.",
            )
        for step in STEPS[version:target]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {max(version, target)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check_schema(connection: sqlite3.Connection) -> None:
    """Check that a read-only file has the current schema.

    Raises:
        StoreError: an older or a newer version of the program wrote it.
    """
    version = _version(connection)
    if version != len(STEPS):
        age = "a newer" if version > len(STEPS) else "an older"
        raise StoreError(
            f"{age} version of this program wrote the history, which is read-only",
            hint="Update this program." if version > len(STEPS) else "Make the file writable once to migrate it.",
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


BUSY_TIMEOUT: Final = 10.0
"""Seconds that a statement waits for another instance to finish writing."""
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NOT_WRITABLE: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)


class OpenedHistory(NamedTuple):
    """An open history database."""

    connection: sqlite3.Connection
    problem: str = ""
    """A problem to show, or empty."""
    read_only: bool = False


class _NotWritableError(Exception):
    """The file can be read but not written."""


class _NoHistoryError(Exception):
    """The file is a valid database of another program."""


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, or 0 if the module itself raised."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether *error* means that the file is damaged."""
    return primary_code(error) in _DAMAGED


def _is_other_database(error: sqlite3.Error) -> bool:
    """Return whether *error*, while opening, means that the file is a database but not a history."""
    return primary_code(error) == sqlite3.SQLITE_ERROR and "no such module" not in str(error)


def store_error(error: sqlite3.Error, path: Path) -> StoreError:
    """Return *error* as an error with a hint."""
    code = primary_code(error)
    hints = {
        sqlite3.SQLITE_FULL: "The disk is full. Free some space; existing entries are safe.",
        sqlite3.SQLITE_IOERR: "The disk may be full or failing. Existing entries are safe.",
        sqlite3.SQLITE_BUSY: "Another instance is using it. Close that instance, or try again.",
        sqlite3.SQLITE_LOCKED: "Another instance is using it. Close that instance, or try again.",
        sqlite3.SQLITE_READONLY: "The file or its folder is read-only. Change its permissions.",
        sqlite3.SQLITE_CANTOPEN: "The file or its folder cannot be opened. Check its permissions.",
    }
    return StoreError(f"the history {path} could not be read or written: {error}", hint=hints.get(code, ""))


def open_file(path: Path) -> OpenedHistory:
    """Open or create the history at *path*. A damaged file is renamed first; a read-only file is opened for reading.

    Raises:
        StoreError: it cannot be opened, or a newer version wrote it.
    """
    problem = ""
    for _ in range(3):
        try:
            inode = _create_file(path)
        except _NotWritableError as error:
            return _open_for_reading(path, str(error))
        try:
            return OpenedHistory(_connect(path), problem)
        except sqlite3.Error as error:
            if primary_code(error) in _NOT_WRITABLE:
                return _open_for_reading(path, f"{path.parent} is not writable")
            if not is_damage(error) and not _is_other_database(error):
                raise store_error(error, path) from error
            why = str(error)
        except _NoHistoryError as error:
            why = str(error)
        problem = move_damaged(path, inode, why) or problem
    raise StoreError(f"the history {path} is damaged and could not be renamed", hint="Move it away and restart.")


def _open_for_reading(path: Path, why: str) -> OpenedHistory:
    """Open the history for reading only.

    Raises:
        StoreError: it cannot be read, or does not have the current schema.
    """
    problem = f"the history {path} is read-only ({why}): nothing is added to it"
    wal_size = size_of(path.with_name(f"{path.name}-wal"))
    for options in ("mode=ro", "mode=ro&immutable=1"):  # immutable if the WAL index cannot be created either
        connection = None
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?{options}", uri=True, isolation_level=None, check_same_thread=False
            )
            check_schema(connection)
            connection.execute("SELECT rowid FROM search LIMIT 1").fetchone()
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            if primary_code(error) not in _NOT_WRITABLE or "immutable" in options:
                raise store_error(error, path) from error
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        else:
            if wal_size and "immutable" in options:
                problem += "; the latest entries of other instances are not shown"
            return OpenedHistory(connection, problem, read_only=True)
    raise AssertionError("unreachable: the last attempt returns or raises")


def inode_of(path: Path) -> tuple[int, int]:
    """Return device and inode of a file, which identify it; zeros if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def size_of(path: Path) -> int:
    """Return the size of a file in bytes; 0 if it does not exist."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def move_damaged(path: Path, inode: tuple[int, int], why: str) -> str:
    """Rename a damaged file, its companions and its bodies to ``history.damaged-<n>.sqlite3`` and so on.

    Return a message for the user, empty if another instance has already renamed it.

    Raises:
        StoreError: it could not be renamed.
    """
    if inode_of(path) != inode:
        return ""
    number = 1
    while (backup := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    try:
        bodies = path.with_suffix(".bodies")
        if bodies.exists():
            bodies.rename(backup.with_suffix(".bodies"))
        for ending in ("-wal", "-shm", ""):  # the database last, so the next start finishes an interrupted move
            file = path.with_name(path.name + ending)
            if file.exists():
                file.rename(backup.with_name(backup.name + ending))
    except OSError as error:
        raise StoreError(
            f"the history {path} is damaged ({why}) and could not be renamed: {error.strerror or error}",
            hint="Move it away and restart.",
        ) from error
    return f"the history was damaged ({why}). It was renamed to {backup}; a new one was created."


def _create_file(path: Path) -> tuple[int, int]:
    """Create the folder and an owner-only file if they are missing, and return the file's device and inode."""
    try:
        make_folder(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
    except OSError as error:
        why = "it is a link, which is not followed" if path.is_symlink() else error.strerror or str(error)
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and os.access(path, os.R_OK):
            raise _NotWritableError(why) from error
        raise StoreError(
            f"the history {path} cannot be opened: {why}",
            hint="No history is recorded. Check the folder, or set API_EXPLORER_HOME to another one.",
        ) from error
    return inode_of(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        elif not connection.execute("PRAGMA user_version").fetchone()[0]:
            raise _NoHistoryError("it contains tables of another program")
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection)
        connection.execute("SELECT count(*) FROM totals, (SELECT max(id) FROM entries)").fetchone()
        connection.execute("SELECT rowid FROM search LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log. SQLite does not wait if two instances switch at once, so this function does."""
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if primary_code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
