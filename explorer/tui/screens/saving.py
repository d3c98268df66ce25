"""Saved requests on the main screen: the form saved under a name, a saved one in the form, files that others change.

S ─► SaveDialog ─► Saved.save (no secrets) ─ changed on disk? ─► ConflictDialog
O ─► SavedScreen ─► the form (``filling`` sends it)
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from textual import work

from explorer.errors import ExplorerError
from explorer.session.request_files import readable_entries
from explorer.tui.drafts import Draft
from explorer.tui.screens.filling import FillingScreen, entry_key, same_request

if TYPE_CHECKING:
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.public import Public
    from explorer.saved import FileChanged, SavedFile
    from explorer.session import Session
    from explorer.tui.screens.saved import Wanted
    from explorer.tui.screens.saved_dialogs import Named


class SavingScreen(FillingScreen):
    """Requests that are kept as files."""

    @work(exclusive=True, group="saved", exit_on_error=False, description="saved")
    async def action_saved(self) -> None:
        """Show the saved requests."""
        from explorer.tui.screens.saved import SavedScreen

        self._keep_draft()
        await asyncio.to_thread(self.saved.load)
        wanted: Wanted | None = await self.app.push_screen_wait(SavedScreen(self.saved, at=self.desk.draft.saved))
        if wanted is not None and wanted.number:
            self._recall(wanted.number)
        elif wanted is not None:
            await self.open_saved(wanted.name)
        else:
            self._look_at_file()

    async def open_saved(self, name: str) -> None:
        """Put a saved request into the form, after asking where that would lose what was typed."""
        from explorer.tui.screens.dialogs import ConfirmDialog

        file = self.saved.library.files[name]
        request = file.request
        if request is None:
            return
        try:
            self.session.operation(self.saved.call(request, self.saved.scope))
        except ExplorerError as error:
            self._app.tell(f"{name}: {error.message}. {error.hint}", severity="warning")
            return
        draft = _draft_of(self.session, file, request)
        now = self.desk.drafts.get(request.call.address)
        if now and not _alike(now, draft) and not self._is_kept(now):
            text = f"The form of {request.call.address} holds values that are not saved. They would be let go."
            if not await self.app.push_screen_wait(ConfirmDialog("Open it?", text, yes="Yes, open it")):
                return
        if request.call.environment:
            self.desk.chosen[request.call.vendor] = request.call.environment
        await self.open(request.call.address, draft).wait()
        left = {entry.name for entry in request.call.entries} - {entry.name for entry in draft.entries}
        if left:
            names = ", ".join(sorted(left))
            self._app.tell(f"{names}: the file whose text it takes cannot be read here; type it.", severity="warning")

    def _is_kept(self, draft: Draft) -> bool:
        """Whether a draft is what a file says already."""
        file = self.saved.library.files.get(draft.saved) if draft.saved else None
        return (
            file is not None and file.request is not None and _alike(draft, _draft_of(self.session, file, file.request))
        )

    # --- files that others change ------------------------------------------------------------------------------------

    @work(exclusive=True, group="look", exit_on_error=False, description="look")
    async def _look_at_file(self) -> None:
        """Show what the file says now, where only the file was changed; say so where the form was, too."""
        if not self.desk.draft.saved or not self.is_current:
            return
        before = self._file
        unchanged = (
            before is not None and before.request is not None and same_request(before.request, self._as_request())
        )
        if not await asyncio.to_thread(self.saved.is_stale):
            return
        await asyncio.to_thread(self.saved.load)
        file = self._file
        if file is None or file.request is None or file.digest == self.desk.draft.saved_as:
            self._check()
        elif unchanged:
            self.desk.keep(**_changes(self.session, file, file.request))
            await self._show_endpoint()
            self._app.tell(f"{file.name} was changed on the disk; the form shows it as it is now.")
        else:
            self._check()
            self._app.tell(
                f"{file.name} was changed on the disk and in the form; S asks which is to be kept.", severity="warning"
            )

    # --- saving ------------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="ask", exit_on_error=False, description="save")
    async def action_save(self) -> None:
        """Save the form under a name."""
        if not self._opened():
            return
        from explorer.tui.screens.saved_dialogs import Named, SaveDialog

        self._keep_draft()
        await asyncio.to_thread(self.saved.load)
        request = self._as_request()
        try:
            made = await asyncio.to_thread(self.saved.public, request)
        except ExplorerError as error:
            self._app.tell(f"Not saved: {error.message}. {error.hint}", severity="error")
            return
        suggested = self.desk.draft.saved or self.desk.address.replace(".", "/", 1)
        answer: Named | None = await self.app.push_screen_wait(
            SaveDialog(
                Named(suggested, request.description, bool(request.call.environment)),
                tuple(self.saved.library.files),
                environment=self.desk.environment,
                notes=self._notes(made),
                folder=str(self.saved.folder),
            )
        )
        if answer is not None:
            await self._save_as(request, answer)

    def _notes(self, made: Public) -> tuple[str, ...]:
        """What a person should know of what will be written."""
        from explorer.core.saved.filling import uses

        notes = [f"No secret is written: {one}" for one in made.notes]
        if not self.desk.draft.saved:
            said = dict.fromkeys(str(one.placeholder) for one in uses(made.request))
            notes += [f"{one} is a value to be filled in on sending" for one in said if one[2:-1] not in made.taken]
        return tuple(notes)

    async def _save_as(self, request: SavedRequest, answer: Named) -> None:
        environment = self.desk.environment if answer.environment else ""
        request = msgspec.structs.replace(
            request,
            description=answer.description,
            call=msgspec.structs.replace(request.call, environment=environment),
        )
        digest = self.desk.draft.saved_as if answer.name == self.desk.draft.saved else ""
        await self._write(answer.name, request, digest)

    async def _write(self, name: str, request: SavedRequest, digest: str) -> None:
        from explorer.saved import FileChanged

        try:
            file, made = await asyncio.to_thread(lambda: self.saved.save(name, request, digest=digest))
        except FileChanged as changed:
            await self._settle(name, request, changed)
            return
        except ExplorerError as error:
            self._app.tell(f"Not saved: {error.message}. {error.hint}".strip(), severity="error")
            return
        if file.request is None:
            self._app.tell(f"{file.path} was written and cannot be read: {file.problems[0]}", severity="error")
            return
        self.desk.keep(**_changes(self.session, file, file.request))
        if made.taken:
            await self._show_endpoint()
        else:
            self._check()
        self._save_soon()
        self._app.tell(f"Saved as {file.name}.")

    async def _settle(self, name: str, request: SavedRequest, changed: FileChanged) -> None:
        """The file is not as it was: both sides are there, and a person says which is kept."""
        from explorer.saved import side_name
        from explorer.saved.storing import ANY
        from explorer.tui.screens.saved_dialogs import ConflictDialog

        title = "There is one already" if changed.new else "Changed on disk and in the form"
        choice = await self.app.push_screen_wait(
            ConflictDialog(title, f"{changed.message[:1].upper()}{changed.message[1:]}.", side_name(name))
        )
        if choice == "overwrite":
            await self._write(name, request, ANY)
        elif choice == "side":
            await self._write(side_name(name), request, ANY)
        elif choice == "theirs":
            await asyncio.to_thread(self.saved.load)
            file = self.saved.library.files.get(name)
            if file is not None and file.request is not None and file.request.call.address == self.desk.address:
                self.desk.keep(**_changes(self.session, file, file.request))
                await self._show_endpoint()
            elif file is not None:
                self._app.tell(f"{file.name} stays as it is; it is no request of this endpoint, or bad.")


def _draft_of(session: Session, file: SavedFile, request: SavedRequest) -> Draft:
    """What a form holds of a file; a text parameter's file is read, and left out where that cannot be done."""
    call = request.call
    return Draft(
        entries=readable_entries(session, call)[0],
        readings=dict(call.readings),
        headers=call.headers,
        extra=call.extra,
        method=call.method,
        saved=file.name,
        saved_as=file.digest,
    )


def _changes(session: Session, file: SavedFile, request: SavedRequest) -> dict[str, object]:
    """What of a draft is another after its file was written or read again."""
    draft = _draft_of(session, file, request)
    return {name: getattr(draft, name) for name in Draft.__dataclass_fields__}


def _alike(one: Draft, two: Draft) -> bool:
    """Whether two drafts say the same."""
    if not one.entries and not one.headers and not one.extra:
        return True
    return sorted(map(entry_key, one.entries)) == sorted(map(entry_key, two.entries)) and (
        (one.readings, one.headers, one.extra) == (two.readings, two.headers, two.extra)
    )
