"""Actions on the form: readings, examples, method, files, docs, clear, undo and redo."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from explorer.tui.features.controller import Controller, background
from explorer.tui.key_reasons import PANES

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.tui.actions import Action


_REASONS: Final = {
    "other_value": "this field has no choices. Type its value.",
    "remove_item": "the focus is not in an item of a list.",
}
"""Action → why it is not possible in the focused field."""


class FormActionsController(Controller):
    """Changes the open form."""

    def unavailable(self, action: Action) -> str:
        if PANES.get(action.scope) in ("request", "response") and not self.workspace.address:
            return "open an endpoint first."
        return _REASONS.get(action.id, "") if self.request_pane.has_form_focus else ""

    @background(group="document", description="document")
    async def read_document(self, vendor_id: str) -> None:
        """Find the vendor's document and show it on the Docs tab."""
        from explorer.session.documents import find_document

        source = await asyncio.to_thread(find_document, self.session, vendor_id)
        self.request_pane.show_document(vendor_id, source.document, source.said)

    def change_reading(self, key: str, choice: str) -> None:
        """Rebuild the form under another reading, keeping what was entered."""
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
        """Switch to another method of the call."""
        self.workspace.keep(method=method)
        self.main.drafts.schedule_save()
        self.main.form.show_title()
        self.main.form.schedule_preview()

    @background(group="file", description="file")
    async def pick_file(self, name: str) -> None:
        """Let the user pick a file, and put its path into the field."""
        from explorer.core.model import Entry
        from explorer.tui.screens.file_picker import FilePickerDialog

        path = await self.app.push_screen_wait(FilePickerDialog(title=f"Choose a file for {name}"))
        if path:
            self.session.files.allow_upload(path)
            self.request_pane.fill(name, Entry(name=name, kind="file", value=path))

    async def action_readings(self) -> None:
        """Expand or collapse the readings above the form."""
        if not self.require_endpoint():
            return
        if not any(reading.changes_request for reading in self.workspace.readings.values()):
            self.tell("No ambiguity affects this request.")
            return
        if self.layout.pane != "request":
            self.layout.go("request")
        await self.request_pane.toggle_readings()

    def action_examples(self) -> None:
        """Fill empty required fields with examples."""
        if not self.require_endpoint():
            return
        self.main.form.keep_draft()
        self.workspace.undo.seal(self.workspace.address)
        if not self.request_pane.fill_examples():
            self.tell("No example to fill in: no required field is empty, or the catalog has no example for it.")

    def action_method(self) -> None:
        """Switch to the next method of the call."""
        if self.require_endpoint():
            methods = self.workspace.operation.endpoint.methods
            method = self.workspace.draft.method or methods[0]
            following = methods[(methods.index(method) + 1) % len(methods)]
            if following == method:
                self.tell(f"This call has only one method: {method}.")
                return
            self.workspace.keep(method=following)
            self.main.drafts.schedule_save()
            self.request_pane.show_method(following)
            self.main.form.show_title()
            self.main.form.schedule_preview()

    def action_copy_url(self) -> None:
        """Copy the URL of the request, with secrets masked."""
        url = self.title_bar.place.url
        if self.require_endpoint() and url:
            self.app.copy_to_clipboard(url)
            self.tell(f"Copied the URL, {len(url)} characters.")

    @background(group="open", description="discard")
    async def action_discard(self) -> None:
        """Clear the form and its draft, after a confirmation."""
        if not self.require_endpoint():
            return
        from explorer.tui.screens.dialogs import ConfirmDialog

        question = f"This removes every value entered for {self.workspace.address}."
        if await self.app.push_screen_wait(ConfirmDialog("Clear the form?", question, yes="Clear")):
            self.main.form.keep_draft()
            self.workspace.undo.seal(self.workspace.address)
            self.workspace.keep(entries=(), readings={}, headers=(), extra=(), method="", saved="", saved_as="")
            self.workspace.undo.seal(self.workspace.address)
            self.workspace.origins.pop(self.workspace.address, None)
            await self.main.form.show()
            self.request_pane.focus_first_field()
            self.main.drafts.save()


class UndoController(Controller):
    """Undoes and redoes changes of the form."""

    def action_undo(self) -> None:
        """Undo the last change of the form."""
        self._step(forward=False)

    def action_redo(self) -> None:
        """Redo the change that was undone."""
        self._step(forward=True)

    def _step(self, *, forward: bool) -> None:
        if not self.require_endpoint():
            return
        self.main.form.keep_draft()
        if not self.workspace.go_back(forward=forward):
            self.tell("Nothing to redo." if forward else "Nothing to undo.")
            return
        self.main.drafts.schedule_save()
        self._restore(self.request_pane.focused_field, self.app.type_ahead.hold())

    @background(group="open", description="undo")
    async def _restore(self, name: str, release: Callable[[], None]) -> None:
        try:
            await self.main.form.show()
            if not (name and self.request_pane.focus_field(name)):
                self.request_pane.focus_first_field()
        finally:
            release()
