"""Write, move and delete files of saved requests; keep comments; report conflicts."""

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
    """Return a file that says *request*."""
    return compose_toml(request_table(request), _is_small)


def update_text(text: str, old: SavedRequest | None, new: SavedRequest) -> str:
    """Return *text*, which says *old*, changed so that it says *new*: only what differs, and all comments stay.

    A text that cannot be read (*old* is None), or is written in a way that cannot be changed in place, is written anew
    below the lines of it that are comments.
    """
    if old == new:
        return text

    def says_new(table: Mapping[str, Any]) -> bool:
        request, problems = read_request(table, "")
        return not problems and request is not None and request_table(request) == request_table(new)

    result = edit_toml(text, request_table(old), request_table(new), inline=_is_small, check=says_new) if old else None
    return _comments(text) + render_request(new) if result is None else result


def _is_small(value: Mapping[str, Any]) -> bool:
    """Whether a table stands on one line: a value of a form, a comparison."""
    return bool(value) and all(key in INLINE or key in OPERATORS for key in value)


def _comments(text: str) -> str:
    """The lines of *text* that are comments, and an empty line."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.lstrip().startswith("#")]
    return "\n".join(lines) + "\n\n" if lines else ""


ANY_DIGEST: Final = "any"
"""In place of a digest: overwrite whatever is there."""


class FileChanged(UsageError):
    """The file is not as it was when it was read, or is there where none was expected. Nothing was written."""

    title = "Changed on disk"

    def __init__(self, file: SavedFile, *, new: bool) -> None:
        said = "is there already" if new else "was changed by another since you opened it"
        super().__init__(
            f"{file.name} {said}", hint=f"Overwrite it, keep it, or save yours as {conflict_name(file.name)}."
        )
        self.file = file
        self.new = new


def path_of(folder: Path, name: str) -> Path:
    """Where the request of that name is.

    Raises:
        UsageError: it cannot be a name.
    """
    return folder / f"{check_name(name)}.toml"


def conflict_name(name: str) -> str:
    """The name for one's own side of a conflict."""
    return name if name.endswith(CONFLICT_SUFFIX) else f"{name}{CONFLICT_SUFFIX}"


def save(folder: Path, name: str, request: SavedRequest, *, digest: str = "") -> SavedFile:
    """Write a request. *digest* is that of the file as it was read; empty: there is to be none yet; ``ANY_DIGEST``:
    overwrite.

    Raises:
        UsageError: it cannot be a name; FileChanged: the file is not as *digest* says; StoreError: it could not be
        written, and is as it was.
    """
    path = path_of(folder, name)
    name = check_name(name)
    now = read_saved_file(name, path) if path.exists() else None
    if now is not None and digest != ANY_DIGEST and now.digest != digest:
        raise FileChanged(now, new=not digest)
    written = msgspec.structs.replace(request, call=_relative(request.call, path.parent, folder))
    text = render_request(written) if now is None else update_text(now.text, _read_written(now, folder), written)
    _check_readable(name, text)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name} holds a text that is no UTF-8", hint="Values are text.") from None
    if now is None or text != now.text:
        write_atomic(path, data)
    return read_saved_file(name, path)


def _check_readable(name: str, text: str) -> None:
    """See that *text* says a request.

    Raises:
        UsageError: a value holds a placeholder that cannot be read.
    """
    import tomllib

    problems = read_request(tomllib.loads(text), name, text)[1]
    if problems:
        said = "\n".join(f"{one.message}; {one.expected}" for one in problems)
        raise UsageError(said, hint="${ begins a placeholder; $${ stands for the signs themselves.")


def _read_written(file: SavedFile, folder: Path) -> SavedRequest | None:
    request = file.request
    if request is None:
        return None
    return msgspec.structs.replace(request, call=_relative(request.call, file.path.parent, folder))


def _relative(call: Call, here: Path, folder: Path) -> Call:
    entries = []
    for one in call.entries:
        path = Path(one.value)
        if one.kind == "file" and path.is_absolute() and path.is_relative_to(folder):
            one = msgspec.structs.replace(one, value=Path(os.path.relpath(path, here)).as_posix())
        entries.append(one)
    return msgspec.structs.replace(call, entries=tuple(entries))


def delete(folder: Path, file: SavedFile) -> None:
    """Delete the file, and its folder (not *folder* itself) where that is empty then.

    Raises:
        StoreError: it could not be deleted.
    """
    try:
        file.path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{file.path} could not be deleted: {os_reason(error)}") from error
    _drop_empty(folder, file.path.parent)


def move(folder: Path, file: SavedFile, name: str) -> SavedFile:
    """Give the request another name.

    Raises:
        UsageError: it cannot be a name, or is taken; StoreError: it could not be moved.
    """
    path = path_of(folder, name)
    name = check_name(name)
    if path.exists() and not path.samefile(file.path):
        raise UsageError(f"{name} is taken", hint="Choose another name.")
    try:
        make_folder(path.parent)
        file.path.rename(path)
    except OSError as error:
        raise StoreError(f"{file.path} could not be moved: {os_reason(error)}") from error
    _drop_empty(folder, file.path.parent)
    return read_saved_file(name, path)


def _drop_empty(folder: Path, emptied: Path) -> None:
    if emptied == folder or any(emptied.iterdir()):
        return
    try:
        emptied.rmdir()
    except OSError as error:
        raise StoreError(f"{emptied} is empty and could not be deleted: {os_reason(error)}") from error
