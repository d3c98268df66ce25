"""A person's own say over the catalog: ``<config>/overlays/VENDOR.toml``, in the catalog's own tables.

    [vendors.shop.endpoints.orders_list.readings.verb]
    default = "post"                       # a reading that was adopted

    [vendors.shop.endpoints.orders_list.params.status]
    also = ["parked"]                      # drift that was accepted

It is laid over the catalog last, so a newer catalog never takes anything of it back. The program changes single keys of
it; comments and everything else stay as they were written.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from explorer.errors import SettingsError
from explorer.store.files import FileError, keep_damaged, parse_toml, read_bytes, write_atomic
from explorer.store.toml_edit import dump_toml, edit_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path as FilePath

    from explorer.store.folders import Folders

Path = tuple[str, ...]
Change = tuple[Path, Any]
"""A path below ``vendors.VENDOR`` and the value to stand there; None takes it away."""
_FILE_HEADER: Final = "# Laid over the catalog: readings that were adopted, drift that was accepted. Yours to edit.\n"
_MAX_ATTEMPTS: Final = 5
"""How often a change is made again because another instance changed the file meanwhile."""


def overlays_folder(folders: Folders) -> FilePath:
    """Where overlays are."""
    return folders.config / "overlays"


def overlay_path(folders: Folders, vendor: str) -> FilePath:
    """Where what is laid over one vendor stands."""
    return overlays_folder(folders) / f"{vendor}.toml"


def read_overlay(folders: Folders, vendor: str) -> dict[str, Any]:
    """What the file says below ``vendors.VENDOR``; empty where there is none, or it cannot be read. Blocking."""
    path = overlay_path(folders, vendor)
    try:
        data = read_bytes(path)
        table = parse_toml(data, str(path)) if data else {}
    except FileError:
        return {}
    found = table.get("vendors", {})
    found = found.get(vendor, {}) if isinstance(found, Mapping) else {}
    return dict(found) if isinstance(found, Mapping) else {}


def adopted_readings(folders: Folders, vendor: str) -> dict[tuple[str, str], str]:
    """The readings whose default is a person's own choice: (endpoint or empty, key) → choice. Blocking."""
    table = read_overlay(folders, vendor)
    found = {("", key): one for key, one in _defaults(table).items()}
    endpoints = table.get("endpoints", {})
    for name, endpoint in endpoints.items() if isinstance(endpoints, Mapping) else ():
        found.update({(name, key): one for key, one in _defaults(endpoint).items()})
    return found


def _defaults(table: Any) -> dict[str, str]:
    readings = table.get("readings", {}) if isinstance(table, Mapping) else {}
    if not isinstance(readings, Mapping):
        return {}
    return {
        key: one["default"]
        for key, one in readings.items()
        if isinstance(one, Mapping) and isinstance(one.get("default"), str)
    }


def change_overlay(
    folders: Folders,
    vendor: str,
    changes: Sequence[Change],
    check: Callable[[FilePath, bytes], Sequence[object]] = lambda _path, _data: (),
) -> tuple[str, ...]:
    """Make *changes* below ``vendors.VENDOR`` of the file as it is now; what had to be done for it, in sentences.
    *check* looks at the file as it would be and gives what is wrong with it. Blocking.

    Raises:
        SettingsError: the file cannot be understood, or would be wrong after the change; it is as it was.
        StoreError: it could not be written; it is as it was.
    """
    path = overlay_path(folders, vendor)
    for turn in range(_MAX_ATTEMPTS):
        data = _read(path)
        text, notes = _changed(data or b"", path, vendor, changes)
        problems = check(path, text.encode())
        if problems:
            raise SettingsError("\n".join(map(str, problems)), hint=f"Mend {path}, or take the entry out of it.")
        if _read(path) == data or turn == _MAX_ATTEMPTS - 1:
            if notes and data:
                keep_damaged(path, data, "old")
            write_atomic(path, text.encode(), follow_link=True)
            return notes
    return ()


def _read(path: FilePath) -> bytes | None:
    try:
        return read_bytes(path)
    except FileError as error:
        raise SettingsError(str(error), hint="Nothing was changed.") from None


def _changed(data: bytes, path: FilePath, vendor: str, changes: Sequence[Change]) -> tuple[str, tuple[str, ...]]:
    """The text after the changes; a sentence where its comments could not be kept."""
    try:
        wanted = parse_toml(data, str(path))
    except FileError as error:
        raise SettingsError(str(error), hint="Nothing was changed. Mend the file first; it is yours.") from None
    old = deepcopy(wanted)
    for below, value in changes:
        _put(wanted, ("vendors", vendor, *below), value)
    text = edit_toml(data.decode("utf-8-sig") if data else _FILE_HEADER, old, wanted)
    if text is not None:
        return text, ()
    note = f"the comments of {path} could not be kept in place; it is kept beside as {path.name}.old"
    return _FILE_HEADER + dump_toml(wanted), (note,) if b"#" in data.replace(_FILE_HEADER.encode(), b"") else ()


def _put(table: dict[str, Any], path: Path, value: Any) -> None:
    """Put *value* at *path*, tables made on the way; None takes it away, and the tables that are empty then."""
    if len(path) > 1:
        if path[0] not in table:
            if value is None:
                return
            table[path[0]] = {}
        if not isinstance(table[path[0]], Mapping):
            raise SettingsError(f"{path[0]} is not a table", hint="Nothing was changed. Mend the file first.")
        _put(table[path[0]], path[1:], value)
        if value is None and not table[path[0]]:
            del table[path[0]]
    elif value is None:
        table.pop(path[0], None)
    else:
        table[path[0]] = value
