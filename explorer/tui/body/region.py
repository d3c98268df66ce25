"""Parts of an open temporary file as a ``Store``: written by one process, memory-mapped by another."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.core.text.data import Data


class Region:
    """*size* bytes of the file *descriptor* from *offset* on, a multiple of ``ALIGNED``."""

    def __init__(self, descriptor: int, offset: int = 0, size: int = 0) -> None:
        self.descriptor = descriptor
        self.offset = offset
        self.size = size
        self._map: mmap.mmap | None = None

    def append(self, data: Data) -> None:
        """Append *data*. Raises ``OSError`` if the disk is full."""
        view, at = memoryview(data), 0
        while at < len(view):
            at += os.pwrite(self.descriptor, view[at:], self.offset + self.size + at)
        self.size += len(view)

    @property
    def data(self) -> Data:
        """All bytes so far. A map returned earlier stays valid while it is used."""
        if not self.size:
            return b""
        if self._map is None or len(self._map) != self.size:
            self._map = mmap.mmap(self.descriptor, self.size, access=mmap.ACCESS_READ, offset=self.offset)
        return self._map


ALIGNED = mmap.ALLOCATIONGRANULARITY


class Regions:
    """Allocates one region after another in the file *descriptor*; only the newest grows."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.newest = Region(descriptor)

    def make(self) -> Region:
        """Return a new region after the newest one."""
        end = self.newest.offset + self.newest.size
        self.newest = Region(self._descriptor, -(-end // ALIGNED) * ALIGNED)
        return self.newest
