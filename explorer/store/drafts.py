"""Drafts: unsent forms, stored in ``<data>/drafts.json``. Secrets are never written.

    {"vendor.endpoint": {"entries": [...], "readings": {...}, "headers": [...], "extra": [...], "method": "HEAD"}}

In files of the first version, a draft is only the array of its entries. These are read too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from explorer.core.model import Call, Entry
from explorer.store.files import FileError, os_reason, read_bytes, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from explorer.core.catalog.model import Catalog
    from explorer.store.folders import Folders


@dataclass(frozen=True)
class Draft:
    """An unsent call of one endpoint: everything that the user set."""

    entries: tuple[Entry, ...] = ()
    readings: dict[str, str] = field(default_factory=dict)
    """Reading → the choice that replaces the default."""
    headers: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    """Undocumented query parameters."""
    method: str = ""
    """One of the endpoint's methods; empty means the first."""
    saved: str = ""
    """The saved request that the form was opened from, if any. Its values can contain placeholders."""
    saved_as: str = ""
    """Digest of that request's file when it was opened."""

    def __bool__(self) -> bool:
        """Return whether anything is set."""
        return bool(self.entries or self.readings or self.headers or self.extra or self.method or self.saved)


_PLACEHOLDER: Final = re.compile(r"(?:(?:Bearer|Basic|Token):?\s+)?\$\{[^{}]*\}")
"""A value that is only a placeholder of a saved request, and therefore never a secret."""

Drafts = dict[str, Draft]
"""``vendor.endpoint`` → its draft."""


def load_drafts(folders: Folders) -> tuple[Drafts, tuple[str, ...]]:
    """Return the drafts and the problems of the file. A damaged file is renamed, not deleted."""
    path = folders.data / "drafts.json"
    try:
        data = read_bytes(path)
    except FileError as error:
        return {}, (f"{error} (drafts are unavailable)",)
    if not data:
        return {}, ()
    try:
        drafts = msgspec.json.decode(data, type=dict[str, tuple[Entry, ...] | Draft])
    except (msgspec.MsgspecError, RecursionError) as error:
        return {}, (_move_damaged(path, str(error)),)
    return {address: draft if isinstance(draft, Draft) else Draft(draft) for address, draft in drafts.items()}, ()


def save_drafts(folders: Folders, drafts: Mapping[str, Draft], catalog: Catalog) -> tuple[str, ...]:
    """Merge *drafts* into the file and return the problems of the file.

    An empty draft is deleted, and addresses that are not in *drafts* are unchanged. Secrets are left out.

    Raises:
        StoreError: the file could not be written; it is unchanged.
    """
    stored, problems = load_drafts(folders)
    for address, draft in drafts.items():
        public = public_draft(catalog, address, draft)
        if public:
            stored[address] = public
        elif public is not None:
            stored.pop(address, None)
    data = msgspec.json.format(msgspec.json.encode(stored, order="deterministic"), indent=1)
    write_atomic(folders.data / "drafts.json", data)
    return problems


def public_draft(catalog: Catalog, address: str, draft: Draft) -> Draft | None:
    """Return *draft* without its secrets, or None if the catalog has no such endpoint."""
    from explorer.core.redaction import Redactor

    vendor_id, _, endpoint_id = address.partition(".")
    vendor = catalog.vendors.get(vendor_id)
    endpoint = vendor.endpoints.get(endpoint_id) if vendor else None
    if vendor is None or endpoint is None:
        return None
    call = Call(vendor=vendor_id, endpoint=endpoint_id, entries=draft.entries, headers=draft.headers, extra=draft.extra)
    masked = Redactor(vendor).call(endpoint, call)

    def is_public(text: str, shown: str) -> bool:
        return text == shown or (bool(draft.saved) and _PLACEHOLDER.fullmatch(text) is not None)

    return Draft(
        entries=tuple(
            entry
            for entry, shown in zip(call.entries, masked.entries, strict=True)
            if is_public(entry.value, shown.value)
        ),
        readings=draft.readings,
        headers=tuple(
            header for header, shown in zip(call.headers, masked.headers, strict=True) if is_public(header[1], shown[1])
        ),
        extra=tuple(pair for pair, shown in zip(call.extra, masked.extra, strict=True) if is_public(pair[1], shown[1])),
        method=draft.method,
        saved=draft.saved,
        saved_as=draft.saved_as,
    )


def _move_damaged(path: Path, why: str) -> str:
    number = 1
    while (backup := path.with_name(f"drafts.damaged-{number}.json")).exists():
        number += 1
    try:
        path.rename(backup)
    except OSError as error:
        return f"{path} is damaged ({why}) and could not be renamed: {os_reason(error)}"
    return f"{path} is damaged ({why}). It was renamed to {backup}; drafts start empty."
