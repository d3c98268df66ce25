"""The user's folders, and folders that only their owner can read."""

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
    """The user's folders. They are created on the first write."""

    config: Path
    data: Path
    cache: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Folders:
        """Return the folders below ``API_EXPLORER_HOME``, or the default ones of this system.

        Raises:
            UsageError: the variable names the home of an unknown user, or no folder can be determined.
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
            raise UsageError(f"cannot find a home folder: {error}", hint=f"Set {HOME_VARIABLE} to a folder.") from None

    def own(self) -> tuple[Path, ...]:
        """Return the folders that only this program uses: the three, the folder of saved requests, and their parent if
        ``API_EXPLORER_HOME`` contains nothing else."""
        folders = [*self, self.data / "saved"]
        parents = {folder.parent for folder in self}
        if len(parents) == 1:
            home = parents.pop()
            try:
                names = {entry.name for entry in home.iterdir()}
            except OSError:
                names = {""}
            folders += [home] if names <= {folder.name for folder in self} else []
        return tuple(folders)

    @property
    def history(self) -> Path:
        """Path of the history database."""
        return self.data / "history.sqlite3"

    @property
    def track_progress(self) -> Path:
        """Path of the progress in the guided tracks. The file exists once a track was started."""
        return self.data / "tracks.json"


def _absolute(home: str) -> Path:
    try:
        folder = Path(home).expanduser().absolute()
        folder.exists()  # raises for an invalid path, such as a name that is too long
        return folder
    except (RuntimeError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{HOME_VARIABLE}={home[:200]} cannot be used: {reason}",
            hint=f"Set {HOME_VARIABLE} to a folder, or unset it.",
        ) from None


def shipped_path(name: str) -> Path:
    """Return the path of a shipped file or folder: in the package's ``_data``, or at the top of a checkout."""
    package = Path(explorer.__file__).parent
    installed = package / "_data" / name
    return installed if installed.exists() else package.parent / name


OWNER_ONLY: Final = 0o700
_OTHERS: Final = 0o077


def make_folder(path: Path) -> None:
    """Create *path* and its missing parents, each for its owner only; ``mkdir(parents=True)`` sets the mode of the last
    alone. Existing folders are unchanged.

    Raises:
        OSError: a folder cannot be created, or is not a folder.
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
    """Remove the permissions of others on those *folders* that exist and belong to the user. Ignore failures."""
    if os.name != "posix":
        return
    for folder in folders:
        with suppress(OSError):
            status = folder.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and status.st_mode & _OTHERS:
                folder.chmod(OWNER_ONLY)
