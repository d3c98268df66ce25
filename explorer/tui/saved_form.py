"""The saved request of the open form: its file, its variables, and the request that saving would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.errors import ExplorerError
from explorer.session.prepare import readable_entries
from explorer.tui.drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.model import Call
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.placeholders import Lookup, Placeholder, PlaceholderValue
    from explorer.session.context import SessionContext
    from explorer.session.saved import SavedRequestStore
    from explorer.store.saved_files import SavedFile
    from explorer.tui.workspace import Workspace


class SavedForm:
    """Shared by the controllers of saved requests. *open_saved* opens the store on first use."""

    def __init__(self, workspace: Workspace, open_saved: Callable[[], SavedRequestStore]) -> None:
        self.workspace = workspace
        self._open = open_saved
        self._saved: SavedRequestStore | None = None
        self.lookups: dict[str, Lookup] = {}
        """Saved request → the values of its placeholders when it was last sent."""

    @property
    def saved(self) -> SavedRequestStore:
        """The saved requests. Their files are loaded on first use."""
        if self._saved is None:
            self._saved = self._open()
        return self._saved

    @property
    def file(self) -> SavedFile | None:
        """The file that the form was opened from, as last loaded."""
        name = self.workspace.draft.saved
        return self.saved.library.files.get(name) if name else None

    def filled(self, call: Call) -> Call:
        """Return the call of the form with the known variables filled in."""
        file = self.file
        if file is not None and file.request is not None:
            call = msgspec.structs.replace(
                call, base_url=file.request.call.base_url, force=call.force or file.request.call.force
            )
        from explorer.core.saved.filling import preview_call

        last = self.lookups.get(self.workspace.draft.saved, _no_value)
        try:
            known = self.saved.lookup(call, self.saved.scope)
        except ExplorerError:
            known = last  # an environment file is invalid, which sending reports
        return preview_call(call, lambda placeholder: known(placeholder) or last(placeholder))

    def request(self) -> SavedRequest:
        """Return the request that saving the form would write."""
        from explorer.core.saved.model import SavedRequest
        from explorer.core.saved.toml import entries_as_saved, group_entries

        file = self.file
        before = file.request if file is not None else None
        call = self.workspace.draft_call()
        call = msgspec.structs.replace(
            call,
            entries=group_entries(entries_as_saved(call.entries, before.call.entries if before else ())),
            environment=before.call.environment and call.environment if before else "",
            method="" if call.method == self.workspace.operation.endpoint.method else call.method,
            base_url=before.call.base_url if before else "",
            force=before.call.force if before else False,
        )
        return msgspec.structs.replace(before or SavedRequest(call=call), call=call)


def _no_value(_placeholder: Placeholder) -> PlaceholderValue | None:
    """Return None: a request that was not sent yet has no values."""
    return None


def same_request(file: SavedRequest, form: SavedRequest) -> bool:
    """Return whether file and form are equal. The order of fields is ignored."""
    saved, open_call = file.call, form.call
    if not saved.environment or not open_call.environment:
        saved, open_call = (msgspec.structs.replace(call, environment="") for call in (saved, open_call))
    saved, open_call = (
        msgspec.structs.replace(call, entries=tuple(sorted(call.entries, key=repr))) for call in (saved, open_call)
    )
    return saved == open_call


def draft_of(session: SessionContext, file: SavedFile, request: SavedRequest) -> Draft:
    """Return the draft of a file. The file of a string parameter is read, and omitted if that fails."""
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


def draft_changes(session: SessionContext, file: SavedFile, request: SavedRequest) -> dict[str, object]:
    """Return the draft fields to change after a file was written or reloaded."""
    draft = draft_of(session, file, request)
    return {name: getattr(draft, name) for name in Draft.__dataclass_fields__}


def same_draft(draft: Draft, other: Draft) -> bool:
    """Return whether two drafts are equal, or *draft* is empty."""
    if not draft.entries and not draft.headers and not draft.extra:
        return True
    return sorted(map(repr, draft.entries)) == sorted(map(repr, other.entries)) and (
        (draft.readings, draft.headers, draft.extra) == (other.readings, other.headers, other.extra)
    )
