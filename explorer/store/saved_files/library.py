"""Everything in a folder of saved requests, read; a file that did not change is not read again."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
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
"""Files that are looked at; a folder with more is not one of saved requests."""


class Stamp(NamedTuple):
    """What tells that a file was changed, without reading it."""

    modified: int
    """Nanoseconds."""
    size: int
    inode: int


BROKEN: Final = Stamp(-1, -1, -1)
"""Of a link that leads nowhere, or in a circle."""
_MISSING: Final = Stamp(0, 0, 0)
"""Of a file that was deleted while the folder was listed."""
Stamps = dict[str, Stamp]
"""Path relative to the folder, with slashes → stamp."""


@dataclass(frozen=True)
class SavedFile:
    """One file of a request: what it says, or what is wrong with it."""

    name: str
    """``orders/10-create``."""
    path: Path
    text: str = ""
    digest: str = ""
    """Of its bytes; tells a change that came from elsewhere."""
    request: SavedRequest | None = None
    problems: tuple[CatalogProblem, ...] = ()

    @property
    def is_side(self) -> bool:
        """Whether it is a person's own side of a conflict, which no sequence runs."""
        return self.name.endswith(CONFLICT_SUFFIX)


@dataclass(frozen=True)
class SavedSet:
    """One environment file."""

    name: str
    path: Path
    values: VariableSet = field(default_factory=VariableSet)
    problems: tuple[CatalogProblem, ...] = ()


@dataclass(frozen=True)
class SavedLibrary:
    """A folder of saved requests as it was when it was read."""

    folder: Path
    files: Mapping[str, SavedFile] = field(default_factory=dict)
    options: Mapping[str, FolderOptions] = field(default_factory=dict)
    """Folder → what its ``_folder.toml`` says."""
    sets: Mapping[str, SavedSet] = field(default_factory=dict)
    folder_problems: Mapping[str, tuple[CatalogProblem, ...]] = field(default_factory=dict)
    """Folder → what is wrong with its ``_folder.toml``."""
    problems: tuple[CatalogProblem, ...] = ()
    """What is wrong with the folder as a whole."""
    stamps: Stamps = field(default_factory=dict)

    @property
    def requests(self) -> dict[str, SavedRequest]:
        """The requests whose files are well."""
        return {name: one.request for name, one in self.files.items() if one.request is not None}

    @property
    def folders(self) -> tuple[str, ...]:
        """Every folder that requests are in, by name."""
        found = {name.rpartition("/")[0] for name in self.files}
        found |= {"/".join(one.split("/")[:depth]) for one in found for depth in range(1, one.count("/") + 1)}
        return tuple(sorted(found - {""}))

    def file(self, wanted: str, folder: str = "") -> SavedFile:
        """The file that *wanted* means.

        Raises:
            UnknownName: there is none; UsageError: several may be meant.
        """
        return self.files[match_name(wanted, self.files, folder)]

    def sequence(self, wanted: str) -> tuple[str, ...]:
        """The names that a run of *wanted* runs, in order: one request, or all of a folder (``.``: all there are).

        Raises:
            UnknownName: there is neither a request nor a folder of that name.
        """
        wanted = wanted.strip().strip("/")
        names = list(self.files)
        if wanted in ("", "."):
            return tuple(order_names(names, "", dict(self.options)))
        folder = self.find_folder(wanted)
        if folder is not None and wanted not in self.files:
            return tuple(order_names(names, folder, dict(self.options)))
        try:
            return (match_name(wanted, names),)
        except UnknownName:
            raise UnknownName("saved request or folder", wanted, [*names, *self.folders]) from None

    def find_folder(self, wanted: str) -> str | None:
        """The folder that *wanted* means, its number left out or not; None where there is none."""
        wanted = wanted.strip().strip("/")
        if wanted in self.folders:
            return wanted
        found = [one for one in self.folders if unnumbered(one) == unnumbered(wanted.replace(".", "/"))]
        return found[0] if len(found) == 1 else None

    @property
    def all_problems(self) -> tuple[CatalogProblem, ...]:
        """Every problem of every file."""
        return (
            *self.problems,
            *(one for problems in self.folder_problems.values() for one in problems),
            *(problem for one in self.sets.values() for problem in one.problems),
            *(problem for one in self.files.values() for problem in one.problems),
        )


def stamps(folder: Path) -> Stamps:
    """Return the stamp of every TOML file and of every broken link below *folder*; none where there is no such folder.

    Links to files and folders are followed. One whose target is missing, or that leads back to a folder it is in, has
    the stamp ``BROKEN``, so that it is reported and not left out.

    Raises:
        FileError: a folder cannot be listed.
    """
    stamps: Stamps = {}
    waiting: list[tuple[Path, str, tuple[str, ...]]] = [(folder, "", (os.path.realpath(folder),))]
    while waiting:
        here, prefix, above = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    name = f"{prefix}{entry.name}"
                    if entry.name.startswith("."):
                        continue
                    stamp = _stamp(entry, above)
                    if stamp is None and name.count("/") < _MAX_DEPTH:
                        waiting.append((Path(entry.path), f"{name}/", (*above, os.path.realpath(entry.path))))
                    elif stamp == BROKEN or (stamp is not None and name.endswith(".toml")):
                        stamps[name] = stamp
        except FileNotFoundError:
            continue
        except OSError as error:
            raise FileError(str(here), "", f"cannot be listed: {os_reason(error)}", "make it readable") from error
        if len(stamps) > _MAX_FILES:
            raise FileError(str(folder), "", f"holds more than {_MAX_FILES:,} files", "choose another saved_folder")
    return dict(sorted(stamps.items()))


def _stamp(entry: os.DirEntry[str], above: tuple[str, ...]) -> Stamp | None:
    """The stamp of a file or a broken link; None for a folder that is to be looked into. *above*: the real paths of the
    folders that it is in."""
    try:
        status = entry.stat()
    except OSError:
        return BROKEN if entry.is_symlink() else _MISSING
    if not stat.S_ISDIR(status.st_mode):
        return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
    target = os.path.realpath(entry.path)
    circle = entry.is_symlink() and any(Path(folder).is_relative_to(target) for folder in above)
    return BROKEN if circle else None


def load_library(folder: Path, before: SavedLibrary | None = None) -> SavedLibrary:
    """Read *folder*; what *before* read and is as it was is taken from there. Never raises: what is wrong is told."""
    try:
        found = stamps(folder)
    except FileError as error:
        return SavedLibrary(folder, problems=(_problem(error),))
    if before is not None and before.folder == folder and before.stamps == found and not before.problems:
        return before
    old = before if before is not None and before.folder == folder else SavedLibrary(folder)
    files: dict[str, SavedFile] = {}
    options: dict[str, FolderOptions] = {}
    sets: dict[str, SavedSet] = {}
    wrong: dict[str, tuple[CatalogProblem, ...]] = {}
    for relative, stamp in found.items():
        name = relative.removesuffix(".toml")
        head, _, last = relative.rpartition("/")
        same = old.stamps.get(relative) == stamp
        if last == FOLDER_FILE:
            options[head], wrong[head] = _folder(folder / relative)
        elif relative.startswith(f"{VARIABLES_FOLDER}/"):
            key = name.removeprefix(f"{VARIABLES_FOLDER}/")
            sets[key] = old.sets[key] if same and key in old.sets else _set(key, folder / relative)
        else:
            files[name] = old.files[name] if same and name in old.files else read_saved_file(name, folder / relative)
    wrong = {head: problems for head, problems in wrong.items() if problems}
    library = SavedLibrary(folder, files, options, sets, wrong, stamps=found)
    return _with_order_checked(library)


def read_saved_file(name: str, path: Path) -> SavedFile:
    """The file of one request; what is wrong with it is told in it."""
    data = b""
    try:
        data = _content(path)
        mapping = parse_toml(data, str(path))
    except FileError as error:
        said = data.decode("utf-8-sig", "replace")
        return SavedFile(name, path, said, sha256(data).hexdigest(), problems=(_problem(error),))
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
    """The bytes of a file that the folder lists.

    Raises:
        FileError: it is not there any more, is a broken link, or cannot be read.
    """
    broken = _broken_link(path)
    if broken:
        raise FileError(str(path), "", broken, "point it to a file or folder that exists, or delete it")
    data = read_bytes(path)
    if data is None:
        raise FileError(str(path), "", "is gone", "")
    return data


def _broken_link(path: Path) -> str:
    """What is wrong with a link; an empty text where *path* is none, or leads to a file."""
    if not path.is_symlink():
        return ""
    try:
        status = path.stat()
    except OSError as error:
        what = "a loop of links" if error.errno == errno.ELOOP else "a broken link"
        return f"is {what} ({path.readlink()})"
    return f"is a link to a folder that it is in ({path.readlink()})" if stat.S_ISDIR(status.st_mode) else ""


def _absolute(call: Call, folder: Path) -> Call:
    """The call with the paths of its files counted from the folder of the request's own file."""
    entries = tuple(
        msgspec.structs.replace(one, value=str(folder / one.value))
        if one.kind == "file" and one.value and not one.value.startswith(("${", "~"))
        else one
        for one in call.entries
    )
    return msgspec.structs.replace(call, entries=entries)


def _folder(path: Path) -> tuple[FolderOptions, tuple[CatalogProblem, ...]]:
    try:
        data = _content(path)
        return read_folder(parse_toml(data, str(path)), str(path), data.decode("utf-8-sig"))
    except FileError as error:
        return FolderOptions(), (_problem(error),)


def _set(name: str, path: Path) -> SavedSet:
    try:
        data = _content(path)
        values, problems = read_variables(parse_toml(data, str(path)), str(path), data.decode("utf-8-sig"))
    except FileError as error:
        return SavedSet(name, path, problems=(_problem(error),))
    return SavedSet(name, path, values, problems)


def _with_order_checked(library: SavedLibrary) -> SavedLibrary:
    """*library* with a word on every name in an ``order`` that is no name there."""
    wrong = dict(library.folder_problems)
    for head, options in library.options.items():
        prefix = f"{head}/" if head else ""
        children = {name[len(prefix) :].split("/")[0] for name in library.files if name.startswith(prefix)}
        known = {unnumbered(one) for one in children}
        for one in options.order:
            if unnumbered(one) not in known:
                file = str(library.folder / prefix / FOLDER_FILE)
                problem = CatalogProblem(
                    file, "order", f"{one!r} is no request here", f"known: {', '.join(sorted(known))}"
                )
                wrong[head] = (*wrong.get(head, ()), problem)
    return SavedLibrary(
        library.folder, library.files, library.options, library.sets, wrong, library.problems, library.stamps
    )


def _problem(error: FileError) -> CatalogProblem:
    return CatalogProblem(error.file, error.where or "(file)", error.message, error.expected)
