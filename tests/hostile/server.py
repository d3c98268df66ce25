"""A raw loopback server that sends one kind of hostile response at a time, with bounded bytes and bounded time."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

MAX_SENT: Final = 60_000_000
"""Bytes that the server sends for one kind; then it is silent, so that what has no end has none."""
MAX_SECONDS: Final = 30.0
"""Seconds that one connection may take."""
_MAX_REQUEST: Final = 4_000_000


class Command(Enum):
    """What a reply may do to its connection besides sending bytes and pausing."""

    RESET = "reset"
    """Close with a TCP reset."""
    HOLD = "hold"
    """Send nothing more and leave the connection open."""


@dataclass(frozen=True)
class Request:
    """One request: its head as it was read, the origin of the server, and how many requests preceded it (this kind)."""

    head: bytes
    origin: str
    number: int

    @property
    def target(self) -> str:
        """The request target, or an empty string."""
        words = self.head.split(b"\r\n", 1)[0].split(b" ")
        return words[1].decode("latin-1") if len(words) > 1 else ""


Piece = bytes | float | Command
"""Bytes to send, seconds to pause, or a command."""
Reply = Callable[[Request], Iterator[Piece]]


@dataclass(frozen=True)
class Kind:
    """One kind of hostile response; ``call`` names the call it is sent to, ``exits`` the exit codes that are right."""

    name: str
    about: str
    reply: Reply
    call: str = "json"
    exits: tuple[int, ...] = (0, 1, 3, 4)
    early: bool = False
    """Whether the reply starts before the request has been read."""
    seconds: int = 8
    """The time limit of one exchange."""


@dataclass
class _Round:
    """Everything that belongs to the kind that is sent at the moment."""

    kind: Kind
    ended: threading.Event = field(default_factory=threading.Event)
    requests: int = 0
    sent: int = 0
    sockets: list[socket.socket] = field(default_factory=list)


class HostileServer:
    """Listens on a free loopback port; a context manager. ``begin`` chooses what it sends."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._round: _Round | None = None
        self.errors: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> HostileServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def begin(self, kind: Kind) -> None:
        """Send *kind* to every request from now on."""
        self.finish()
        with self._lock:
            self._round = _Round(kind)

    def finish(self) -> tuple[int, int]:
        """Stop sending and return the number of requests and of bytes sent."""
        with self._lock:
            current, self._round = self._round, None
        if current is None:
            return 0, 0
        current.ended.set()
        for connection in current.sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        return current.requests, current.sent

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # the listener was closed
                return
            with self._lock:
                current = self._round
                if current is None:
                    connection.close()
                    continue
                current.sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection, current), daemon=True).start()

    def _serve(self, connection: socket.socket, current: _Round) -> None:
        connection.settimeout(MAX_SECONDS)
        try:
            head = b"" if current.kind.early else _read_request(connection)
            if not head and not current.kind.early:
                return
            with self._lock:
                number = current.requests
                current.requests += 1
            self._send(connection, current, current.kind.reply(Request(head, self.origin, number)))
        except OSError:  # the client closed the connection, which is its right
            pass
        except Exception as error:  # noqa: BLE001 - a mistake in the table must be seen in the report
            self.errors.append(f"{current.kind.name}: {error!r}")
        finally:
            connection.close()

    def _send(self, connection: socket.socket, current: _Round, pieces: Iterator[Piece]) -> None:
        end = time.monotonic() + MAX_SECONDS
        for piece in pieces:
            if current.ended.is_set() or time.monotonic() > end:
                return
            if current.sent > MAX_SENT:
                piece = Command.HOLD
            if isinstance(piece, bytes):
                connection.sendall(piece)
                current.sent += len(piece)
            elif piece is Command.RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            elif piece is Command.HOLD:
                current.ended.wait(end - time.monotonic())
            elif isinstance(piece, float):
                current.ended.wait(piece)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(1.0)  # unread bytes of the request would turn the close into a reset
            while connection.recv(1 << 16):
                pass


def _read_request(connection: socket.socket) -> bytes:
    """Read one request with its body and return its head; empty where the client closed first."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < _MAX_REQUEST:
        part = connection.recv(1 << 16)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and value.strip().isdigit():
            length = min(int(value), _MAX_REQUEST)
    missing = length - len(body)
    while missing > 0:
        part = connection.recv(1 << 16)
        if not part:
            break
        missing -= len(part)
    return head
