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
    """The ASGI app that serves the vendors of a catalog, each created at its first request."""

    def __init__(
        self,
        served_catalog: ServedCatalog,
        *,
        now: Callable[[], float],
        nonce: Callable[[int], str],
        accounts_from: Mapping[str, str],
        faults: ActiveFaults | None,
    ) -> None:
        self._served_catalog = served_catalog
        self._now, self._nonce, self._environ = now, nonce, accounts_from
        self._faults = faults
        self._served: dict[str, tuple[int, ServedVendor]] = {}

    @property
    def _catalog(self) -> Catalog:
        return self._served_catalog.catalog

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        app = self._fault_injector(scope) or self._plain_app
        await app(scope, receive, send)

    async def _plain_app(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await self._route(scope, receive)
        await app(scope, receive, send)

    def _fault_injector(self, scope: Scope) -> ASGIApp | None:
        """Return the app that injects the faults of this request, or None without any."""
        if self._faults is None or not self._faults.faults:
            return None
        vendor = self._catalog.vendors.get(scope["path"].split("/")[1])
        root = root_path(vendor) if vendor is not None else ""
        if vendor is None or not scope["path"].startswith(root + "/"):
            return None
        segments = scope["path"][len(root) :].split("/")
        endpoints = [match.endpoint for match in self.served(vendor).router.candidates(scope["method"], segments)]
        faults = self._faults.take(vendor.id, [endpoint.id for endpoint in endpoints])
        if not faults:
            return None
        return FaultInjector(faults, self._faults, self._plain_app, vendor, endpoints[0] if endpoints else None)

    async def _route(self, scope: Scope, receive: Receive) -> ASGIApp:
        path: str = scope["path"]
        vendor = self._catalog.vendors.get(path.split("/")[1] if path.startswith("/") else "")
        if vendor is None:
            return self._index_page(path)
        if path == f"/{vendor.id}{DECISION_PATH}":
            return self._decide(vendor, await read_request(scope, receive, f"/{vendor.id}"))
        root = root_path(vendor)
        if path != root and not path.startswith(root + "/"):
            reason = f"{vendor.id} is served below {root}; got {path}"
            return JSONResponse(
                {"error": reason}, 404, headers={CHECK_HEADER: "path", REASON_HEADER: header_text(reason)}
            )
        return self.served(vendor).respond(await read_request(scope, receive, root))

    def _decide(self, vendor: Vendor, request: ParsedRequest) -> ASGIApp:
        try:
            reply = decide_consent(self.served(vendor).authority, request)
        except Refused as refused:
            reply = Reply(400, refused.reason + "\n", ((CHECK_HEADER, refused.first.check),), "text/plain")
        return response(reply, as_xml=False, root="", item="")

    def served(self, vendor: Vendor) -> ServedVendor:
        """Return the served vendor with its state, under the current readings."""
        version, readings = self._served_catalog.version, self._served_catalog.readings
        served_version, served = self._served.get(vendor.id, (0, None))
        if served is None:
            served = ServedVendor(vendor, now=self._now, nonce=self._nonce, environ=self._environ, readings=readings)
        elif served_version != version:
            served.update(vendor, readings)
        self._served[vendor.id] = (version, served)
        return served

    def _index_page(self, path: str) -> ASGIApp:
        lines = [f"{root_path(vendor)}  {vendor.title}" for vendor in self._catalog.vendors.values()]
        text = "Vendors:\n" + "\n".join(lines) + "\n"
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
    served_catalog: ServedCatalog | None = None,
) -> Starlette:
    """Create the sandbox as an ASGI app.

    *now* returns Unix seconds, *nonce(n)* a URL-safe string from *n* random bytes. *accounts_from* is an environment:
    its variables ``API_EXPLORER_<VENDOR>_<NAME>`` add an account. *readings* maps ``vendor.reading`` and
    ``vendor.endpoint.reading`` to a choice that replaces the default. *faults* can be changed while serving, as can
    *served_catalog*, which replaces *catalog* and *readings*.

    Raises:
        UnknownName: the catalog lacks a reading or a choice.
    """
    served_catalog = served_catalog or ServedCatalog(catalog, readings or {})
    sandbox = Sandbox(served_catalog, now=now, nonce=nonce, accounts_from=accounts_from or {}, faults=faults)
    return Starlette(routes=[Mount("/", app=sandbox)])


HOST = "127.0.0.1"
_START_SECONDS = 20.0


class SandboxFailed(ExplorerError):
    """The sandbox could not be started."""

    title = "The sandbox did not start"
    exit_code = 3


class _JoinedWrites(asyncio.Transport):
    """A transport that joins the writes of one iteration of the event loop.

    Otherwise the head and the body of a response are two small writes, and the second waits for the acknowledgement of
    the first.
    """

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__()
        self._inner = inner
        self._buffer = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._buffer:
            asyncio.get_running_loop().call_soon(self._flush)
        self._buffer += data

    def _flush(self) -> None:
        if self._buffer:
            data, self._buffer = bytes(self._buffer), bytearray()
            self._inner.write(data)

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
        super().connection_made(_JoinedWrites(transport))


class SandboxServer:
    """Serves the vendors of a catalog on a loopback port, from ``start`` to ``stop``."""

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
        """Create a server; *app* replaces the app of ``create_app``, which describes the other arguments."""
        self.faults = ActiveFaults(faults)
        """The faults to inject; can be set while serving."""
        self.served_catalog = ServedCatalog(catalog, readings or {})
        """The catalog and the readings; can be changed while serving."""
        self._app = app or create_app(
            catalog,
            now=now,
            nonce=nonce,
            accounts_from=accounts_from,
            faults=self.faults,
            served_catalog=self.served_catalog,
        )
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        """The port; 0 before ``start``."""

    def start(self, port: int = 0) -> None:
        """Listen on *port* of 127.0.0.1, or on a free one if it is 0 or in use. Return when connections are accepted.

        Raises:
            SandboxFailed: the server did not start.
        """
        if self._server is not None:
            return
        logging.getLogger("uvicorn").addHandler(
            logging.NullHandler()
        )  # a line on stderr would corrupt the screen of the app
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
        self._wait_until_started()

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._server is not None and self._thread is not None and not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self._server = None
                raise SandboxFailed(f"port {self.port} of {HOST} accepts no connections")
            self._thread.join(0.002)

    def base_url(self, vendor: Vendor) -> str:
        """Return the base URL of *vendor* on this server."""
        return sandbox_base_url(vendor, self.port)

    def stop(self) -> None:
        """Stop the server and close its connections."""
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
    for candidate in (port, 0) if port else (0,):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if candidate == 0:
                raise SandboxFailed(f"no free port on {HOST}: {error}") from None
            continue
        listener.setblocking(False)
        return listener
    raise SandboxFailed(f"no free port on {HOST}")
