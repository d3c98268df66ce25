"""Turning pages: next, previous, first, last, or one by its number. Each is put into the form and sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.session.pages import turn_page
from explorer.tui.drafts import Draft
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from explorer.core.exchange import Call, Exchange


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
        page = self.main.sender.page_of(exchange)
        if to == "last" and page is not None and page.has_next:
            return "The vendor does not tell which page is the last. A fetches them to the end."
        return f"There is no {to} page."

    def _turned(self, exchange: Exchange, to: str | int) -> Call | None:
        """The call for another page. Where a page did not come, the one before it is known by the call's own number."""
        call = turn_page(self.session, exchange, to)
        if call is None and to == "previous" and exchange.verdict.outcome != "OK":
            from explorer.session.pages import paging_style
            from explorer.session.route import first_page_number

            number = first_page_number(paging_style(self.session, exchange.call), exchange.call)
            return turn_page(self.session, exchange, number - 1) if number > 1 else None
        return call

    async def _asked_for(self, exchange: Exchange) -> int:
        """The number of the page that a person wants; 0 for none."""
        from explorer.tui.screens.page_number import PageNumberDialog

        info = await asyncio.to_thread(self.main.sender.page_of, exchange)
        return await self.app.push_screen_wait(PageNumberDialog(info)) or 0

    async def _into_form_of(self, call: Call) -> None:
        """Make the form say what is asked for."""
        draft = Draft(call.entries, dict(call.readings), call.headers, call.extra, call.method)
        self.workspace.open(call.address, draft)
        self.workspace.keep()
        await self.main.form.show()
