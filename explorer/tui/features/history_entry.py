"""Actions on a history entry: details, note and tags, delete, storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.errors import ExplorerError
from explorer.session.history import annotate_entry
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from explorer.core.model import Exchange
    from explorer.session.replay import Replay

PRUNE_AFTER: Final = 3.0
"""Seconds between the start and pruning the history."""


class HistoryEntryController(Controller):
    """Runs the actions of the history pane."""

    async def panes_ready(self) -> None:
        self.main.screen.set_timer(PRUNE_AFTER, self._prune_history)

    @background(group="prune", description="prune the history")
    async def _prune_history(self) -> None:
        """Apply the retention rules in small steps."""
        from explorer.session.retention import prune_in_background

        await prune_in_background(self.session)

    @background(group="details", description="details")
    async def show_details(self, number: int) -> None:
        """Show the details of an entry."""
        from explorer.session.history import EntryDetails, entry_details

        try:
            details = await entry_details(self.session, number)
        except ExplorerError as error:
            details = EntryDetails("", (), (), (error.message,))
        self.history_panel.show_details(number, details)

    def exchange_shown(self, exchange: Exchange, replay: Replay | None) -> None:
        """Show what changed since the replayed entry. The verdict line already marks the replay."""
        if replay is None:
            return
        lines = [f"Replay of #{exchange.origin}, sent to {exchange.call.environment}."]
        lines += [f"· {change}" for change in (*replay.changes, *replay.notes)]
        if exchange.response is not None:
            lines.append(f"Press c to compare it with #{exchange.origin}.")
        self.response_pane.explain("\n".join(lines))
        self.layout.go("response")

    def do(self, what: str, number: int) -> None:
        """Run the action *what* on an entry."""
        if what == "open":
            self.main.history.show_entry(number)
        elif what in ("again", "exact"):
            self.main.history.replay(number, "exact" if what == "exact" else "again")
        elif what == "form":
            self.main.history.load_into_form(number)
        elif what == "annotate":
            self._annotate(number)
        elif what == "delete":
            self._delete(number)
        elif what == "storage":
            self._storage()

    @background(group="ask", description="note")
    async def _annotate(self, number: int) -> None:
        """Edit the note and the tags of an entry."""
        from explorer.session.history import filter_names
        from explorer.tui.screens.history_annotation import AnnotationDialog

        row = self.history_panel.row
        if row is None or row.id != number:
            return
        try:
            dialog = AnnotationDialog(row, (await filter_names(self.session)).tags)
            changed = await self.app.push_screen_wait(dialog)
            if changed is None:
                return
            note, tags = changed
            before = set(row.tag_names)
            row = await annotate_entry(
                self.session, number, note=note, add=sorted(tags - before), remove=sorted(before - tags)
            )
        except ExplorerError as error:
            self.notify_error(error)
            return
        self.history_panel.show_row(row)
        self.history_panel.offer(await filter_names(self.session))

    @background(group="ask", description="storage")
    async def _storage(self) -> None:
        """Show the storage dialog."""
        from explorer.tui.screens.storage import StorageDialog

        if await self.app.push_screen_wait(StorageDialog(self.session)):
            self.main.history.show()

    @background(group="ask", description="delete")
    async def _delete(self, number: int) -> None:
        """Delete an entry permanently, after a confirmation."""
        from explorer.session.history import delete_entries
        from explorer.tui.screens.dialogs import ConfirmDialog

        row = self.history_panel.row
        if row is None or row.id != number:
            return
        annotated = " It has a note or tags." if row.note or row.tag_names else ""
        text = f"#{number} {row.method} {row.address} and its response are deleted permanently.{annotated}"
        if not await self.app.push_screen_wait(ConfirmDialog("Delete this entry?", text, yes="Delete")):
            return
        try:
            await delete_entries(self.session, [number])
        except ExplorerError as error:
            self.notify_error(error)
        self.main.history.show()
