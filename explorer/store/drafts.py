"""Half-filled forms, kept in ``<data>/drafts.json`` so that nothing typed is lost. Secrets are never written.

    {"vendor.endpoint": {"entries": [...], "readings": {...}, "headers": [...], "extra": [...], "method": "HEAD"}}

Files of the first version held the entries alone, as a list in place of the table; they are read as well.
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
    """A half-made call of one endpoint: everything that a person set."""

    entries: tuple[Entry, ...] = ()
    readings: dict[str, str] = field(default_factory=dict)
    """Reading → the choice that was taken in place of the default."""
    headers: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    """Undocumented query parameters."""
    method: str = ""
    """One of the endpoint's methods; the first where empty."""
    saved: str = ""
    """The saved request that the form was opened from; its texts may hold placeholders then."""
    saved_as: str = ""
    """Digest of that request's file as it was then."""

    def __bool__(self) -> bool:
        """Whether anything is set."""
        return bool(self.entries or self.readings or self.headers or self.extra or self.method or self.saved)


_PLACEHOLDER: Final = re.compile(r"(?:(?:Bearer|Basic|Token):?\s+)?\$\{[^{}]*\}")
"""A text that is nothing but a placeholder of a saved request, which is no secret wherever it stands."""

Drafts = dict[str, Draft]
"""``vendor.endpoint`` → its draft."""


def load_drafts(folders: Folders) -> tuple[Drafts, tuple[str, ...]]:
    """The drafts, and a sentence where the file could not be read; such a file is set aside, not lost."""
    path = folders.data / "drafts.json"
    try:
        data = read_bytes(path)
    except FileError as error:
        return {}, (f"{error} (the drafts are not shown)",)
    if not data:
        return {}, ()
    try:
        kept = msgspec.json.decode(data, type=dict[str, tuple[Entry, ...] | Draft])
    except (msgspec.MsgspecError, RecursionError) as error:
        return {}, (_set_damaged_aside(path, str(error)),)
    return {address: one if isinstance(one, Draft) else Draft(one) for address, one in kept.items()}, ()


def save_drafts(folders: Folders, drafts: Mapping[str, Draft], catalog: Catalog) -> tuple[str, ...]:
    """Lay *drafts* over those in the file: an empty one is taken away, an address that is not named stays. What is
    secret in them is left out. The answer says whether a damaged file was set aside.

    Raises:
        StoreError: the file could not be written; it is as it was.
    """
    kept, problems = load_drafts(folders)
    for address, draft in drafts.items():
        public = public_draft(catalog, address, draft)
        if public:
            kept[address] = public
        elif public is not None:
            kept.pop(address, None)
    data = msgspec.json.format(msgspec.json.encode(kept, order="deterministic"), indent=1)
    write_atomic(folders.data / "drafts.json", data)
    return problems


def public_draft(catalog: Catalog, address: str, draft: Draft) -> Draft | None:
    """What of *draft* holds nothing secret, or None where the catalog has no such endpoint to judge by."""
    from explorer.core.redaction import Redactor

    vendor_id, _, endpoint_id = address.partition(".")
    vendor = catalog.vendors.get(vendor_id)
    endpoint = vendor.endpoints.get(endpoint_id) if vendor else None
    if vendor is None or endpoint is None:
        return None
    call = Call(vendor=vendor_id, endpoint=endpoint_id, entries=draft.entries, headers=draft.headers, extra=draft.extra)
    masked = Redactor(vendor).call(endpoint, call)

    def harmless(text: str, shown: str) -> bool:
        return text == shown or (bool(draft.saved) and _PLACEHOLDER.fullmatch(text) is not None)

    return Draft(
        entries=tuple(
            one for one, shown in zip(call.entries, masked.entries, strict=True) if harmless(one.value, shown.value)
        ),
        readings=draft.readings,
        headers=tuple(
            one for one, shown in zip(call.headers, masked.headers, strict=True) if harmless(one[1], shown[1])
        ),
        extra=tuple(one for one, shown in zip(call.extra, masked.extra, strict=True) if harmless(one[1], shown[1])),
        method=draft.method,
        saved=draft.saved,
        saved_as=draft.saved_as,
    )


def _set_damaged_aside(path: Path, why: str) -> str:
    number = 1
    while (beside := path.with_name(f"drafts.damaged-{number}.json")).exists():
        number += 1
    try:
        path.rename(beside)
    except OSError as error:
        return f"{path} is damaged ({why}) and could not be set aside: {os_reason(error)}"
    return f"{path} is damaged ({why}); it is kept as {beside}, and new drafts begin empty"
