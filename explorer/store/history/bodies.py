"""Large bodies in files beside the database: compressed, named by their digest, owner-only.

    detach_bodies(exchange) ─► DetachedExchange: the exchange without large bodies, each in a temporary file
                            ─► settle (in the transaction that stores the exchange): renames the files
    restore_bodies(exchange, rows) ─► the original exchange; a missing or damaged body is noted in it

A file is created before the first row that refers to it and deleted after the last one. Both happen under the
database's write lock. A crash can therefore only leave an orphan file, which ``History.remove_orphan_files`` deletes.
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
"""Default bytes above which a body is stored in a file."""
_CHUNK: Final = 1 << 20
_SUFFIX: Final = ".z"
_TEMPORARY: Final = ".tmp"
_STALE_AFTER: Final = 3600.0
"""Seconds after which a temporary file is stale: its program has ended."""
Row = tuple[str, str, int]
"""Place, file name, bytes of the body."""


@dataclass(frozen=True)
class StoredBody:
    """A body stored in a file."""

    place: str
    """``request``, ``response``, ``hop 0 request``, …"""
    name: str
    size: int
    stored: int
    """Bytes of the compressed file."""
    temporary: Path | None
    """None if the file already existed."""


@dataclass(frozen=True)
class DetachedExchange:
    """An exchange without its large bodies."""

    exchange: Exchange
    bodies: tuple[StoredBody, ...] = ()

    @property
    def stored(self) -> int:
        """Bytes of the body files."""
        return sum(body.stored for body in self.bodies)


class BodyStore:
    """The folder of the body files."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        """Create the store beside the database *path*. A body above *limit* bytes is stored in a file."""
        self.folder = path.with_suffix(".bodies")
        self.limit = limit

    @contextmanager
    def detach_bodies(self, exchange: Exchange) -> Iterator[DetachedExchange]:
        """Enter with the exchange without its large bodies. On exit, files that were not settled are deleted.

        Raises:
            StoreError: a file could not be written.
        """
        bodies: list[StoredBody] = []
        try:
            detached = exchange
            for place, body in _iter_bodies(exchange):
                if len(body) > self.limit or not isinstance(body, bytes):
                    bodies.append(self._write(place, body))
                    detached = _with_body(detached, place, b"")
            yield DetachedExchange(detached, tuple(bodies))
        finally:
            for stored_body in bodies:
                if stored_body.temporary is not None:
                    with suppress(OSError):
                        stored_body.temporary.unlink(missing_ok=True)

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
            compressor = zlib.compressobj(1)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                    file.writelines(map(compressor.compress, pieces(body, _CHUNK)))
                    file.write(compressor.flush())
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            return StoredBody(place, name, len(body), temporary.stat().st_size, temporary)
        except OSError as error:
            raise StoreError(
                f"a body of {len(body):,} bytes could not be stored in {self.folder}: {error.strerror or error}",
                hint="Free disk space. Existing entries are safe.",
            ) from error

    def settle(
        self, connection: sqlite3.Connection, number: int, detached: DetachedExchange, exchange: Exchange
    ) -> None:
        """Rename the files to their final names and record them for the entry, within the open transaction.

        Raises:
            StoreError: a file could not be renamed.
        """
        connection.execute("DELETE FROM spooled WHERE id = ?", (number,))
        bodies = dict(_iter_bodies(exchange)) if detached.bodies else {}
        for body in detached.bodies:
            temporary = body.temporary
            try:
                if not (self.folder / body.name).exists():
                    if temporary is None or not temporary.exists():  # deleted, or moved with a damaged history
                        temporary = self._write(body.place, bodies[body.place]).temporary
                    if temporary is not None:
                        temporary.rename(self.folder / body.name)
            except OSError as error:
                raise StoreError(f"a body could not be stored in {self.folder}: {error.strerror or error}") from error
            values = (number, body.place, body.name, body.size, body.stored)
            connection.execute("INSERT INTO spooled (id, place, name, size, stored) VALUES (?, ?, ?, ?, ?)", values)

    def restore_bodies(self, exchange: Exchange, rows: Sequence[Row]) -> Exchange:
        """Return the exchange with its bodies. An unavailable body is noted in ``lost`` and in the response."""
        lost: list[str] = []
        for place, name, size in rows:
            body = self._read(name, size)
            if body is None:
                lost.append(place)
                exchange = _with_lost_body(exchange, place, f"the body file is missing or damaged: {name}")
            else:
                exchange = _with_body(exchange, place, body)
        return msgspec.structs.replace(exchange, lost=tuple(lost)) if lost else exchange

    def _read(self, name: str, size: int) -> Data | None:
        body, decompressor = large_spool(), zlib.decompressobj()
        try:
            with (self.folder / name).open("rb") as file:
                while body.size <= size and (chunk := decompressor.unconsumed_tail or file.read(_CHUNK)):
                    body.append(decompressor.decompress(chunk, _CHUNK))
            while body.size <= size and (rest := decompressor.decompress(b"", _CHUNK)):
                body.append(rest)
        except (OSError, zlib.error):
            return None
        return body.data if body.size == size else None

    def drop(self, connection: sqlite3.Connection, names: Sequence[str]) -> None:
        """Delete those files that no row refers to, within the open transaction."""
        for name in names:
            reference = connection.execute("SELECT 1 FROM spooled WHERE name = ? LIMIT 1", (name,)).fetchone()
            if reference is None:
                with suppress(OSError):
                    (self.folder / name).unlink(missing_ok=True)

    def orphan_files(self) -> list[str]:
        """Return the names of all body files and of stale temporary files."""
        try:
            entries = list(os.scandir(self.folder))
        except OSError:
            return []
        names = []
        for entry in entries:
            with suppress(OSError):
                stale = entry.name.endswith(_TEMPORARY) and time.time() - entry.stat().st_mtime > _STALE_AFTER
                if stale or entry.name.endswith(_SUFFIX):
                    names.append(entry.name)
        return names

    def size(self) -> tuple[int, int]:
        """Return the number of files and their bytes."""
        files = total = 0
        with suppress(OSError):
            for entry in os.scandir(self.folder):
                with suppress(OSError):
                    total += entry.stat().st_size
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
    """Return *exchange* with other values in the request or response at *place*."""
    *hop, part = place.split()
    if not hop:
        return msgspec.structs.replace(exchange, **{part: msgspec.structs.replace(getattr(exchange, part), **values)})
    number = int(hop[1])
    hop_value = exchange.hops[number]
    changed = msgspec.structs.replace(getattr(hop_value, part), **values)
    hop_value = msgspec.structs.replace(hop_value, **{part: changed})
    return msgspec.structs.replace(exchange, hops=(*exchange.hops[:number], hop_value, *exchange.hops[number + 1 :]))
