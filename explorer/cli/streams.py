"""Standard streams that turn a closed, full or broken stream into an error with its own exit code.

stdout ── pipe closed early ──► ``ReaderGone`` (141, silent)      ── full or closed ──► ``OutputFailed`` (74)
stderr ── any error ──► messages are lost, the command continues
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
    """Replace the standard streams. Characters that a stream's encoding lacks are escaped.

    Closed descriptors are first opened on the null device. Otherwise the next file to be opened, such as the history,
    would get the number of stdout and receive its output.
    """
    closed = {number for number in (_STDIN, _STDOUT, _STDERR) if _is_closed(number)}
    for _ in closed:  # ``open`` returns the lowest free number
        os.open(os.devnull, os.O_RDWR)
    if _STDIN in closed:
        sys.stdin = io.StringIO()
    sys.stdout = _wrap(_Stdout(_STDOUT, closed=_STDOUT in closed), sys.stdout)
    sys.stderr = _wrap(_Stderr(_STDERR), sys.stderr)


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False


def discard_output() -> None:
    """Discard the rest of stdout, so that flushing it at exit reports no second error."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, _STDOUT)
    os.close(null)
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Stdout):
        raw.is_discarding = True


def _wrap(raw: _Stream, before: TextIO | None) -> io.TextIOWrapper:
    encoding = getattr(before, "encoding", None) or "utf-8"
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, encoding=encoding, errors="backslashreplace", line_buffering=raw.isatty())


class _Stream(io.RawIOBase):
    """A file descriptor open for writing."""

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
        self.is_discarding = False

    def write(self, data: ReadableBuffer, /) -> int:
        if self.is_discarding:
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
            return memoryview(data).nbytes  # nowhere left to report it
