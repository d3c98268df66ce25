"""Saved requests: the form saved under a name, a saved one in the form, files that others change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background
from explorer.tui.saved_form import draft_changes, draft_of, same_draft, same_request

if TYPE_CHECKING:
    from explorer.tui.drafts import Draft
    from explorer.tui.features.controller import MainContext
    from explorer.tui.saved_form import SavedForm
    from explorer.tui.screens.saved import SavedTarget


class SavedFilesController(Controller):
    """Opens saved requests, and sees when others change them."""

    def __init__(self, main: MainContext, saved_form: SavedForm) -> None:
        self.saved_form = saved_form
        super().__init__(main)

    @background(group="saved", description="saved")
    async def action_saved(self) -> None:
        """Show the saved requests."""
        from explorer.tui.screens.saved import SavedScreen

        self.main.form.keep_draft()
        await asyncio.to_thread(self.saved_form.saved.load)
        wanted: SavedTarget | None = await self.app.push_screen_wait(
            SavedScreen(self.saved_form.saved, at=self.workspace.draft.saved)
        )
        if wanted is not None and wanted.number:
            self.main.history.show_entry(wanted.number)
        elif wanted is not None:
            await self.open_saved(wanted.name)
        else:
            self.refresh_file()

    async def open_saved(self, name: str) -> None:
        """Put a saved request into the form, after asking where that would lose what was typed."""
        from explorer.tui.screens.dialogs import ConfirmDialog

        file = self.saved_form.saved.library.files[name]
        request = file.request
        if request is None:
            return
        try:
            self.session.operation(self.saved_form.saved.call(request, self.saved_form.saved.scope))
        except ExplorerError as error:
            self.tell(f"{name}: {error.sentence}", severity="warning")
            return
        draft = draft_of(self.session, file, request)
        now = self.workspace.drafts.get(request.call.address)
        if now and not same_draft(now, draft) and not self._is_kept(now):
            text = f"The form of {request.call.address} holds values that are not saved. They would be let go."
            if not await self.app.push_screen_wait(ConfirmDialog("Open it?", text, yes="Yes, open it")):
                return
        if request.call.environment:
            self.workspace.chosen[request.call.vendor] = request.call.environment
        await self.main.form.open(request.call.address, draft).wait()
        left = {entry.name for entry in request.call.entries} - {entry.name for entry in draft.entries}
        if left:
            names = ", ".join(sorted(left))
            self.tell(f"{names}: the file whose text it takes cannot be read here; type it.", severity="warning")

    def _is_kept(self, draft: Draft) -> bool:
        """Whether a draft is what a file says already."""
        file = self.saved_form.saved.library.files.get(draft.saved) if draft.saved else None
        return (
            file is not None
            and file.request is not None
            and same_draft(draft, draft_of(self.session, file, file.request))
        )

    @background(group="look", description="look")
    async def refresh_file(self) -> None:
        """Show what the file says now, where only the file was changed; say so where the form was, too."""
        if not self.workspace.draft.saved or not self.main.screen.is_current:
            return
        before = self.saved_form.file
        unchanged = (
            before is not None
            and before.request is not None
            and same_request(before.request, self.saved_form.request())
        )
        if not await asyncio.to_thread(self.saved_form.saved.is_stale):
            return
        await asyncio.to_thread(self.saved_form.saved.load)
        file = self.saved_form.file
        if file is None or file.request is None or file.digest == self.workspace.draft.saved_as:
            self.main.form.check()
        elif unchanged:
            self.workspace.keep(**draft_changes(self.session, file, file.request))
            await self.main.form.show()
            self.tell(f"{file.name} was changed on the disk; the form shows it as it is now.")
        else:
            self.main.form.check()
            self.tell(
                f"{file.name} was changed on the disk and in the form; S asks which is to be kept.", severity="warning"
            )
