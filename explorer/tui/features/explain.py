"""Show how a request is signed, and why a call was refused."""

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
"""Fixes made in the form, which must contain what was sent."""


class ExplainController(Controller):
    """Explains the history row, the response or the form, depending on the focus."""

    async def _focused_exchange(self) -> Exchange | None:
        """Return the exchange with the focus, None for the form."""
        if self.layout.pane == "history":
            number = self.history_panel.selected
            return await past_exchange(self.session, number) if number is not None else None
        return self.response_pane.exchange if self.layout.pane == "response" else None

    @background(group="explain", description="explain")
    async def action_signature(self) -> None:
        """Open the signature debugger."""
        try:
            exchange = await self._focused_exchange()
        except ExplorerError as error:
            self.notify_error(error)
            return
        await self._debug(exchange)

    async def _debug(self, exchange: Exchange | None) -> None:
        from explorer.session.explain import explain_call, explain_exchange

        if exchange is None and not self.require_endpoint():
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
            self.tell(f"{explained.call.address} uses no authentication: no signature and no token.")
            return
        from explorer.tui.screens.signature import SignatureScreen

        await self.app.push_screen(SignatureScreen(explained))

    @background(group="explain", description="explain")
    async def action_why(self) -> None:
        """Explain why the call was refused, and apply the chosen fix."""
        from explorer.session.explain import explain_refused, was_refused
        from explorer.tui.screens.refusal import RefusalScreen

        recalled = self.layout.pane == "history"
        try:
            exchange = await self._focused_exchange() or await self._last_form_response()
            if exchange is None:
                self.tell("Nothing to explain: there is no response yet. Press F5 to send.")
                return
            if not was_refused(exchange):
                self.tell(
                    "Nothing to explain: this call was not refused. Press W on a refused response or history entry."
                )
                return
            explanation = await explain_refused(self.session, exchange)
        except ExplorerError as error:
            self.notify_error(error)
            return
        chosen = await self.app.push_screen_wait(RefusalScreen(exchange, explanation))
        if chosen is not None:
            await self._fix(exchange, *chosen, recalled=recalled)

    async def _last_form_response(self) -> Exchange | None:
        """Return the latest history entry of the open endpoint, including a call without a response because a token was
        missing."""
        if not self.workspace.address:
            return None
        rows = await recent_entries(self.session, limit=1, text=f"endpoint:{self.workspace.address}")
        return await past_exchange(self.session, rows[0].id) if rows else None

    async def _fix(self, exchange: Exchange, fix: Fix, where: str, *, recalled: bool) -> None:
        """Apply a fix, with the call loaded into the form if necessary."""
        call = exchange.call
        if fix == "signature":
            await self._debug(exchange)
            return
        if fix == "again" and recalled:
            self.main.history.replay(exchange.id, "again")
            return
        if fix in _FORM_FIXES and recalled and exchange.id:
            await self.main.history.load_into_form(exchange.id).wait()
        elif call.address != self.workspace.address:
            await self.main.form.open(call.address).wait()
        self.layout.go("request")
        if fix == "field":
            if not where or not self.request_pane.focus_field(where):
                self.tell(f"The form has no field {where}." if where else "The refusal names no field of the form.")
        elif fix == "headers":
            self.request_pane.open_tab("headers")
        else:
            await self.main.screen.run_action("send" if fix == "again" else fix)

    def action_doctor(self) -> None:
        """Check the vendor of the open endpoint, in its current environment."""
        if not self.require_endpoint():
            return
        from explorer.tui.screens.doctor import DoctorScreen

        self.app.push_screen(DoctorScreen(self.session, self.workspace.vendor_id, self.workspace.environment))
