"""A program in a pseudo-terminal, its screen as text and its memory, for measuring. Linux only."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import queue
import re
import signal
import struct
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = {
    "pagedown": b"\x1b[6~",
    "pageup": b"\x1b[5~",
    "enter": b"\r",
    "escape": b"\x1b",
    "f8": b"\x1b[19~",
    "f9": b"\x1b[20~",
    "f10": b"\x1b[21~",
    "f12": b"\x1b[24~",
}
_QUERIES = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[c": b"\x1b[?62;22c", b"\x1b[?u": b"\x1b[?0u"}
_UNKNOWN = re.compile(
    rb"\x1b\[[<=>][0-9;:]*[@-~]|\x1b\[\?[0-9;]*(?:\$[a-z]|u)|\x1b[P_^X][^\x1b]*\x1b\\\\|\x1b\[[0-9;]*t"
)


def tree(pid: int) -> list[int]:
    """The process and all of its descendants."""
    pids = [pid]
    for parent in pids:
        try:
            for task in (Path("/proc") / str(parent) / "task").iterdir():
                pids += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # it has ended meanwhile
            continue
    return pids


def pages(pid: int) -> int:
    """Resident pages of a process; 0 where it has ended."""
    try:
        return int((Path("/proc") / str(pid) / "statm").read_text().split()[1])
    except OSError:
        return 0


def high_water(pid: int) -> float:
    """Peak resident megabytes of a process and of its descendants of this moment, each since its own start."""
    total = 0
    for member in tree(pid):
        try:
            lines = (Path("/proc") / str(member) / "status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return total * 1024 / 1e6


def processor_seconds(pid: int) -> float:
    """Seconds of processor time of a process and of its descendants, those that have ended included."""
    ticks = 0
    for member in tree(pid):
        try:
            numbers = (Path("/proc") / str(member) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, numbers[11:15]))  # utime, stime, cutime, cstime
    return ticks / os.sysconf("SC_CLK_TCK")


class Terminal:
    """Starts *command* on a screen of 120 x 40."""

    def __init__(
        self, command: list[str], columns: int = 120, rows: int = 40, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.peak = 0.0
        self.written = bytearray()
        self._pid, self._handle = pty.fork()
        if self._pid == 0:
            environment = {
                **environ,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "TEXTUAL_ANIMATIONS": "none",
            }
            os.execvpe(command[0], command, environment)  # noqa: S606 - our own program
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._came: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        sys.setswitchinterval(0.0005)  # the time of what comes is taken at once, whatever is being parsed
        threading.Thread(target=self._take, daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()

    def text(self) -> str:
        """What is on the screen."""
        lines, rows = self._screen.buffer, range(self._screen.lines)
        return "\n".join("".join(lines[y][x].data for x in range(self._screen.columns)) for y in rows)

    def send(self, key: str) -> float:
        """Press *key*; gives the time."""
        now = time.perf_counter()
        os.write(self._handle, KEYS.get(key, key.encode()))
        return now

    def wait(self, text: str, seconds: float) -> float:
        """Until *text* is on the screen; gives the time of the bytes that brought it."""
        end, stamp = time.perf_counter() + seconds, time.perf_counter()
        while text not in self.text():
            arrived = self._read(0.05)
            stamp = arrived or stamp
            if time.perf_counter() > end:
                raise TimeoutError(f"no {text!r} on the screen:\n{self.text()}")
        return stamp

    def latency(self, key: str, seconds: float = 5.0) -> float | None:
        """Seconds from *key* until something on the screen has changed; None where nothing did."""
        while self._read(0):
            pass
        before, start = self.text(), self.send(key)
        while time.perf_counter() < start + seconds:
            arrived = self._read(0.05)
            if arrived and arrived < start:
                before = self.text()
            elif arrived and self.text() != before:
                while self._read(0.005):
                    pass
                return arrived - start
        return None

    def settle(self, quiet: float = 0.3) -> None:
        """Until nothing has been written for a while."""
        end = time.perf_counter() + 20
        while self._read(quiet) and time.perf_counter() < end:
            pass

    def memory(self) -> float:
        """Resident megabytes of the program and its children."""
        return sum(pages(pid) for pid in tree(self._pid)) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def end(self, seconds: float = 10.0) -> None:
        """Wait until the program has ended by itself."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self._read(0.05)
            if os.waitpid(self._pid, os.WNOHANG)[0]:
                self._pid = 0
                return

    def alive(self) -> bool:
        """Whether the program still runs."""
        if self._pid and os.waitpid(self._pid, os.WNOHANG)[0]:
            self._pid = 0
        return self._pid != 0

    def high_water(self) -> float:
        """Peak resident megabytes of the program and of its children of this moment, each since its own start."""
        return high_water(self._pid)

    def processor_seconds(self) -> float:
        """Seconds of processor time of the program and of its children."""
        return processor_seconds(self._pid)

    def close(self) -> None:
        """End the program and its children."""
        if self._pid:
            for pid in tree(self._pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
        os.close(self._handle)

    def _read(self, seconds: float) -> float | None:
        """Take in what has come, or comes within *seconds*; gives the time at which it came."""
        try:
            stamp, data = self._came.get(timeout=seconds) if seconds else self._came.get_nowait()
        except queue.Empty:
            return None
        self._stream.feed(_UNKNOWN.sub(b"", data))
        return stamp

    def _take(self) -> None:
        while self._pid:
            try:
                data = os.read(self._handle, 1 << 16)
            except OSError:  # it has ended
                return
            self._came.put((time.perf_counter(), data))
            self.written += data
            for query, answer in _QUERIES.items():
                if query in data:
                    os.write(self._handle, answer)

    def _watch(self) -> None:
        while self._pid:
            self.peak = max(self.peak, self.memory())
            time.sleep(0.05)
