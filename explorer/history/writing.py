"""An exchange into the tables and out of them, within a transaction that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.history.bodies import DetachedExchange
from explorer.history.owners import this_process
from explorer.history.rows import ADDED_COLUMNS, COLUMNS, columns, pack, search_columns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from explorer.core.exchange import Exchange

_NAMES: Final = (*(name for name in COLUMNS if name not in ADDED_COLUMNS), "owner", "stored")
_INSERT: Final = f"INSERT INTO entries ({', '.join(_NAMES)}) VALUES ({', '.join(f':{one}' for one in _NAMES)})"  # noqa: S608 - our own names
_SET: Final = ", ".join(f"{one} = :{one}" for one in _NAMES)
_UPDATE: Final = f"UPDATE entries SET {_SET} WHERE id = :id AND vendor = :vendor AND endpoint = :endpoint"  # noqa: S608 - our own names


def insert(connection: sqlite3.Connection, exchange: Exchange, taken: DetachedExchange | None = None) -> int:
    """Put an exchange into the file within the transaction that is open, *taken* in place of it where large bodies
    were taken out; its number."""
    taken = taken or DetachedExchange(exchange)
    data, found = pack(taken.exchange), search_columns(exchange)
    values = {**columns(exchange), "owner": this_process(), "stored": _bytes(data, found) + taken.stored}
    cursor = connection.execute(_INSERT, values)
    number = cursor.lastrowid or 0
    connection.execute("INSERT INTO blobs (id, data) VALUES (?, ?)", (number, data))
    connection.execute("INSERT INTO search (rowid, place, form, bodies, said) VALUES (?, ?, ?, ?, ?)", (number, *found))
    return number


def update(connection: sqlite3.Connection, number: int, exchange: Exchange, taken: DetachedExchange) -> bool:
    added = connection.execute("SELECT note, tags FROM entries WHERE id = ?", (number,)).fetchone() or ("", "")
    data, found = pack(taken.exchange), search_columns(exchange, *added)
    stored = _bytes(data, found) + taken.stored
    values = {**columns(exchange), "owner": this_process(), "stored": stored, "id": number}
    if not connection.execute(_UPDATE, values).rowcount:
        return False
    connection.execute("UPDATE blobs SET data = ? WHERE id = ?", (data, number))
    connection.execute("UPDATE search SET place = ?, form = ?, bodies = ?, said = ? WHERE rowid = ?", (*found, number))
    return True


def _bytes(data: bytes, found: tuple[str, ...]) -> int:
    return len(data) + sum(len(one) for one in found)


def body_files_of(connection: sqlite3.Connection, numbers: Iterable[int]) -> list[str]:
    """The files of bodies that those entries need."""
    found: list[str] = []
    for number in numbers:
        found += [name for (name,) in connection.execute("SELECT name FROM spooled WHERE id = ?", (number,))]
    return list(dict.fromkeys(found))


def delete(connection: sqlite3.Connection, numbers: Iterable[int]) -> int:
    cursor = connection.executemany("DELETE FROM entries WHERE id = ?", [(number,) for number in numbers])
    connection.execute("PRAGMA incremental_vacuum(2000)").fetchall()
    return cursor.rowcount
