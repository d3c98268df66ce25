"""Check whether the fetched pages are consistent: duplicates, missing records, contradictory totals.

Pages are added one by one. Only a 64-bit fingerprint per record is kept. A record is identified by its ``type`` and
``id``, or by its whole content if it has no ``id``.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from explorer.core.paging.base import PageInfo

FindingKind = Literal[
    "duplicates",
    "missing",
    "surplus",
    "total_changed",
    "size_capped",
    "empty_page",
    "short_page",
    "failed_page",
    "same_page",
    "circle",
]
_MAX_NAMED: Final = 8
"""Maximum number of pages that a finding lists."""


@dataclass(frozen=True, slots=True)
class PagingFinding:
    """One inconsistency: its kind, a sentence, and the numbers of the pages it concerns."""

    kind: FindingKind
    text: str
    pages: tuple[int, ...] = ()


class _Name(msgspec.Struct):
    id: str | int | None = None
    type: str | int | None = None


_NAME: Final = msgspec.json.Decoder(_Name)


def fingerprint(record: bytes) -> int:
    """Return a 64-bit fingerprint of a record (JSON text)."""
    text = record
    if record[:1] == b"{":
        try:
            name = _NAME.decode(record)
        except msgspec.DecodeError:  # such as an id that is an object: use the whole record
            name = _Name()
        if name.id not in (None, ""):
            text = f"{name.type}\0{name.id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


class PageChecks:
    """The consistency checks over a series of pages. *asked* is the requested page size, or None."""

    def __init__(self, asked: int | None = None) -> None:
        self._asked = asked
        self._seen: dict[int, int] = {}
        self._whole_pages: dict[int, int] = {}
        self._twice: dict[tuple[int, int], int] = {}
        self._counts: dict[int, int] = {}
        self._totals: list[tuple[int, int]] = []
        self._capped = 0
        self._size = 0
        self._failed: set[int] = set()

    @property
    def different(self) -> int:
        """The number of different records."""
        return len(self._seen)

    def page(self, number: int, records: Sequence[bytes], info: PageInfo) -> bool:
        """Add one complete page. Return whether an earlier page had exactly the same records."""
        self._failed.discard(number)
        self._counts[number] = len(records)
        keys = [fingerprint(record) for record in records]
        here: set[int] = set()
        for key in keys:
            first_page = self._seen.setdefault(key, number)
            if first_page != number or key in here:
                pair = (min(first_page, number), max(first_page, number))
                self._twice[pair] = self._twice.get(pair, 0) + 1
            here.add(key)
        if info.total is not None and (not self._totals or self._totals[-1][1] != info.total):
            self._totals.append((number, info.total))
        self._record_size(len(records), info)
        return bool(keys) and self._whole_pages.setdefault(hash(tuple(keys)), number) != number

    def failed(self, number: int) -> None:
        """Record that a page failed."""
        self._failed.add(number)

    def _record_size(self, count: int, info: PageInfo) -> None:
        """Record the page size: that of the first page with a successor."""
        if self._size or not count or not info.has_next:
            return
        size = info.size or count
        self._size = count if self._asked is not None and count < self._asked else size
        if self._asked is not None and self._size < self._asked:
            self._capped = self._size

    # --- findings ----------------------------------------------------------------------------------------------------

    def findings(self, *, whole: bool) -> tuple[PagingFinding, ...]:
        """Return all inconsistencies so far. *whole*: the pages are complete, from first to last."""
        checks = (
            self._failures(),
            self._duplicates(),
            self._changes(),
            self._sizes(),
            self._sums() if whole and not self._failed else (),
        )
        return tuple(finding for findings in checks for finding in findings)

    def _failures(self) -> Iterator[PagingFinding]:
        if self._failed:
            pages = sorted(self._failed)
            yield PagingFinding("failed_page", f"{_pages(pages)} failed", tuple(pages))

    def _duplicates(self) -> Iterator[PagingFinding]:
        if not self._twice:
            return
        count = sum(self._twice.values())
        pairs = [
            f"{times} twice on page {first}" if first == second else f"{times} on pages {first} and {second}"
            for (first, second), times in sorted(self._twice.items())
        ]
        more = f" and {len(pairs) - _MAX_NAMED} more pairs of pages" if len(pairs) > _MAX_NAMED else ""
        pages = sorted({number for pair in self._twice for number in pair})
        text = f"{_pluralize(count, 'repeated record')}: {'; '.join(pairs[:_MAX_NAMED])}{more}"
        yield PagingFinding("duplicates", text, tuple(pages))

    def _changes(self) -> Iterator[PagingFinding]:
        if len(self._totals) > 1:
            totals = [f"{total} on page {number}" for number, total in self._totals]
            more = f" and {len(totals) - _MAX_NAMED} more" if len(totals) > _MAX_NAMED else ""
            text = f"totals differ: {', '.join(totals[:_MAX_NAMED])}{more}"
            yield PagingFinding("total_changed", text, tuple(number for number, _ in self._totals))

    def _sizes(self) -> Iterator[PagingFinding]:
        if self._capped:
            text = f"{self._asked} records per page were requested, but the vendor limits pages to {self._capped}"
            yield PagingFinding("size_capped", text)
        last = max((number for number, count in self._counts.items() if count), default=0)
        middle = sorted((number, count) for number, count in self._counts.items() if number < last)
        empty = [number for number, count in middle if not count]
        if empty:
            text = f"{_pages(empty)} {'is' if len(empty) == 1 else 'are'} empty, but later pages are not"
            yield PagingFinding("empty_page", text, tuple(empty))
        short = [number for number, count in middle if 0 < count < self._size]
        if short:
            verb = "has" if len(short) == 1 else "have"
            text = f"{_pages(short)} {verb} fewer than {self._size} records, but more pages follow"
            yield PagingFinding("short_page", text, tuple(short))

    def _sums(self) -> Iterator[PagingFinding]:
        total = self._totals[-1][1] if self._totals else None
        if total is None or total == self.different:
            return
        text = f"the vendor reports {_pluralize(total, 'record')}, but the pages contain {self.different}"
        if self.different < total:
            yield PagingFinding("missing", f"{text}: {total - self.different} missing")
        else:
            yield PagingFinding("surplus", text)


def _pages(numbers: Iterable[int]) -> str:
    """Return ``page 3`` or ``pages 3, 5 and 9``."""
    words = [str(number) for number in numbers]
    if len(words) == 1:
        return f"page {words[0]}"
    if len(words) > _MAX_NAMED:
        return f"pages {', '.join(words[:_MAX_NAMED])} and {len(words) - _MAX_NAMED} more"
    return f"pages {', '.join(words[:-1])} and {words[-1]}"


def _pluralize(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
