"""Half-filled forms, kept in ``<data>/drafts.json`` so that nothing typed is lost. Secrets are never written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from explorer.core.exchange import Entry
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
        public = tuple(entry for entry in entries if not is_secret(catalog, address, entry.name))
        if public:
            kept[address] = public
        else:
            kept.pop(address, None)
    data = msgspec.json.format(msgspec.json.encode(kept, order="deterministic"), indent=1)
    write_atomic(folders.data / "drafts.json", data)
    return problems


def is_secret(catalog: Catalog, address: str, name: str) -> bool:
    """Whether the field *name* (``item1_x``, ``user[password]``) of an endpoint is secret."""
    vendor_id, _, endpoint_id = address.partition(".")
    vendor = catalog.vendors.get(vendor_id)
    if vendor is None:
        return False
    secret_words = {word.lower() for word in vendor.secret_fields}
    if any(word in secret_words for word in (name.lower(), *re.split(r"[.\[\]]+", name.lower()))):
        return True
    endpoint = vendor.endpoints.get(endpoint_id)
    params = endpoint.params.values() if endpoint else ()
    return any(param.secret and _pattern(param.name).fullmatch(name) for param in params)


def _pattern(name: str) -> re.Pattern[str]:
    """What names a parameter's name stands for: ``#`` any index, a final ``[]`` maybe one, ``[*]`` any key."""
    text = re.escape(name).replace(r"\#", r"\d+").replace(r"\[\*\]", r"\[[^\]]*\]")
    return re.compile(re.sub(r"\\\[\\\]$", r"(?:\\[\\d*\\])?", text))


def _move_aside(path: Path, why: str) -> str:
    number = 1
    while (beside := path.with_name(f"drafts.damaged-{number}.json")).exists():
        number += 1
    try:
        path.rename(beside)
    except OSError as error:
        return f"{path} is damaged ({why}) and could not be set aside: {reason(error)}"
    return f"{path} is damaged ({why}); it is kept as {beside}, and new drafts begin empty"
