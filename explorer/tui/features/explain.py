"""How the request is signed, and why a call was refused, each on a screen of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.session.history import past_exchange, recent_entries
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from explorer.core.explain.refusals.facts import Fix
    from explorer.core.model import Exchange


_FORM_FIXES = ("field", "headers", "readings", "method")
"""What is mended in the form, which has to hold what was sent."""


class ExplainController(Controller):
    """The focus decides what is explained: a row of the history, the response, else the form."""

    async def _asked_about(self) -> Exchange | None:
        """The exchange that has the focus; None where it is the form."""
        if self.layout.pane == "history":
            number = self.history_panel.selected
            return await past_exchange(self.session, number) if number is not None else None
        return self.response_pane.exchange if self.layout.pane == "response" else None

    @background(group="explain", description="explain")
    async def action_signature(self) -> None:
        """Open the signature debugger."""
        try:
            exchange = await self._asked_about()
        except ExplorerError as error:
            self.notify_error(error)
            return
        await self._debug(exchange)

    async def _debug(self, exchange: Exchange | None) -> None:
        from explorer.session.explain import explain_call, explain_exchange

        if exchange is None and not self.opened():
            return
        try:
            if exchange is not None:
                explained = await asyncio.to_thread(explain_exchange, self.session, exchange)
            else:
                self.main.form.keep_draft()
                explained = await asyncio.to_thread(explain_call, self.session, self.workspace.call())
        except ExplorerError as error:
            self.notify_error(error)
            return
        if explained.scheme == "none":
            self.tell(f"{explained.call.address} is anonymous: nothing is signed, and no token is sent.")
            return
        from explorer.tui.screens.signature import SignatureScreen

        await self.app.push_screen(SignatureScreen(explained))

    @background(group="explain", description="explain")
    async def action_why(self) -> None:
        """Explain why the call was refused, and do what is chosen about it."""
        from explorer.session.explain import explain_refused, was_refused
        from explorer.tui.screens.refusal import RefusalScreen

        recalled = self.layout.pane == "history"
        try:
            exchange = await self._asked_about() or await self._last_form_response()
            if exchange is None or not was_refused(exchange):
                self.tell("Nothing was refused here. On an answer or a row that was, W tells why.")
                return
            explanation = await explain_refused(self.session, exchange)
        except ExplorerError as error:
            self.notify_error(error)
            return
        chosen = await self.app.push_screen_wait(RefusalScreen(exchange, explanation))
        if chosen is not None:
            await self._fix(exchange, *chosen, recalled=recalled)

    async def _last_form_response(self) -> Exchange | None:
        """What came of the open endpoint last: also a call that no token was given for, which has no answer to show."""
        if not self.workspace.address:
            return None
        rows = await recent_entries(self.session, limit=1, text=f"endpoint:{self.workspace.address}")
        return await past_exchange(self.session, rows[0].id) if rows else None

    async def _fix(self, exchange: Exchange, mend: Fix, where: str, *, recalled: bool) -> None:
        """Do what mends it, with the call on the desk."""
        call = exchange.call
        if mend == "signature":
            await self._debug(exchange)
            return
        if mend == "again" and recalled:
            self.main.history.replay(exchange.id, "again")
            return
        if mend in _FORM_FIXES and recalled and exchange.id:
            await self.main.history.load_into_form(exchange.id).wait()
        elif call.address != self.workspace.address:
            await self.main.form.open(call.address).wait()
        self.layout.go("request")
        if mend == "field":
            if not where or not self.request_pane.focus_field(where):
                self.tell(f"The form has no field {where}." if where else "No field of the form is named.")
        elif mend == "headers":
            self.request_pane.open_tab("headers")
        else:
            await self.main.screen.run_action("send" if mend == "again" else mend)

    def action_doctor(self) -> None:
        """Look over the vendor of the open endpoint, in the environment that its calls go to."""
        if not self.opened():
            return
        from explorer.tui.screens.doctor import DoctorScreen

        self.app.push_screen(DoctorScreen(self.session, self.workspace.vendor_id, self.workspace.environment))
