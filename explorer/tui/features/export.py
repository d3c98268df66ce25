"""Calls from and to elsewhere: what lies open, was answered or is in the history as text; a curl line into the form."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.session.history import past_exchange
from explorer.tui.drafts import Draft
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from explorer.core.model import Call, Exchange
    from explorer.tui.screens.export import Exportable


class ExportController(Controller):
    """Export and import."""

    @background(group="ask", description="export")
    async def action_export(self) -> None:
        """Export what has the focus: the request as it stands, the answer, or the entry of the history."""
        from explorer.tui.screens.export import ExportDialog

        every = None
        try:
            if self.layout.pane == "history":
                number = self.history_panel.selected
                if number is None:
                    self.tell("There is no entry to be exported.")
                    return
                exchange = await past_exchange(self.session, number)
                one = self._past(f"#{number} {exchange.call.address}", [exchange])
                every = self._every(self.history_panel.search, len(self.history_panel.rows))
            elif self.layout.pane == "response" and self.response_pane.exchange is not None:
                exchange = self.workspace.unredacted(self.response_pane.exchange)
                number = exchange.id
                one = self._past(f"{f'#{number} ' if number else ''}{exchange.call.address}", [exchange])
            elif self.opened():
                self.main.form.keep_draft()
                one = self._standing(self.workspace.call(force=True))
            else:
                return
        except ExplorerError as error:
            self.notify_error(error)
            return
        await self.app.push_screen_wait(ExportDialog(one, every))

    def _standing(self, call: Call) -> Exportable:
        from explorer.session.export import export_call
        from explorer.tui.screens.export import Exportable

        async def make(format_id: str, secrets: bool) -> bytes:
            await self.session.ready(call)
            return await asyncio.to_thread(lambda: export_call(self.session, call, format_id, show_secrets=secrets))

        return Exportable(f"{call.address} as it stands", make, call.endpoint)

    def _past(self, title: str, exchanges: Sequence[Exchange]) -> Exportable:
        from explorer.tui.screens.export import Exportable

        return Exportable(title, self._maker(exchanges), exchanges[0].call.endpoint)

    def _maker(self, exchanges: Sequence[Exchange]) -> Callable[[str, bool], Awaitable[bytes]]:
        from explorer.session.export import export_exchanges

        async def make(format_id: str, secrets: bool) -> bytes:
            return await asyncio.to_thread(
                lambda: export_exchanges(self.session, exchanges, format_id, show_secrets=secrets)
            )

        return make

    def _every(self, search: str, rows: int) -> Exportable | None:
        """An archive of everything that the search finds."""
        from explorer.core.export.formats import archive_formats
        from explorer.session.export import MAX_EXCHANGES, export_exchanges, search_exchanges
        from explorer.tui.screens.export import Exportable

        if rows < 2:
            return None

        async def make(format_id: str, secrets: bool) -> bytes:
            exchanges = await search_exchanges(self.session, search)
            return await asyncio.to_thread(
                lambda: export_exchanges(self.session, exchanges, format_id, show_secrets=secrets)
            )

        title = f"all that {search!r} finds" if search else "the whole history"
        return Exportable(f"{title}, the newest {MAX_EXCHANGES:,} at most", make, "history", archive_formats())

    @background(group="ask", description="import")
    async def action_import(self) -> None:
        """Fill a form with what a curl line asks for."""
        from explorer.tui.screens.import_curl import ImportDialog

        line = await self.app.push_screen_wait(ImportDialog(self.session))
        if line is None:
            return
        call = line.call
        self.workspace.chosen[call.vendor] = call.environment
        draft = Draft(call.entries, dict(call.readings), call.headers, call.extra, call.method)
        await self.main.form.open(call.address, draft).wait()
        told = [
            f"The form holds the curl line, for {call.environment}.",
            *(f"· {one}" for one in line.notes),
        ]
        self.tell("\n".join(told), severity="warning" if line.notes else "information")
