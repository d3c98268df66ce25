"""Compare two history entries, a response and its origin, or a call under two versions."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.session.history import past_exchange
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from explorer.core.model import Exchange


class CompareController(Controller):
    """Opens the comparison screen."""

    @background(group="ask", description="compare")
    async def compare_entries(self, left: int, right: int) -> None:
        """Compare two history entries."""
        try:
            await self._compare(await past_exchange(self.session, left), await past_exchange(self.session, right))
        except ExplorerError as error:
            self.notify_error(error)

    async def _compare(self, left: Exchange, right: Exchange, note: str = "") -> None:
        from explorer.tui.screens.comparison import ComparingScreen

        await self.app.push_screen(ComparingScreen(self.session, left, right, _titles(left, right), note))

    @background(group="ask", description="compare")
    async def action_compare(self) -> None:
        """Compare the response with the entry it replays, or with the previous entry of the same call."""
        from explorer.session.comparison import previous_entry

        shown = self.response_pane.exchange
        if shown is None:
            self.tell("There is no response to compare.")
            return
        try:
            number = shown.origin or await previous_entry(self.session, shown)
            if not number:
                self.tell("The history has no earlier entry of this call to compare with.")
                return
            await self._compare(await past_exchange(self.session, number), shown)
        except ExplorerError as error:
            self.notify_error(error)

    @background(group="ask", description="lens")
    async def action_lens(self) -> None:
        """Send the call under two versions, and compare the responses."""
        if not self.require_endpoint() or self.main.has_missing_values():
            return
        from explorer.session.experiments import compare_versions, versioned_call
        from explorer.tui.screens.comparison import ComparingScreen
        from explorer.tui.screens.comparison_dialogs import VersionsDialog
        from explorer.tui.screens.dialogs import ConfirmDialog

        self.main.form.keep_draft()
        try:
            versioned = await asyncio.to_thread(versioned_call, self.session, self.workspace.call())
            chosen = await self.app.push_screen_wait(VersionsDialog(versioned))
            if chosen is None:
                return
            if versioned.question and not await self.app.push_screen_wait(
                ConfirmDialog("Send the call twice?", f"{versioned.question}.", yes="Send twice")
            ):
                return
            self.tell(f"Sending {versioned.call.address} under {chosen[0].key} and {chosen[1].key} …")
            comparison = await compare_versions(self.session, versioned, *chosen, agreed=True)
        except ExplorerError as error:
            self.notify_error(error)
            return
        if self.layout.history_open:
            self.main.history.show()
        titles = [f"{variant.key}: {variant.accept or 'no Accept header'}" for variant in comparison.variants]
        screen = ComparingScreen(
            self.session, *comparison.exchanges, (titles[0], titles[1]), "\n".join(comparison.notes)
        )
        await self.app.push_screen(screen)


def _titles(left: Exchange, right: Exchange) -> tuple[str, str]:
    """Return the titles of both sides. What they share appears only in the first."""
    then, now = (time.localtime(exchange.started_at) for exchange in (left, right))
    day = "" if then[:3] == now[:3] else "%Y-%m-%d "
    first = f"{left.call.address} {_number(left)} {time.strftime(f'{day}%H:%M:%S', then)}"
    address = "" if right.call.address == left.call.address else f"{right.call.address} "
    return first, f"{address}{_number(right)} {time.strftime(f'{day}%H:%M:%S', now)}{_replay(right)}"


def _number(exchange: Exchange) -> str:
    return f"#{exchange.id}" if exchange.id else "this response"


def _replay(exchange: Exchange) -> str:
    how = {"exact": "same bytes", "again": "signed again", "form": "from the form"}.get(exchange.replayed, "")
    return f", a replay of #{exchange.origin}{f', {how}' if how else ''}" if exchange.origin else ""
