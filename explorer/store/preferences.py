"""What a person prefers: ``<config>/settings.toml``, made to be edited by hand as well as by the app."""

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
    """Each field is a key of the file; the description of its type says what would be right."""

    theme: Annotated[Name, _about('the name of a theme, as in theme = "explorer-dark"')] = "explorer-dark"
    default_environment: Annotated[Name, _about('the name of an environment, as in "sandbox"')] = "sandbox"
    environments: Annotated[
        dict[str, Name], _about('a table of vendor and environment, as in [environments] somevendor = "production"')
    ] = {}
    """Vendor → the environment that it was last used in."""
    timeout_seconds: Annotated[float, _about("seconds from 0.1 to 3600", ge=0.1, le=3600)] = 30.0
    max_body_bytes: Annotated[int, _about("bytes from 1000 to 2_000_000_000", ge=1_000, le=2_000_000_000)] = 250_000_000
    """A decoded answer is cut there."""
    history_max_entries: Annotated[int, _about("a number from 10 to 10_000_000", ge=10, le=10_000_000)] = 100_000
    history_max_bytes: Annotated[
        int, _about("bytes from 1_000_000 to 1_000_000_000_000", ge=1_000_000, le=1_000_000_000_000)
    ] = 1_000_000_000
    """Packed entries, what is searched, and files of bodies."""
    history_keep_days: Annotated[int, _about("days from 0 (for ever) to 36500", ge=0, le=36_500)] = 0
    """Entries that are older are taken away; those with a note or a tag stay, whatever the rules."""
    history_body_limit: Annotated[int, _about("bytes from 1_000 to 2_000_000_000", ge=1_000, le=2_000_000_000)] = (
        256_000
    )
    """A body above it is kept in a file of its own, beside the history."""
    keymap: Annotated[
        dict[str, Annotated[str, msgspec.Meta(max_length=200)]],
        _about('a table of actions and keys, as in [keymap] send = "f5,ctrl+r"'),
    ] = {}
    """Action id → keys, with commas between; ``explorer.store.check_keymap`` looks at them."""
    sandbox_port: Annotated[int, _about("a port from 0 to 65535 (0: any free one)", ge=0, le=65_535)] = 8710
    layout: Annotated[Literal["auto", "stacked", "beside"], _about('"auto", "stacked" or "beside"')] = "auto"
    """Where the response stands: below the request, beside it, or as the width of the terminal suggests."""
    ignored: Annotated[
        dict[str, tuple[str, ...]],
        _about('a table of vendor and what comparisons mask, as in [ignored] somevendor = ["header:x-shard"]'),
    ] = {}
    """Vendor → patterns (``core.diff.volatile``) beside those of the catalog."""
    sidebar: Annotated[bool, _about("true or false")] = True
    saved_folder: Annotated[str, _about('the path of a folder, as in "~/requests"', max_length=4_000)] = ""
    """Where saved requests are; empty: ``saved`` in the data folder."""
    documents_folder: Annotated[
        str, _about('a folder, as in documents_folder = "~/documents"', pattern=r"^[^\x00-\x1f\x7f]{0,4096}$")
    ] = ""
    """Where the vendors' own documents are, for reading beside the form; ``API_EXPLORER_DOCUMENTS`` goes first."""


class _Read(msgspec.Struct, frozen=True):
    settings: Settings
    problems: tuple[str, ...]
    spoiled: bool
    """Whether the file holds something that saving would lose."""


def settings_path(folders: Folders) -> Path:
    """Where the settings are."""
    return folders.config / "settings.toml"


def load_settings(folders: Folders) -> tuple[Settings, tuple[str, ...]]:
    """The settings, and a sentence for everything in the file that is wrong; such keys have their default."""
    path = settings_path(folders)
    try:
        data = read_bytes(path)
    except FileError as error:
        return Settings(), (f"{error} (the default settings are used)",)
    if not data:
        return Settings(), ()
    key = cache_key([explorer.__version__, source_stamp(_here()), str(path), data])
    found = read_cached(folders.cache, "settings", key, _Read)
    if found is None:
        found = _read(data, str(path))
        write_cached(folders.cache, "settings", key, found)
    return found.settings, found.problems


def save_settings(folders: Folders, settings: Settings) -> tuple[str, ...]:
    """Write the settings and say what had to be done for it. Comments and keys that this version does not know stay;
    a file that could not be understood is kept beside as ``settings.toml.bad``.

    Raises:
        SettingsError: a value is not right.
        StoreError: the file could not be written; it is as it was.
    """
    from explorer.store.toml_edit import dump_toml, edit_toml

    _check(settings)
    path = settings_path(folders)
    notes: list[str] = []
    try:
        data = read_bytes(path)
    except FileError as error:
        raise SettingsError(
            f"the settings cannot be saved: {error.file} {error.message}", hint=error.expected
        ) from None
    old: dict[str, Any] = {}
    if data and _read(data, str(path)).spoiled:
        beside = keep_damaged(path, data)
        notes.append(f"{path} could not be understood as a whole; what it held is kept in {beside}")
        old = _unknown_keys(data, str(path))
        data = None
    elif data:
        old = parse_toml(data, str(path))
    new = _merged(old, settings)
    text = edit_toml(data.decode("utf-8-sig"), old, new) if data else None
    if text is None:
        if data and b"#" in data:
            notes.append(
                f"the comments of {path} could not be kept in place; it is kept in {keep_damaged(path, data, 'old')}"
            )
        text = dump_toml(new)
    write_atomic(path, text.encode(), follow_link=True)
    return tuple(notes)


def change_settings(folders: Folders, **changes: Any) -> tuple[Settings, tuple[str, ...]]:
    """Change single keys of the file as it is now (another instance may have changed others); the settings after it
    and what ``save_settings`` said.

    Raises:
        SettingsError: no such key, or a value is not right.
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


def _read(data: bytes, file: str) -> _Read:
    try:
        table = parse_toml(data, file)
    except FileError as error:
        return _Read(Settings(), (f"{error} (the default settings are used)",), True)
    hints = typing.get_type_hints(Settings, include_extras=True)
    values: dict[str, Any] = {}
    problems: list[str] = []
    spoiled = False
    for key, value in table.items():
        if key not in hints:
            near = nearest(key, hints)
            ending = f"; did you mean {near!r}?" if near else f"; known: {', '.join(hints)}"
            problems.append(f"{file}: {key}: no such setting{ending}")
            continue
        values[key], wrong = _value(hints[key], key, value)
        if wrong:
            spoiled = True
            problems.extend(f"{file}: {one}" for one in wrong)
    return _Read(
        Settings(**{key: value for key, value in values.items() if value is not None}), tuple(problems), spoiled
    )


def _value(hint: Any, key: str, value: object) -> tuple[Any, list[str]]:
    """A key's value, or what could be used of it; and what is wrong with it."""
    if typing.get_origin(typing.get_args(hint)[0]) is dict and isinstance(value, dict):
        inner = typing.get_args(typing.get_args(hint)[0])[1]
        good = {name: msgspec.convert(one, inner) for name, one in value.items() if _fits(inner, one)}
        wrong = [
            f"{key}.{name}: {_shown(value[name])} is not right; {_expected(hint)}" for name in value if name not in good
        ]
        return good, wrong
    if _fits(hint, value):
        return msgspec.convert(value, hint), []
    return None, [f"{key}: {_shown(value)} is not right; it should be {_expected(hint)} (the default is used)"]


def _fits(hint: Any, value: object) -> bool:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    return not (isinstance(value, float) and value != value)


def _expected(hint: Any) -> str:
    texts = [one.description for one in typing.get_args(hint) if isinstance(one, msgspec.Meta) and one.description]
    return texts[-1]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _check(settings: Settings) -> None:
    hints = typing.get_type_hints(Settings, include_extras=True)
    problems = [one for key, hint in hints.items() for one in _value(hint, key, getattr(settings, key))[1]]
    if problems:
        raise SettingsError("\n".join(problems).replace(" (the default is used)", ""))


def _unknown_keys(data: bytes, file: str) -> dict[str, Any]:
    """The keys of a spoiled file that this version does not know; those that it knows come from the settings."""
    try:
        table = parse_toml(data, file)
    except FileError:
        return {}
    return {key: value for key, value in table.items() if key not in Settings.__struct_fields__}


def _merged(old: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """*old* with the settings in it: keys that stand there already, and those that differ from their default."""
    new = dict(old)
    plain = Settings()
    for key in Settings.__struct_fields__:
        value = getattr(settings, key)
        if key in old or value != getattr(plain, key):
            new[key] = value
    return new


def _here() -> Path:
    from pathlib import Path

    return Path(__file__).parent
