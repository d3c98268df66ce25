"""Saving the form under a name, as a file without secrets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background
from explorer.tui.saved_form import draft_changes

if TYPE_CHECKING:
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.public import PublicRequest
    from explorer.saved import FileChanged
    from explorer.tui.features.controller import MainContext
    from explorer.tui.saved_form import SavedForm
    from explorer.tui.screens.saved_dialogs import SaveTarget


class SaveController(Controller):
    """Writes the form to a file, and settles conflicts."""

    def __init__(self, main: MainContext, saved_form: SavedForm) -> None:
        self.saved_form = saved_form
        super().__init__(main)

    @background(group="ask", description="save")
    async def action_save(self) -> None:
        """Save the form under a name."""
        if not self.opened():
            return
        from explorer.tui.screens.saved_dialogs import SaveDialog, SaveTarget

        self.main.form.keep_draft()
        await asyncio.to_thread(self.saved_form.saved.load)
        request = self.saved_form.request()
        try:
            made = await asyncio.to_thread(self.saved_form.saved.public, request)
        except ExplorerError as error:
            self.tell(f"Not saved: {error.sentence}", severity="error")
            return
        suggested = self.workspace.draft.saved or self.workspace.address.replace(".", "/", 1)
        answer: SaveTarget | None = await self.app.push_screen_wait(
            SaveDialog(
                SaveTarget(suggested, request.description, bool(request.call.environment)),
                tuple(self.saved_form.saved.library.files),
                environment=self.workspace.environment,
                notes=self._notes(made),
                folder=str(self.saved_form.saved.folder),
            )
        )
        if answer is not None:
            await self._save_as(request, answer)

    def _notes(self, made: PublicRequest) -> tuple[str, ...]:
        """What a person should know of what will be written."""
        from explorer.core.saved.filling import placeholder_uses

        notes = [f"No secret is written: {one}" for one in made.notes]
        if not self.workspace.draft.saved:
            said = dict.fromkeys(str(one.placeholder) for one in placeholder_uses(made.request))
            notes += [f"{one} is a value to be filled in on sending" for one in said if one[2:-1] not in made.taken]
        return tuple(notes)

    async def _save_as(self, request: SavedRequest, answer: SaveTarget) -> None:
        environment = self.workspace.environment if answer.environment else ""
        request = msgspec.structs.replace(
            request,
            description=answer.description,
            call=msgspec.structs.replace(request.call, environment=environment),
        )
        digest = self.workspace.draft.saved_as if answer.name == self.workspace.draft.saved else ""
        await self._write(answer.name, request, digest)

    async def _write(self, name: str, request: SavedRequest, digest: str) -> None:
        from explorer.saved import FileChanged

        try:
            file, made = await asyncio.to_thread(lambda: self.saved_form.saved.save(name, request, digest=digest))
        except FileChanged as changed:
            await self._settle(name, request, changed)
            return
        except ExplorerError as error:
            self.tell(f"Not saved: {error.sentence}", severity="error")
            return
        if file.request is None:
            self.tell(f"{file.path} was written and cannot be read: {file.problems[0]}", severity="error")
            return
        self.workspace.keep(**draft_changes(self.session, file, file.request))
        if made.taken:
            await self.main.form.show()
        else:
            self.main.form.check()
        self.main.form.schedule_save()
        self.tell(f"Saved as {file.name}.")

    async def _settle(self, name: str, request: SavedRequest, changed: FileChanged) -> None:
        """The file is not as it was: both sides are there, and a person says which is kept."""
        from explorer.saved import conflict_name
        from explorer.saved.storing import ANY_DIGEST
        from explorer.tui.screens.saved_dialogs import ConflictDialog

        title = "There is one already" if changed.new else "Changed on disk and in the form"
        choice = await self.app.push_screen_wait(
            ConflictDialog(title, f"{changed.message[:1].upper()}{changed.message[1:]}.", conflict_name(name))
        )
        if choice == "overwrite":
            await self._write(name, request, ANY_DIGEST)
        elif choice == "side":
            await self._write(conflict_name(name), request, ANY_DIGEST)
        elif choice == "theirs":
            await asyncio.to_thread(self.saved_form.saved.load)
            file = self.saved_form.saved.library.files.get(name)
            if file is not None and file.request is not None and file.request.call.address == self.workspace.address:
                self.workspace.keep(**draft_changes(self.session, file, file.request))
                await self.main.form.show()
            elif file is not None:
                self.tell(f"{file.name} stays as it is; it is no request of this endpoint, or bad.")
