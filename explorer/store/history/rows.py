"""Convert exchanges to rows of the history and back."""

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
"""``sent``: on its way; ``done``: answered; ``failed``: no whole answer; ``interrupted``: the program ended first."""

SEARCHED_BYTES: Final = 65_536
"""Bytes of each body that a search looks at."""
_FAST_PACK_FROM: Final = 1_000_000
"""Bytes from which packing is made quick rather than small."""


class HistoryRow(msgspec.Struct, frozen=True):
    """One line of the list. ``size`` counts the bytes of the decoded body, ``seconds`` the whole exchange."""

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
    """The entry that it was a replay of, or 0."""
    note: str = ""
    tags: str = ""
    """The tags in alphabetical order, a blank before and after each (`` later slow ``), or empty."""

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags one by one."""
        return tuple(self.tags.split())

    @property
    def address(self) -> str:
        """``vendor.endpoint``."""
        return f"{self.vendor}.{self.endpoint}"


COLUMNS: Final = HistoryRow.__struct_fields__[1:]
"""The columns of the table ``entries`` that a row shows, its id left out."""
ADDED_COLUMNS: Final = ("note", "tags")
"""Those of them that a person adds afterwards."""


def columns(exchange: Exchange) -> dict[str, Any]:
    """What a list shows of an exchange."""
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
    """A row of ``id, *COLUMNS`` as a value."""
    return HistoryRow(*values)


def search_columns(exchange: Exchange, note: str = "", tags: str = "") -> tuple[str, str, str, str]:
    """What a search finds: address and URL; form; bodies; verdict or failure, note and tags."""
    call = exchange.call
    place = f"{call.vendor} {call.endpoint} {call.environment} {exchange.request.method} {exchange.request.url}"
    form = " ".join(f"{entry.name} {entry.value}" for entry in call.entries)
    bodies = [exchange.request.body, exchange.response.body if exchange.response else b""]
    said = f"{exchange.verdict.code} {exchange.verdict.message}"
    if exchange.failure:
        said += f" {exchange.failure.title} {exchange.failure.message}"
    said += f"\n{note}\n{tags}"
    return (
        drop_surrogates(place),
        drop_surrogates(form[:SEARCHED_BYTES]),
        "\n".join(_readable(one) for one in bodies),
        drop_surrogates(said),
    )


def pack(exchange: Exchange) -> bytes:
    """The whole exchange as one blob."""
    data = msgspec.msgpack.encode(_storable(exchange))
    return zlib.compress(data, 1 if len(data) >= _FAST_PACK_FROM else 6)


def unpack(blob: bytes, number: int) -> Exchange:
    """The exchange in a blob, with its number.

    Raises:
        StoreError: the blob is damaged.
    """
    try:
        exchange = msgspec.msgpack.decode(zlib.decompress(blob), type=Exchange)
    except (zlib.error, msgspec.MsgspecError, RecursionError) as error:
        raise StoreError(
            f"entry {number} of the history is damaged and cannot be shown",
            hint=f"The other entries are not touched by it ({type(error).__name__}).",
        ) from error
    return msgspec.structs.replace(exchange, id=number)


def _storable(exchange: Exchange) -> Exchange:
    """*exchange* itself, or a copy without lone surrogates (from file names), which no encoding can hold."""
    try:
        msgspec.json.encode(exchange)
    except UnicodeEncodeError:
        return msgspec.convert(_without_surrogates(msgspec.to_builtins(exchange, builtin_types=(bytes,))), Exchange)
    return exchange


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return drop_surrogates(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(one) for one in value]
    return value


def drop_surrogates(text: str) -> str:
    """*text* as SQLite can keep it: without lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def _readable(body: Data) -> str:
    """The beginning of a body as text; nothing of one that is not text."""
    start = body[:SEARCHED_BYTES]
    return "" if b"\0" in start[:1024] else start.decode("utf-8", "ignore")


MAX_NOTE = 10_000
"""Characters that a note may have."""


class Annotation(FrozenStruct, frozen=True, kw_only=True):
    """A change of an entry's note and tags: ``note`` replaces the note (None leaves it), tags are added and removed."""

    note: str | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


def tag_name(text: str) -> str:
    """*text* as a tag: lower case, without a leading ``#``.

    Raises:
        UsageError: it is empty, longer than 64 characters, or holds a blank, a comma, a quote or a colon.
    """
    name = drop_surrogates(text).strip().removeprefix("#").lower()
    if not name or len(name) > 64 or re.search(r'[\s,":\x00-\x1f\x7f]', name):
        raise UsageError(f"{text!r} cannot be a tag", hint="One word without blanks, commas, colons or quotes.")
    return name


def annotate(connection: sqlite3.Connection, number: int, annotation: Annotation) -> None:
    """Change note and tags of an entry, and what a search finds of it.

    Raises:
        UnknownName: there is no such entry.
        UsageError: a tag cannot be one, or the note is too long.
    """
    add, remove = ({tag_name(one) for one in tags} for tags in (annotation.add, annotation.remove))
    found = connection.execute("SELECT note, tags FROM entries WHERE id = ?", (number,)).fetchone()
    if found is None:
        raise UnknownName("entry of the history", str(number), ())
    note = found[0] if annotation.note is None else drop_surrogates(annotation.note).strip()
    if len(note) > MAX_NOTE:
        raise UsageError(f"a note has at most {MAX_NOTE:,} characters", hint="Note the name of a file.")
    names = sorted((set(found[1].split()) | add) - remove)
    tags = f" {' '.join(names)} " if names else ""
    connection.execute("UPDATE entries SET note = ?, tags = ? WHERE id = ?", (note, tags, number))
    data = connection.execute("SELECT data FROM blobs WHERE id = ?", (number,)).fetchone()[0]
    said = search_columns(unpack(data, number), note, tags)[3]
    connection.execute("UPDATE search SET said = ? WHERE rowid = ?", (said, number))


def this_process() -> str:
    """The owner's mark of this process: its number, and a word that a later process of the same number has not."""
    return f"{os.getpid()}.{_word(os.getpid())}"


@cache
def _word(_pid: int) -> str:
    return os.urandom(6).hex()


def is_gone(owner: str) -> bool:
    """Whether the process that left the mark has certainly ended; in doubt it has not."""
    number, _, word = owner.partition(".")
    if not number.isdigit():
        return True
    pid = int(number)
    if pid == os.getpid():
        return word != _word(pid)
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
        return code.value != 259  # still active


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
