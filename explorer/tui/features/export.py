"""Export the form, a response or history entries as text; import a curl command."""

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
        """Export the focused request, response or history entry."""
        from explorer.tui.screens.export import ExportDialog

        matches = None
        try:
            if self.layout.pane == "history":
                number = self.history_panel.selected
                if number is None:
                    self.tell("There is no entry to export.")
                    return
                exchange = await past_exchange(self.session, number)
                exportable = self._past(f"#{number} {exchange.call.address}", [exchange])
                matches = self._matches(self.history_panel.search, len(self.history_panel.rows))
            elif self.layout.pane == "response" and self.response_pane.exchange is not None:
                exchange = self.workspace.unredacted(self.response_pane.exchange)
                number = exchange.id
                exportable = self._past(f"{f'#{number} ' if number else ''}{exchange.call.address}", [exchange])
            elif self.require_endpoint():
                self.main.form.keep_draft()
                exportable = self._draft(self.workspace.call(force=True))
            else:
                return
        except ExplorerError as error:
            self.notify_error(error)
            return
        await self.app.push_screen_wait(ExportDialog(exportable, matches))

    def _draft(self, call: Call) -> Exportable:
        from explorer.session.export import export_call
        from explorer.tui.screens.export import Exportable

        async def make(format_id: str, secrets: bool) -> bytes:
            await self.session.ready(call)
            return await asyncio.to_thread(lambda: export_call(self.session, call, format_id, show_secrets=secrets))

        return Exportable(f"{call.address} (form)", make, call.endpoint)

    def _past(self, title: str, exchanges: Sequence[Exchange]) -> Exportable:
        from explorer.tui.screens.export import Exportable

        return Exportable(title, self._exporter(exchanges), exchanges[0].call.endpoint)

    def _exporter(self, exchanges: Sequence[Exchange]) -> Callable[[str, bool], Awaitable[bytes]]:
        from explorer.session.export import export_exchanges

        async def make(format_id: str, secrets: bool) -> bytes:
            return await asyncio.to_thread(
                lambda: export_exchanges(self.session, exchanges, format_id, show_secrets=secrets)
            )

        return make

    def _matches(self, search: str, rows: int) -> Exportable | None:
        """Return the export of all entries that match the search, None for fewer than two."""
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

        title = f"all matches of {search!r}" if search else "the whole history"
        return Exportable(f"{title}, newest {MAX_EXCHANGES:,} at most", make, "history", archive_formats())

    @background(group="ask", description="import")
    async def action_import(self) -> None:
        """Fill in the form of a pasted curl command."""
        from explorer.tui.screens.import_curl import ImportDialog

        command = await self.app.push_screen_wait(ImportDialog(self.session))
        if command is None:
            return
        call = command.call
        self.workspace.chosen[call.vendor] = call.environment
        draft = Draft(call.entries, dict(call.readings), call.headers, call.extra, call.method)
        await self.main.form.open(call.address, draft).wait()
        lines = [
            f"Imported the curl command for {call.environment}.",
            *(f"· {note}" for note in command.notes),
        ]
        self.tell("\n".join(lines), severity="warning" if command.notes else "information")
