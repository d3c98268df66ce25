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

from explorer.client import Client
from explorer.credentials import Vault
from explorer.history import History
from explorer.session import Session
from explorer.settings import Folders, Settings
from explorer.tui.app import ExplorerApp
from explorer.tui.widgets.endpoint_tree import EndpointTree
from tests.tui.driving import Driver

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from explorer.core.catalog import Catalog
    from explorer.core.exchange import Call

NOW = 1_767_225_600.0
"""2026-01-01 00:00:00 UTC."""
TICK = 0.004
"""Seconds between two looks at the clock of a transfer."""


@dataclass
class StillSession(Session):
    """A session whose sandbox answers in this process, under an address that never changes."""

    _still: Client | None = field(default=None)

    def http(self) -> Client:
        """A client whose only server is the sandbox, and whose clock goes on by ``TICK`` at each look."""
        if self._still is None:
            import httpx

            from explorer.sandbox.app import create_app

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
    """Play a scene, and wait until the screen has come to rest."""
    app = pilot.app
    assert isinstance(app, ExplorerApp)
    driver = Driver(app, pilot)
    await driver.until(driver.main._furnished.is_set, "the panes")
    await scene(driver)
    before = ""
    for _ in range(100):
        await app.workers.wait_for_complete()
        await pilot.pause(0.12)
        app.clear_notifications()
        if driver.text == before and not [one for one in app.workers if not one.is_finished]:
            return
        before = driver.text
    raise AssertionError(f"the screen does not come to rest:\n{driver.text}")


# --- scenes ----------------------------------------------------------------------------------------------------------


async def start(app: Driver) -> None:
    """Nothing is open yet."""
    await app.see("XSellCast")


async def form_with_errors(app: Driver) -> None:
    """Something wrong and much missing; nothing was sent."""
    await app.open("cottoncart.order_calculate")
    await app.keys(*"many", "enter", "f5")
    await app.until(lambda: app.rows()["item1_product_id"].wanting, "the error")


async def answered(app: Driver) -> None:
    """A signed call and its answer, judged."""
    await app.main.open("cottoncart.order_calculate").wait()
    app.main.query_one(EndpointTree).point_at("cottoncart.order_calculate")
    await app.keys("escape", "x")
    await app.until(lambda: "item1_product_id=16001" in app.url and "auth_sig=" in app.url, "the signed URL")
    await app.keys("f5")
    await app.see("✓ OK · 200 OK")
    if app.main.narrow:
        await app.see('"success": true')
    else:
        await app.keys("2")
        await app.until(lambda: app.main.pane == "request", "the request pane")


async def docs(app: Driver) -> None:
    """What the document says of a call."""
    await app.open("cottoncart.order_calculate")
    await app.keys("escape", "left")
    await app.until(lambda: app.main.request_pane.tab == "docs", "the documentation")


async def history(app: Driver) -> None:
    """Calls of two vendors in the history."""
    await answered(app)
    await app.main.open("endlessaisles.products_list").wait()
    await app.keys("escape", "f5")
    await app.until(lambda: "endlessaisles.products_list" in app.main.desk.last, "the answer")
    await app.keys("4")
    await app.until(lambda: app.main.pane == "history", "the history")
    await app.until(lambda: len(app.main.history_panel.rows) == 2, "two rows")


async def help_screen(app: Driver) -> None:
    """What the keys do here."""
    await app.open("cottoncart.order_calculate")
    await app.keys("f1")
    await app.until(lambda: len(app.app.screen_stack) > 1, "the help")


SCENES: dict[str, Scene] = {
    "start": start,
    "form": form_with_errors,
    "answered": answered,
    "docs": docs,
    "history": history,
    "help": help_screen,
}
