"""The local files that requests may read.

Allowed are files that the user typed, picked, confirmed or passed to ``--allow-file``, and everything below the folder
of saved requests. A saved request, curl line or draft from someone else must not upload ``~/.ssh/id_rsa``. Files are
opened part by part without following links, so that a path cannot be swapped after the check.
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
"""The path that means standard input."""
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_BY_PARTS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")


class FileNotAllowed(UsageError):
    """A request names a local file that the user did not allow; nothing was read or sent."""

    title = "File not allowed"

    def __init__(self, path: str) -> None:
        super().__init__(
            outside_warning(path),
            hint=f"To upload it, pass --allow-file {path}, or pick it in the form.",
        )
        self.path = path


@dataclass
class RequestFiles:
    """The allowed files and the contents of standard input. Methods that access files block."""

    _folders: set[str] = field(default_factory=set)
    """Real paths below which everything may be read."""
    _files: set[str] = field(default_factory=set)
    """Real paths of single files."""
    _form: set[str] = field(default_factory=set)
    """Real paths of the files that the user typed or picked in the open form."""
    _streams: dict[str, bytes | None] = field(default_factory=dict)
    """Pipes and standard input by the typed path; their bytes once read, since they can be read only once."""

    def allow(self, path: str | Path) -> None:
        """Allow a file, or a folder and everything below it. Links are resolved now.

        Raises:
            UsageError: *path* names a home folder that does not exist.
        """
        real = real_path(str(path))
        (self._folders if Path(real).is_dir() else self._files).add(real)

    def allow_folder(self, path: Path) -> None:
        """Allow everything below *path*, which need not exist."""
        self._folders.add(real_path(str(path)))

    def allow_upload(self, path: str) -> None:
        """Allow one file that the user confirmed. Links are resolved now.

        Raises:
            UsageError: see ``allow``.
        """
        self._files.add(real_path(path))

    def allow_form(self, paths: Iterable[str]) -> None:
        """Set the allowed files of the open form; invalid paths are ignored."""
        self._form = set()
        for path in paths:
            with suppress(UsageError):
                self._form.add(real_path(path))

    def allow_file(self, path: str) -> None:
        """Allow one file or pipe (``<(command)``) that the user typed or picked, never a folder.

        Raises:
            UsageError: see ``allow``.
        """
        if path == STDIN:
            return
        typed = _expanded(path)
        try:
            status = typed.stat()
        except (OSError, ValueError):
            self._files.add(real_path(path))  # reading it will report the error
            return
        if stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode):
            self._streams.setdefault(path, None)
        else:
            self._files.add(real_path(path))

    def allow_stdin(self, read: Callable[[], bytes]) -> None:
        """Read standard input now, for a value typed as ``name=@-``."""
        self._streams[STDIN] = read()

    def is_allowed_file(self, path: str) -> bool:
        """Return whether *path* may be read.

        Raises:
            UsageError: see ``allow``.
        """
        return path in self._streams or self._root(real_path(path)) is not None

    def check(self, path: str) -> None:
        """Check that *path* may be read.

        Raises:
            FileNotAllowed: the user did not allow it; UsageError: see ``allow``.
        """
        if path == STDIN and STDIN not in self._streams:
            raise UsageError("standard input cannot be read here", hint="Pass a file instead of @-.")
        if not self.is_allowed_file(path):
            raise FileNotAllowed(path)

    def read(self, path: str) -> bytes:
        """Return the bytes of the file at *path*.

        Raises:
            FileNotAllowed: the user did not allow it; UsageError: it is unreadable or not a regular file.
        """
        self.check(path)
        try:
            if path in self._streams:
                return self._read_stream(path)
            real = real_path(path)
            return _read_below(self._root(real) or real, real)
        except IsADirectoryError:
            raise UsageError(f"{path} is a folder", hint="Pass a file.") from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise UsageError(f"{path}: {why}", hint="Pass a readable file.") from None

    def read_text(self, name: str, path: str) -> str:
        """Return the text of a file for the parameter *name*, without a final line break.

        Raises:
            FileNotAllowed, UsageError: as ``read``; UsageError: it is not UTF-8.
        """
        try:
            text = self.read(path).decode()
        except UnicodeDecodeError:
            raise UsageError(
                f"{name}: {_quoted_path(path)} is not UTF-8",
                hint="Use a text file; only upload parameters take other files.",
            ) from None
        return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text

    def _read_stream(self, path: str) -> bytes:
        data = self._streams[path]
        if data is None:
            data = self._streams[path] = _expanded(path).read_bytes()
        return data

    def _root(self, real: str) -> str | None:
        """Return the allowed file or folder that *real* is or is below."""
        if real in self._files or real in self._form:
            return real
        return next((folder for folder in self._folders if Path(real).is_relative_to(folder)), None)


def outside_warning(path: str) -> str:
    """Return the message for a file that is not allowed, with the target of a link.

    Raises:
        UsageError: see ``real_path``.
    """
    real = real_path(path)
    return f"{path}{'' if real == path else f' ({real})'} is outside the folder of saved requests"


def real_path(path: str) -> str:
    """Return the absolute path with ``~`` and every link resolved.

    Raises:
        UsageError: it is invalid or begins with the home folder of an unknown user.
    """
    try:
        return os.path.realpath(_expanded(path))
    except ValueError:  # a NUL
        raise UsageError(f"{path!r} is not a valid path", hint="Pass a readable file.") from None


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UsageError(f"{path}: no such user", hint="Pass a readable file.") from None


def _quoted_path(path: str) -> str:
    return "standard input" if path == STDIN else path


def _read_below(root: str, real: str) -> bytes:
    """Return the bytes of *real*, which is *root* or below it, opening each part without following links."""
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
