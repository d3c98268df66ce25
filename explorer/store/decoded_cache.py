"""Decoded files, kept in the cache folder for the next start.

A kept value is only ever a copy of what the files say: one that is missing, damaged or cannot be written costs time
and nothing else. File: 4 bytes CRC-32 of the rest (big-endian), then MessagePack.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from explorer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

T = TypeVar("T")
_MAX_ENTRIES: Final = 4
"""How many states are kept of one thing, so that two versions of the program can take turns."""


def cache_key(parts: Iterable[bytes | str]) -> str:
    """A name for a state of some files: 40 hexadecimal digits over the parts, their borders included."""
    import hashlib

    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:40]


def source_stamp(folder: Path) -> str:
    """A text that changes when a Python file of *folder* does: in a checkout the classes change without the version."""
    with contextlib.suppress(OSError):
        found = sorted((one.name, one.stat()) for one in os.scandir(folder) if one.name.endswith(".py"))
        return " ".join(f"{name}:{status.st_mtime_ns}:{status.st_size}" for name, status in found)
    return ""


def read_cached(folder: Path, name: str, key: str, kind: type[T]) -> T | None:
    """The value kept under *name* and *key*, or None."""
    try:
        data = (folder / f"{name}-{key}.msgpack").read_bytes()
    except OSError:
        return None
    if len(data) < 4 or zlib.crc32(memoryview(data)[4:]) != int.from_bytes(data[:4], "big"):
        return None
    try:
        return msgspec.msgpack.decode(memoryview(data)[4:], type=kind)
    except (msgspec.MsgspecError, RecursionError):
        return None


def write_cached(folder: Path, name: str, key: str, value: object) -> None:
    """Keep *value* for the next start, where that can be done and where it comes back the same."""
    from explorer.store.files import write_atomic

    try:
        data = msgspec.msgpack.encode(value)
        if msgspec.msgpack.decode(data, type=type(value)) != value:  # a date among free options, say
            return
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        return
    with contextlib.suppress(StoreError):
        write_atomic(folder / f"{name}-{key}.msgpack", zlib.crc32(data).to_bytes(4, "big") + data)
        _prune_cache(folder, name)


def _prune_cache(folder: Path, name: str) -> None:
    with contextlib.suppress(OSError):
        files = sorted(folder.glob(f"{name}-*.msgpack"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
        for old in files[_MAX_ENTRIES:]:
            old.unlink()
