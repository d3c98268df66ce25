"""Keeping and finding exchanges. Every method blocks and may be called from any thread."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from explorer.core.search_words import parse_words
from explorer.errors import StoreError, UnknownName
from explorer.history.annotations import Annotation, annotate
from explorer.history.finding import SELECT, statement
from explorer.history.opening import inode_of, is_damage, open_file, set_aside, store_error
from explorer.history.owners import is_gone, this_process
from explorer.history.rows import ADDED, COLUMNS, HistoryRow, columns, pack, row, unpack, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from explorer.core.exchange import Exchange

T = TypeVar("T")
_NAMES: Final = (*(name for name in COLUMNS if name not in ADDED), "owner", "stored")
_INSERT: Final = f"INSERT INTO entries ({', '.join(_NAMES)}) VALUES ({', '.join(f':{one}' for one in _NAMES)})"  # noqa: S608 - our own names
_SET: Final = ", ".join(f"{one} = :{one}" for one in _NAMES)
_UPDATE: Final = f"UPDATE entries SET {_SET} WHERE id = :id AND vendor = :vendor AND endpoint = :endpoint"  # noqa: S608
_BATCH: Final = 500
"""How many entries one clearing out takes away at most."""


class History:
    """The exchanges in one file. It keeps what it is given: redact first.

    A damaged file is set aside and a new one begun, at the start or whenever it shows; ``problems`` says so.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], float],
        max_entries: int = 100_000,
        max_bytes: int = 1_000_000_000,
    ) -> None:
        """Open the file at *path* or make it. *now*: Unix time, seconds. Beyond *max_entries* or *max_bytes* (packed
        exchanges and what is searched) the oldest are taken away.

        Raises:
            StoreError: it cannot be opened, or belongs to a newer version of the program.
        """
        self.path = path
        self.problems: list[str] = []
        self._now = now
        self._limits = (max_entries, max_bytes)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode = (0, 0)
        self._open()
        self._mark_interrupted()

    # --- keeping ---------------------------------------------------------------------------------------------------

    def begin(self, exchange: Exchange) -> int:
        """Keep an exchange before its request goes out; its number.

        Raises:
            StoreError: it could not be kept (a full disk, say); what was kept before is safe.
        """
        return self._write(lambda connection: insert(connection, exchange))

    def complete(self, number: int, exchange: Exchange) -> int:
        """Put what came of it in the place of what was begun (0: nothing was), and clear out the oldest entries where
        there are too many; the number.

        Raises:
            StoreError: it could not be kept; the entry is as it was begun.
        """

        def write(connection: sqlite3.Connection) -> int:
            if not number or not _update(connection, number, exchange):
                return insert(connection, exchange)
            return number

        kept = self._write(write)
        self._clear_out()
        return kept

    def delete(self, numbers: Iterable[int]) -> int:
        """Take entries away; how many there were.

        Raises:
            StoreError: the file could not be written.
        """
        wanted = list(numbers)
        return self._write(lambda connection: _delete(connection, wanted))

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
        search = parse_words(text, self._now())
        found, values = statement(search, limit=limit, before=before, vendor=vendor, endpoint=endpoint)
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

    def get(self, number: int) -> Exchange:
        """The exchange of that number.

        Raises:
            UnknownName: there is none.
            StoreError: the file could not be read, or the entry is damaged.
        """
        rows = self._read("SELECT data FROM blobs WHERE id = ?", (number,))
        if not rows:
            raise UnknownName("entry of the history", str(number), ())
        return unpack(rows[0][0], number)

    def count(self) -> int:
        """How many entries there are.

        Raises:
            StoreError: the file could not be read.
        """
        return int(self._read("SELECT entries FROM totals", ())[0][0])

    def size(self) -> int:
        """Bytes of all packed exchanges and of what is searched.

        Raises:
            StoreError: the file could not be read.
        """
        return int(self._read("SELECT bytes FROM totals", ())[0][0])

    def close(self) -> None:
        """Close the file. Closing twice is well."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # --- the file --------------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        self._connection, problem = open_file(self.path)
        self._inode = inode_of(self.path)
        if problem:
            self.problems.append(problem)
        return self._connection

    def _read(self, statement: str, values: Any) -> list[tuple[Any, ...]]:
        return self._mended(lambda connection: connection.execute(statement, values).fetchall())

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

        return self._mended(transaction)

    def _mended(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do *work*; where the file turns out to be damaged, set it aside and do it once more in a new one."""
        with self._lock:
            connection = self._connection
            if connection is None:
                raise StoreError("the history is closed")
            try:
                return work(connection)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise store_error(error, self.path) from error
                connection.close()
                self._connection = None
                problem = set_aside(self.path, self._inode, str(error))
                if problem:
                    self.problems.append(problem)
            try:
                return work(self._open())
            except sqlite3.Error as error:
                raise store_error(error, self.path) from error

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

    def _clear_out(self) -> None:
        """Take away the oldest entries that are too many, or too large together; the newest stays whatever its size."""
        max_entries, max_bytes = self._limits
        with suppress(StoreError):  # it is tried again after the next exchange
            entries, size = self._read("SELECT entries, bytes FROM totals", ())[0]
            if entries <= max_entries and size <= max_bytes:
                return
            oldest = self._read("SELECT id, stored FROM entries WHERE state != 'sent' ORDER BY id LIMIT ?", (_BATCH,))
            gone: list[int] = []
            for number, stored in oldest:
                if (entries <= max_entries and size <= max_bytes) or entries <= 1:
                    break
                gone.append(number)
                entries, size = entries - 1, size - stored
            self._write(lambda connection: _delete(connection, gone))


def insert(connection: sqlite3.Connection, exchange: Exchange) -> int:
    """Put an exchange into the file within the transaction that is open; its number."""
    data, found = pack(exchange), words(exchange)
    values = {**columns(exchange), "owner": this_process(), "stored": _bytes(data, found)}
    cursor = connection.execute(_INSERT, values)
    number = cursor.lastrowid or 0
    connection.execute("INSERT INTO blobs (id, data) VALUES (?, ?)", (number, data))
    connection.execute("INSERT INTO search (rowid, place, form, bodies, said) VALUES (?, ?, ?, ?, ?)", (number, *found))
    return number


def _update(connection: sqlite3.Connection, number: int, exchange: Exchange) -> bool:
    added = connection.execute("SELECT note, tags FROM entries WHERE id = ?", (number,)).fetchone() or ("", "")
    data, found = pack(exchange), words(exchange, *added)
    values = {**columns(exchange), "owner": this_process(), "stored": _bytes(data, found), "id": number}
    if not connection.execute(_UPDATE, values).rowcount:
        return False
    connection.execute("UPDATE blobs SET data = ? WHERE id = ?", (data, number))
    connection.execute("UPDATE search SET place = ?, form = ?, bodies = ?, said = ? WHERE rowid = ?", (*found, number))
    return True


def _bytes(data: bytes, found: tuple[str, ...]) -> int:
    return len(data) + sum(len(one) for one in found)


def _delete(connection: sqlite3.Connection, numbers: Iterable[int]) -> int:
    cursor = connection.executemany("DELETE FROM entries WHERE id = ?", [(number,) for number in numbers])
    connection.execute("PRAGMA incremental_vacuum(2000)").fetchall()
    return cursor.rowcount
