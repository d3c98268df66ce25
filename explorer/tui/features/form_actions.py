"""Actions on the form: readings, examples, method, files, documents, clear, undo, redo."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from collections.abc import Callable


class FormActionsController(Controller):
    """The actions of the form."""

    @background(group="document", description="document")
    async def read_document(self, vendor_id: str) -> None:
        from explorer.session.documents import find_document

        found = await asyncio.to_thread(find_document, self.session, vendor_id)
        self.request_pane.show_document(vendor_id, found.document, found.said)

    def change_reading(self, key: str, choice: str) -> None:
        """Build the form anew under the other reading; what was typed stays."""
        self.main.form.keep_draft()
        readings = {**self.workspace.draft.readings, key: choice}
        if self.workspace.readings[key].default == choice:
            del readings[key]
        self.workspace.keep(readings=readings)
        self.main.drafts.schedule_save()
        self._reshow(key, unfolded=self.request_pane.readings_open)

    @background(group="open", description="reading")
    async def _reshow(self, key: str, *, unfolded: bool) -> None:
        await self.main.form.show()
        await self.request_pane.focus_reading(key, unfolded=unfolded)

    def change_method(self, method: str) -> None:
        """Another method of the call."""
        self.workspace.keep(method=method)
        self.main.drafts.schedule_save()
        self.main.form.show_title()
        self.main.form.schedule_preview()

    @background(group="file", description="file")
    async def pick_file(self, name: str) -> None:
        """Pick a file and put its path into the field."""
        from explorer.core.model import Entry
        from explorer.tui.screens.file_picker import FilePickerDialog

        path = await self.app.push_screen_wait(FilePickerDialog(title=f"A file for {name}"))
        if path:
            self.session.files.allow_upload(path)
            self.request_pane.fill(name, Entry(name=name, kind="file", value=path))

    async def action_readings(self) -> None:
        """Unfold the readings above the form."""
        if not self.opened():
            return
        if not any(one.changes_request for one in self.workspace.readings.values()):
            self.tell("No reading changes this request.")
            return
        if self.layout.pane != "request":
            self.layout.go("request")
        await self.request_pane.toggle_readings()

    def action_examples(self) -> None:
        """Put examples into required fields that are blank."""
        if not self.opened():
            return
        self.main.form.keep_draft()
        self.workspace.undo.seal(self.workspace.address)
        if not self.request_pane.fill_examples():
            self.tell("No field that is asked for is blank, or the catalog has no example for it.")

    def action_method(self) -> None:
        """The next method of the call."""
        if self.opened():
            methods = self.workspace.operation.endpoint.methods
            now = self.workspace.draft.method or methods[0]
            following = methods[(methods.index(now) + 1) % len(methods)]
            if following == now:
                self.tell(f"{now} is its only method.")
                return
            self.workspace.keep(method=following)
            self.main.drafts.schedule_save()
            self.request_pane.show_method(following)
            self.main.form.show_title()
            self.main.form.schedule_preview()

    def action_copy_url(self) -> None:
        """Copy the URL of the request, secrets masked."""
        url = self.title_bar.place.url
        if self.opened() and url:
            self.app.copy_to_clipboard(url)
            self.tell(f"Copied the URL, {len(url)} characters.")

    @background(group="open", description="discard")
    async def action_discard(self) -> None:
        """Clear the form and its draft, after asking."""
        if not self.opened():
            return
        from explorer.tui.screens.dialogs import ConfirmDialog

        question = f"Clear everything that was typed for {self.workspace.address}?"
        if await self.app.push_screen_wait(ConfirmDialog("Clear the form?", question, yes="Yes, clear it")):
            self.main.form.keep_draft()
            self.workspace.undo.seal(self.workspace.address)
            self.workspace.keep(entries=(), readings={}, headers=(), extra=(), method="", saved="", saved_as="")
            self.workspace.undo.seal(self.workspace.address)
            self.workspace.origins.pop(self.workspace.address, None)
            await self.main.form.show()
            self.request_pane.focus_first_field()
            self.main.drafts.save()


class UndoController(Controller):
    """Puts back what the form held."""

    def action_undo(self) -> None:
        """Put back what the form held before the last change."""
        self._step(forward=False)

    def action_redo(self) -> None:
        """Put back what was undone."""
        self._step(forward=True)

    def _step(self, *, forward: bool) -> None:
        if not self.opened():
            return
        self.main.form.keep_draft()
        if not self.workspace.go_back(forward=forward):
            self.tell("Nothing to redo." if forward else "Nothing to undo.")
            return
        self.main.drafts.schedule_save()
        self._put_back(self.request_pane.focused_field, self.app.type_ahead.hold())

    @background(group="open", description="undo")
    async def _put_back(self, name: str, release: Callable[[], None]) -> None:
        try:
            await self.main.form.show()
            if not (name and self.request_pane.focus_field(name)):
                self.request_pane.focus_first_field()
        finally:
            release()
