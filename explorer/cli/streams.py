"""The three standard streams, so that a closed, full or broken one is an error of ours with an exit code of its own.

stdout ── pipe closed early ──► ``ReaderGone`` (141, silent)      ── full or closed ──► ``OutputFailed`` (74)
stderr ── whatever happens ──► narration is lost, the work goes on
stdin  ── closed ──► empty
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from explorer.errors import OutputFailed, ReaderGone

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDIN, _STDOUT, _STDERR = 0, 1, 2


def protect_streams() -> None:
    """Put safe streams in the place of those of the process. Text that the encoding of a stream lacks is escaped.

    A closed descriptor is opened on nothing first: otherwise the next file that is opened, which may be the history,
    would take its number, and the output.
    """
    closed = {number for number in (_STDIN, _STDOUT, _STDERR) if _is_closed(number)}
    for _ in closed:  # the lowest free number is what ``open`` gives
        os.open(os.devnull, os.O_RDWR)
    if _STDIN in closed:
        sys.stdin = io.StringIO()
    sys.stdout = _text(_Stdout(_STDOUT, closed=_STDOUT in closed), sys.stdout)
    sys.stderr = _text(_Stderr(_STDERR), sys.stderr)


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def discard_output() -> None:
    """Let what is still buffered for stdout go nowhere, so that the end of the process says nothing more."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, _STDOUT)
    os.close(null)
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Stdout):
        raw.discards = True


def _text(raw: _Stream, before: TextIO | None) -> io.TextIOWrapper:
    encoding = getattr(before, "encoding", None) or "utf-8"
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, encoding=encoding, errors="backslashreplace", line_buffering=raw.isatty())


class _Stream(io.RawIOBase):
    """A file descriptor that is written to."""

    def __init__(self, number: int) -> None:
        self._number = number

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)


class _Stdout(_Stream):
    def __init__(self, number: int, *, closed: bool) -> None:
        super().__init__(number)
        self._was_closed = closed
        self.discards = False

    def write(self, data: ReadableBuffer, /) -> int:
        if self.discards:
            return memoryview(data).nbytes
        if self._was_closed:
            raise OutputFailed("stdout is closed")
        try:
            return os.write(self._number, data)
        except BrokenPipeError:
            raise ReaderGone from None
        except OSError as error:
            raise OutputFailed(f"stdout cannot be written: {error.strerror or error}") from None


class _Stderr(_Stream):
    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return os.write(self._number, data)
        except OSError:
            return memoryview(data).nbytes  # there is nowhere left to report it
