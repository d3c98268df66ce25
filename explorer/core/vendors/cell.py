"""What a vendor does about one task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from explorer.core.catalog.model import Vendor


@dataclass(frozen=True)
class ComparisonCell:
    """``points`` are a few words each, for the table; ``details`` are sentences; ``endpoint`` is the address of a call
    to look at, or empty; ``lines`` cites the vendor's document."""

    points: tuple[str, ...]
    details: tuple[str, ...] = ()
    endpoint: str = ""
    lines: str = ""

    @property
    def short(self) -> str:
        """The points in one line."""
        return "; ".join(self.points)


def build_cell(
    vendor: Vendor, points: Iterable[str], details: Iterable[str] = (), endpoint: str = "", lines: str = ""
) -> ComparisonCell:
    """A cell whose doubles and empty texts are left out."""
    told = tuple(dict.fromkeys(one for one in points if one)) or ("not documented",)
    more = tuple(dict.fromkeys(one for one in details if one))
    return ComparisonCell(
        told, more, f"{vendor.id}.{endpoint}" if endpoint in vendor.endpoints else "", vendor.cite(lines)
    )


def pluralize(number: int, one: str, many: str = "") -> str:
    """``1 call``, ``3 calls``."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
