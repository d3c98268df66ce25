"""Folders of the program's own, which nobody but their owner may look into.

What lies in them is personal (requests, responses, half-filled forms), and the mode of a file alone does not hide its
name or that it is there.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OWNER_ONLY: Final = 0o700
_OTHERS: Final = 0o077


def make_folder(path: Path) -> None:
    """Make *path* and every folder above it that is missing, each for its owner only; ``mkdir(parents=True)`` gives
    that mode to the last alone. Folders that exist stay as they are.

    Raises:
        OSError: one cannot be made, or is no folder.
    """
    missing = []
    here = path
    while not here.exists() and here != here.parent:
        missing.append(here)
        here = here.parent
    for folder in reversed(missing):
        folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def restrict_permissions(folders: Iterable[Path]) -> None:
    """Take away the rights of others to those *folders* that exist and are ours; one that cannot be changed stays as it
    is, since that is no reason not to start."""
    if os.name != "posix":
        return
    for folder in folders:
        with suppress(OSError):
            status = folder.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and status.st_mode & _OTHERS:
                folder.chmod(OWNER_ONLY)
