"""Where bytes are kept while they grow: in memory, or wherever the caller's store puts them; and reading them there."""

from __future__ import annotations

import mmap as maps
from mmap import mmap
from typing import TYPE_CHECKING, Protocol

from explorer.core.checkpoint import checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

Data = bytes | mmap
"""Bytes in memory, or a memory map of a file that holds them. A slice of either is bytes; ``[:]`` are all of them."""
STEP = 1 << 20


class Store(Protocol):
    """Bytes that are added to at the end by one thread and read by another."""

    def append(self, data: bytes) -> None:
        """Add *data* to the end."""

    @property
    def data(self) -> Data:
        """All bytes so far; what was given out before stays valid."""


class MemoryStore:
    """Bytes in memory. What is added is joined when it is asked for."""

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
            # Another thread may append in between: only what was joined is replaced.
            parts[:count] = [b"".join(parts[:count])]
        return parts[0]


def pieces(data: Data, step: int = STEP) -> Iterator[bytes]:
    """*data* in pieces of *step* bytes. What was read of a map is let go of: it is in the file. Before each piece the
    work can be ended early (``core.checkpoint``)."""
    for start in range(0, len(data), step):
        checkpoint()
        yield data[start : start + step]
        release_pages(data, start, min(step, len(data) - start))


def release_pages(data: Data, start: int = 0, length: int = 0) -> None:
    """Give back the memory that reading a map took, or *length* bytes of it from *start* on (a multiple of a page);
    they can be read again."""
    if isinstance(data, mmap) and hasattr(mmap, "madvise"):  # not on Windows
        data.madvise(maps.MADV_DONTNEED, start, length or len(data) - start)


def is_blank(data: Data) -> bool:
    """Whether there is nothing but white space."""
    return first_nonblank(data) == b""


def first_nonblank(data: Data) -> bytes:
    """The first byte that is no white space; empty where there is none."""
    return next((solid[:1] for piece in pieces(data) if (solid := piece.lstrip())), b"")
