"""Large bodies, in files of their own beside the database: compressed, named by what they hold, owner-only.

    taken_out(exchange) ─► Taken: the exchange without them, each in a temporary file
                        ─► settle (within the transaction that keeps the exchange): the files get their names
    put_back(exchange, rows) ─► the exchange as it was; what is missing or damaged is told in it

A file is made before the row that needs it and taken away after the last such row, both under the database's write
lock; so a crash leaves at most a file too many, which ``sweep`` takes away.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from explorer.core.text.data import pieces
from explorer.errors import StoreError
from explorer.store.folders import make_folder
from explorer.store.spool import large_spool

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from explorer.core.model import Exchange
    from explorer.core.text.data import Data

LIMIT: Final = 256_000
"""Bytes above which a body is kept in a file, unless told otherwise."""
_CHUNK: Final = 1 << 20
_SUFFIX: Final = ".z"
_TEMPORARY: Final = ".tmp"
_STALE_AFTER: Final = 3600.0
"""Seconds after which a temporary file has been left behind by a program that ended."""
Row = tuple[str, str, int]
"""Place, name of the file, bytes of the body."""


@dataclass(frozen=True)
class StoredBody:
    """One body that was taken out."""

    place: str
    """``request``, ``response``, ``hop 0 request``, …"""
    name: str
    size: int
    stored: int
    """Bytes of the file."""
    temporary: Path | None
    """None where a file of that name was there already."""


@dataclass(frozen=True)
class DetachedExchange:
    """An exchange whose large bodies were taken out."""

    exchange: Exchange
    bodies: tuple[StoredBody, ...] = ()

    @property
    def stored(self) -> int:
        """Bytes of the files."""
        return sum(one.stored for one in self.bodies)


class BodyStore:
    """The folder of those files."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        """*path*: the database; *limit*: bytes above which a body is taken out."""
        self.folder = path.with_suffix(".bodies")
        self.limit = limit

    @contextmanager
    def detach_bodies(self, exchange: Exchange) -> Iterator[DetachedExchange]:
        """The exchange without its large bodies. What was not settled within the context is gone after it.

        Raises:
            StoreError: a file could not be written.
        """
        bodies: list[StoredBody] = []
        try:
            slim = exchange
            for place, body in _iter_bodies(exchange):
                if len(body) > self.limit or not isinstance(body, bytes):
                    bodies.append(self._write(place, body))
                    slim = _with_body(slim, place, b"")
            yield DetachedExchange(slim, tuple(bodies))
        finally:
            for one in bodies:
                if one.temporary is not None:
                    with suppress(OSError):
                        one.temporary.unlink(missing_ok=True)

    def _write(self, place: str, body: Data) -> StoredBody:
        digest = hashlib.sha256()
        for piece in pieces(body, _CHUNK):
            digest.update(piece)
        name = f"{digest.hexdigest()[:40]}{_SUFFIX}"
        target = self.folder / name
        try:
            if target.exists():
                return StoredBody(place, name, len(body), target.stat().st_size, None)
            if self.folder.is_symlink():
                raise NotADirectoryError(errno.ENOTDIR, "it is a link, which is not followed")
            make_folder(self.folder)
            temporary = self.folder / f"{os.urandom(8).hex()}{_TEMPORARY}"
            packing = zlib.compressobj(1)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                    file.writelines(map(packing.compress, pieces(body, _CHUNK)))
                    file.write(packing.flush())
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            return StoredBody(place, name, len(body), temporary.stat().st_size, temporary)
        except OSError as error:
            raise StoreError(
                f"a body of {len(body):,} bytes could not be kept in {self.folder}: {error.strerror or error}",
                hint="Make room on the disk. What was kept before is safe.",
            ) from error

    def settle(self, connection: sqlite3.Connection, number: int, taken: DetachedExchange, exchange: Exchange) -> None:
        """Give the files their names, and note which entry needs them; within the transaction that is open.

        Raises:
            StoreError: a file could not be named.
        """
        connection.execute("DELETE FROM spooled WHERE id = ?", (number,))
        whole = dict(_iter_bodies(exchange)) if taken.bodies else {}
        for one in taken.bodies:
            temporary = one.temporary
            try:
                if not (self.folder / one.name).exists():
                    if temporary is None or not temporary.exists():  # taken away, or set aside with a damaged history
                        temporary = self._write(one.place, whole[one.place]).temporary
                    if temporary is not None:
                        temporary.rename(self.folder / one.name)
            except OSError as error:
                raise StoreError(f"a body could not be kept in {self.folder}: {error.strerror or error}") from error
            values = (number, one.place, one.name, one.size, one.stored)
            connection.execute("INSERT INTO spooled (id, place, name, size, stored) VALUES (?, ?, ?, ?, ?)", values)

    def restore_bodies(self, exchange: Exchange, rows: Sequence[Row]) -> Exchange:
        """The exchange with its bodies; one that is not to be had is told in ``lost`` and in the response."""
        lost: list[str] = []
        for place, name, size in rows:
            body = self._read(name, size)
            if body is None:
                lost.append(place)
                exchange = _with_lost_body(exchange, place, f"the file of its body is missing or damaged: {name}")
            else:
                exchange = _with_body(exchange, place, body)
        return msgspec.structs.replace(exchange, lost=tuple(lost)) if lost else exchange

    def _read(self, name: str, size: int) -> Data | None:
        body, unpacking = large_spool(), zlib.decompressobj()
        try:
            with (self.folder / name).open("rb") as file:
                while body.size <= size and (chunk := unpacking.unconsumed_tail or file.read(_CHUNK)):
                    body.append(unpacking.decompress(chunk, _CHUNK))
            while body.size <= size and (rest := unpacking.decompress(b"", _CHUNK)):
                body.append(rest)
        except (OSError, zlib.error):
            return None
        return body.data if body.size == size else None

    def drop(self, connection: sqlite3.Connection, names: Sequence[str]) -> None:
        """Take away those files that no row needs, within a transaction that is open."""
        for name in names:
            needed = connection.execute("SELECT 1 FROM spooled WHERE name = ? LIMIT 1", (name,)).fetchone()
            if needed is None:
                with suppress(OSError):
                    (self.folder / name).unlink(missing_ok=True)

    def orphan_files(self) -> list[str]:
        """The names of all files that may be too many: temporary ones only where they are stale."""
        try:
            found = list(os.scandir(self.folder))
        except OSError:
            return []
        names = []
        for one in found:
            with suppress(OSError):
                stale = one.name.endswith(_TEMPORARY) and time.time() - one.stat().st_mtime > _STALE_AFTER
                if stale or one.name.endswith(_SUFFIX):
                    names.append(one.name)
        return names

    def size(self) -> tuple[int, int]:
        """How many files there are, and their bytes."""
        files = total = 0
        with suppress(OSError):
            for one in os.scandir(self.folder):
                with suppress(OSError):
                    total += one.stat().st_size
                    files += 1
        return files, total


def _iter_bodies(exchange: Exchange) -> Iterator[tuple[str, Data]]:
    yield "request", exchange.request.body
    if exchange.response is not None:
        yield "response", exchange.response.body
    for number, hop in enumerate(exchange.hops):
        yield f"hop {number} request", hop.request.body
        if hop.response is not None:
            yield f"hop {number} response", hop.response.body


def _with_body(exchange: Exchange, place: str, body: Data) -> Exchange:
    return _with_values(exchange, place, {"body": body})


def _with_lost_body(exchange: Exchange, place: str, why: str) -> Exchange:
    return _with_values(exchange, place, {"truncated": why}) if place.endswith("response") else exchange


def _with_values(exchange: Exchange, place: str, values: dict[str, object]) -> Exchange:
    """*exchange* with other values of the request or response at *place*."""
    *hop, part = place.split()
    if not hop:
        return msgspec.structs.replace(exchange, **{part: msgspec.structs.replace(getattr(exchange, part), **values)})
    number = int(hop[1])
    one = exchange.hops[number]
    one = msgspec.structs.replace(one, **{part: msgspec.structs.replace(getattr(one, part), **values)})
    return msgspec.structs.replace(exchange, hops=(*exchange.hops[:number], one, *exchange.hops[number + 1 :]))
