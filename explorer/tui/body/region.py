"""A part of an open temporary file as a ``Store``: written by one process, read by another through a memory map."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.core.text.data import Data


class Region:
    """The bytes from *offset* (a multiple of ``ALIGNED``) on of the file *descriptor*, *size* of them so far."""

    def __init__(self, descriptor: int, offset: int = 0, size: int = 0) -> None:
        self.descriptor = descriptor
        self.offset = offset
        self.size = size
        self._map: mmap.mmap | None = None

    def append(self, data: Data) -> None:
        """Add *data* to the end. Raises ``OSError`` where there is no room."""
        view, at = memoryview(data), 0
        while at < len(view):
            at += os.pwrite(self.descriptor, view[at:], self.offset + self.size + at)
        self.size += len(view)

    @property
    def data(self) -> Data:
        """All bytes so far. A map that was given out before stays valid until it is no longer used."""
        if not self.size:
            return b""
        if self._map is None or len(self._map) != self.size:
            self._map = mmap.mmap(self.descriptor, self.size, access=mmap.ACCESS_READ, offset=self.offset)
        return self._map


ALIGNED = mmap.ALLOCATIONGRANULARITY


class Regions:
    """Makes one region behind the other in the file *descriptor*; only the newest grows."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.newest = Region(descriptor)

    def make(self) -> Region:
        """A new region, behind the newest."""
        end = self.newest.offset + self.newest.size
        self.newest = Region(self._descriptor, -(-end // ALIGNED) * ALIGNED)
        return self.newest
