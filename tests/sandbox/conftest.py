"""One server on a loopback port for all tests; each test has vendors and a clock of its own behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import httpx
import pytest

from explorer.sandbox.server import SandboxServer, create_app
from tests.sandbox.world import NOW, World

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from explorer.core.catalog import Catalog

Serve = Callable[..., World]


class _Switch:
    """Lets each test put its own app behind the one port."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def _port(shipped: Catalog) -> Iterator[tuple[SandboxServer, _Switch]]:
    switch = _Switch()
    server = SandboxServer(shipped, app=switch)
    server.start()
    yield server, switch
    server.stop()


@pytest.fixture(scope="session")
def _client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture
def serve(shipped: Catalog, _port: tuple[SandboxServer, _Switch], _client: httpx.Client) -> Serve:
    """Make fresh vendors, with readings, accounts or another catalog if wanted."""
    server, switch = _port

    def fresh(
        *,
        catalog: Catalog | None = None,
        readings: Mapping[str, str] | None = None,
        accounts: Mapping[str, str] | None = None,
        now: float = NOW,
    ) -> World:
        world = World(catalog or shipped, server.port, _client, now)
        switch.app = create_app(
            world.catalog,
            now=lambda: world.now,
            nonce=world.nonce,
            accounts_from=accounts or {},
            readings=readings or {},
        )
        return world

    return fresh


@pytest.fixture
def world(serve: Serve) -> World:
    """Fresh vendors with the default readings."""
    return serve()
