"""Save the form as a file without secrets; show its variables."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from textual.content import Content

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background
from explorer.tui.saved_form import draft_changes, same_request

if TYPE_CHECKING:
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.public_copy import PublicRequest
    from explorer.errors import Problem
    from explorer.store.saved_files import FileChanged
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
        from explorer.store.saved_files import FileChanged

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
        self.main.drafts.schedule_save()
        self.tell(f"Saved as {file.name}.")

    async def _settle(self, name: str, request: SavedRequest, changed: FileChanged) -> None:
        """The file is not as it was: both sides are there, and a person says which is kept."""
        from explorer.store.saved_files import conflict_name
        from explorer.store.saved_files.writing import ANY_DIGEST
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


class SavedFormController(Controller):
    """What a saved request adds to a form."""

    def __init__(self, main: MainContext, saved_form: SavedForm) -> None:
        self.saved_form = saved_form
        super().__init__(main)

    def has_missing_values(self) -> bool:
        from explorer.core.saved.filling import call_uses

        if not self.workspace.draft.saved:
            return False
        waiting = dict.fromkeys(str(one.placeholder) for one in call_uses(self.workspace.call()))
        if waiting:
            self.tell(f"No value yet: {', '.join(waiting)}. F5 asks for it, or fetches it; then this goes, too.")
        return bool(waiting)

    async def form_opening(self) -> None:
        if self.workspace.draft.saved:
            await asyncio.to_thread(self.saved_form.saved.load)

    def form_problems(self) -> tuple[Problem, ...] | None:
        if not self.workspace.draft.saved:
            return None
        from explorer.session.saved import form_problems

        saved = self.saved_form.saved
        return tuple(form_problems(saved, self.workspace.draft_call(), saved.scope))

    def form_checked(self) -> None:
        """Show which saved request is open, whether it was changed, and what has no value yet."""
        draft = self.workspace.draft
        if not draft.saved:
            self.request_pane.show_saved("", Content(""), changed=False)
            return
        saved, request = self.saved_form.saved, self.saved_form.request()
        file = self.saved_form.file
        parts: list[Content | str | tuple[str, str]] = []
        if file is None:
            parts.append((f"✗ the file {sanitize_line(draft.saved)} is gone; S writes it anew", "$text-warning"))
        try:
            waiting = ", ".join(str(one.placeholder) for one in saved.missing(request, saved.scope))
            if waiting:
                parts.append((f"○ no value yet: {sanitize_line(waiting)}; asked for on sending", "$text-warning"))
            from explorer.core.saved.filling import references

            needed = [str(one) for one in references(request)]
            if needed:
                parts.append((f"{'  ' if parts else ''}↺ {sanitize_line(', '.join(needed))}", "$text-accent"))
        except ExplorerError as error:
            parts.append((f"✗ {sanitize_line(error.message)}", "$text-error"))
        changed = file is None or file.request is None or not same_request(file.request, request)
        self.request_pane.show_saved(draft.saved, Content.assemble(*parts), changed=changed)
