"""The history: stores, finds and prunes exchanges. Every method blocks and is thread-safe."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from explorer.core.history_search import parse_search
from explorer.errors import StoreError, UnknownName, UsageError
from explorer.store.history.bodies import LIMIT, BodyStore, DetachedExchange
from explorer.store.history.opening import inode_of, is_damage, move_damaged, open_file, size_of, store_error
from explorer.store.history.query import SELECT, search_statement
from explorer.store.history.retention import (
    DAY,
    HistoryStats,
    Pruning,
    RetentionPolicy,
    count_entries,
    expired,
    summarize_pruning,
)
from explorer.store.history.rows import (
    Annotation,
    HistoryRow,
    annotate,
    body_files_of,
    delete,
    insert,
    is_gone,
    row,
    unpack,
    update,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from explorer.core.model import Exchange


T = TypeVar("T")
_LARGEST: Final = 2**63 - 1
"""The largest SQLite integer."""


class HistoryFile:
    """A database file, opened on creation.

    A damaged file is renamed and replaced by a new one whenever damage is detected; ``problems`` reports it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []
        self.read_only = False
        """Whether the file can be read but not written."""
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = (0, 0)
        self._open()

    def close(self) -> None:
        """Close the file. Closing twice is allowed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        opened = open_file(self.path)
        self._connection, self.read_only = opened.connection, opened.read_only
        self._inode = inode_of(self.path)
        if opened.problem:
            self.problems.append(opened.problem)
        return self._connection

    def _read(self, statement: str, values: Any) -> list[tuple[Any, ...]]:
        return self._with_repair(lambda connection: connection.execute(statement, values).fetchall())

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite may have rolled back itself; raise the first error
                    connection.execute("ROLLBACK")
                raise
            return result

        return self._with_repair(transaction)

    def _with_repair(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do *work*. If the file is damaged, rename it and do the work again in a new one."""
        with self._lock:
            connection = self._connection
            if connection is None:
                raise StoreError("the history is closed")
            try:
                return work(connection)
            except OverflowError:
                raise UsageError("the number is too large", hint=f"The maximum is {_LARGEST:,}.") from None
            except sqlite3.Error as error:
                if not is_damage(error) or self.read_only:
                    raise store_error(error, self.path) from error
                connection.close()
                self._connection = None
                problem = move_damaged(self.path, self._inode, str(error))
                if problem:
                    self.problems.append(problem)
            try:
                return work(self._open())
            except sqlite3.Error as error:
                raise store_error(error, self.path) from error


BATCH: Final = 500
"""Maximum entries per pruning step."""
AFTER_WRITE: Final = 50
"""Maximum entries pruned after a write, to keep it short (30 ms with bodies of 2 KB)."""


class History(HistoryFile):
    """The exchanges in one file. They are stored as given: redact them first."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], float],
        max_entries: int = 100_000,
        max_bytes: int = 1_000_000_000,
        keep_days: float = 0,
        body_limit: int = LIMIT,
    ) -> None:
        """Open or create the file at *path*. *now* returns Unix time in seconds.

        The oldest entries are deleted beyond *max_entries* or *max_bytes* (compressed entries, search text and body
        files), and after *keep_days* (0: never). A body of more than *body_limit* bytes is stored in its own file.

        Raises:
            StoreError: it cannot be opened, or a newer version of the program wrote it.
        """
        self._now = now
        self.rules = RetentionPolicy(entries=max_entries, size=max_bytes, seconds=keep_days * DAY)
        self.bodies = BodyStore(path, body_limit)
        super().__init__(path)
        self._mark_interrupted()

    # --- storing ---------------------------------------------------------------------------------------------------

    def begin(self, exchange: Exchange) -> int:
        """Store an exchange before its request is sent, and return its number.

        Raises:
            StoreError: it could not be stored, for example on a full disk; existing entries are safe.
        """
        with self.bodies.detach_bodies(exchange) as detached:
            return self._write(lambda connection: self._insert(connection, exchange, detached))

    def complete(self, number: int, exchange: Exchange) -> int:
        """Replace the entry *number* (0: none) by the complete exchange, prune the history, and return the number.

        Raises:
            StoreError: it could not be stored; the entry is unchanged.
        """

        def write(connection: sqlite3.Connection) -> int:
            if not number or not update(connection, number, exchange, detached):
                return self._insert(connection, exchange, detached)
            self.bodies.settle(connection, number, detached, exchange)
            return number

        with self.bodies.detach_bodies(exchange) as detached:
            stored = self._write(write)
        with suppress(StoreError):  # retried after the next exchange
            self.prune_step(most=AFTER_WRITE)
        return stored

    def _insert(self, connection: sqlite3.Connection, exchange: Exchange, detached: DetachedExchange) -> int:
        number = insert(connection, exchange, detached)
        self.bodies.settle(connection, number, detached, exchange)
        return number

    def delete(self, numbers: Iterable[int]) -> int:
        """Delete entries and return how many existed.

        Raises:
            StoreError: the file could not be written.
        """
        return self._delete(list(numbers))

    def _delete(self, numbers: list[int]) -> int:
        """Delete entries, and then the body files that no other entry uses."""
        names: list[str] = []

        def work(connection: sqlite3.Connection) -> int:
            names.extend(body_files_of(connection, numbers))
            return delete(connection, numbers)

        deleted = self._write(work)
        if names:
            self._write(lambda connection: self.bodies.drop(connection, names))
        return deleted

    # --- retention -------------------------------------------------------------------------------------------------

    def plan(self, rules: RetentionPolicy | None = None) -> Pruning:
        """Return what pruning under *rules*, or the history's own, would delete. Delete nothing.

        Raises:
            StoreError: the file could not be read.
        """
        return summarize_pruning(
            self._with_repair(lambda connection: expired(connection, rules or self.rules, self._now()))
        )

    def prune_step(self, rules: RetentionPolicy | None = None, most: int = BATCH) -> Pruning:
        """Delete up to *most* of the oldest entries beyond *rules*, or the history's own, and return what was deleted.

        Raises:
            StoreError: the file could not be written.
        """
        rows = self._with_repair(lambda connection: expired(connection, rules or self.rules, self._now(), most))
        if rows:
            self._delete([row[0] for row in rows])
        return summarize_pruning(rows)

    def remove_orphan_files(self) -> int:
        """Delete body files that no entry uses, as a crash can leave them, and return their number.

        Raises:
            StoreError: the file could not be written.
        """
        names = self.bodies.orphan_files()
        used = {name for (name,) in self._read("SELECT DISTINCT name FROM spooled", ())} if names else set()
        orphans = [name for name in names if name not in used]
        if orphans:
            self._write(lambda connection: self.bodies.drop(connection, orphans))
        return len(orphans)

    def figures(self) -> HistoryStats:
        """Return the statistics of the history.

        Raises:
            StoreError: the file could not be read.
        """
        spooled, spooled_size = self.bodies.size()
        return HistoryStats(
            **self._with_repair(count_entries),
            file=sum(size_of(self.path.with_name(self.path.name + ending)) for ending in ("", "-wal")),
            spooled=spooled,
            spooled_size=spooled_size,
            aside=len(list(self.path.parent.glob(f"{self.path.stem}.damaged-*{self.path.suffix}"))),
        )

    def vacuum(self) -> int:
        """Release the unused space of the file and return by how many bytes it shrank.

        Raises:
            StoreError: the file could not be written, or another instance is using it.
        """
        before = self.figures().file

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

        self._with_repair(work)
        return max(0, before - self.figures().file)

    # --- finding ---------------------------------------------------------------------------------------------------

    def recent(
        self, limit: int = 200, before: int | None = None, text: str = "", vendor: str = "", endpoint: str = ""
    ) -> list[HistoryRow]:
        """Return entries, newest first: numbers below *before*, matching the search *text*, of *vendor* and *endpoint*.

        The grammar of *text* is that of ``core.history_search``.

        Raises:
            UsageError: a filter in *text* is invalid.
            StoreError: the file could not be read.
        """
        search = parse_search(text, self._now())
        statement, values = search_statement(search, limit=limit, before=before, vendor=vendor, endpoint=endpoint)
        return [row(cells) for cells in self._read(statement, values)]

    def row(self, number: int) -> HistoryRow:
        """Return the row of an entry.

        Raises:
            UnknownName: there is no such entry.
            StoreError: the file could not be read.
        """
        rows = self._read(f"{SELECT} FROM entries e WHERE e.id = ?", (number,))
        if not rows:
            raise UnknownName("history entry", str(number), ())
        return row(rows[0])

    def replays(self, number: int) -> list[int]:
        """Return the numbers of the replays of an entry, in order.

        Raises:
            StoreError: the file could not be read.
        """
        rows = self._read("SELECT id FROM entries WHERE origin > 0 AND origin = ? ORDER BY id", (number,))
        return [cells[0] for cells in rows]

    def annotate(self, number: int, annotation: Annotation) -> HistoryRow:
        """Change the note and tags of an entry and return its row.

        Raises:
            UnknownName: there is no such entry.
            UsageError: a tag is invalid, or the note is too long.
            StoreError: the file could not be written; nothing is changed.
        """
        self._write(lambda connection: annotate(connection, number, annotation))
        return self.row(number)

    def tags(self) -> list[str]:
        """Return every tag in use, in alphabetical order.

        Raises:
            StoreError: the file could not be read.
        """
        rows = self._read("SELECT DISTINCT tags FROM entries WHERE tags != ''", ())
        return sorted({tag for (tags,) in rows for tag in tags.split()})

    def get(self, number: int, *, bodies: bool = True) -> Exchange:
        """Return the exchange *number*; without *bodies*, those in files are left out.

        Raises:
            UnknownName: there is no such entry.
            StoreError: the file could not be read, or the entry is damaged.
        """
        rows = self._read("SELECT data FROM blobs WHERE id = ?", (number,))
        if not rows:
            raise UnknownName("history entry", str(number), ())
        exchange = unpack(rows[0][0], number)
        files = self._read("SELECT place, name, size FROM spooled WHERE id = ?", (number,)) if bodies else []
        return self.bodies.restore_bodies(exchange, [(place, name, size) for place, name, size in files])

    def missing(self, number: int) -> list[str]:
        """Return the places of the entry's bodies whose files are missing.

        Raises:
            StoreError: the file could not be read.
        """
        files = self._read("SELECT place, name FROM spooled WHERE id = ?", (number,))
        return [place for place, name in files if not (self.bodies.folder / name).exists()]

    def count(self) -> int:
        """Return the number of entries.

        Raises:
            StoreError: the file could not be read.
        """
        return int(self._read("SELECT entries FROM totals", ())[0][0])

    def size(self) -> int:
        """Return the bytes of all compressed entries, search text and body files.

        Raises:
            StoreError: the file could not be read.
        """
        return int(self._read("SELECT bytes FROM totals", ())[0][0])

    def _mark_interrupted(self) -> None:
        """Mark running entries whose program has ended as interrupted, and report them."""
        with suppress(StoreError):  # the history may be read-only
            running = self._read("SELECT id, owner FROM entries WHERE state = 'sent'", ())
            interrupted = [(number,) for number, owner in running if is_gone(owner)]
            if not interrupted:
                return
            self._write(
                lambda connection: connection.executemany(
                    "UPDATE entries SET state = 'interrupted' WHERE id = ? AND state = 'sent'", interrupted
                )
            )
            count = len(interrupted)
            requests = "1 request was" if count == 1 else f"{count} requests were"
            self.problems.append(f"{requests} running when the program ended; the history has no response for them")
