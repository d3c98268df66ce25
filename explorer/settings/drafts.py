"""Half-filled forms, kept in ``<data>/drafts.json`` so that nothing typed is lost. Secrets are never written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.core.exchange import Call, Entry
from explorer.settings.files import FileError, read_bytes, reason, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from explorer.core.catalog.model import Catalog
    from explorer.settings.folders import Folders

Drafts = dict[str, tuple[Entry, ...]]
"""``vendor.endpoint`` → its entries."""


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
        return msgspec.json.decode(data, type=Drafts), ()
    except (msgspec.MsgspecError, RecursionError) as error:
        return {}, (_move_aside(path, str(error)),)


def save_drafts(folders: Folders, drafts: Mapping[str, Sequence[Entry]], catalog: Catalog) -> tuple[str, ...]:
    """Lay *drafts* over those in the file: an address with no entries is taken away, one that is not named stays.
    Entries for secret parameters are left out. The answer says whether a damaged file was set aside.

    Raises:
        StoreError: the file could not be written; it is as it was.
    """
    kept, problems = load_drafts(folders)
    for address, entries in drafts.items():
        public = public_entries(catalog, address, entries)
        if public:
            kept[address] = public
        elif public is not None:
            kept.pop(address, None)
    data = msgspec.json.format(msgspec.json.encode(kept, order="deterministic"), indent=1)
    write_atomic(folders.data / "drafts.json", data)
    return problems


def public_entries(catalog: Catalog, address: str, entries: Sequence[Entry]) -> tuple[Entry, ...] | None:
    """Those of *entries* that hold nothing secret, or None where the catalog has no such endpoint to judge by."""
    from explorer.core.redaction import Redactor

    vendor_id, _, endpoint_id = address.partition(".")
    vendor = catalog.vendors.get(vendor_id)
    endpoint = vendor.endpoints.get(endpoint_id) if vendor else None
    if vendor is None or endpoint is None:
        return None
    call = Call(vendor=vendor_id, endpoint=endpoint_id, entries=tuple(entries))
    masked = Redactor(vendor).call(endpoint, call).entries
    return tuple(entry for entry, shown in zip(call.entries, masked, strict=True) if entry == shown)


def _move_aside(path: Path, why: str) -> str:
    number = 1
    while (beside := path.with_name(f"drafts.damaged-{number}.json")).exists():
        number += 1
    try:
        path.rename(beside)
    except OSError as error:
        return f"{path} is damaged ({why}) and could not be set aside: {reason(error)}"
    return f"{path} is damaged ({why}); it is kept as {beside}, and new drafts begin empty"
