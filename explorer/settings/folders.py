"""Where files live: three folders of the user's, and what travels with the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import explorer

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_VARIABLE = "API_EXPLORER_HOME"
_APP = "api-explorer"


class Folders(NamedTuple):
    """The user's folders. None of them need exist: what writes there makes them."""

    config: Path
    data: Path
    cache: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Folders:
        """The folders that *environ* asks for with ``API_EXPLORER_HOME``, or those that are usual on this system."""
        home = environ.get(HOME_VARIABLE, "")
        if home:
            root = Path(home).expanduser().absolute()
            return cls(root / "config", root / "data", root / "cache")
        import platformdirs

        return cls(
            platformdirs.user_config_path(_APP, appauthor=False),
            platformdirs.user_data_path(_APP, appauthor=False),
            platformdirs.user_cache_path(_APP, appauthor=False),
        )

    @property
    def history(self) -> Path:
        """The history's database."""
        return self.data / "history.sqlite3"

    @property
    def track_progress(self) -> Path:
        """How far a person is with the guided tracks; there once a track was taken up."""
        return self.data / "tracks.json"


def shipped(name: str) -> Path:
    """A file or folder that travels with the program: inside an installed package, at the top of a checkout."""
    package = Path(explorer.__file__).parent
    installed = package / "_data" / name
    return installed if installed.exists() else package.parent / name
