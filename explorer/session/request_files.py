"""The local files that requests of a session may read, and reading them.

What a person types on the command line, picks in the form, names with ``--allow-file`` or says yes to is allowed, and
so is everything below the folder of saved requests. Nothing else is: a saved request, a pasted curl line or a draft
that comes from someone else must not upload ``~/.ssh/id_rsa``.

    path ── real path (links resolved) ── allowed? ── opened part by part, no link followed ──► bytes
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


STDIN: Final = "-"
"""In place of a path: standard input."""
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_BY_PARTS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")


class FileNotAllowed(UsageError):
    """A request names a local file that nobody allowed it to read; nothing was read or sent."""

    title = "File not allowed"

    def __init__(self, path: str) -> None:
        super().__init__(
            outside_warning(path),
            hint=f"To upload it, pass --allow-file {path}, or pick it in the form.",
        )
        self.path = path


@dataclass
class RequestFiles:
    """What may be read, and standard input once it was read. Methods that touch files block."""

    _folders: set[str] = field(default_factory=set)
    """Real paths below which everything may be read."""
    _files: set[str] = field(default_factory=set)
    """Real paths of single files."""
    _form: set[str] = field(default_factory=set)
    """Real paths of the files that the open form names, as a person typed or picked them."""
    _streams: dict[str, bytes | None] = field(default_factory=dict)
    """Pipes and standard input, by what a person typed; the bytes once they were read, since that works once."""

    def allow(self, path: str | Path) -> None:
        """Allow a file, or a folder and everything below it, as it is now: a link that changes later is not followed.

        Raises:
            UsageError: *path* names a home folder that does not exist.
        """
        real = real_path(str(path))
        (self._folders if Path(real).is_dir() else self._files).add(real)

    def allow_folder(self, path: Path) -> None:
        """Allow everything below *path*, whether it exists yet or not."""
        self._folders.add(real_path(str(path)))

    def allow_upload(self, path: str) -> None:
        """Allow one file that a person agreed to upload, as it is now.

        Raises:
            UsageError: see ``allow``.
        """
        self._files.add(real_path(path))

    def allow_form(self, paths: Iterable[str]) -> None:
        """Allow the files that a person typed into the open form, in place of those that it named before; what is no
        path (yet) is left out."""
        self._form = set()
        for path in paths:
            with suppress(UsageError):
                self._form.add(real_path(path))

    def allow_file(self, path: str) -> None:
        """Allow one file that a person typed or picked, never a whole folder; a pipe (``<(command)``) too.

        Raises:
            UsageError: see ``allow``.
        """
        if path == STDIN:
            return
        typed = _expanded(path)
        try:
            status = typed.stat()
        except (OSError, ValueError):
            self._files.add(real_path(path))  # the reading says what is wrong with it
            return
        if stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode):
            self._streams.setdefault(path, None)
        else:
            self._files.add(real_path(path))

    def allow_stdin(self, read: Callable[[], bytes]) -> None:
        """Read standard input for a value that was typed as ``name=@-``."""
        self._streams[STDIN] = read()

    def is_allowed_file(self, path: str) -> bool:
        """Whether *path* may be read.

        Raises:
            UsageError: see ``allow``.
        """
        return path in self._streams or self._root(real_path(path)) is not None

    def check(self, path: str) -> None:
        """Refuse a file that may not be read.

        Raises:
            FileNotAllowed: nobody allowed it; UsageError: see ``allow``.
        """
        if path == STDIN and STDIN not in self._streams:
            raise UsageError("standard input cannot be read here", hint="Name a file in place of @-.")
        if not self.is_allowed_file(path):
            raise FileNotAllowed(path)

    def read(self, path: str) -> bytes:
        """Return the bytes of the file that *path* names.

        Raises:
            FileNotAllowed: nobody allowed it; UsageError: it cannot be read, or is not a regular file.
        """
        self.check(path)
        try:
            if path in self._streams:
                return self._read_stream(path)
            real = real_path(path)
            return _read_below(self._root(real) or real, real)
        except IsADirectoryError:
            raise UsageError(f"{path} is a folder", hint="Name a file.") from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UsageError(f"{path}: {why}", hint="Name a file that can be read.") from None

    def read_text(self, name: str, path: str) -> str:
        """Return the text of a file for the parameter *name*, without one line break at its end.

        Raises:
            FileNotAllowed, UsageError: as ``read``; UsageError: it is not UTF-8.
        """
        try:
            text = self.read(path).decode()
        except UnicodeDecodeError:
            raise UsageError(
                f"{name}: {_quoted_path(path)} is not UTF-8",
                hint="A text parameter takes text; an upload takes any file.",
            ) from None
        return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text

    def _read_stream(self, path: str) -> bytes:
        data = self._streams[path]
        if data is None:
            data = self._streams[path] = _expanded(path).read_bytes()
        return data

    def _root(self, real: str) -> str | None:
        """The allowed file or folder that *real* is, or is below."""
        if real in self._files or real in self._form:
            return real
        return next((one for one in self._folders if Path(real).is_relative_to(one)), None)


def outside_warning(path: str) -> str:
    """Return a sentence about a file that nobody allowed, with the file that it really is: a link hides it.

    Raises:
        UsageError: see ``real_path``.
    """
    real = real_path(path)
    return f"{path}{'' if real == path else f' ({real})'} is outside the folder of saved requests"


def real_path(path: str) -> str:
    """Return the absolute path with ``~`` and every link resolved.

    Raises:
        UsageError: it begins with the home folder of a user who does not exist.
    """
    try:
        return os.path.realpath(_expanded(path))
    except ValueError:  # a NUL
        raise UsageError(f"{path!r} cannot be a path", hint="Name a file that can be read.") from None


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UsageError(f"{path}: there is no such user", hint="Name a file that can be read.") from None


def _quoted_path(path: str) -> str:
    return "standard input" if path == STDIN else path


def _read_below(root: str, real: str) -> bytes:
    """The bytes of *real*, which is *root* or below it. Each part of the way is opened without following a link, so
    that nobody can put one in its place after it was checked."""
    descriptor = _open_below(root, real)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a regular file")
        return file.read()


def _open_below(root: str, real: str) -> int:
    if not _BY_PARTS or root == real:
        return os.open(real, _FLAGS | _NO_LINK)
    *folders, last = Path(real).relative_to(root).parts
    here = os.open(root, _FLAGS | os.O_DIRECTORY)
    try:
        for part in folders:
            following = os.open(part, _FLAGS | os.O_DIRECTORY | _NO_LINK, dir_fd=here)
            os.close(here)
            here = following
        return os.open(last, _FLAGS | _NO_LINK, dir_fd=here)
    finally:
        os.close(here)
