"""Read a folder of saved requests. Unchanged files are not read again."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from explorer.core.saved.model import FolderOptions, SavedRequest, VariableSet
from explorer.core.saved.naming import (
    CONFLICT_SUFFIX,
    FOLDER_FILE,
    VARIABLES_FOLDER,
    check_name,
    match_name,
    order_names,
    unnumbered,
)
from explorer.core.saved.toml import read_folder, read_request, read_variables
from explorer.errors import CatalogProblem, UnknownName, UsageError
from explorer.store.files import FileError, os_reason, parse_toml, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.model import Call

_MAX_DEPTH: Final = 8
_MAX_FILES: Final = 20_000
"""Maximum files; a folder with more is not a folder of saved requests."""


class Stamp(NamedTuple):
    """File status that reveals a change without reading the file."""

    modified: int
    """Nanoseconds."""
    size: int
    inode: int


BROKEN: Final = Stamp(-1, -1, -1)
"""Stamp of a broken link or a link loop."""
_MISSING: Final = Stamp(0, 0, 0)
"""Stamp of a file that was deleted while the folder was listed."""
Stamps = dict[str, Stamp]
"""Path relative to the folder, with slashes → stamp."""


@dataclass(frozen=True)
class SavedFile:
    """The file of a request: the request, or its problems."""

    name: str
    """``orders/10-create``."""
    path: Path
    text: str = ""
    digest: str = ""
    """Digest of its bytes, to detect changes by others."""
    request: SavedRequest | None = None
    problems: tuple[CatalogProblem, ...] = ()

    @property
    def is_side(self) -> bool:
        """Whether it is the user's side of a conflict, which no sequence runs."""
        return self.name.endswith(CONFLICT_SUFFIX)


@dataclass(frozen=True)
class SavedSet:
    """An environment file."""

    name: str
    path: Path
    values: VariableSet = field(default_factory=VariableSet)
    problems: tuple[CatalogProblem, ...] = ()


@dataclass(frozen=True)
class SavedLibrary:
    """A folder of saved requests, as read."""

    folder: Path
    files: Mapping[str, SavedFile] = field(default_factory=dict)
    options: Mapping[str, FolderOptions] = field(default_factory=dict)
    """Folder → the options in its ``_folder.toml``."""
    sets: Mapping[str, SavedSet] = field(default_factory=dict)
    folder_problems: Mapping[str, tuple[CatalogProblem, ...]] = field(default_factory=dict)
    """Folder → the problems of its ``_folder.toml``."""
    problems: tuple[CatalogProblem, ...] = ()
    """Problems of the folder as a whole."""
    stamps: Stamps = field(default_factory=dict)

    @property
    def requests(self) -> dict[str, SavedRequest]:
        """The requests whose files are valid."""
        return {name: file.request for name, file in self.files.items() if file.request is not None}

    @property
    def folders(self) -> tuple[str, ...]:
        """Every folder with requests below it, by name."""
        folders = {name.rpartition("/")[0] for name in self.files}
        folders |= {
            "/".join(folder.split("/")[:depth]) for folder in folders for depth in range(1, folder.count("/") + 1)
        }
        return tuple(sorted(folders - {""}))

    def file(self, name: str, folder: str = "") -> SavedFile:
        """Return the file that *name* refers to.

        Raises:
            UnknownName: there is none; UsageError: *name* is ambiguous.
        """
        return self.files[match_name(name, self.files, folder)]

    def sequence(self, name: str) -> tuple[str, ...]:
        """Return the names of the requests to run, in order: the request *name*, or all of that folder (``.``: all).

        Raises:
            UnknownName: there is no request or folder of that name.
        """
        name = name.strip().strip("/")
        names = list(self.files)
        if name in ("", "."):
            return tuple(order_names(names, "", dict(self.options)))
        folder = self.find_folder(name)
        if folder is not None and name not in self.files:
            return tuple(order_names(names, folder, dict(self.options)))
        try:
            return (match_name(name, names),)
        except UnknownName:
            raise UnknownName("saved request or folder", name, [*names, *self.folders]) from None

    def find_folder(self, name: str) -> str | None:
        """Return the folder that *name* refers to, with or without its number, or None."""
        name = name.strip().strip("/")
        if name in self.folders:
            return name
        matches = [folder for folder in self.folders if unnumbered(folder) == unnumbered(name.replace(".", "/"))]
        return matches[0] if len(matches) == 1 else None

    @property
    def all_problems(self) -> tuple[CatalogProblem, ...]:
        """Every problem of every file."""
        return (
            *self.problems,
            *(problem for problems in self.folder_problems.values() for problem in problems),
            *(problem for variables in self.sets.values() for problem in variables.problems),
            *(problem for file in self.files.values() for problem in file.problems),
        )


def stamps(folder: Path) -> Stamps:
    """Return the stamp of every TOML file and of every broken link below *folder*; none if the folder does not exist.

    Links are followed. A link whose target is missing, or that points to one of its parents, has the stamp ``BROKEN``,
    so that it is reported.

    Raises:
        FileError: a folder cannot be listed.
    """
    stamps: Stamps = {}
    pending: list[tuple[Path, str, tuple[str, ...]]] = [(folder, "", (os.path.realpath(folder),))]
    while pending:
        current, prefix, parents = pending.pop()
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    name = f"{prefix}{entry.name}"
                    if entry.name.startswith("."):
                        continue
                    stamp = _stamp(entry, parents)
                    if stamp is None and name.count("/") < _MAX_DEPTH:
                        pending.append((Path(entry.path), f"{name}/", (*parents, os.path.realpath(entry.path))))
                    elif stamp == BROKEN or (stamp is not None and name.endswith(".toml")):
                        stamps[name] = stamp
        except FileNotFoundError:
            continue
        except OSError as error:
            raise FileError(str(current), "", f"cannot be listed: {os_reason(error)}", "make it readable") from error
        if len(stamps) > _MAX_FILES:
            raise FileError(str(folder), "", f"contains more than {_MAX_FILES:,} files", "choose another saved_folder")
    return dict(sorted(stamps.items()))


def _stamp(entry: os.DirEntry[str], parents: tuple[str, ...]) -> Stamp | None:
    """Return the stamp of a file or broken link, or None for a folder. *parents* are the real paths of its parents."""
    try:
        status = entry.stat()
    except OSError:
        return BROKEN if entry.is_symlink() else _MISSING
    if not stat.S_ISDIR(status.st_mode):
        return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
    target = os.path.realpath(entry.path)
    is_loop = entry.is_symlink() and any(Path(folder).is_relative_to(target) for folder in parents)
    return BROKEN if is_loop else None


def load_library(folder: Path, before: SavedLibrary | None = None) -> SavedLibrary:
    """Read *folder*, reusing the unchanged files of *before*. Problems are reported in the result, never raised."""
    try:
        current = stamps(folder)
    except FileError as error:
        return SavedLibrary(folder, problems=(error.as_problem(),))
    if before is not None and before.folder == folder and before.stamps == current and not before.problems:
        return before
    old = before if before is not None and before.folder == folder else SavedLibrary(folder)
    files: dict[str, SavedFile] = {}
    options: dict[str, FolderOptions] = {}
    sets: dict[str, SavedSet] = {}
    folder_problems: dict[str, tuple[CatalogProblem, ...]] = {}
    for relative, stamp in current.items():
        name = relative.removesuffix(".toml")
        head, _, last = relative.rpartition("/")
        is_unchanged = old.stamps.get(relative) == stamp
        if last == FOLDER_FILE:
            options[head], folder_problems[head] = _folder(folder / relative)
        elif relative.startswith(f"{VARIABLES_FOLDER}/"):
            key = name.removeprefix(f"{VARIABLES_FOLDER}/")
            sets[key] = old.sets[key] if is_unchanged and key in old.sets else _set(key, folder / relative)
        else:
            can_reuse = is_unchanged and name in old.files
            files[name] = old.files[name] if can_reuse else read_saved_file(name, folder / relative)
    folder_problems = {head: problems for head, problems in folder_problems.items() if problems}
    library = SavedLibrary(folder, files, options, sets, folder_problems, stamps=current)
    return _with_order_checked(library)


def read_saved_file(name: str, path: Path) -> SavedFile:
    """Read the file of a request. Problems are reported in the result, never raised."""
    data = b""
    try:
        data = _content(path)
        mapping = parse_toml(data, str(path))
    except FileError as error:
        text = data.decode("utf-8-sig", "replace")
        return SavedFile(name, path, text, sha256(data).hexdigest(), problems=(error.as_problem(),))
    text, digest = data.decode("utf-8-sig"), sha256(data).hexdigest()
    request, problems = read_request(mapping, str(path), text)
    try:
        check_name(name)
    except UsageError as error:
        problems = (*problems, CatalogProblem(str(path), "", error.message, error.hint))
    if request is not None:
        request = msgspec.structs.replace(request, call=_absolute(request.call, path.parent))
    return SavedFile(name, path, text, digest, None if problems else request, problems)


def _content(path: Path) -> bytes:
    """Return the bytes of a listed file.

    Raises:
        FileError: it was deleted, is a broken link, or cannot be read.
    """
    problem = _link_problem(path)
    if problem:
        raise FileError(str(path), "", problem, "point it to a file or folder that exists, or delete it")
    data = read_bytes(path)
    if data is None:
        raise FileError(str(path), "", "was deleted", "")
    return data


def _link_problem(path: Path) -> str:
    """Return the problem of a link; empty if *path* is not a link or points to a file."""
    if not path.is_symlink():
        return ""
    try:
        status = path.stat()
    except OSError as error:
        kind = "a link loop" if error.errno == errno.ELOOP else "a broken link"
        return f"is {kind} ({path.readlink()})"
    return f"is a link to one of its parent folders ({path.readlink()})" if stat.S_ISDIR(status.st_mode) else ""


def _absolute(call: Call, folder: Path) -> Call:
    """Return the call with the paths of its files resolved against the folder of the request's file."""
    entries = tuple(
        msgspec.structs.replace(entry, value=str(folder / entry.value))
        if entry.kind == "file" and entry.value and not entry.value.startswith(("${", "~"))
        else entry
        for entry in call.entries
    )
    return msgspec.structs.replace(call, entries=entries)


def _folder(path: Path) -> tuple[FolderOptions, tuple[CatalogProblem, ...]]:
    try:
        data = _content(path)
        return read_folder(parse_toml(data, str(path)), str(path), data.decode("utf-8-sig"))
    except FileError as error:
        return FolderOptions(), (error.as_problem(),)


def _set(name: str, path: Path) -> SavedSet:
    try:
        data = _content(path)
        values, problems = read_variables(parse_toml(data, str(path)), str(path), data.decode("utf-8-sig"))
    except FileError as error:
        return SavedSet(name, path, problems=(error.as_problem(),))
    return SavedSet(name, path, values, problems)


def _with_order_checked(library: SavedLibrary) -> SavedLibrary:
    """Return *library* with a problem for every unknown name in an ``order``."""
    folder_problems = dict(library.folder_problems)
    for head, options in library.options.items():
        prefix = f"{head}/" if head else ""
        children = {name[len(prefix) :].split("/")[0] for name in library.files if name.startswith(prefix)}
        known = {unnumbered(child) for child in children}
        for item in options.order:
            if unnumbered(item) not in known:
                file = str(library.folder / prefix / FOLDER_FILE)
                problem = CatalogProblem(
                    file, "order", f"{item!r} is not a request in this folder", f"known: {', '.join(sorted(known))}"
                )
                folder_problems[head] = (*folder_problems.get(head, ()), problem)
    return replace(library, folder_problems=folder_problems)
