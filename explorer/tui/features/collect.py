"""All pages of a call: fetching them, pausing, going on where it stopped."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.core.model import Exchange
    from explorer.session.collection import Collector
    from explorer.tui.features.controller import MainContext
    from explorer.tui.page_buffer import PageBuffer


TICK = 0.25
"""Seconds between two looks at how far it is."""


class CollectController(Controller):
    """One collection at a time. It goes on while another endpoint is looked at, and is shown again with its own."""

    def __init__(self, main: MainContext) -> None:
        self.page_buffer: PageBuffer | None = None
        self._ticker: Timer | None = None
        super().__init__(main)

    @property
    def active(self) -> bool:
        """Whether a collection that is seen is planned or under way, so that escape is for it."""
        one = self.page_buffer
        return one is not None and self.is_seen(one) and one.collector.state in ("new", "running", "paused")

    def is_seen(self, gathering: PageBuffer) -> bool:
        """Return whether that collection is the one on screen."""
        return (
            gathering is self.page_buffer
            and gathering.address == self.workspace.address
            and self.response_pane.collecting
        )

    def start(self) -> None:
        """The plan is agreed to."""
        if self.page_buffer is not None:
            self._fetch(self.page_buffer)

    def go_on(self) -> None:
        """Pages that failed, or are still to come."""
        if self.page_buffer is not None and self.page_buffer.unfinished:
            self.page_buffer.said = ""
            self._fetch(self.page_buffer)
            self.response_pane.focus_collection()

    def retry(self, page: int) -> None:
        """A page that did not come is wanted once more: at once where the others are under way, else by itself."""
        one = self.page_buffer
        if one is None:
            return
        if one.active:
            if one.collector.again(page):
                one.failed.pop(page, None)
                one.said = f"page {page} is asked for again, as you wish"
                self._look(one)
        elif one.unfinished:
            one.said = ""
            self._fetch(one, only=(page,))

    def pause(self) -> None:
        """Hold on, or go on."""
        if self.page_buffer is not None:
            collector = self.page_buffer.collector
            if collector.state == "paused":
                collector.resume()
            else:
                collector.pause()
            self._look(self.page_buffer)

    def cancel_running(self) -> bool:
        if self.active and not self.main.sender.sending:
            self.main.screen.call_later(self._stop_collecting)
            return True
        return False

    async def _stop_collecting(self) -> None:
        one = self.page_buffer
        if one is None:
            return
        if one.active:
            one.collector.cancel()
            self._look(one)
        elif one.collector.state == "new" and one.collector.first is not None:
            first = one.collector.first
            self._discard_buffer()
            await self.main.sender.show_exchange(first)
            self.response_pane.focus_content()

    @background(group="collect", description="fetch all pages")
    async def _fetch(self, gathering: PageBuffer, only: tuple[int, ...] | None = None) -> None:
        collector = gathering.collector
        if self._ticker is None:
            self._ticker = self.main.screen.set_interval(TICK, self._tick)
        self._ticker.resume()
        gathering.failed = {number: why for number, why in gathering.failed.items() if only and number not in only}
        try:
            await self._take_all(gathering, collector, only)
            gathering.said = ""
        except ExplorerError as error:
            gathering.said = f"{error.title}: {error.sentence}"
        finally:
            self._ticker.pause()
        if gathering is self.page_buffer:
            await asyncio.to_thread(gathering.merge)
            self._ended(gathering)

    async def _take_all(self, gathering: PageBuffer, collector: Collector, only: tuple[int, ...] | None) -> None:
        async with contextlib.aclosing(collector.pages(only)) as pages:
            if self.is_seen(gathering) and only is None:
                self.response_pane.grow_collection(gathering.growth(anew=True), gathering.records)
            self._look(gathering)
            async for page in pages:
                gathering.add(page)

    def _tick(self) -> None:
        if self.page_buffer is not None:
            self._look(self.page_buffer)

    def _look(self, gathering: PageBuffer) -> None:
        """Show how far it is, where it is seen."""
        if self.is_seen(gathering):
            now = gathering.collection
            self.response_pane.update_collection(now)
            if now.active:
                self.response_pane.grow_collection(gathering.growth())
            of = f" of {now.of_pages}" if now.of_pages is not None else ""
            words = {"new": "all pages?", "paused": f"paused at {now.pages}{of} pages"}
            self.title_bar.state = words.get(now.state, f"{now.pages}{of} pages, esc stops")

    def _ended(self, gathering: PageBuffer) -> None:
        if self.is_seen(gathering):
            self.show(gathering)
            if gathering.unfinished:
                self.response_pane.focus_collection()
            elif self.layout.pane == "response":
                self.response_pane.focus_content()
        else:
            now = gathering.collection
            self.tell(f"{gathering.address}: {now.summary}. Open it to see them.")
        self.main.sender.ended()

    def adopt(self, gathering: PageBuffer) -> None:
        """Make *gathering* the collection of this screen, and show it."""
        self._discard_buffer()
        self.page_buffer = gathering
        gathering.shown = lambda: self._look(gathering)
        self.show(gathering)

    def show(self, gathering: PageBuffer) -> None:
        """Show a collection: its records so far, and how far it is."""
        exchange = gathering.merged if gathering.merged is not None else gathering.collector.first
        if exchange is not None:
            focused = self.response_pane.collecting and self.response_pane.collection_focused
            self.response_pane.show_collection(exchange, gathering.collection)
            if gathering.active:
                self.response_pane.grow_collection(gathering.growth(anew=True), gathering.records)
            self._look(gathering)
            if not gathering.active and gathering.merged is not None:
                verdict = gathering.collection.verdict
                self.title_bar.state = f"{verdict.outcome}, {gathering.collection.summary}"
            if focused:
                self.response_pane.focus_collection()

    async def show_last_response(self) -> bool:
        gathering = self.page_buffer
        if gathering is None or gathering.address != self.workspace.address:
            return False
        self.show(gathering)
        return True

    def exchange_opening(self, exchange: Exchange) -> None:
        """A single response of the same endpoint takes the place of its collection."""
        if self.page_buffer is not None and self.page_buffer.address == exchange.call.address:
            self._discard_buffer()

    def _discard_buffer(self) -> None:
        one, self.page_buffer = self.page_buffer, None
        if one is not None:
            self.cancel_group("collect")
            one.close()

    def unmounted(self) -> None:
        self._discard_buffer()
