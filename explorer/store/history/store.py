"""Store and find exchanges. Every method blocks and may be called from any thread."""

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
"""The largest integer of SQLite."""


class HistoryFile:
    """One file, opened when it is made. A damaged one is set aside and a new one begun, at the start or whenever it
    shows; ``problems`` says so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []
        self.read_only = False
        """Whether the file can be read and not written."""
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = (0, 0)
        self._open()

    def close(self) -> None:
        """Close the file. Closing twice is well."""
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
                with suppress(
                    sqlite3.Error
                ):  # SQLite may have rolled back by itself; the first error is the one to tell
                    connection.execute("ROLLBACK")
                raise
            return result

        return self._with_repair(transaction)

    def _with_repair(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do *work*; where the file turns out to be damaged, set it aside and do it once more in a new one."""
        with self._lock:
            connection = self._connection
            if connection is None:
                raise StoreError("the history is closed")
            try:
                return work(connection)
            except OverflowError:
                raise UsageError("the history has no number that large", hint=f"Give one up to {_LARGEST:,}.") from None
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
"""How many entries one clearing out takes away at most."""
AFTER_WRITE: Final = 50
"""How many go after a write, so that nobody waits for it (30 ms with bodies of 2 KB)."""


class History(HistoryFile):
    """The exchanges in one file. It keeps what it is given: redact first."""

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
        """Open the file at *path* or make it. *now*: Unix time, seconds. Beyond *max_entries* or *max_bytes* (packed
        exchanges, what is searched and files of bodies), or older than *keep_days* (0: however old), the oldest are
        taken away. A body of more than *body_limit* bytes is kept in a file of its own.

        Raises:
            StoreError: it cannot be opened, or belongs to a newer version of the program.
        """
        self._now = now
        self.rules = RetentionPolicy(entries=max_entries, size=max_bytes, seconds=keep_days * DAY)
        self.bodies = BodyStore(path, body_limit)
        super().__init__(path)
        self._mark_interrupted()

    # --- keeping ---------------------------------------------------------------------------------------------------

    def begin(self, exchange: Exchange) -> int:
        """Keep an exchange before its request goes out; its number.

        Raises:
            StoreError: it could not be kept (a full disk, say); what was kept before is safe.
        """
        with self.bodies.detach_bodies(exchange) as taken:
            return self._write(lambda connection: self._insert(connection, exchange, taken))

    def complete(self, number: int, exchange: Exchange) -> int:
        """Put what came of it in the place of what was begun (0: nothing was), and clear out the oldest entries where
        there are too many; the number.

        Raises:
            StoreError: it could not be kept; the entry is as it was begun.
        """

        def write(connection: sqlite3.Connection) -> int:
            if not number or not update(connection, number, exchange, taken):
                return self._insert(connection, exchange, taken)
            self.bodies.settle(connection, number, taken, exchange)
            return number

        with self.bodies.detach_bodies(exchange) as taken:
            kept = self._write(write)
        with suppress(StoreError):  # it is tried again after the next exchange
            self.prune_step(most=AFTER_WRITE)
        return kept

    def _insert(self, connection: sqlite3.Connection, exchange: Exchange, taken: DetachedExchange) -> int:
        number = insert(connection, exchange, taken)
        self.bodies.settle(connection, number, taken, exchange)
        return number

    def delete(self, numbers: Iterable[int]) -> int:
        """Take entries away; how many there were.

        Raises:
            StoreError: the file could not be written.
        """
        wanted = list(numbers)
        return self._delete(wanted)

    def _delete(self, numbers: list[int]) -> int:
        """Take entries away, and then the files of bodies that no other entry needs."""
        names: list[str] = []

        def work(connection: sqlite3.Connection) -> int:
            names.extend(body_files_of(connection, numbers))
            return delete(connection, numbers)

        gone = self._write(work)
        if names:
            self._write(lambda connection: self.bodies.drop(connection, names))
        return gone

    # --- how much is kept ------------------------------------------------------------------------------------------

    def plan(self, rules: RetentionPolicy | None = None) -> Pruning:
        """What would go under *rules*, or under its own; nothing does.

        Raises:
            StoreError: the file could not be read.
        """
        return summarize_pruning(
            self._with_repair(lambda connection: expired(connection, rules or self.rules, self._now()))
        )

    def prune_step(self, rules: RetentionPolicy | None = None, most: int = BATCH) -> Pruning:
        """Take away the oldest entries that *rules*, or its own, do not let stay, at most so many; what went.

        Raises:
            StoreError: the file could not be written.
        """
        rows = self._with_repair(lambda connection: expired(connection, rules or self.rules, self._now(), most))
        if rows:
            self._delete([row[0] for row in rows])
        return summarize_pruning(rows)

    def remove_orphan_files(self) -> int:
        """Take away files of bodies that no entry needs, as a crash may leave them; how many there were.

        Raises:
            StoreError: the file could not be written.
        """
        strays = self.bodies.orphan_files()
        needed = {name for (name,) in self._read("SELECT DISTINCT name FROM spooled", ())} if strays else set()
        left = [name for name in strays if name not in needed]
        if left:
            self._write(lambda connection: self.bodies.drop(connection, left))
        return len(left)

    def figures(self) -> HistoryStats:
        """What there is.

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
        """Give back the room in the file that nothing uses; how many bytes it is smaller.

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
        """The newest entries first: those numbered below *before*, that the words of *text* ask for (the grammar of
        ``core.search_words``), of a vendor, of an endpoint.

        Raises:
            UsageError: a filter in *text* cannot be read.
            StoreError: the file could not be read.
        """
        search = parse_search(text, self._now())
        found, values = search_statement(search, limit=limit, before=before, vendor=vendor, endpoint=endpoint)
        return [row(cells) for cells in self._read(found, values)]

    def row(self, number: int) -> HistoryRow:
        """What a list shows of that entry.

        Raises:
            UnknownName: there is none.
            StoreError: the file could not be read.
        """
        rows = self._read(f"{SELECT} FROM entries e WHERE e.id = ?", (number,))
        if not rows:
            raise UnknownName("entry of the history", str(number), ())
        return row(rows[0])

    def replays(self, number: int) -> list[int]:
        """The numbers of the entries that were replays of that one, in order.

        Raises:
            StoreError: the file could not be read.
        """
        found = self._read("SELECT id FROM entries WHERE origin > 0 AND origin = ? ORDER BY id", (number,))
        return [cells[0] for cells in found]

    def annotate(self, number: int, annotation: Annotation) -> HistoryRow:
        """Change the note and the tags of an entry; the entry as it is then.

        Raises:
            UnknownName: there is none.
            UsageError: a tag cannot be one.
            StoreError: the file could not be written; nothing is changed.
        """
        self._write(lambda connection: annotate(connection, number, annotation))
        return self.row(number)

    def tags(self) -> list[str]:
        """Every tag that an entry has, in alphabetical order.

        Raises:
            StoreError: the file could not be read.
        """
        found = self._read("SELECT DISTINCT tags FROM entries WHERE tags != ''", ())
        return sorted({tag for (tags,) in found for tag in tags.split()})

    def get(self, number: int, *, bodies: bool = True) -> Exchange:
        """The exchange of that number; without *bodies*, those that are in files are left out.

        Raises:
            UnknownName: there is none.
            StoreError: the file could not be read, or the entry is damaged.
        """
        rows = self._read("SELECT data FROM blobs WHERE id = ?", (number,))
        if not rows:
            raise UnknownName("entry of the history", str(number), ())
        exchange = unpack(rows[0][0], number)
        found = self._read("SELECT place, name, size FROM spooled WHERE id = ?", (number,)) if bodies else []
        return self.bodies.restore_bodies(exchange, [(place, name, size) for place, name, size in found])

    def missing(self, number: int) -> list[str]:
        """The places of the entry's bodies whose files are gone.

        Raises:
            StoreError: the file could not be read.
        """
        found = self._read("SELECT place, name FROM spooled WHERE id = ?", (number,))
        return [place for place, name in found if not (self.bodies.folder / name).exists()]

    def count(self) -> int:
        """How many entries there are.

        Raises:
            StoreError: the file could not be read.
        """
        return int(self._read("SELECT entries FROM totals", ())[0][0])

    def size(self) -> int:
        """Bytes of all packed exchanges, of what is searched, and of files of bodies.

        Raises:
            StoreError: the file could not be read.
        """
        return int(self._read("SELECT bytes FROM totals", ())[0][0])

    def _mark_interrupted(self) -> None:
        """Entries that are under way and whose program has ended got no answer; say so."""
        with suppress(StoreError):  # a history that can be read and not written is still a history
            waiting = self._read("SELECT id, owner FROM entries WHERE state = 'sent'", ())
            lost = [(number,) for number, owner in waiting if is_gone(owner)]
            if not lost:
                return
            self._write(
                lambda connection: connection.executemany(
                    "UPDATE entries SET state = 'interrupted' WHERE id = ? AND state = 'sent'", lost
                )
            )
            what = "1 request was" if len(lost) == 1 else f"{len(lost)} requests were"
            self.problems.append(f"{what} under way when the program ended; what was sent is in the history, no answer")
