"""The sandbox within this process, started by the first call that goes to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from explorer.core.catalog.model import Catalog, Vendor
    from explorer.sandbox.faults import Fault
    from explorer.sandbox.server import SandboxServer


class EmbeddedSandbox:
    """One session's sandbox, running or not."""

    def __init__(self) -> None:
        self._server: SandboxServer | None = None
        self._lock: asyncio.Lock | None = None
        self._faults: tuple[Fault, ...] = ()

    @property
    def running(self) -> bool:
        """Whether it accepts requests."""
        return self._server is not None

    def base_url(self, vendor: Vendor, port: int) -> str:
        """The base URL of *vendor* here, or the one that it would have at *port*."""
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
        """Start it at *port* (0: any free one) with this catalog, clock and readings, unless it runs."""
        if self._server is not None:
            return
        if self._lock is None:
            self._lock = asyncio.Lock()
        async with self._lock:
            if self._server is None:

                def started() -> SandboxServer:
                    from explorer.sandbox.server import SandboxServer

                    server = SandboxServer(catalog, now=now, nonce=nonce, readings=readings, faults=self._faults)
                    server.start(port)
                    return server

                self._server = await asyncio.to_thread(started)

    def follow(self, catalog: Catalog, readings: Mapping[str, str]) -> None:
        """Follow another catalog, or other readings in place of its defaults, from now on."""
        if self._server is not None:
            self._server.served_catalog.set(catalog, readings)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What it does wrong on purpose; faults that wore out are gone."""
        return self._server.faults.faults if self._server is not None else self._faults

    def set_faults(self, words: Sequence[str], catalog: Catalog) -> tuple[Fault, ...]:
        """Inject these faults from now on, in place of those before: ``KIND[=VALUE][*TIMES][@vendor[.endpoint]]`` each;
        none stops it. Return the faults as they were understood.

        Raises:
            UsageError: a word cannot be read, and nothing is changed; UnknownName: no such kind, vendor or endpoint.
        """
        from explorer.sandbox.faults import parse_fault

        self._faults = tuple(parse_fault(word, catalog) for word in words)
        if self._server is not None:
            self._server.faults.set(self._faults)
        return self._faults

    async def stop(self) -> None:
        """Stop it, if it runs."""
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)
            self._server = None
