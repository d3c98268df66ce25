"""The sandbox as a server on this machine: uvicorn in a thread of its own, with a loop of its own."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from explorer.errors import ExplorerError
from explorer.sandbox.address import sandbox_base_url
from explorer.sandbox.app import create_app
from explorer.sandbox.faults import ActiveFaults
from explorer.sandbox.following import ServedCatalog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.types import ASGIApp

    from explorer.core.catalog import Catalog, Vendor
    from explorer.sandbox.fault_kinds import Fault

HOST = "127.0.0.1"
_START_SECONDS = 20.0


class SandboxFailed(ExplorerError):
    """The sandbox could not be started."""

    title = "The sandbox did not start"
    exit_code = 3


class _WholeWrites(asyncio.Transport):
    """A transport that sends what is written within one turn of the loop in one write: head and body of an answer
    leave together (two small writes would wait for each other's acknowledgement)."""

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__()
        self._inner = inner
        self._waiting = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting += data

    def _flush(self) -> None:
        if self._waiting:
            whole, self._waiting = bytes(self._waiting), bytearray()
            self._inner.write(whole)

    def close(self) -> None:
        self._flush()
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()

    def is_closing(self) -> bool:
        return self._inner.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._inner.set_protocol(protocol)


class _Protocol(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # only streams are served
        super().connection_made(_WholeWrites(transport))


class SandboxServer:
    """The vendors of *catalog* on a loopback port, from ``start`` to ``stop``.

    Time, randomness and accounts are those of the machine unless given.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        now: Callable[[], float] = time.time,
        nonce: Callable[[int], str] = secrets.token_urlsafe,
        accounts_from: Mapping[str, str] | None = None,
        readings: Mapping[str, str] | None = None,
        faults: Sequence[Fault] = (),
        app: ASGIApp | None = None,
    ) -> None:
        """*app* is served in place of the app that ``create_app`` makes, where given."""
        self.faults = ActiveFaults(faults)
        """What it does wrong on purpose; may be set while it serves."""
        self.following = ServedCatalog(catalog, readings or {})
        """The catalog and the readings that it follows; may be changed while it serves."""
        self._app = app or create_app(
            catalog, now=now, nonce=nonce, accounts_from=accounts_from, faults=self.faults, following=self.following
        )
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        """The port that it listens on; 0 before ``start``."""

    def start(self, port: int = 0) -> None:
        """Listen on *port* of 127.0.0.1, or on any free one when it is 0 or taken. Returns when it accepts connections.

        Raises:
            SandboxFailed: the server did not come up.
        """
        if self._server is not None:
            return
        logging.getLogger("uvicorn").addHandler(logging.NullHandler())  # a line on stderr would tear the screen
        listener = _listen(port)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True
        )
        self._thread.start()
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._server is not None and self._thread is not None and not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self._server = None
                raise SandboxFailed("the sandbox server did not come up")
            self._thread.join(0.002)

    def base_url(self, vendor: Vendor) -> str:
        """The base URL that stands for *vendor* here."""
        return sandbox_base_url(vendor, self.port)

    def stop(self) -> None:
        """End the server; connections that are open are closed."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(5)
        self._server = self._thread = None

    def __enter__(self) -> SandboxServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _listen(port: int) -> socket.socket:
    for wanted in (port, 0) if port else (0,):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if wanted == 0:
                raise SandboxFailed(f"no port of {HOST} can be had: {error}") from None
            continue
        listener.setblocking(False)
        return listener
    raise SandboxFailed(f"no port of {HOST} can be had")
