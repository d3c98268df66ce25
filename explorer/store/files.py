"""Read files that users edit, and write atomically: a crash or a full disk leaves the old file intact."""

from __future__ import annotations

import errno
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from explorer.errors import CatalogProblem, StoreError
from explorer.store.folders import make_folder

LIMIT: Final = 32_000_000
"""Bytes. A larger file was not written by hand and is rejected."""

_TEMPORARY: Final = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")
_STALE_AFTER: Final = 3600
"""Seconds after which a temporary file is stale: the process that wrote it was killed."""


class FileError(Exception):
    """A file that cannot be used: the file, the position, the problem, and what is expected."""

    def __init__(self, file: str, where: str, message: str, expected: str = "") -> None:
        super().__init__(file, where, message, expected)
        self.file = file
        self.where = where
        self.message = message
        self.expected = expected

    def __str__(self) -> str:
        text = f"{self.file}: {self.where}: {self.message}" if self.where else f"{self.file}: {self.message}"
        return f"{text}; {self.expected}" if self.expected else text

    def as_problem(self) -> CatalogProblem:
        """Return the error as a problem of a catalog or saved request."""
        return CatalogProblem(self.file, self.where or "(file)", self.message, self.expected)


def os_reason(error: OSError) -> str:
    """Return the system's message without the path: ``no space left on device``."""
    text = error.strerror or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


def read_bytes(path: Path) -> bytes | None:
    """Return the bytes of a regular file, or None if it does not exist.

    Raises:
        FileError: it cannot be read, is not a regular file, or is larger than ``LIMIT``.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FileError(str(path), "", "is not a regular file", "replace it with a file, or delete it")
        if status.st_size > LIMIT:
            raise FileError(str(path), "", f"has {status.st_size:,} bytes", f"the limit is {LIMIT:,}")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(
            str(path), "", f"cannot be read: {os_reason(error)}", "make it readable, or delete it"
        ) from error


def toml_files(folder: Path) -> list[Path]:
    """Return the ``*.toml`` files of a folder in name order; none if the folder is missing.

    Raises:
        FileError: the folder cannot be listed.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml" and not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(
            str(folder), "", f"cannot be listed: {os_reason(error)}", "make it a readable folder"
        ) from error


def parse_toml(data: bytes, file: str) -> dict[str, Any]:
    """Parse a TOML file. A leading byte order mark is ignored.

    Raises:
        FileError: it is not UTF-8, not TOML, or nested too deeply; names the line.
    """
    import tomllib

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise FileError(file, f"line {line}", message, "save the file as UTF-8") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r" \((?:at line (\d+), column (\d+)|at end of document)\)$", str(error))
        message = str(error)[: match.start()] if match else str(error)
        where = f"line {match[1]}, column {match[2]}" if match and match[1] else f"line {text.count(chr(10)) + 1}"
        raise FileError(file, where, f"not TOML: {message[:200]}", "see https://toml.io") from None
    except RecursionError:
        raise FileError(file, "", "is nested too deeply", "a few levels are enough") from None
    except ValueError as error:  # int() raises a plain ValueError for thousands of digits
        raise FileError(file, "", f"not TOML: {str(error)[:200]}", "see https://toml.io") from None


def write_atomic(path: Path, data: bytes, *, follow_link: bool = False) -> None:
    """Write *data* to *path* atomically, readable by its owner only.

    A symbolic link is replaced by the file, so that a planted link cannot redirect personal data. With *follow_link*,
    for settings and overlays, the target is written instead. It must belong to the user and have the same suffix.

    Raises:
        StoreError: it could not be written, or the link has another target; the old file is unchanged.
    """
    try:
        target = _link_target(path) if follow_link and path.is_symlink() else path
        make_folder(target.parent)
        temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
        try:
            _write_whole(temporary, data)
            _remove_stale(target.parent, temporary.stat().st_mtime - _STALE_AFTER)
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        hint = "Free disk space and save again." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        message = f"{path} could not be written: {os_reason(error)}"
        raise StoreError(message, hint=hint or "The old file, if any, is unchanged.") from error


def _link_target(path: Path) -> Path:
    """Return the target of the link *path*.

    Raises:
        StoreError: the target belongs to another user or has another suffix or type; OSError: the link is broken or a
        loop.
    """
    target = Path(os.path.realpath(path))
    checked = target if target.exists() else target.parent
    status = checked.stat()
    is_owner = os.name != "posix" or status.st_uid == os.geteuid()
    if not is_owner or target.suffix != path.suffix or (target.exists() and not stat.S_ISREG(status.st_mode)):
        raise StoreError(
            f"{path} is a link to {target}, which is not a {path.suffix} file of yours",
            hint="Replace the link with a file. Nothing was written.",
        )
    return target


def _write_whole(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _remove_stale(folder: Path, before: float) -> None:
    """Remove the temporary files of *folder* last written before a time of the file system's clock. Ignore failures."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _TEMPORARY.fullmatch(entry.name):
                continue
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_mtime < before:
                    Path(entry.path).unlink()


def _sync_folder(folder: Path) -> None:
    """Make the rename survive a power failure, if the system supports it."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF, errno.EROFS):  # the file system cannot sync folders
            raise
    finally:
        os.close(descriptor)


def keep_damaged(path: Path, data: bytes, ending: str = "bad") -> Path:
    """Save *data*, which was read from *path*, as ``NAME.bad``, ``NAME.bad-2`` … and return that path.

    Raises:
        StoreError: it could not be written.
    """
    number = 1
    while True:
        backup = path.with_name(f"{path.name}.{ending}" + (f"-{number}" if number > 1 else ""))
        if not backup.exists():
            write_atomic(backup, data)
            return backup
        if backup.is_file() and backup.stat().st_size == len(data) and backup.read_bytes() == data:
            return backup
        number += 1
