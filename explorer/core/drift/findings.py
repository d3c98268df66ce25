"""One way in which answers differ from the catalog, its evidence, and the patch that would make the catalog right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

DriftKind = Literal["retyped", "missing", "new", "value", "limit"]
Patch = tuple[tuple[str, ...], Any]
"""A path below the vendor's table in the catalog, and the value to stand there."""
DRIFT_KINDS: Final[dict[DriftKind, str]] = {
    "retyped": "other type",
    "missing": "missing field",
    "new": "new field",
    "value": "undocumented value",
    "limit": "other limit",
}
_WEIGHT: Final = tuple(DRIFT_KINDS)


@dataclass(frozen=True)
class DriftFinding:
    """A difference, seen often enough to be told."""

    what: DriftKind
    vendor: str
    endpoint: str
    place: str
    """A path in the answer (``data[].owner``) or the name of a parameter."""
    documented: str
    """What the catalog says, in words."""
    seen: str
    """What was seen, in words."""
    count: int
    """In how many places it was seen."""
    of: int
    """Out of how many."""
    entries: tuple[int, ...] = ()
    """Entries of the history that show it, a few."""
    example: str = ""
    patches: tuple[Patch, ...] = ()

    @property
    def key(self) -> str:
        """What tells it from every other; the same when it is seen again."""
        return f"{self.vendor}.{self.endpoint}|{self.what}|{self.place}|{self.seen}"

    @property
    def title(self) -> str:
        """``new field data[].colour``."""
        return f"{DRIFT_KINDS[self.what]} {self.place or '(the body)'}"


def sort_findings(findings: Iterable[DriftFinding]) -> list[DriftFinding]:
    """Findings in the order in which they matter: by vendor and call, what breaks programs first."""
    return sorted(findings, key=lambda one: (one.vendor, one.endpoint, _WEIGHT.index(one.what), one.place))
