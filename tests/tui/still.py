"""Pictures of the app that come out the same on every machine: a clock that stands still, nonces that are counted, a
sandbox without a socket, and scenes that wait for what is seen.

``tests/tui/test_snapshots.py`` compares them, ``scripts/picture.py`` makes the README's picture of one.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.net.client import Client
from explorer.session.context import SessionContext
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.history import History
from explorer.store.preferences import Settings
from explorer.tui.app import ExplorerApp
from tests.tui.driving import Driver

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from explorer.core.catalog import Catalog
    from explorer.core.model import Call

NOW = 1_767_225_600.0
"""2026-01-01 00:00:00 UTC."""
TICK = 0.004
"""Seconds between two looks at the clock of a transfer."""


@dataclass
class StillSession(SessionContext):
    """A session whose sandbox answers in this process, under an address that never changes."""

    _still: Client | None = field(default=None)

    def http(self) -> Client:
        """A client whose only server is the sandbox, and whose clock goes on by ``TICK`` at each look."""
        if self._still is None:
            import httpx

            from explorer.sandbox.server import create_app

            looks, numbers = itertools.count(), itertools.count(1)
            app = create_app(self.catalog, now=self.now, nonce=lambda size: f"{next(numbers):0{size}d}")
            transport = httpx.ASGITransport(app=app)
            self._still = Client(clock=lambda: next(looks) * TICK, transport=transport)
        return self._still

    async def ready(self, call: Call) -> None:
        """There is nothing to start."""


def still_app(home: Path, catalog: Catalog, theme: str = "explorer-dark") -> ExplorerApp:
    """The app over such a session, in the time zone UTC and in colour whatever the terminal says."""
    for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR"):
        os.environ.pop(name, None)
    os.environ["TZ"] = "UTC"
    if hasattr(time, "tzset"):
        time.tzset()
    environ = {"API_EXPLORER_HOME": str(home)}
    folders = Folders.from_environ(environ)
    session = StillSession(
        catalog=catalog,
        settings=Settings(theme=theme),
        folders=folders,
        vault=Vault(environ, keyring=None),
        environ=environ,
        now=lambda: NOW,
        nonce=lambda size: "still".ljust(size, "-"),
        open_history=lambda: History(folders.data / "history.sqlite3", now=lambda: NOW),
    )
    return ExplorerApp(session)


Scene = Callable[[Driver], Awaitable[None]]


async def play(pilot: Pilot[int], scene: Scene) -> None:
    """Play a scene, and wait until the screen rests: no work goes on but what waits for a dialog."""
    app = pilot.app
    assert isinstance(app, ExplorerApp)
    driver = Driver(app, pilot)
    await driver.until(driver.main.ready.is_set, "the panes")
    await scene(driver)
    before, same = "", 0
    for _ in range(200):
        await pilot.pause(0.12)
        app.clear_notifications()
        dialogs = len(app.screen_stack) - 1 - app.screen_stack.index(driver.main)
        working = [one for one in app.workers if not one.is_finished]
        same = same + 1 if driver.text == before and len(working) <= dialogs else 0
        if same == 2:
            return
        before = driver.text
    raise AssertionError(f"the screen does not come to rest:\n{driver.text}")
