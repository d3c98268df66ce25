"""The saved request that the open form belongs to: its file, its variables, what a file would say of the form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.errors import ExplorerError
from explorer.session.prepare import readable_entries
from explorer.tui.drafts import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.model import Call, Entry
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.placeholders import Lookup, Placeholder, PlaceholderValue
    from explorer.session.context import SessionContext
    from explorer.session.saved import SavedRequestStore
    from explorer.store.saved_files import SavedFile
    from explorer.tui.workspace import Workspace


class SavedForm:
    """Shared by the features of saved requests. *open_saved* gives the saved requests when they are first needed."""

    def __init__(self, workspace: Workspace, open_saved: Callable[[], SavedRequestStore]) -> None:
        self.workspace = workspace
        self._open = open_saved
        self._saved: SavedRequestStore | None = None
        self.lookups: dict[str, Lookup] = {}
        """Saved request → what its placeholders stood for when it was sent last."""

    @property
    def saved(self) -> SavedRequestStore:
        """The saved requests; their files are read when they are first needed."""
        if self._saved is None:
            self._saved = self._open()
        return self._saved

    @property
    def file(self) -> SavedFile | None:
        """The file that the form was opened from, as it was read last."""
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
            known = last  # an environment file is wrong: sending says so
        return preview_call(call, lambda one: known(one) or last(one))

    def request(self) -> SavedRequest:
        """Return what a file would say of the form as it is now."""
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


def _no_value(_one: Placeholder) -> PlaceholderValue | None:
    """What is known of a request that was not sent yet."""
    return None


def same_request(file: SavedRequest, form: SavedRequest) -> bool:
    """Whether a file says what the form says; the order of fields counts nothing."""
    one, two = file.call, form.call
    if not file.call.environment or not form.call.environment:
        one, two = (msgspec.structs.replace(call, environment="") for call in (one, two))
    entries = (sorted(map(entry_key, call.entries)) for call in (one, two))
    first, second = entries
    return first == second and msgspec.structs.replace(one, entries=()) == msgspec.structs.replace(two, entries=())


def entry_key(entry: Entry) -> str:
    """Return what entries are sorted by."""
    return repr(entry)


def draft_of(session: SessionContext, file: SavedFile, request: SavedRequest) -> Draft:
    """Return what a form holds of a file; a text parameter's file is read, and left out where that cannot be done."""
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
    """What of a draft is another after its file was written or read again."""
    draft = draft_of(session, file, request)
    return {name: getattr(draft, name) for name in Draft.__dataclass_fields__}


def same_draft(one: Draft, two: Draft) -> bool:
    """Whether two drafts say the same."""
    if not one.entries and not one.headers and not one.extra:
        return True
    return sorted(map(entry_key, one.entries)) == sorted(map(entry_key, two.entries)) and (
        (one.readings, one.headers, one.extra) == (two.readings, two.headers, two.extra)
    )
