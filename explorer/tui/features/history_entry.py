"""What is done with an entry of the history: details, note and tags, delete; what the history takes."""

from __future__ import annotations

from typing import Final

from explorer.errors import ExplorerError
from explorer.session.history import annotate_entry
from explorer.tui.features.controller import Controller, background

PRUNE_AFTER: Final = 3.0
"""Seconds after the start until the history is looked after."""


class HistoryEntryController(Controller):
    """The keys on a row."""

    async def panes_ready(self) -> None:
        self.main.screen.set_timer(PRUNE_AFTER, self._prune_history)

    @background(group="tend", description="tend the history")
    async def _prune_history(self) -> None:
        """Apply the rules of how much is kept, a little at a time."""
        from explorer.session.retention import prune_in_background

        await prune_in_background(self.session)

    @background(group="details", description="details")
    async def show_details(self, number: int) -> None:
        """What there is to say of an entry."""
        from explorer.session.history import EntryDetails, entry_details

        try:
            found = await entry_details(self.session, number)
        except ExplorerError as error:
            found = EntryDetails("", (), (), (error.message,))
        self.history_panel.show_details(number, found)

    def do(self, what: str, number: int) -> None:
        """Do what a key on a row asks for."""
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
        """Change the note and the tags of an entry."""
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
        """Show what the history takes, and change how much is kept."""
        from explorer.tui.screens.storage import StorageDialog

        if await self.app.push_screen_wait(StorageDialog(self.session)):
            self.main.history.show()

    @background(group="ask", description="delete")
    async def _delete(self, number: int) -> None:
        """Take an entry away for good, after asking."""
        from explorer.session.history import delete_entries
        from explorer.tui.screens.dialogs import ConfirmDialog

        row = self.history_panel.row
        if row is None or row.id != number:
            return
        noted = " It has a note or a tag." if row.note or row.tag_names else ""
        text = f"#{number}, {row.method} {row.address}, goes from the history for good, with what was answered.{noted}"
        if not await self.app.push_screen_wait(ConfirmDialog("Delete this entry?", text, yes="Yes, delete it")):
            return
        try:
            await delete_entries(self.session, [number])
        except ExplorerError as error:
            self.notify_error(error)
        self.main.history.show()
