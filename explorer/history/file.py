"""The database as the history uses it: one connection under a lock, transactions, and what is done about damage."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from explorer.errors import StoreError, UsageError
from explorer.history.opening import inode_of, is_damage, move_damaged, open_file, store_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
