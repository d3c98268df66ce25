"""Where laid-out bytes are kept while they grow: in memory, or wherever the caller's store puts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mmap import mmap

    Data = bytes | mmap


class Store(Protocol):
    """Bytes that are added to at the end by one thread and read by another."""

    def append(self, data: bytes) -> None:
        """Add *data* to the end."""

    @property
    def data(self) -> Data:
        """All bytes so far; what was given out before stays valid."""


class Memory:
    """Bytes in memory. What is added is joined when it is asked for."""

    def __init__(self, data: bytes = b"") -> None:
        self._parts = [data] if data else []

    def append(self, data: bytes) -> None:
        """Add *data* to the end."""
        self._parts.append(data)

    @property
    def data(self) -> bytes:
        """All bytes so far."""
        parts = self._parts
        count = len(parts)
        if count == 0:
            return b""
        if count > 1:
            # Another thread may append in between: only what was joined is replaced.
            parts[:count] = [b"".join(parts[:count])]
        return parts[0]
