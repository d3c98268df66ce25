"""Driving the app as a person does: keys, and waiting for what is seen."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING

from textual import events
from textual.widgets import Input

from explorer.tui.app import ExplorerApp
from explorer.tui.main import MainScreen
from explorer.tui.panes.request.field_row import FieldRow
from explorer.tui.panes.tree import EndpointTree
from tests.unseen_frames import draw, draw_unseen, draw_when_looked_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from textual.pilot import Pilot

    from explorer.session.context import SessionContext

SIZES = ((80, 24), (120, 40), (200, 50))


class Driver:
    """The app under test."""

    def __init__(self, app: ExplorerApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def main(self) -> MainScreen:
        """The main screen, whatever is on top of it."""
        return next(one for one in self.app.screen_stack if isinstance(one, MainScreen))

    @property
    def text(self) -> str:
        """What is on the screen, line by line."""
        return "\n".join(strip.text.rstrip() for strip in draw(self.app))

    async def keys(self, *keys: str) -> None:
        """Press keys one after the other."""
        draw_unseen(self.app)
        await self.pilot.press(*keys)

    async def write(self, text: str) -> None:
        """Put a text in at the cursor, as a terminal's paste does."""
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def until(
        self, condition: Callable[[], object], what: str, seconds: float = 30.0, every: float = 0.01
    ) -> None:
        """Wait until *condition* holds, looking after each *every* seconds; fail with what is on the screen."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s for {what}; the screen:\n{self.text}")
            await asyncio.sleep(every)

    async def see(self, words: str, seconds: float = 30.0) -> None:
        """Wait until *words* are on the screen. A look at the whole of it takes as long as a frame of the app."""
        await self.until(lambda: words in self.text, repr(words), seconds, every=0.03)

    async def says(self, key: str, words: str) -> None:
        """Press a key that is answered with a message of its own, which is gone afterwards."""
        self.app.clear_notifications()
        await self.until(lambda: words not in self.text, f"no {words!r} before {key}")
        await self.keys(key)
        await self.until(lambda: words in self.text, f"{words!r} after {key}")

    async def at_every_size(self) -> AsyncIterator[tuple[int, int]]:
        """Make the terminal each of the sizes in turn, and yield it once the screen has its layout there."""
        for size in SIZES:
            await self.pilot.resize_terminal(*size)
            await self.until(lambda size=size: self.app.screen.size == size, f"the size {size}")  # type: ignore[misc]
            await self.pilot.pause()
            yield size

    async def open(self, address: str) -> None:
        """Open an endpoint by typing its address into the filter."""
        self.main.action_filter()
        self.main.query_one("#tree").query_one(Input).value = ""
        await self.write(address)
        await self.keys("enter")
        await self.until(lambda: self.main.panes.request_pane.address == address, f"the form of {address}")
        await self.until(lambda: self.main.panes.pane == "request", "the request pane")

    async def point_at(self, address: str) -> None:
        """Unfold the tree down to an endpoint and put its cursor there."""
        vendor_id, _, endpoint_id = address.partition(".")
        tree = self.main.query_one(EndpointTree).listing
        vendor = next(node for node in tree.root.children if node.data and node.data.vendor.id == vendor_id)
        endpoint = self.app.session.catalog.vendors[vendor_id].endpoints[endpoint_id]
        group = next(node for node in vendor.children if str(node.label) == endpoint.group)
        group.expand()
        await self.until(lambda: bool(group.children), "the endpoints of the group")
        leaf = next(node for node in group.children if str(node.label) == endpoint.title)
        await self.until(lambda: leaf.line >= 0, "the line of the endpoint")
        tree.move_cursor(leaf)

    def rows(self) -> dict[str, FieldRow]:
        """The fields of the form, by name."""
        return {row.field_name: row for row in self.main.query(FieldRow)}

    @property
    def url(self) -> str:
        """The URL in the title."""
        from explorer.tui.panes.title_bar import TitleBar

        return self.main.query_one(TitleBar).place.url


@asynccontextmanager
async def driven(session: SessionContext, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Driver]:
    """The app, running in a terminal of that size."""
    app = ExplorerApp(session)
    app.clock = count().__next__  # a second later at each look: no dialog is new when a key comes
    draw_when_looked_at(app)
    async with app.run_test(size=size, notifications=True) as pilot:
        driver = Driver(app, pilot)
        await driver.until(driver.main.ready.is_set, "the panes")
        yield driver
        draw_unseen(app)
