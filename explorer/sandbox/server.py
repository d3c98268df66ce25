"""Serve the vendors of a catalog on loopback: the ASGI app, and uvicorn in a thread."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount
from uvicorn.protocols.http.h11_impl import H11Protocol

from explorer.errors import ExplorerError
from explorer.sandbox.address import CHECK_HEADER, REASON_HEADER, root_path, sandbox_base_url
from explorer.sandbox.consent import DECISION_PATH, decide_consent
from explorer.sandbox.fault_injection import FaultInjector
from explorer.sandbox.faults import ActiveFaults
from explorer.sandbox.incoming_request import ParsedRequest, read_request
from explorer.sandbox.refusal import Refused, header_text
from explorer.sandbox.responses import Reply, response
from explorer.sandbox.routing import ServedCatalog
from explorer.sandbox.vendor import ServedVendor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from explorer.core.catalog import Catalog, Vendor
    from explorer.sandbox.faults import Fault


class Sandbox:
    """The vendors of a catalog; each is made when it is first called."""

    def __init__(
        self,
        following: ServedCatalog,
        *,
        now: Callable[[], float],
        nonce: Callable[[int], str],
        accounts_from: Mapping[str, str],
        faults: ActiveFaults | None,
    ) -> None:
        self._following = following
        self._now, self._nonce, self._environ = now, nonce, accounts_from
        self._faults = faults
        self._served: dict[str, tuple[int, ServedVendor]] = {}

    @property
    def _catalog(self) -> Catalog:
        return self._following.catalog

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = self._faulty_app(scope) or self._plain_app
        await app(scope, receive, send)

    async def _plain_app(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope, receive)
        await answer(scope, receive, send)

    def _faulty_app(self, scope: Scope) -> ASGIApp | None:
        """What answers in the place of a vendor that was told to go wrong here, or None."""
        if self._faults is None or not self._faults.faults:
            return None
        vendor = self._catalog.vendors.get(scope["path"].split("/")[1])
        root = root_path(vendor) if vendor is not None else ""
        if vendor is None or not scope["path"].startswith(root + "/"):
            return None
        segments = scope["path"][len(root) :].split("/")
        meant = [match.endpoint for match in self.served(vendor).router.candidates(scope["method"], segments)]
        faults = self._faults.take(vendor.id, [endpoint.id for endpoint in meant])
        if not faults:
            return None
        return FaultInjector(faults, self._faults, self._plain_app, vendor, meant[0] if meant else None)

    async def _answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        path: str = scope["path"]
        vendor = self._catalog.vendors.get(path.split("/")[1] if path.startswith("/") else "")
        if vendor is None:
            return self._contents(path)
        if path == f"/{vendor.id}{DECISION_PATH}":
            return self._decide(vendor, await read_request(scope, receive, f"/{vendor.id}"))
        root = root_path(vendor)
        if path != root and not path.startswith(root + "/"):
            reason = f"the vendor is served below {root}; got {path}"
            return JSONResponse(
                {"error": reason}, 404, headers={CHECK_HEADER: "path", REASON_HEADER: header_text(reason)}
            )
        return self.served(vendor).answer(await read_request(scope, receive, root))

    def _decide(self, vendor: Vendor, arrival: ParsedRequest) -> ASGIApp:
        try:
            reply = decide_consent(self.served(vendor).authority, arrival)
        except Refused as refused:
            reply = Reply(400, refused.reason + "\n", ((CHECK_HEADER, refused.first.check),), "text/plain")
        return response(reply, as_xml=False, root="", item="")

    def served(self, vendor: Vendor) -> ServedVendor:
        """The vendor as it is served, with its state; under the readings that are followed now."""
        turn, readings = self._following.turn, self._following.readings
        made, served = self._served.get(vendor.id, (0, None))
        if served is None:
            served = ServedVendor(vendor, now=self._now, nonce=self._nonce, environ=self._environ, readings=readings)
        elif made != turn:
            served.follow(vendor, readings)
        self._served[vendor.id] = (turn, served)
        return served

    def _contents(self, path: str) -> ASGIApp:
        lines = [f"{root_path(vendor)}  {vendor.title}" for vendor in self._catalog.vendors.values()]
        text = "Served here:\n" + "\n".join(lines) + "\n"
        if path == "/":
            return PlainTextResponse(text)
        reason = f"no vendor is served below {path}"
        return PlainTextResponse(text, 404, headers={CHECK_HEADER: "path", REASON_HEADER: header_text(reason)})


def create_app(
    catalog: Catalog,
    *,
    now: Callable[[], float],
    nonce: Callable[[int], str],
    accounts_from: Mapping[str, str] | None = None,
    readings: Mapping[str, str] | None = None,
    faults: ActiveFaults | None = None,
    following: ServedCatalog | None = None,
) -> Starlette:
    """The sandbox as an ASGI app.

    *now* gives Unix seconds, *nonce(n)* URL-safe text from *n* random bytes. *accounts_from* is read like an
    environment: ``API_EXPLORER_<VENDOR>_<NAME>`` makes one more account. *readings* maps ``vendor.reading`` and
    ``vendor.endpoint.reading`` to the choice that the sandbox follows in place of the default. *faults* says what goes
    wrong on purpose, and may be changed while it serves; so may *following*, which stands for catalog and readings.

    Raises:
        UnknownName: a reading or a choice that the catalog has not.
    """
    following = following or ServedCatalog(catalog, readings or {})
    sandbox = Sandbox(following, now=now, nonce=nonce, accounts_from=accounts_from or {}, faults=faults)
    return Starlette(routes=[Mount("/", app=sandbox)])


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
