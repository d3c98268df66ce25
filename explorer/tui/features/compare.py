"""What differs: two entries of the history, a response and the one it is a replay of, a call under two versions."""

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
    """Comparing, from wherever one is."""

    @background(group="ask", description="compare")
    async def compare_entries(self, left: int, right: int) -> None:
        try:
            await self._compare(await past_exchange(self.session, left), await past_exchange(self.session, right))
        except ExplorerError as error:
            self.notify_error(error)

    async def _compare(self, left: Exchange, right: Exchange, note: str = "") -> None:
        from explorer.tui.screens.comparison import ComparingScreen

        await self.app.push_screen(ComparingScreen(self.session, left, right, _titles(left, right), note))

    @background(group="ask", description="compare")
    async def action_compare(self) -> None:
        """Compare the answer with the entry that it is a replay of, or with the last one of the same call before it."""
        from explorer.session.comparison import previous_entry

        shown = self.response_pane.exchange
        if shown is None:
            self.tell("There is no answer to be compared.")
            return
        try:
            number = shown.origin or await previous_entry(self.session, shown)
            if not number:
                self.tell("Nothing of this call is in the history that this answer could be compared with.")
                return
            await self._compare(await past_exchange(self.session, number), shown)
        except ExplorerError as error:
            self.notify_error(error)

    @background(group="ask", description="lens")
    async def action_lens(self) -> None:
        """Send the call under two versions, and compare the answers."""
        if not self.opened() or self.main.has_missing_values():
            return
        from explorer.session.experiments import compare_versions, versioned_call
        from explorer.tui.screens.comparison import ComparingScreen
        from explorer.tui.screens.comparison_dialogs import VersionsDialog
        from explorer.tui.screens.dialogs import ConfirmDialog

        self.main.form.keep_draft()
        try:
            through = await asyncio.to_thread(versioned_call, self.session, self.workspace.call())
            chosen = await self.app.push_screen_wait(VersionsDialog(through))
            if chosen is None:
                return
            if through.question and not await self.app.push_screen_wait(
                ConfirmDialog("Send it twice?", f"{through.question}.", yes="Yes, send it twice")
            ):
                return
            self.tell(f"Sending {through.call.address} under {chosen[0].key} and {chosen[1].key} …")
            seen = await compare_versions(self.session, through, *chosen, agreed=True)
        except ExplorerError as error:
            self.notify_error(error)
            return
        if self.layout.history_open:
            self.main.history.show()
        titles = [f"{one.key}: {one.accept or 'no Accept header'}" for one in seen.variants]
        screen = ComparingScreen(self.session, *seen.exchanges, (titles[0], titles[1]), "\n".join(seen.notes))
        await self.app.push_screen(screen)


def _titles(left: Exchange, right: Exchange) -> tuple[str, str]:
    """What the two are; what holds for both is said once."""
    then, now = (time.localtime(one.started_at) for one in (left, right))
    day = "" if then[:3] == now[:3] else "%Y-%m-%d "
    first = f"{left.call.address} {_number(left)} {time.strftime(f'{day}%H:%M:%S', then)}"
    address = "" if right.call.address == left.call.address else f"{right.call.address} "
    return first, f"{address}{_number(right)} {time.strftime(f'{day}%H:%M:%S', now)}{_replay(right)}"


def _number(exchange: Exchange) -> str:
    return f"#{exchange.id}" if exchange.id else "this answer"


def _replay(exchange: Exchange) -> str:
    how = {"exact": "the same bytes", "again": "signed anew", "form": "from the form"}.get(exchange.replayed, "")
    return f", a replay of #{exchange.origin}{f', {how}' if how else ''}" if exchange.origin else ""
