"""Turn pages, and plan the collection of all of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.session.pages import turn_page
from explorer.tui.drafts import Draft
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from explorer.core.model import Call, Exchange
    from explorer.tui.page_buffer import PageBuffer


class PageController(Controller):
    """From the page that is shown to another."""

    @background(group="turn", description="turn")
    async def turn(self, exchange: Exchange, to: str) -> None:
        real = self.workspace.unredacted(exchange)
        try:
            number = 0 if to else await self._asked_for(real)
            if not to and not number:
                return
            call = await asyncio.to_thread(self._turned, real, to or number)
        except ExplorerError as error:
            self.notify_error(error)
            return
        if call is None:
            self.tell(self._no_page(real, to) if to else f"There is no page {number}.")
            return
        await self._into_form_of(call)
        self.main.sender.send(self.workspace.call(force=call.force))

    def _no_page(self, exchange: Exchange, to: str) -> str:
        page = self.main.response.page_of(exchange)
        if to == "last" and page is not None and page.has_next:
            return "The vendor does not tell which page is the last. A fetches them to the end."
        return f"There is no {to} page."

    def _turned(self, exchange: Exchange, to: str | int) -> Call | None:
        """The call for another page. Where a page did not come, the one before it is known by the call's own number."""
        call = turn_page(self.session, exchange, to)
        if call is None and to == "previous" and exchange.verdict.outcome != "OK":
            from explorer.session.page_route import first_page_number
            from explorer.session.pages import paging_style

            number = first_page_number(paging_style(self.session, exchange.call), exchange.call)
            return turn_page(self.session, exchange, number - 1) if number > 1 else None
        return call

    async def _asked_for(self, exchange: Exchange) -> int:
        """The number of the page that a person wants; 0 for none."""
        from explorer.tui.screens.dialogs import PageNumberDialog

        info = await asyncio.to_thread(self.main.response.page_of, exchange)
        return await self.app.push_screen_wait(PageNumberDialog(info)) or 0

    async def _into_form_of(self, call: Call) -> None:
        """Make the form say what is asked for."""
        draft = Draft(call.entries, dict(call.readings), call.headers, call.extra, call.method)
        self.workspace.open(call.address, draft)
        self.workspace.keep()
        await self.main.form.show()


AT_ONCE = 4
"""Pages under way together, where their number is told."""


class CollectPlanController(Controller):
    """Sends the first page, and asks whether the others are wanted."""

    def action_all_pages(self) -> None:
        """Fetch every page of what is on the desk, after showing what that takes."""
        if not self.opened() or self.main.has_missing_values():
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
            self.tell(f"The pages of {running.address} are still coming. Open it to see or stop them.")
            return
        if not self.main.collection.is_visible(running):
            self.main.collection.show(running)
        self.layout.go("response")

    @background(group="send", description="plan")
    async def _plan(self, call: Call) -> None:
        """Send the first page, and ask whether the others are wanted."""
        from explorer.session.collection import Collector

        if not await self.main.sender.agreed(call):
            return
        from explorer.tui.page_buffer import PageBuffer

        start, note = await asyncio.to_thread(self._start_of, call)
        number = self.main.sender.begin()
        pane, bar = self.response_pane, self.title_bar
        pane.show_sending(time.monotonic())
        bar.state = "the first page, esc cancels"
        self.layout.go("response")
        gathering = PageBuffer(call.address, lambda tell: Collector(self.session, start, at_once=AT_ONCE, tell=tell))
        gathering.shown = lambda: pane.note(gathering.said)
        try:
            gathering.plan = await gathering.collector.plan()
            gathering.said = note
            if self.main.sender.sending == number:
                await self._planned(start, gathering)
        except asyncio.CancelledError:
            if self.main.sender.sending == number and pane.is_mounted:
                pane.show_failure("Cancelled", "You stopped it before the first page was here.", "A plans it again.")
                bar.state = "cancelled"
            raise
        except ExplorerError as error:
            if self.main.sender.sending == number:
                self.main.response.show_error(error)
        finally:
            if self.main.collection.page_buffer is not gathering:
                gathering.close()
            self.main.sender.end(number)

    def _start_of(self, call: Call) -> tuple[Call, str]:
        """The call for the first page, and a remark where it begins at a later one."""
        from explorer.session.page_route import first_page_number
        from explorer.session.pages import paging_style

        last = self.workspace.last.get(call.address)
        if last is not None and (real := self.workspace.unredacted(last)).call == call:
            with contextlib.suppress(ExplorerError):
                return turn_page(self.session, real, "first") or call, ""
        number = first_page_number(paging_style(self.session, call), call)
        return call, f"It begins at page {number}, as the form says." if number > 1 else ""

    async def _planned(self, call: Call, gathering: PageBuffer) -> None:
        """Show the plan; or the answer itself, where it has failed or is all that there is."""
        collector, plan, first = gathering.collector, gathering.plan, gathering.collector.first
        if first is None or plan is None:
            return
        self.workspace.answered(first, call)
        if not collector.has_first_page:
            await self.main.response.show_exchange(first)
            self.response_pane.explain("No page after this was asked for; A tries again.")
        elif plan.calls == 1:
            await self.main.response.show_exchange(first)
            self.response_pane.explain(f"All pages: {plan.text}.")
        else:
            self.main.collection.adopt(gathering)
            self.response_pane.focus_collection()
