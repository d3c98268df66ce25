"""All pages of a call: the plan, the fetching, the pause, the end, and going on where it stopped.

A ─► first page, plan ─► CollectView ─ enter ─► worker ─► Gathering ─► merged in the Body tab
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from textual import work

from explorer.errors import ExplorerError
from explorer.tui.screens.paging import PagingScreen
from explorer.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.core.exchange import Call, Exchange
    from explorer.session import Session
    from explorer.session.collecting import Collector
    from explorer.tui.gathering import Gathering
    from explorer.tui.widgets.collect_view import CollectView

TICK = 0.25
"""Seconds between two looks at how far it is."""
AT_ONCE = 4
"""Pages under way together, where their number is told."""


class CollectingScreen(PagingScreen):
    """One collection at a time. It goes on while another endpoint is looked at, and is shown again with its own."""

    def __init__(self, session: Session) -> None:
        self._gathering: Gathering | None = None
        self._ticker: Timer | None = None
        super().__init__(session)

    @property
    def collecting(self) -> bool:
        """Whether a collection that is seen is planned or under way, so that escape is for it."""
        one = self._gathering
        return one is not None and self._seen(one) and one.collector.state in ("new", "running", "paused")

    def _seen(self, one: Gathering) -> bool:
        return one is self._gathering and one.address == self.desk.address and self.response_pane.collecting

    # --- the plan ----------------------------------------------------------------------------------------------------

    def action_all_pages(self) -> None:
        """Fetch every page of what is on the desk, after showing what that takes."""
        if not self.desk.address:
            self._app.tell("Open an endpoint first.")
            return
        if self._waits():
            return
        running = self._gathering
        if running is not None and running.active:
            self._show_running(running)
            return
        from explorer.session.pages import paging

        self._keep_draft()
        errors = self._check()
        if paging(self.session, self.desk.call()) is None:
            self._app.tell("The catalog documents no paging for this call. Press F5 to send it.")
        elif errors:
            self._refuse(errors)
        else:
            self._plan(self.desk.call())

    def _show_running(self, running: Gathering) -> None:
        if running.address != self.desk.address:
            self._app.tell(f"The pages of {running.address} are still coming. Open it to see or stop them.")
            return
        if not self._seen(running):
            self._show_gathering(running)
        self._go("response")

    @work(exclusive=True, group="send", exit_on_error=False, description="plan")
    async def _plan(self, call: Call) -> None:
        """Send the first page, and ask whether the others are wanted."""
        if not await self._agreed(call):
            return
        from explorer.tui.gathering import Gathering

        start, note = await asyncio.to_thread(self._start_of, call)
        self._numbers += 1
        number = self.sending = self._numbers
        pane, bar = self.response_pane, self.query_one(TitleBar)
        pane.show_sending(time.monotonic())
        bar.state = "the first page, esc cancels"
        self._go("response")
        gathering = Gathering(call.address, lambda tell: self.session.collect(start, at_once=AT_ONCE, tell=tell))
        gathering.shown = lambda: pane.note(gathering.said)
        try:
            gathering.plan = await gathering.collector.plan()
            gathering.said = note
            if self.sending == number:
                await self._planned(start, gathering)
        except asyncio.CancelledError:
            if self.sending == number and pane.is_mounted:
                pane.show_failure("Cancelled", "You stopped it before the first page was here.", "A plans it again.")
                bar.state = "cancelled"
            raise
        except ExplorerError as error:
            if self.sending == number:
                self._show_error(error)
        finally:
            if self._gathering is not gathering:
                gathering.close()
            if self.sending == number:
                self.sending = 0
                self._after_send()

    def _start_of(self, call: Call) -> tuple[Call, str]:
        """The call for the first page, and a remark where it begins at a later one."""
        from explorer.session.pages import paging
        from explorer.session.route import start_number

        last = self.desk.last.get(call.address)
        if last is not None and (real := self.desk.real(last)).call == call:
            with contextlib.suppress(ExplorerError):
                return self.session.turn(real, "first") or call, ""
        number = start_number(paging(self.session, call), call)
        return call, f"It begins at page {number}, as the form says." if number > 1 else ""

    async def _planned(self, call: Call, gathering: Gathering) -> None:
        """Show the plan; or the answer itself, where it has failed or is all that there is."""
        collector, plan, first = gathering.collector, gathering.plan, gathering.collector.first
        if first is None or plan is None:
            return
        self.desk.answered(first, call)
        if not collector.first_came:
            await self._show_exchange(first)
            self.response_pane.explain("No page after this was asked for; A tries again.")
        elif plan.calls == 1:
            await self._show_exchange(first)
            self.response_pane.explain(f"All pages: {plan.text}.")
        else:
            self._forget_gathering()
            self._gathering = gathering
            gathering.shown = lambda: self._look(gathering)
            self._show_gathering(gathering)
            self.response_pane.focus_collection()

    # --- the pages ---------------------------------------------------------------------------------------------------

    def on_collect_view_start_requested(self) -> None:
        """The plan is agreed to."""
        if self._gathering is not None:
            self._fetch(self._gathering)

    def on_response_pane_go_on_requested(self) -> None:
        """Pages that failed, or are still to come."""
        if self._gathering is not None and self._gathering.unfinished:
            self._gathering.said = ""
            self._fetch(self._gathering)
            self.response_pane.focus_collection()

    def on_collect_view_retry_requested(self, event: CollectView.RetryRequested) -> None:
        """A page that did not come is wanted once more: at once where the others are under way, else by itself."""
        one = self._gathering
        if one is None:
            return
        if one.active:
            if one.collector.again(event.page):
                one.failed.pop(event.page, None)
                one.said = f"page {event.page} is asked for again, as you wish"
                self._look(one)
        elif one.unfinished:
            one.said = ""
            self._fetch(one, only=(event.page,))

    def on_collect_view_pause_requested(self) -> None:
        """Hold on, or go on."""
        if self._gathering is not None:
            collector = self._gathering.collector
            if collector.state == "paused":
                collector.resume()
            else:
                collector.pause()
            self._look(self._gathering)

    def _cancel(self) -> None:
        if self.collecting and not self.sending:
            self.call_later(self._stop_gathering)
        else:
            super()._cancel()

    async def _stop_gathering(self) -> None:
        one = self._gathering
        if one is None:
            return
        if one.active:
            one.collector.cancel()
            self._look(one)
        elif one.collector.state == "new" and one.collector.first is not None:
            first = one.collector.first
            self._forget_gathering()
            await self._show_exchange(first)
            self.response_pane.focus_content()

    @work(exclusive=True, group="collect", exit_on_error=False, description="fetch all pages")
    async def _fetch(self, gathering: Gathering, only: tuple[int, ...] | None = None) -> None:
        collector = gathering.collector
        if self._ticker is None:
            self._ticker = self.set_interval(TICK, self._tick)
        self._ticker.resume()
        gathering.failed = {number: why for number, why in gathering.failed.items() if only and number not in only}
        try:
            await self._take_all(gathering, collector, only)
            gathering.said = ""
        except ExplorerError as error:
            gathering.said = f"{error.title}: {error.message}. {error.hint}"
        finally:
            self._ticker.pause()
        if gathering is self._gathering:
            await asyncio.to_thread(gathering.merge)
            self._ended(gathering)

    async def _take_all(self, gathering: Gathering, collector: Collector, only: tuple[int, ...] | None) -> None:
        async with contextlib.aclosing(collector.pages(only)) as pages:
            if self._seen(gathering) and only is None:
                self.response_pane.grow_collection(gathering.growth(anew=True), gathering.records)
            self._look(gathering)
            async for page in pages:
                gathering.add(page)

    def _tick(self) -> None:
        if self._gathering is not None:
            self._look(self._gathering)

    def _look(self, gathering: Gathering) -> None:
        """Show how far it is, where it is seen."""
        if self._seen(gathering):
            now = gathering.collection
            self.response_pane.update_collection(now)
            if now.active:
                self.response_pane.grow_collection(gathering.growth())
            of = f" of {now.of_pages}" if now.of_pages is not None else ""
            words = {"new": "all pages?", "paused": f"paused at {now.pages}{of} pages"}
            self.query_one(TitleBar).state = words.get(now.state, f"{now.pages}{of} pages, esc stops")

    def _ended(self, gathering: Gathering) -> None:
        if self._seen(gathering):
            self._show_gathering(gathering)
            if gathering.unfinished:
                self.response_pane.focus_collection()
            elif self.pane == "response":
                self.response_pane.focus_content()
        else:
            now = gathering.collection
            self._app.tell(f"{gathering.address}: {now.sums}. Open it to see them.")
        self._after_send()

    # --- showing and forgetting --------------------------------------------------------------------------------------

    def _show_gathering(self, gathering: Gathering) -> None:
        exchange = gathering.merged if gathering.merged is not None else gathering.collector.first
        if exchange is not None:
            focused = self.response_pane.collecting and self.response_pane.collection_focused
            self.response_pane.show_collection(exchange, gathering.collection)
            if gathering.active:
                self.response_pane.grow_collection(gathering.growth(anew=True), gathering.records)
            self._look(gathering)
            if not gathering.active and gathering.merged is not None:
                verdict = gathering.collection.verdict
                self.query_one(TitleBar).state = f"{verdict.outcome}, {gathering.collection.sums}"
            if focused:
                self.response_pane.focus_collection()

    async def _show_last(self) -> None:
        one = self._gathering
        if one is not None and one.address == self.desk.address:
            self._show_gathering(one)
        else:
            await super()._show_last()

    async def _show_exchange(self, exchange: Exchange) -> None:
        """A single answer of the same endpoint takes the place of its collection."""
        if self._gathering is not None and self._gathering.address == exchange.call.address:
            self._forget_gathering()
        await super()._show_exchange(exchange)

    def _forget_gathering(self) -> None:
        one, self._gathering = self._gathering, None
        if one is not None:
            self.workers.cancel_group(self, "collect")
            one.close()

    async def on_unmount(self) -> None:
        """Nothing stays behind."""
        self._forget_gathering()
