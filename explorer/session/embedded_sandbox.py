"""The sandbox in this process, started by the first call to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from explorer.core.catalog.model import Catalog, Vendor
    from explorer.sandbox.faults import Fault
    from explorer.sandbox.server import SandboxServer


class EmbeddedSandbox:
    """The sandbox of one session, running or not."""

    def __init__(self) -> None:
        self._server: SandboxServer | None = None
        self._lock: asyncio.Lock | None = None
        self._faults: tuple[Fault, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it accepts requests."""
        return self._server is not None

    def knows_port(self, port: int) -> bool:
        """Return whether ``base_url`` is final: it runs, or would get *port*. Blocking."""
        if self._server is not None:
            return True
        from explorer.sandbox.address import is_port_taken

        return bool(port) and not is_port_taken(port)

    def base_url(self, vendor: Vendor, port: int) -> str:
        """Return the base URL of *vendor*, or the one that it would have on *port*."""
        if self._server is not None:
            return self._server.base_url(vendor)
        from explorer.sandbox.address import sandbox_base_url

        return sandbox_base_url(vendor, port)

    async def start(
        self,
        catalog: Catalog,
        port: int,
        *,
        now: Callable[[], float],
        nonce: Callable[[int], str],
        readings: Mapping[str, str],
    ) -> None:
        """Start it on *port* (0: any free port) unless it is running."""
        if self._server is not None:
            return
        if self._lock is None:
            self._lock = asyncio.Lock()
        async with self._lock:
            if self._server is None:

                def start_server() -> SandboxServer:
                    from explorer.sandbox.server import SandboxServer

                    server = SandboxServer(catalog, now=now, nonce=nonce, readings=readings, faults=self._faults)
                    server.start(port)
                    return server

                self._server = await asyncio.to_thread(start_server)

    def follow(self, catalog: Catalog, readings: Mapping[str, str]) -> None:
        """Follow another catalog, and *readings* instead of its defaults, from now on."""
        if self._server is not None:
            self._server.served_catalog.set(catalog, readings)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults being injected, without those used up."""
        return self._server.faults.faults if self._server is not None else self._faults

    def set_faults(self, faults: Sequence[str], catalog: Catalog) -> tuple[Fault, ...]:
        """Replace the injected faults, each ``KIND[=VALUE][*TIMES][@vendor[.endpoint]]``, and return them parsed.

        Raises:
            UsageError: a fault cannot be parsed; nothing is changed. UnknownName: no such kind, vendor or endpoint.
        """
        from explorer.sandbox.faults import parse_fault

        self._faults = tuple(parse_fault(fault, catalog) for fault in faults)
        if self._server is not None:
            self._server.faults.set(self._faults)
        return self._faults

    async def stop(self) -> None:
        """Stop it if it is running."""
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)
            self._server = None
