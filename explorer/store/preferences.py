"""The user's settings: ``<config>/settings.toml``, edited by hand and by the app."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

import explorer
from explorer.errors import SettingsError, nearest
from explorer.store.decoded_cache import cache_key, read_cached, source_stamp, write_cached
from explorer.store.files import FileError, keep_damaged, parse_toml, read_bytes, write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.store.folders import Folders

_NAME: Final = r"^[^\x00-\x1f\x7f]{1,100}$"
Name = Annotated[str, msgspec.Meta(pattern=_NAME)]


def _about(text: str, **limits: Any) -> msgspec.Meta:
    return msgspec.Meta(description=text, **limits)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings. Each field is a key of the file; the description of its type is the expected value in messages."""

    theme: Annotated[Name, _about('the name of a theme, such as theme = "explorer-dark"')] = "explorer-dark"
    default_environment: Annotated[Name, _about('the name of an environment, such as "sandbox"')] = "sandbox"
    environments: Annotated[
        dict[str, Name], _about('a table of vendors and environments, such as [environments] somevendor = "production"')
    ] = {}
    """Vendor → the environment last used."""
    timeout_seconds: Annotated[float, _about("seconds from 0.1 to 3600", ge=0.1, le=3600)] = 30.0
    max_body_bytes: Annotated[int, _about("bytes from 1000 to 2_000_000_000", ge=1_000, le=2_000_000_000)] = 250_000_000
    """A decoded body is truncated there."""
    history_max_entries: Annotated[int, _about("a number from 10 to 10_000_000", ge=10, le=10_000_000)] = 100_000
    history_max_bytes: Annotated[
        int, _about("bytes from 1_000_000 to 1_000_000_000_000", ge=1_000_000, le=1_000_000_000_000)
    ] = 1_000_000_000
    """Limit for compressed entries, search index and body files."""
    history_keep_days: Annotated[int, _about("days from 0 (no limit) to 36500", ge=0, le=36_500)] = 0
    """Older entries are deleted. Entries with a note or a tag are always kept."""
    history_body_limit: Annotated[int, _about("bytes from 1_000 to 2_000_000_000", ge=1_000, le=2_000_000_000)] = (
        256_000
    )
    """A larger body is stored in its own file beside the history."""
    keymap: Annotated[
        dict[str, Annotated[str, msgspec.Meta(max_length=200)]],
        _about('a table of actions and keys, such as [keymap] send = "f5,ctrl+r"'),
    ] = {}
    """Action id → keys separated by commas, checked by ``explorer.store.keymap``."""
    sandbox_port: Annotated[int, _about("a port from 0 to 65535 (0: any free port)", ge=0, le=65_535)] = 8710
    layout: Annotated[Literal["auto", "stacked", "beside"], _about('"auto", "stacked" or "beside"')] = "auto"
    """Position of the response: below the request, beside it, or by the terminal's width."""
    ignored: Annotated[
        dict[str, tuple[str, ...]],
        _about('a table of vendors and masked patterns, such as [ignored] somevendor = ["header:x-shard"]'),
    ] = {}
    """Vendor → patterns (``core.diff.volatile``) in addition to those of the catalog."""
    sidebar: Annotated[bool, _about("true or false")] = True
    saved_folder: Annotated[str, _about('the path of a folder, such as "~/requests"', max_length=4_000)] = ""
    """Folder of saved requests; empty: ``saved`` in the data folder."""
    documents_folder: Annotated[
        str, _about('a folder, such as documents_folder = "~/documents"', pattern=r"^[^\x00-\x1f\x7f]{0,4096}$")
    ] = ""
    """Folder of the vendors' documents; ``API_EXPLORER_DOCUMENTS`` has priority."""


class _ReadSettings(msgspec.Struct, frozen=True):
    settings: Settings
    problems: tuple[str, ...]
    has_invalid_values: bool
    """Whether saving would lose an invalid value."""


def settings_path(folders: Folders) -> Path:
    """Return the path of the settings."""
    return folders.config / "settings.toml"


def load_settings(folders: Folders) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings and the problems of the file. An invalid key has its default value."""
    path = settings_path(folders)
    try:
        data = read_bytes(path)
    except FileError as error:
        return Settings(), (f"{error} (using the default settings)",)
    if not data:
        return Settings(), ()
    key = cache_key([explorer.__version__, source_stamp(_here()), str(path), data])
    result = read_cached(folders.cache, "settings", key, _ReadSettings)
    if result is None:
        result = _read(data, str(path))
        write_cached(folders.cache, "settings", key, result)
    return result.settings, result.problems


def save_settings(folders: Folders, settings: Settings) -> tuple[str, ...]:
    """Write the settings and return notes for the user.

    Comments and unknown keys are kept. A file with invalid values is saved as ``settings.toml.bad`` first.

    Raises:
        SettingsError: a value is invalid.
        StoreError: the file could not be written; it is unchanged.
    """
    from explorer.store.toml_edit import dump_toml, edit_toml

    _check(settings)
    path = settings_path(folders)
    notes: list[str] = []
    try:
        data = read_bytes(path)
    except FileError as error:
        raise SettingsError(f"cannot save the settings: {error.file} {error.message}", hint=error.expected) from None
    old: dict[str, Any] = {}
    if data and _read(data, str(path)).has_invalid_values:
        backup = keep_damaged(path, data)
        notes.append(f"{path} had invalid values; the old file is {backup}")
        old = _unknown_keys(data, str(path))
        data = None
    elif data:
        old = parse_toml(data, str(path))
    new = _merged(old, settings)
    text = edit_toml(data.decode("utf-8-sig"), old, new) if data else None
    if text is None:
        if data and b"#" in data:
            backup = keep_damaged(path, data, "old")
            notes.append(f"the comments of {path} could not be kept; the old file is {backup}")
        text = dump_toml(new)
    write_atomic(path, text.encode(), follow_link=True)
    return tuple(notes)


def change_settings(folders: Folders, **changes: Any) -> tuple[Settings, tuple[str, ...]]:
    """Change single keys of the current file, which another instance may have changed.

    Return the new settings and the notes of ``save_settings``.

    Raises:
        SettingsError: there is no such key, or a value is invalid.
        StoreError: the file could not be written.
    """
    known = [field.name for field in msgspec.structs.fields(Settings)]
    for name in changes:
        if name not in known:
            near = nearest(name, known)
            raise SettingsError(f"no setting named {name!r}", hint=f"Did you mean {near!r}?" if near else "")
    current, _ = load_settings(folders)
    changed = msgspec.structs.replace(current, **changes)
    return changed, save_settings(folders, changed)


def _read(data: bytes, file: str) -> _ReadSettings:
    try:
        table = parse_toml(data, file)
    except FileError as error:
        return _ReadSettings(Settings(), (f"{error} (using the default settings)",), True)
    hints = typing.get_type_hints(Settings, include_extras=True)
    values: dict[str, Any] = {}
    problems: list[str] = []
    has_invalid_values = False
    for key, value in table.items():
        if key not in hints:
            near = nearest(key, hints)
            ending = f"; did you mean {near!r}?" if near else f"; known: {', '.join(hints)}"
            problems.append(f"{file}: {key}: unknown setting{ending}")
            continue
        values[key], value_problems = _value(hints[key], key, value)
        if value_problems:
            has_invalid_values = True
            problems.extend(f"{file}: {problem}" for problem in value_problems)
    settings = Settings(**{key: value for key, value in values.items() if value is not None})
    return _ReadSettings(settings, tuple(problems), has_invalid_values)


def _value(hint: Any, key: str, value: object) -> tuple[Any, list[str]]:
    """Return the value of a key, or its valid part, and its problems."""
    if typing.get_origin(typing.get_args(hint)[0]) is dict and isinstance(value, dict):
        inner = typing.get_args(typing.get_args(hint)[0])[1]
        valid = {name: msgspec.convert(item, inner) for name, item in value.items() if _is_valid(inner, item)}
        problems = [
            f"{key}.{name}: {_shown(value[name])} is invalid; use {_expected(hint)}"
            for name in value
            if name not in valid
        ]
        return valid, problems
    if _is_valid(hint, value):
        return msgspec.convert(value, hint), []
    return None, [f"{key}: {_shown(value)} is invalid; use {_expected(hint)} (using the default)"]


def _is_valid(hint: Any, value: object) -> bool:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    return not (isinstance(value, float) and value != value)


def _expected(hint: Any) -> str:
    metas = [meta for meta in typing.get_args(hint) if isinstance(meta, msgspec.Meta)]
    return [meta.description for meta in metas if meta.description][-1]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _check(settings: Settings) -> None:
    hints = typing.get_type_hints(Settings, include_extras=True)
    problems = [problem for key, hint in hints.items() for problem in _value(hint, key, getattr(settings, key))[1]]
    if problems:
        raise SettingsError("\n".join(problems).replace(" (using the default)", ""))


def _unknown_keys(data: bytes, file: str) -> dict[str, Any]:
    """Return the keys of a file that this version does not know."""
    try:
        table = parse_toml(data, file)
    except FileError:
        return {}
    return {key: value for key, value in table.items() if key not in Settings.__struct_fields__}


def _merged(old: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return *old* with the settings that it already contains or that differ from their default."""
    new = dict(old)
    default = Settings()
    for key in Settings.__struct_fields__:
        value = getattr(settings, key)
        if key in old or value != getattr(default, key):
            new[key] = value
    return new


def _here() -> Path:
    from pathlib import Path

    return Path(__file__).parent
