"""Fetch all pages of a call: start, pause, resume, retry, cancel."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.tui.features.controller import MainContext
    from explorer.tui.page_buffer import PageBuffer


TICK = 0.25
"""Seconds between two updates of the progress."""


class CollectController(Controller):
    """Fetches the pages of one collection, also while another endpoint is open."""

    def __init__(self, main: MainContext) -> None:
        self._ticker: Timer | None = None
        super().__init__(main)

    @property
    def _buffer(self) -> PageBuffer | None:
        return self.main.collection.page_buffer

    def start(self) -> None:
        """Fetch the pages of the confirmed plan."""
        if self._buffer is not None:
            self._fetch(self._buffer)

    def resume(self) -> None:
        """Fetch the pages that failed or are still missing."""
        buffer = self._buffer
        if buffer is not None and buffer.unfinished:
            buffer.message = ""
            self._fetch(buffer)
            self.response_pane.focus_collection()

    def retry(self, page: int) -> None:
        """Fetch a failed page again: with the others while they are running, otherwise alone."""
        buffer = self._buffer
        if buffer is None:
            return
        if buffer.active:
            if buffer.collector.again(page):
                buffer.failed.pop(page, None)
                buffer.message = f"fetching page {page} again"
                self.main.collection.show_progress(buffer)
        elif buffer.unfinished:
            buffer.message = ""
            self._fetch(buffer, only=(page,))

    def pause(self) -> None:
        """Pause or resume."""
        buffer = self._buffer
        if buffer is not None:
            if buffer.collector.state == "paused":
                buffer.collector.resume()
            else:
                buffer.collector.pause()
            self.main.collection.show_progress(buffer)

    def cancel_running(self) -> bool:
        if self.main.collection.active and not self.main.sender.sending:
            self.main.screen.call_later(self._stop)
            return True
        return False

    async def _stop(self) -> None:
        """Stop a running collection; replace one that was only planned with its first page."""
        buffer = self._buffer
        if buffer is None:
            return
        if buffer.active:
            buffer.collector.cancel()
            self.main.collection.show_progress(buffer)
        elif buffer.collector.state == "new" and buffer.collector.first is not None:
            first = buffer.collector.first
            self.main.collection.discard()
            await self.main.response.show_exchange(first)
            self.response_pane.focus_content()

    @background(group="collect", description="fetch all pages")
    async def _fetch(self, buffer: PageBuffer, only: tuple[int, ...] | None = None) -> None:
        if self._ticker is None:
            self._ticker = self.main.screen.set_interval(TICK, self._tick)
        self._ticker.resume()
        buffer.failed = {number: why for number, why in buffer.failed.items() if only and number not in only}
        try:
            await self._take_all(buffer, only)
            buffer.message = ""
        except ExplorerError as error:
            buffer.message = f"{error.title}: {error.sentence}"
        finally:
            self._ticker.pause()
        if buffer is self._buffer:
            await asyncio.to_thread(buffer.merge)
            self._ended(buffer)

    async def _take_all(self, buffer: PageBuffer, only: tuple[int, ...] | None) -> None:
        async with contextlib.aclosing(buffer.collector.pages(only)) as pages:
            if self.main.collection.is_visible(buffer) and only is None:
                self.response_pane.grow_collection(buffer.growth(from_start=True), buffer.records)
            self.main.collection.show_progress(buffer)
            async for page in pages:
                buffer.add(page)

    def _tick(self) -> None:
        if self._buffer is not None:
            self.main.collection.show_progress(self._buffer)

    def _ended(self, buffer: PageBuffer) -> None:
        if self.main.collection.is_visible(buffer):
            self.main.collection.show(buffer)
            if buffer.unfinished:
                self.response_pane.focus_collection()
            elif self.layout.pane == "response":
                self.response_pane.focus_content()
        else:
            self.tell(f"{buffer.address}: {buffer.collection.summary}. Open it to see them.")
        self.main.sender.ended()
