"""A temporary file for bytes that are too many to be kept in memory. Nobody else can read it, and no name leads to it
once it is open, so that it is gone when the program ends, however that happens.

    chunks ── append ──► memory ── more than *above* ──► file ── data ──► bytes, or a memory map of the file
"""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from explorer.core.text.data import Data

MEMORY_LIMIT: Final = 8_000_000
"""Bytes above which the body of an answer is kept in a file."""


class Spool:
    """Bytes in memory up to *above* of them, beyond that in a temporary file (mode 0600, without a name where the
    system can) that is read through a memory map.

    A ``Store`` for a document. It closes when nobody has it any more, or is told to; what ``data`` gave stays valid as
    long as somebody has that, and the file with it. Where the file cannot be written (a full disk), the bytes go on in
    memory and ``problem`` says why.
    """

    def __init__(self, above: int = 0) -> None:
        self.problem = ""
        self._above = above
        self._file: IO[bytes] | None = None
        self._size = 0
        self._map: mmap.mmap | None = None
        self._memory = bytearray()
        self._joined = b""

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    def __del__(self) -> None:
        self.close()

    def append(self, data: bytes) -> None:
        """Add *data* to the end."""
        if self._file is None and self._size + len(data) > self._above and not self.problem:
            self._to_file()
        if self._file is not None:
            try:
                _write(self._file, data)
                self._size += len(data)
            except OSError as error:
                self._to_memory(f"no room for a temporary file: {error.strerror or error}")
            else:
                return
        self._memory += data
        self._size = len(self._memory)

    @property
    def data(self) -> Data:
        """All bytes so far. A map that was given out before stays valid until it is no longer used."""
        if self._file is None:
            if len(self._joined) != len(self._memory):
                self._joined = bytes(self._memory)
            return self._joined
        size = self._size
        if size == 0:
            return b""
        if self._map is None or len(self._map) != size:
            self._map = mmap.mmap(self._file.fileno(), size, access=mmap.ACCESS_READ)
        return self._map

    def close(self) -> None:
        """Give the file back; nothing can be read from here any more."""
        self._map = None
        self._size = 0
        self._memory, self._joined = bytearray(), b""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _to_file(self) -> None:
        try:
            file = tempfile.TemporaryFile(prefix="api-explorer-")  # noqa: SIM115 - closed by ``close``
        except OSError as error:
            self.problem = f"no temporary file: {error.strerror or error}"
            return
        try:
            _write(file, bytes(self._memory))
        except OSError as error:
            file.close()
            self.problem = f"no room for a temporary file: {error.strerror or error}"
            return
        self._file = file
        self._memory, self._joined = bytearray(), b""

    def _to_memory(self, problem: str) -> None:
        before = bytes(self.data)[: self._size] if self._size else b""
        self.close()
        self.problem = problem
        self._memory += before


def _write(file: IO[bytes], data: bytes) -> None:
    view, at = memoryview(data), 0
    while at < len(view):
        at += os.write(file.fileno(), view[at:])


def large_spool() -> Spool:
    """A spool that goes to a file from ``MEMORY_LIMIT`` bytes on."""
    return Spool(above=MEMORY_LIMIT)
