"""Temporary storage for large bodies. The file is owner-only and unlinked after opening, so the OS removes it even
after a crash.

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
"""Bytes above which the body of a response is stored in a file."""


class Spool:
    """Bytes in memory up to *above*, beyond that in a temporary file (mode 0600) that is read through a memory map.

    A ``Store`` for a document. It closes when it is garbage-collected or on ``close``. A map returned by ``data`` keeps
    the file alive. If the file cannot be written (a full disk), the bytes stay in memory and ``problem`` has the
    reason.
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
        """Number of bytes so far."""
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
                self._to_memory(f"cannot write a temporary file: {error.strerror or error}")
            else:
                return
        self._memory += data
        self._size = len(self._memory)

    @property
    def data(self) -> Data:
        """All bytes so far. A map that was returned earlier stays valid."""
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
        """Release the file. Nothing can be read afterwards."""
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
            self.problem = f"cannot create a temporary file: {error.strerror or error}"
            return
        try:
            _write(file, bytes(self._memory))
        except OSError as error:
            file.close()
            self.problem = f"cannot write a temporary file: {error.strerror or error}"
            return
        self._file = file
        self._memory, self._joined = bytearray(), b""

    def _to_memory(self, problem: str) -> None:
        content = bytes(self.data)[: self._size] if self._size else b""
        self.close()
        self.problem = problem
        self._memory += content


def _write(file: IO[bytes], data: bytes) -> None:
    view, offset = memoryview(data), 0
    while offset < len(view):
        offset += os.write(file.fileno(), view[offset:])


def large_spool() -> Spool:
    """Return a spool that uses a file above ``MEMORY_LIMIT`` bytes."""
    return Spool(above=MEMORY_LIMIT)
