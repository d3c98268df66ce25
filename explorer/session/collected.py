"""How far a collection of pages is, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CollectionState = Literal["new", "running", "paused", "cancelled", "incomplete", "done"]
"""``incomplete``: it ended by itself, and pages that did not come can be tried again."""


@dataclass(frozen=True, slots=True)
class CollectionProgress:
    """How far a collection is. Times in seconds, ``rate`` in records a second; None where it is not known."""

    state: CollectionState
    pages: int
    of_pages: int | None
    records: int
    of_records: int | None
    failed: int
    retries: int
    elapsed: float
    rate: float
    left: float | None
    waiting: float
    """Seconds until the vendor wants to be asked again."""

    @property
    def text(self) -> str:
        """The progress as a line."""
        pages = (
            f"{self.pages} of {self.of_pages} pages" if self.of_pages is not None else _pluralize(self.pages, "page")
        )
        parts = [pages, _pluralize(self.records, "record"), f"{self.rate:.0f} records/s"]
        parts += [f"{self.left:.0f} s left"] if self.left is not None else []
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{self.retries} tried again"] if self.retries else []
        parts += [f"waiting {self.waiting:.0f} s as the vendor asks"] if self.waiting > 0 else []
        return ", ".join(parts)


def _pluralize(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
