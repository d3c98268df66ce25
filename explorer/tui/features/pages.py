"""Turn pages, and plan the collection of all pages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from explorer.errors import Cancelled, ExplorerError
from explorer.session.pages import turn_page
from explorer.tui.drafts import Draft
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from explorer.core.model import Call, Exchange
    from explorer.tui.page_buffer import PageBuffer


class PageController(Controller):
    """Fetches another page of the shown response."""

    @background(group="turn", description="turn")
    async def turn(self, exchange: Exchange, to: str) -> None:
        """Fetch the page *to* (first, previous, next, last); if it is empty, ask for a page number."""
        unredacted = self.workspace.unredacted(exchange)
        try:
            number = 0 if to else await self._requested_number(unredacted)
            if not to and not number:
                return
            call = await asyncio.to_thread(self._turned, unredacted, to or number)
        except ExplorerError as error:
            self.notify_error(error)
            return
        if call is None:
            self.tell(self._no_page(unredacted, to) if to else f"There is no page {number}.")
            return
        await self._load_into_form(call)
        self.main.sender.send(self.workspace.call(force=call.force))

    def _no_page(self, exchange: Exchange, to: str) -> str:
        page = self.main.response.page_of(exchange)
        if to == "last" and page is not None and page.has_next:
            return "The vendor does not report the last page. Press A to fetch all pages."
        return f"There is no {to} page."

    def _turned(self, exchange: Exchange, to: str | int) -> Call | None:
        """Return the call for another page. After a failed page, its own number determines the previous one."""
        call = turn_page(self.session, exchange, to)
        if call is None and to == "previous" and exchange.verdict.outcome != "OK":
            from explorer.session.page_route import first_page_number
            from explorer.session.pages import paging_style

            number = first_page_number(paging_style(self.session, exchange.call), exchange.call)
            return turn_page(self.session, exchange, number - 1) if number > 1 else None
        return call

    async def _requested_number(self, exchange: Exchange) -> int:
        """Return the page number that the user enters, 0 for none."""
        from explorer.tui.screens.dialogs import PageNumberDialog

        info = await asyncio.to_thread(self.main.response.page_of, exchange)
        return await self.app.push_screen_wait(PageNumberDialog(info)) or 0

    async def _load_into_form(self, call: Call) -> None:
        """Load *call* into the form."""
        draft = Draft(call.entries, dict(call.readings), call.headers, call.extra, call.method)
        self.workspace.open(call.address, draft)
        self.workspace.keep()
        await self.main.form.show()


AT_ONCE = 4
"""Pages fetched concurrently if the number of pages is known."""


class CollectPlanController(Controller):
    """Fetches the first page, and asks whether to fetch the others."""

    def action_all_pages(self) -> None:
        """Fetch every page of the call, after showing the plan."""
        if not self.require_endpoint() or self.main.has_missing_values():
            return
        running = self.main.collection.page_buffer
        if running is not None and running.active:
            self._show_running(running)
            return
        from explorer.session.pages import paging_style

        self.main.form.keep_draft()
        errors = self.main.form.check()
        if paging_style(self.session, self.workspace.call()) is None:
            self.tell("The catalog documents no paging for this call. Press F5 to send it.")
        elif errors:
            self.main.sender.refuse(errors)
        else:
            self._plan(self.workspace.call())

    def _show_running(self, running: PageBuffer) -> None:
        if running.address != self.workspace.address:
            self.tell(f"Still fetching the pages of {running.address}. Open it to see or stop them.")
            return
        if not self.main.collection.is_visible(running):
            self.main.collection.show(running)
        self.layout.go("response")

    @background(group="send", description="plan")
    async def _plan(self, call: Call) -> None:
        """Fetch the first page, and ask whether to fetch the others."""
        from explorer.session.collection import Collector

        if not await self.main.sender.confirm(call):
            return
        from explorer.tui.page_buffer import PageBuffer

        start, note = await asyncio.to_thread(self._start_of, call)
        number = self.main.sender.begin()
        pane, bar = self.response_pane, self.title_bar
        pane.show_sending(time.monotonic())
        bar.state = "fetching the first page, esc cancels"
        self.layout.go("response")
        buffer = PageBuffer(call.address, lambda tell: Collector(self.session, start, at_once=AT_ONCE, tell=tell))
        buffer.shown = lambda: pane.note(buffer.message)
        try:
            buffer.plan = await buffer.collector.plan()
            buffer.message = note
            if self.main.sender.sending == number:
                await self._planned(start, buffer)
        except asyncio.CancelledError:
            if self.main.sender.sending == number and pane.is_mounted:
                pane.show_failure(
                    Cancelled.title, "You stopped the request before the first page arrived.", "Press A to try again."
                )
                bar.state = "canceled"
            raise
        except ExplorerError as error:
            if self.main.sender.sending == number:
                self.main.response.show_error(error)
        finally:
            if self.main.collection.page_buffer is not buffer:
                buffer.close()
            self.main.sender.end(number)

    def _start_of(self, call: Call) -> tuple[Call, str]:
        """Return the call for the first page, and a note if it starts at a later one."""
        from explorer.session.page_route import first_page_number
        from explorer.session.pages import paging_style

        last = self.workspace.last.get(call.address)
        if last is not None and (unredacted := self.workspace.unredacted(last)).call == call:
            with contextlib.suppress(ExplorerError):
                return turn_page(self.session, unredacted, "first") or call, ""
        number = first_page_number(paging_style(self.session, call), call)
        return call, f"Starts at page {number}, as set in the form." if number > 1 else ""

    async def _planned(self, call: Call, buffer: PageBuffer) -> None:
        """Show the plan, or the response itself if it failed or is the only page."""
        collector, plan, first = buffer.collector, buffer.plan, buffer.collector.first
        if first is None or plan is None:
            return
        self.workspace.remember_exchange(first, call)
        if not collector.has_first_page:
            await self.main.response.show_exchange(first)
            self.response_pane.explain("No further page was fetched. Press A to try again.")
        elif plan.calls == 1:
            await self.main.response.show_exchange(first)
            self.response_pane.explain(f"All pages: {plan.text}.")
        else:
            self.main.collection.adopt(buffer)
            self.response_pane.focus_collection()
