"""Small facts kept one to a line of JSON: what is added goes to the end, and nothing that stands there is changed.

So two instances can add to one file, a crash spoils its own line at most, and a line that cannot be read is left out
and left in.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from explorer.errors import StoreError
from explorer.private_files import make_folder
from explorer.settings.files import FileError, os_reason, read_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

T = TypeVar("T")
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def read_lines(path: Path, kind: type[T]) -> tuple[tuple[T, ...], tuple[str, ...]]:
    """The facts in the order in which they were added, and a sentence where some could not be read."""
    try:
        data = read_bytes(path)
    except FileError as error:
        return (), (f"{error} (nothing of it is shown)",)
    found: list[T] = []
    bad: list[int] = []
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate((data or b"").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            bad.append(number)
    if not bad:
        return tuple(found), ()
    which = f"line {bad[0]}" if len(bad) == 1 else f"{len(bad)} lines, the first of them line {bad[0]},"
    return tuple(found), (f"{path}: {which} cannot be read and is left out; the file is as it was",)


def add_lines(path: Path, facts: Sequence[object]) -> None:
    """Put facts at the end of the file, in one write; what it holds stays as it is.

    Raises:
        StoreError: the file could not be written, or is a link, which is not followed.
    """
    text = b"".join(msgspec.json.encode(one) + b"\n" for one in facts)
    try:
        make_folder(path.parent)
        descriptor = os.open(path, _FLAGS, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size:  # a line that a crash left without its end must not swallow the next one
                os.lseek(descriptor, size - 1, os.SEEK_SET)
                text = text if os.read(descriptor, 1) == b"\n" else b"\n" + text
            os.write(descriptor, text)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        why = "it is a link, which is not followed" if path.is_symlink() else os_reason(error)
        raise StoreError(f"{path} could not be written: {why}", hint="What it held is still there.") from error
