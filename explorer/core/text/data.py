"""Growing byte buffers, in memory or in the caller's store, and incremental reading."""

from __future__ import annotations

import mmap as maps
from mmap import mmap
from typing import TYPE_CHECKING, Protocol

from explorer.core.checkpoint import checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

Data = bytes | mmap
"""Bytes in memory, or a memory map of a file. A slice of either is bytes; ``[:]`` returns all of them."""
STEP = 1 << 20


class Store(Protocol):
    """A byte buffer that one thread appends to while another reads it."""

    def append(self, data: bytes) -> None:
        """Add *data* to the end."""

    @property
    def data(self) -> Data:
        """All bytes so far; earlier results stay valid."""


class MemoryStore:
    """Bytes in memory, joined on demand."""

    def __init__(self, data: Data = b"") -> None:
        self._parts: list[Data] = [data] if len(data) else []

    def append(self, data: bytes) -> None:
        """Add *data* to the end."""
        self._parts.append(data)

    @property
    def data(self) -> Data:
        """All bytes so far."""
        parts = self._parts
        count = len(parts)
        if count == 0:
            return b""
        if count > 1:
            # Another thread may append meanwhile, so replace only the joined parts.
            parts[:count] = [b"".join(parts[:count])]
        return parts[0]


def pieces(data: Data, step: int = STEP) -> Iterator[bytes]:
    """Yield *data* in pieces of *step* bytes, with a checkpoint before each (``core.checkpoint``).

    The pages of a memory map are released after use; the file still has them.
    """
    for start in range(0, len(data), step):
        checkpoint()
        yield data[start : start + step]
        release_pages(data, start, min(step, len(data) - start))


def release_pages(data: Data, start: int = 0, length: int = 0) -> None:
    """Release the memory of a map that was read, or *length* bytes of it from *start* (a multiple of a page).

    They can be read again.
    """
    if isinstance(data, mmap) and hasattr(mmap, "madvise"):  # not on Windows
        data.madvise(maps.MADV_DONTNEED, start, length or len(data) - start)


def is_blank(data: Data) -> bool:
    """Return whether *data* contains only whitespace."""
    return first_nonblank(data) == b""


def first_nonblank(data: Data) -> bytes:
    """Return the first byte that is not whitespace; empty if there is none."""
    return next((solid[:1] for piece in pieces(data) if (solid := piece.lstrip())), b"")
