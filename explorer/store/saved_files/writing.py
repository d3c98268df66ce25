"""Write, move and delete the files of saved requests, keep comments and detect conflicts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from explorer.core.saved.model import OPERATORS
from explorer.core.saved.naming import CONFLICT_SUFFIX, check_name
from explorer.core.saved.toml import INLINE, read_request, request_table
from explorer.errors import StoreError, UsageError
from explorer.store.files import os_reason, write_atomic
from explorer.store.folders import make_folder
from explorer.store.saved_files.library import SavedFile, read_saved_file
from explorer.store.toml_edit import compose_toml, edit_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.model import Call
    from explorer.core.saved.model import SavedRequest


def render_request(request: SavedRequest) -> str:
    """Return *request* as the text of a new file."""
    return compose_toml(request_table(request), _is_small)


def update_text(text: str, old: SavedRequest | None, new: SavedRequest) -> str:
    """Return *text* changed from *old* to *new*. Comments and unchanged values are kept.

    If *text* is invalid (*old* is None) or cannot be changed in place, it is rewritten below its comment lines.
    """
    if old == new:
        return text

    def is_new(table: Mapping[str, Any]) -> bool:
        request, problems = read_request(table, "")
        return not problems and request is not None and request_table(request) == request_table(new)

    result = edit_toml(text, request_table(old), request_table(new), inline=_is_small, check=is_new) if old else None
    return _comments(text) + render_request(new) if result is None else result


def _is_small(value: Mapping[str, Any]) -> bool:
    """Return whether a table is written on one line: a form value, a comparison."""
    return bool(value) and all(key in INLINE or key in OPERATORS for key in value)


def _comments(text: str) -> str:
    """Return the comment lines of *text* and an empty line."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.lstrip().startswith("#")]
    return "\n".join(lines) + "\n\n" if lines else ""


ANY_DIGEST: Final = "any"
"""Passed as a digest: overwrite any file."""


class FileChanged(UsageError):
    """The file changed since it was read, or already exists. Nothing was written."""

    title = "Changed on disk"

    def __init__(self, file: SavedFile, *, new: bool) -> None:
        problem = "already exists" if new else "changed on disk since you opened it"
        super().__init__(
            f"{file.name} {problem}", hint=f"Overwrite it, keep it, or save your version as {conflict_name(file.name)}."
        )
        self.file = file
        self.new = new


def path_of(folder: Path, name: str) -> Path:
    """Return the path of the request *name*.

    Raises:
        UsageError: the name is invalid.
    """
    return folder / f"{check_name(name)}.toml"


def conflict_name(name: str) -> str:
    """Return the name for the user's side of a conflict."""
    return name if name.endswith(CONFLICT_SUFFIX) else f"{name}{CONFLICT_SUFFIX}"


def save(folder: Path, name: str, request: SavedRequest, *, digest: str = "") -> SavedFile:
    """Write a request.

    *digest* is that of the file as read; empty means a new file, ``ANY_DIGEST`` overwrites.

    Raises:
        UsageError: the name is invalid; FileChanged: the file does not match *digest*; StoreError: it could not be
        written and is unchanged.
    """
    path = path_of(folder, name)
    name = check_name(name)
    current = read_saved_file(name, path) if path.exists() else None
    if current is not None and digest != ANY_DIGEST and current.digest != digest:
        raise FileChanged(current, new=not digest)
    relative = msgspec.structs.replace(request, call=_relative(request.call, path.parent, folder))
    if current is None:
        text = render_request(relative)
    else:
        text = update_text(current.text, _relative_request(current, folder), relative)
    _check_readable(name, text)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name} contains a value that is not UTF-8", hint="Values must be UTF-8 text.") from None
    if current is None or text != current.text:
        write_atomic(path, data)
    return read_saved_file(name, path)


def _check_readable(name: str, text: str) -> None:
    """Check that *text* is a valid request.

    Raises:
        UsageError: a value contains an invalid placeholder.
    """
    import tomllib

    problems = read_request(tomllib.loads(text), name, text)[1]
    if problems:
        message = "\n".join(f"{problem.message}; {problem.expected}" for problem in problems)
        raise UsageError(message, hint="${ starts a placeholder; write $${ for a literal ${.")


def _relative_request(file: SavedFile, folder: Path) -> SavedRequest | None:
    request = file.request
    if request is None:
        return None
    return msgspec.structs.replace(request, call=_relative(request.call, file.path.parent, folder))


def _relative(call: Call, base: Path, folder: Path) -> Call:
    entries = []
    for entry in call.entries:
        path = Path(entry.value)
        if entry.kind == "file" and path.is_absolute() and path.is_relative_to(folder):
            entry = msgspec.structs.replace(entry, value=Path(os.path.relpath(path, base)).as_posix())
        entries.append(entry)
    return msgspec.structs.replace(call, entries=tuple(entries))


def delete(folder: Path, file: SavedFile) -> None:
    """Delete the file, and its parent if that is then empty and is not *folder*.

    Raises:
        StoreError: it could not be deleted.
    """
    try:
        file.path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{file.path} could not be deleted: {os_reason(error)}") from error
    _remove_if_empty(folder, file.path.parent)


def move(folder: Path, file: SavedFile, name: str) -> SavedFile:
    """Rename the request.

    Raises:
        UsageError: the name is invalid or exists; StoreError: the file could not be moved.
    """
    path = path_of(folder, name)
    name = check_name(name)
    if path.exists() and not path.samefile(file.path):
        raise UsageError(f"{name} already exists", hint="Choose another name.")
    try:
        make_folder(path.parent)
        file.path.rename(path)
    except OSError as error:
        raise StoreError(f"{file.path} could not be moved: {os_reason(error)}") from error
    _remove_if_empty(folder, file.path.parent)
    return read_saved_file(name, path)


def _remove_if_empty(folder: Path, parent: Path) -> None:
    if parent == folder or any(parent.iterdir()):
        return
    try:
        parent.rmdir()
    except OSError as error:
        raise StoreError(f"{parent} is empty and could not be deleted: {os_reason(error)}") from error
