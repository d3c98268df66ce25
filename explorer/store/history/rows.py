"""Rows of the history: exchanges as columns, search text and blobs; notes and tags; owners of running entries."""

from __future__ import annotations

import os
import re
import sys
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from explorer.core.model import Exchange, FrozenStruct, Outcome
from explorer.errors import StoreError, UnknownName, UsageError
from explorer.store.history.bodies import DetachedExchange

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from explorer.core.text.data import Data


EntryState = Literal["sent", "done", "failed", "interrupted"]
"""``sent``: running; ``done``: complete response; ``failed``: no complete response; ``interrupted``: the program
ended."""

SEARCHED_BYTES: Final = 65_536
"""Searchable bytes of each body."""
_FAST_PACK_FROM: Final = 1_000_000
"""Bytes above which compression is fast rather than small."""


class HistoryRow(msgspec.Struct, frozen=True):
    """One row of the list. ``size`` is the decoded body in bytes, ``seconds`` the duration of the whole exchange."""

    id: int
    started_at: float
    vendor: str
    endpoint: str
    environment: str
    method: str
    url: str
    status: int | None = None
    outcome: Outcome = "UNKNOWN"
    size: int = 0
    seconds: float = 0.0
    state: EntryState = "sent"
    origin: int = 0
    """The entry of which this is a replay, or 0."""
    note: str = ""
    tags: str = ""
    """The tags in alphabetical order with a space before and after each (`` later slow ``), or empty."""

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags as a tuple."""
        return tuple(self.tags.split())

    @property
    def address(self) -> str:
        """``vendor.endpoint``."""
        return f"{self.vendor}.{self.endpoint}"


COLUMNS: Final = HistoryRow.__struct_fields__[1:]
"""The columns of the table ``entries`` in a ``HistoryRow``, without the id."""
ADDED_COLUMNS: Final = ("note", "tags")
"""Columns that the user fills in later."""


def columns(exchange: Exchange) -> dict[str, Any]:
    """Return the list columns of an exchange."""
    response = exchange.response
    state: EntryState = "sent"
    if exchange.failure is not None:
        state = "failed"
    elif response is not None:
        state = "done"
    return {
        "started_at": exchange.started_at,
        "vendor": drop_surrogates(exchange.call.vendor),
        "endpoint": drop_surrogates(exchange.call.endpoint),
        "environment": drop_surrogates(exchange.call.environment),
        "method": drop_surrogates(exchange.request.method),
        "url": drop_surrogates(exchange.request.url),
        "status": response.status if response else None,
        "outcome": exchange.verdict.outcome,
        "size": len(response.body) if response else 0,
        "seconds": exchange.timings.total,
        "state": state,
        "origin": exchange.origin,
    }


def row(values: tuple[Any, ...]) -> HistoryRow:
    """Return ``id, *COLUMNS`` as a ``HistoryRow``."""
    return HistoryRow(*values)


def search_columns(exchange: Exchange, note: str = "", tags: str = "") -> tuple[str, str, str, str]:
    """Return the searchable text: address and URL; form; bodies; verdict or failure with note and tags."""
    call = exchange.call
    target = f"{call.vendor} {call.endpoint} {call.environment} {exchange.request.method} {exchange.request.url}"
    form = " ".join(f"{entry.name} {entry.value}" for entry in call.entries)
    bodies = [exchange.request.body, exchange.response.body if exchange.response else b""]
    result = f"{exchange.verdict.code} {exchange.verdict.message}"
    if exchange.failure:
        result += f" {exchange.failure.title} {exchange.failure.message}"
    result += f"\n{note}\n{tags}"
    return (
        drop_surrogates(target),
        drop_surrogates(form[:SEARCHED_BYTES]),
        "\n".join(_readable(body) for body in bodies),
        drop_surrogates(result),
    )


def pack(exchange: Exchange) -> bytes:
    """Return the exchange as a compressed blob."""
    data = msgspec.msgpack.encode(_storable(exchange))
    return zlib.compress(data, 1 if len(data) >= _FAST_PACK_FROM else 6)


def unpack(blob: bytes, number: int) -> Exchange:
    """Return the exchange in a blob, with its number.

    Raises:
        StoreError: the blob is damaged.
    """
    try:
        exchange = msgspec.msgpack.decode(zlib.decompress(blob), type=Exchange)
    except (zlib.error, msgspec.MsgspecError, RecursionError) as error:
        raise StoreError(
            f"history entry {number} is damaged and cannot be shown",
            hint=f"Other entries are not affected ({type(error).__name__}).",
        ) from error
    return msgspec.structs.replace(exchange, id=number)


def _storable(exchange: Exchange) -> Exchange:
    """Return *exchange*, or a copy without lone surrogates (from file names), which cannot be encoded."""
    try:
        msgspec.json.encode(exchange)
    except UnicodeEncodeError:
        return msgspec.convert(_without_surrogates(msgspec.to_builtins(exchange, builtin_types=(bytes,))), Exchange)
    return exchange


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return drop_surrogates(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


def drop_surrogates(text: str) -> str:
    """Return *text* without lone surrogates, which SQLite cannot store."""
    return text.encode("utf-8", "replace").decode()


def _readable(body: Data) -> str:
    """Return the start of a body as text; empty for a binary body."""
    start = body[:SEARCHED_BYTES]
    return "" if b"\0" in start[:1024] else start.decode("utf-8", "ignore")


MAX_NOTE = 10_000
"""Maximum characters of a note."""


class Annotation(FrozenStruct, frozen=True, kw_only=True):
    """A change to an entry: a new ``note`` (None: unchanged), tags to add and tags to remove."""

    note: str | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


def tag_name(text: str) -> str:
    """Return *text* as a tag: lowercase, without a leading ``#``.

    Raises:
        UsageError: it is empty, longer than 64 characters, or contains a space, comma, quote or colon.
    """
    name = drop_surrogates(text).strip().removeprefix("#").lower()
    if not name or len(name) > 64 or re.search(r'[\s,":\x00-\x1f\x7f]', name):
        raise UsageError(
            f"{text!r} is not a valid tag", hint="Use one word of up to 64 characters without commas, colons or quotes."
        )
    return name


def annotate(connection: sqlite3.Connection, number: int, annotation: Annotation) -> None:
    """Change the note and tags of an entry, and its search text.

    Raises:
        UnknownName: there is no such entry.
        UsageError: a tag is invalid, or the note is too long.
    """
    add, remove = ({tag_name(tag) for tag in tags} for tags in (annotation.add, annotation.remove))
    current = connection.execute("SELECT note, tags FROM entries WHERE id = ?", (number,)).fetchone()
    if current is None:
        raise UnknownName("history entry", str(number), ())
    note = current[0] if annotation.note is None else drop_surrogates(annotation.note).strip()
    if len(note) > MAX_NOTE:
        raise UsageError(
            f"the note is longer than {MAX_NOTE:,} characters", hint="Shorten it, or note the name of a file."
        )
    names = sorted((set(current[1].split()) | add) - remove)
    tags = f" {' '.join(names)} " if names else ""
    connection.execute("UPDATE entries SET note = ?, tags = ? WHERE id = ?", (note, tags, number))
    data = connection.execute("SELECT data FROM blobs WHERE id = ?", (number,)).fetchone()[0]
    result = search_columns(unpack(data, number), note, tags)[3]
    connection.execute("UPDATE search SET said = ? WHERE rowid = ?", (result, number))


def this_process() -> str:
    """Return the owner id of this process: its pid and a nonce, which a later process with the same pid does not
    have."""
    return f"{os.getpid()}.{_nonce(os.getpid())}"


@cache
def _nonce(_pid: int) -> str:
    return os.urandom(6).hex()


def is_gone(owner: str) -> bool:
    """Return whether the process with that owner id has certainly ended."""
    number, _, nonce = owner.partition(".")
    if not number.isdigit():
        return True
    pid = int(number)
    if pid == os.getpid():
        return nonce != _nonce(pid)
    if sys.platform == "win32":
        return _is_gone_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's process
        return False
    return False


if sys.platform == "win32":

    def _is_gone_on_windows(pid: int) -> bool:
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return bool(ctypes.windll.kernel32.GetLastError() == 87)  # no such process
        code = ctypes.c_ulong()
        ctypes.windll.kernel32.GetExitCodeProcess(handle, ctypes.byref(code))
        ctypes.windll.kernel32.CloseHandle(handle)
        return code.value != 259  # STILL_ACTIVE


_NAMES: Final = (*(name for name in COLUMNS if name not in ADDED_COLUMNS), "owner", "stored")
_INSERT: Final = f"INSERT INTO entries ({', '.join(_NAMES)}) VALUES ({', '.join(f':{name}' for name in _NAMES)})"  # noqa: S608 - our own names
_SET: Final = ", ".join(f"{name} = :{name}" for name in _NAMES)
_UPDATE: Final = f"UPDATE entries SET {_SET} WHERE id = :id AND vendor = :vendor AND endpoint = :endpoint"  # noqa: S608 - our own names


def insert(connection: sqlite3.Connection, exchange: Exchange, detached: DetachedExchange | None = None) -> int:
    """Insert an exchange, within the open transaction, and return its number. *detached* is it without large bodies."""
    detached = detached or DetachedExchange(exchange)
    data, searched = pack(detached.exchange), search_columns(exchange)
    values = {**columns(exchange), "owner": this_process(), "stored": _size(data, searched) + detached.stored}
    cursor = connection.execute(_INSERT, values)
    number = cursor.lastrowid or 0
    connection.execute("INSERT INTO blobs (id, data) VALUES (?, ?)", (number, data))
    connection.execute(
        "INSERT INTO search (rowid, place, form, bodies, said) VALUES (?, ?, ?, ?, ?)", (number, *searched)
    )
    return number


def update(connection: sqlite3.Connection, number: int, exchange: Exchange, detached: DetachedExchange) -> bool:
    """Replace the entry *number*, within the open transaction, and return whether it exists."""
    annotation = connection.execute("SELECT note, tags FROM entries WHERE id = ?", (number,)).fetchone() or ("", "")
    data, searched = pack(detached.exchange), search_columns(exchange, *annotation)
    stored = _size(data, searched) + detached.stored
    values = {**columns(exchange), "owner": this_process(), "stored": stored, "id": number}
    if not connection.execute(_UPDATE, values).rowcount:
        return False
    connection.execute("UPDATE blobs SET data = ? WHERE id = ?", (data, number))
    connection.execute(
        "UPDATE search SET place = ?, form = ?, bodies = ?, said = ? WHERE rowid = ?", (*searched, number)
    )
    return True


def _size(data: bytes, searched: tuple[str, ...]) -> int:
    return len(data) + sum(len(text) for text in searched)


def body_files_of(connection: sqlite3.Connection, numbers: Iterable[int]) -> list[str]:
    """Return the names of the body files of those entries."""
    names: list[str] = []
    for number in numbers:
        names += [name for (name,) in connection.execute("SELECT name FROM spooled WHERE id = ?", (number,))]
    return list(dict.fromkeys(names))


def delete(connection: sqlite3.Connection, numbers: Iterable[int]) -> int:
    """Delete entries, within the open transaction, and return how many existed."""
    cursor = connection.executemany("DELETE FROM entries WHERE id = ?", [(number,) for number in numbers])
    connection.execute("PRAGMA incremental_vacuum(2000)").fetchall()
    return cursor.rowcount
