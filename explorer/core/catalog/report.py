"""Problems of a catalog file, each with its place and the file that said it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.errors import CatalogProblem, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Path = tuple[str, ...]
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def format_toml_path(path: Path) -> str:
    """A path as it would stand in the TOML file, names with other signs in quotes."""
    return ".".join(part if part.startswith("[") or _BARE.fullmatch(part) else f'"{part}"' for part in path).replace(
        ".[", "["
    )


@dataclass
class ProblemReport:
    """Collects problems; knows from which file each path came."""

    file: str
    origins: Mapping[Path, str] = field(default_factory=dict)
    problems: list[CatalogProblem] = field(default_factory=list)

    def add(self, path: Path, message: str, expected: str = "", near: str = "") -> None:
        """Note a problem at *path*."""
        self.problems.append(
            CatalogProblem(self._file_of(path), format_toml_path(path) or "(file)", message, expected, near)
        )

    def unknown(self, path: Path, kind: str, name: str, known: Sequence[str]) -> None:
        """Note that *name* is not among the *known* names."""
        expected = f"known: {', '.join(known[:10])}" if known and len(known) <= 10 else ""
        self.add(path, f"unknown {kind} {name!r}", expected, nearest(name, known) or "")

    def _file_of(self, path: Path) -> str:
        for length in range(len(path), 0, -1):
            found = self.origins.get(path[:length])
            if found is not None:
                return found
        return self.file
