"""Save the form to a file without secrets, and show its variables."""

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
    """Writes the form to a file, and resolves conflicts."""

    def __init__(self, main: MainContext, saved_form: SavedForm) -> None:
        self.saved_form = saved_form
        super().__init__(main)

    @background(group="ask", description="save")
    async def action_save(self) -> None:
        """Save the form under a name."""
        if not self.require_endpoint():
            return
        from explorer.tui.screens.saved_dialogs import SaveDialog, SaveTarget

        self.main.form.keep_draft()
        await asyncio.to_thread(self.saved_form.saved.load)
        request = self.saved_form.request()
        try:
            public = await asyncio.to_thread(self.saved_form.saved.public, request)
        except ExplorerError as error:
            self.tell(f"Not saved: {error.sentence}", severity="error")
            return
        suggested = self.workspace.draft.saved or self.workspace.address.replace(".", "/", 1)
        target: SaveTarget | None = await self.app.push_screen_wait(
            SaveDialog(
                SaveTarget(suggested, request.description, bool(request.call.environment)),
                tuple(self.saved_form.saved.library.files),
                environment=self.workspace.environment,
                notes=self._notes(public),
                folder=str(self.saved_form.saved.folder),
            )
        )
        if target is not None:
            await self._save_as(request, target)

    def _notes(self, public: PublicRequest) -> tuple[str, ...]:
        """Return what the user should know about the file before it is written."""
        from explorer.core.saved.filling import placeholder_uses

        notes = [f"No secret is written: {note}" for note in public.notes]
        if not self.workspace.draft.saved:
            names = dict.fromkeys(str(use.placeholder) for use in placeholder_uses(public.request))
            notes += [f"{name} is filled in when sending" for name in names if name[2:-1] not in public.taken]
        return tuple(notes)

    async def _save_as(self, request: SavedRequest, target: SaveTarget) -> None:
        environment = self.workspace.environment if target.environment else ""
        request = msgspec.structs.replace(
            request,
            description=target.description,
            call=msgspec.structs.replace(request.call, environment=environment),
        )
        digest = self.workspace.draft.saved_as if target.name == self.workspace.draft.saved else ""
        await self._write(target.name, request, digest)

    async def _write(self, name: str, request: SavedRequest, digest: str) -> None:
        from explorer.store.saved_files import FileChanged

        try:
            file, public = await asyncio.to_thread(lambda: self.saved_form.saved.save(name, request, digest=digest))
        except FileChanged as changed:
            await self._resolve_conflict(name, request, changed)
            return
        except ExplorerError as error:
            self.tell(f"Not saved: {error.sentence}", severity="error")
            return
        if file.request is None:
            self.tell(f"Saved {file.path}, but it cannot be read back: {file.problems[0]}", severity="error")
            return
        self.workspace.keep(**draft_changes(self.session, file, file.request))
        if public.taken:
            await self.main.form.show()
        else:
            self.main.form.check()
        self.main.drafts.schedule_save()
        self.tell(f"Saved as {file.name}.")

    async def _resolve_conflict(self, name: str, request: SavedRequest, changed: FileChanged) -> None:
        """Ask which version to keep when the file changed on disk."""
        from explorer.store.saved_files import conflict_name
        from explorer.store.saved_files.writing import ANY_DIGEST
        from explorer.tui.screens.saved_dialogs import ConflictDialog

        title = "The name is taken" if changed.new else "Changed on disk and in the form"
        choice = await self.app.push_screen_wait(
            ConflictDialog(title, f"{changed.message[:1].upper()}{changed.message[1:]}.", conflict_name(name))
        )
        if choice == "overwrite":
            await self._write(name, request, ANY_DIGEST)
        elif choice == "side":
            await self._write(conflict_name(name), request, ANY_DIGEST)
        elif choice == "reload":
            await asyncio.to_thread(self.saved_form.saved.load)
            file = self.saved_form.saved.library.files.get(name)
            if file is not None and file.request is not None and file.request.call.address == self.workspace.address:
                self.workspace.keep(**draft_changes(self.session, file, file.request))
                await self.main.form.show()
            elif file is not None:
                self.tell(f"{file.name} is unchanged: it is not a valid request of this endpoint.")


class SavedFormController(Controller):
    """Checks and describes a form that belongs to a saved request."""

    def __init__(self, main: MainContext, saved_form: SavedForm) -> None:
        self.saved_form = saved_form
        super().__init__(main)

    def has_missing_values(self) -> bool:
        from explorer.core.saved.filling import call_uses

        if not self.workspace.draft.saved:
            return False
        waiting = dict.fromkeys(str(use.placeholder) for use in call_uses(self.workspace.call()))
        if waiting:
            self.tell(f"No value for {', '.join(waiting)}. Press F5 to enter or fetch it, then try again.")
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
        """Show which saved request is open, whether it was changed, and which values are missing."""
        draft = self.workspace.draft
        if not draft.saved:
            self.request_pane.show_saved("", Content(""), changed=False)
            return
        saved, request = self.saved_form.saved, self.saved_form.request()
        file = self.saved_form.file
        parts: list[Content | str | tuple[str, str]] = []
        if file is None:
            parts.append((f"✗ the file {sanitize_line(draft.saved)} is missing; S saves it again", "$text-warning"))
        try:
            waiting = ", ".join(str(use.placeholder) for use in saved.missing(request, saved.scope))
            if waiting:
                parts.append((f"○ no value for {sanitize_line(waiting)}; you are asked when sending", "$text-warning"))
            from explorer.core.saved.filling import references

            needed = [str(reference) for reference in references(request)]
            if needed:
                parts.append((f"{'  ' if parts else ''}↺ {sanitize_line(', '.join(needed))}", "$text-accent"))
        except ExplorerError as error:
            parts.append((f"✗ {sanitize_line(error.message)}", "$text-error"))
        changed = file is None or file.request is None or not same_request(file.request, request)
        self.request_pane.show_saved(draft.saved, Content.assemble(*parts), changed=changed)
