"""A program in a pseudo-terminal: keys go in, every byte that it writes is kept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


class Terminal:
    """A program in a pseudo-terminal; everything that it writes is kept."""

    def __init__(self, command: list[str], home: str, columns: int = 120, rows: int = 40) -> None:
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environ = {**os.environ, "API_EXPLORER_HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            environ.setdefault("TEXTUAL_ANIMATIONS", "none")
            for name in ("COLUMNS", "LINES"):
                environ.pop(name, None)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(ROOT)
            os.execvpe(command[0], command, environ)  # noqa: S606 - the program under test
        self.seen = b""
        self.ended = False

    def until(self, marker: bytes, seconds: float = 20.0, since: int = 0) -> float:
        """Seconds from now until *marker* was written after position *since*.

        Raises:
            TimeoutError: it was not.
        """
        began = time.perf_counter()
        while marker not in self.seen[since:]:
            left = seconds - (time.perf_counter() - began)
            if left <= 0:
                raise TimeoutError(f"{marker!r} was not written; the end of it: {self.seen[-300:]!r}")
            if select.select([self.fd], [], [], left)[0]:
                self.seen += os.read(self.fd, 1 << 16)
        return time.perf_counter() - began

    def drain(self, seconds: float) -> None:
        """Read what comes in that time."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                self.seen += os.read(self.fd, 1 << 16)

    def type(self, text: str) -> int:
        """Send keys; gives the position in what was seen before them."""
        position = len(self.seen)
        os.write(self.fd, text.encode())
        return position

    def cpu(self) -> float:
        """CPU seconds that the program has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def alive(self) -> bool:
        """Whether the program still runs."""
        return os.waitpid(self.pid, os.WNOHANG)[0] == 0

    def until_end(self, seconds: float = 60.0) -> int:
        """Read until the program ends; gives its exit code.

        Raises:
            TimeoutError: it does not end.
        """
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                try:
                    part = os.read(self.fd, 1 << 16)
                except OSError:
                    part = b""
                if not part:
                    os.close(self.fd)
                    self.ended = True
                    return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                self.seen += part
        self.end()
        raise TimeoutError(f"it does not end; the end of it: {self.seen[-300:]!r}")

    def end(self) -> None:
        """End the program, if it has not ended."""
        if self.ended:
            return
        self.ended = True
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
