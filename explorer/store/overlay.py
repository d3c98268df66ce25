"""The user's changes to the catalog: ``<config>/overlays/VENDOR.toml``, with the catalog's tables.

    [vendors.shop.endpoints.orders_list.readings.verb]
    default = "post"                       # an adopted reading

    [vendors.shop.endpoints.orders_list.params.status]
    also = ["parked"]                      # accepted drift

An overlay is merged last, so a newer catalog never overrides it. The program changes single keys and keeps comments and
everything else.
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
"""A path below ``vendors.VENDOR`` and its new value; None deletes the key."""
_FILE_HEADER: Final = "# Changes to the catalog: adopted readings and accepted drift. You can edit this file.\n"
_MAX_ATTEMPTS: Final = 5
"""Attempts to make a change while other instances change the file."""


def overlays_folder(folders: Folders) -> FilePath:
    """Return the folder of the overlays."""
    return folders.config / "overlays"


def overlay_path(folders: Folders, vendor: str) -> FilePath:
    """Return the path of a vendor's overlay."""
    return overlays_folder(folders) / f"{vendor}.toml"


def read_overlay(folders: Folders, vendor: str) -> dict[str, Any]:
    """Return the table ``vendors.VENDOR``; empty if there is none or the file cannot be read. Blocks."""
    path = overlay_path(folders, vendor)
    try:
        data = read_bytes(path)
        table = parse_toml(data, str(path)) if data else {}
    except FileError:
        return {}
    vendors = table.get("vendors", {})
    overlay = vendors.get(vendor, {}) if isinstance(vendors, Mapping) else {}
    return dict(overlay) if isinstance(overlay, Mapping) else {}


def adopted_readings(folders: Folders, vendor: str) -> dict[tuple[str, str], str]:
    """Return the adopted readings: (endpoint or empty, key) → choice. Blocks."""
    table = read_overlay(folders, vendor)
    adopted = {("", key): choice for key, choice in _defaults(table).items()}
    endpoints = table.get("endpoints", {})
    for name, endpoint in endpoints.items() if isinstance(endpoints, Mapping) else ():
        adopted.update({(name, key): choice for key, choice in _defaults(endpoint).items()})
    return adopted


def _defaults(table: Any) -> dict[str, str]:
    readings = table.get("readings", {}) if isinstance(table, Mapping) else {}
    if not isinstance(readings, Mapping):
        return {}
    return {
        key: reading["default"]
        for key, reading in readings.items()
        if isinstance(reading, Mapping) and isinstance(reading.get("default"), str)
    }


def change_overlay(
    folders: Folders,
    vendor: str,
    changes: Sequence[Change],
    check: Callable[[FilePath, bytes], Sequence[object]] = lambda _path, _data: (),
) -> tuple[str, ...]:
    """Make *changes* below ``vendors.VENDOR`` of the current file and return notes for the user.

    *check* returns the problems of the changed file. Blocks.

    Raises:
        SettingsError: the file is invalid, or would be after the change; it is unchanged.
        StoreError: the file could not be written; it is unchanged.
    """
    path = overlay_path(folders, vendor)
    for attempt in range(_MAX_ATTEMPTS):
        data = _read(path)
        text, notes = _changed(data or b"", path, vendor, changes)
        problems = check(path, text.encode())
        if problems:
            raise SettingsError("\n".join(map(str, problems)), hint=f"Fix {path}, or delete the entry from it.")
        if _read(path) == data or attempt == _MAX_ATTEMPTS - 1:
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
    """Return the changed text, and a note if its comments could not be kept."""
    try:
        new = parse_toml(data, str(path))
    except FileError as error:
        raise SettingsError(str(error), hint="Nothing was changed. Fix the file first.") from None
    old = deepcopy(new)
    for below, value in changes:
        _put(new, ("vendors", vendor, *below), value)
    text = edit_toml(data.decode("utf-8-sig") if data else _FILE_HEADER, old, new)
    if text is not None:
        return text, ()
    note = f"the comments of {path} could not be kept; the old file is {path.name}.old"
    return _FILE_HEADER + dump_toml(new), (note,) if b"#" in data.replace(_FILE_HEADER.encode(), b"") else ()


def _put(table: dict[str, Any], path: Path, value: Any) -> None:
    """Set *value* at *path*, creating missing tables. None deletes the key and the tables that are then empty."""
    if len(path) > 1:
        if path[0] not in table:
            if value is None:
                return
            table[path[0]] = {}
        if not isinstance(table[path[0]], Mapping):
            raise SettingsError(f"{path[0]} is not a table", hint="Nothing was changed. Fix the file first.")
        _put(table[path[0]], path[1:], value)
        if value is None and not table[path[0]]:
            del table[path[0]]
    elif value is None:
        table.pop(path[0], None)
    else:
        table[path[0]] = value
