"""Show a single response, or why there is none."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from explorer.core.checkpoint import Interrupted, stop_when
from explorer.errors import Cancelled, CredentialMissing, ExplorerError, FormError
from explorer.session.pages import page_info
from explorer.session.prepare import effect_of, redact
from explorer.tui.features.controller import Controller
from explorer.tui.key_reasons import PANES

if TYPE_CHECKING:
    from explorer.core.model import Call, Exchange
    from explorer.core.paging import PageInfo
    from explorer.tui.actions import Action

_PAGE_INFO_TIMEOUT: Final = 1.0
"""Seconds allowed for finding the page in a response. The body was already parsed once for its verdict."""


class ResponseController(Controller):
    """Shows exchanges and errors in the response pane."""

    def unavailable(self, action: Action) -> str:
        if PANES.get(action.scope) == "response":
            return self.response_pane.unavailable(action.run)
        return ""

    async def show_last_response(self) -> bool:
        last = self.workspace.last.get(self.workspace.address)
        if last is not None:
            await self.show_exchange(last)
            if last.call.environment != self.workspace.environment:
                self.title_bar.state = ""
        return last is not None

    async def show_exchange(self, exchange: Exchange) -> None:
        """Show a single response."""
        for controller in self.main.controllers:
            controller.exchange_opening(exchange)
        page: PageInfo | None = await asyncio.to_thread(self.page_of, exchange)
        self.response_pane.show_exchange(exchange, page, writes=self._writes(exchange))
        self.title_bar.state = _state_of(exchange)

    def _writes(self, exchange: Exchange) -> bool:
        """Return whether the call changes data at the vendor."""
        try:
            return effect_of(self.session, exchange.call) not in ("read", "session")
        except ExplorerError:
            return exchange.request.method not in ("GET", "HEAD")

    def page_of(self, exchange: Exchange) -> PageInfo | None:
        """Return the page information of a response, None if parsing its body again takes too long."""
        deadline = time.monotonic() + _PAGE_INFO_TIMEOUT
        try:
            with stop_when(lambda: time.monotonic() > deadline):
                return page_info(self.session, exchange)
        except (ExplorerError, Interrupted):
            return None

    async def show_stopped(self, exchange: Exchange | None, call: Call) -> None:
        """Show the partial response of a canceled send, if any of it arrived."""
        if exchange is None or exchange.response is None:
            self.response_pane.show_failure(
                Cancelled.title,
                "You stopped the request before the response was complete.",
                "Press F5 to send it again.",
            )
        else:
            redacted = await asyncio.to_thread(redact, self.session, exchange)
            self.workspace.remember_exchange(redacted, call)
            await self.show_exchange(redacted)
        self.title_bar.state = "canceled"

    def show_error(self, error: ExplorerError) -> None:
        """Show why there is no response."""
        hint = error.hint
        if isinstance(error, CredentialMissing):
            hint = f"Press K to enter it. {hint}"
        elif isinstance(error, FormError):
            hint = "Fix the fields. To send anyway, press ! outside a field."
        self.response_pane.show_failure(error.title, error.message, hint)
        self.title_bar.state = error.title


def _state_of(exchange: Exchange) -> str:
    if exchange.response is None:
        return exchange.failure.title if exchange.failure else ""
    return f"{exchange.verdict.outcome} {exchange.response.status} {exchange.response.reason}".strip()
