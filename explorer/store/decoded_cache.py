"""Cache of decoded files, for a fast start.

A cached value is only a copy: if it is missing, damaged or cannot be written, the files are decoded again. File format:
4 bytes CRC-32 of the rest (big-endian), then MessagePack.
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
"""States kept under one name, so that two versions of the program can alternate."""


def cache_key(parts: Iterable[bytes | str]) -> str:
    """Return a digest of the *parts* and their boundaries: 40 hexadecimal digits."""
    import hashlib

    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:40]


def source_stamp(folder: Path) -> str:
    """Return a string that changes with the Python files of *folder*: in a checkout, code changes without a new
    version."""
    with contextlib.suppress(OSError):
        files = sorted((entry.name, entry.stat()) for entry in os.scandir(folder) if entry.name.endswith(".py"))
        return " ".join(f"{name}:{status.st_mtime_ns}:{status.st_size}" for name, status in files)
    return ""


def read_cached(folder: Path, name: str, key: str, kind: type[T]) -> T | None:
    """Return the value cached under *name* and *key*, or None."""
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
    """Cache *value* if it can be written and decodes to an equal value."""
    from explorer.store.files import write_atomic

    try:
        data = msgspec.msgpack.encode(value)
        if msgspec.msgpack.decode(data, type=type(value)) != value:  # such as a date among free options
            return
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        return
    with contextlib.suppress(StoreError):
        write_atomic(folder / f"{name}-{key}.msgpack", zlib.crc32(data).to_bytes(4, "big") + data)
        _prune_cache(folder, name)


def _prune_cache(folder: Path, name: str) -> None:
    with contextlib.suppress(OSError):
        files = sorted(folder.glob(f"{name}-*.msgpack"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        for old in files[_MAX_ENTRIES:]:
            old.unlink()
