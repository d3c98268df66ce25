"""Where files live, and folders that only their owner can read."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import explorer
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


HOME_VARIABLE = "API_EXPLORER_HOME"
_APP = "api-explorer"


class Folders(NamedTuple):
    """The user's folders. None of them need exist: what writes there makes them."""

    config: Path
    data: Path
    cache: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Folders:
        """Return the folders that *environ* asks for with ``API_EXPLORER_HOME``, or the usual ones of this system.

        Raises:
            UsageError: it names the home of a user that there is not, or no folder can be found.
        """
        home = environ.get(HOME_VARIABLE, "")
        if home:
            root = _absolute(home)
            return cls(root / "config", root / "data", root / "cache")
        import platformdirs

        try:
            return cls(
                platformdirs.user_config_path(_APP, appauthor=False),
                platformdirs.user_data_path(_APP, appauthor=False),
                platformdirs.user_cache_path(_APP, appauthor=False),
            )
        except RuntimeError as error:
            raise UsageError(f"no home folder: {error}", hint=f"Set {HOME_VARIABLE} to a folder.") from None

    def own(self) -> tuple[Path, ...]:
        """Return the folders that only this program puts things into: the three, the folder of saved requests, and
        the one above them where ``API_EXPLORER_HOME`` holds nothing else."""
        folders = [*self, self.data / "saved"]
        above = {folder.parent for folder in self}
        if len(above) == 1:
            home = above.pop()
            try:
                names = {entry.name for entry in home.iterdir()}
            except OSError:
                names = {""}
            folders += [home] if names <= {folder.name for folder in self} else []
        return tuple(folders)

    @property
    def history(self) -> Path:
        """The history's database."""
        return self.data / "history.sqlite3"

    @property
    def track_progress(self) -> Path:
        """How far a person is with the guided tracks; there once a track was taken up."""
        return self.data / "tracks.json"


def _absolute(home: str) -> Path:
    try:
        folder = Path(home).expanduser().absolute()
        folder.exists()  # fails where no path can be: a name that is too long, a folder that may not be searched
        return folder
    except (RuntimeError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{HOME_VARIABLE}={home[:200]} cannot be used: {reason}",
            hint=f"Set {HOME_VARIABLE} to a folder, or unset it.",
        ) from None


def shipped_path(name: str) -> Path:
    """Return a file or folder of the program: in the package's ``_data``, or at the top of a checkout."""
    package = Path(explorer.__file__).parent
    installed = package / "_data" / name
    return installed if installed.exists() else package.parent / name


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
