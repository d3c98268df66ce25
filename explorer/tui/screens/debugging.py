"""Asking why: how the request is signed, and why a call was refused, each on a screen of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work

from explorer.errors import ExplorerError
from explorer.tui.screens.sharing import SharingScreen

if TYPE_CHECKING:
    from explorer.core.exchange import Exchange


class DebuggingScreen(SharingScreen):
    """What has the focus is what is asked about: a row of the history, the answer, else the form."""

    async def _asked_about(self) -> Exchange | None:
        """The exchange that has the focus; None where it is the form."""
        if self.pane == "history":
            number = self.history_panel.selected
            return await self.session.past(number) if number is not None else None
        return self.response_pane.exchange if self.pane == "response" else None

    @work(exclusive=True, group="explain", exit_on_error=False, description="explain")
    async def action_signature(self) -> None:
        """Open the signature debugger."""
        from explorer.session.explaining import explain_call, explain_exchange

        try:
            exchange = await self._asked_about()
            if exchange is None and not self._opened():
                return
            if exchange is not None:
                explained = await asyncio.to_thread(explain_exchange, self.session, exchange)
            else:
                self._keep_draft()
                explained = await asyncio.to_thread(explain_call, self.session, self.desk.call())
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
            return
        if explained.scheme == "none":
            self._app.tell(f"{explained.call.address} is anonymous: nothing is signed, and no token is sent.")
            return
        from explorer.tui.screens.signature import SignatureScreen

        await self.app.push_screen(SignatureScreen(explained))
