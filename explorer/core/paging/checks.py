"""Whether the pages that came fit together: what is there twice, what is missing, what the vendor told differently.

Fed with one page after the other, it keeps a small number for each record and no record. A record is known by its
``type`` and ``id`` where it has an ``id``, otherwise by all that it holds.
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
"""How many pages a finding names before it says how many more there are."""


@dataclass(frozen=True, slots=True)
class PagingFinding:
    """One thing that is odd about the pages: its kind, a sentence, and the numbers of the pages that it is about."""

    kind: FindingKind
    text: str
    pages: tuple[int, ...] = ()


class _Name(msgspec.Struct):
    id: str | int | None = None
    type: str | int | None = None


_NAME: Final = msgspec.json.Decoder(_Name)


def fingerprint(record: bytes) -> int:
    """A number of 64 bits that stands for a record (a JSON text)."""
    text = record
    if record[:1] == b"{":
        try:
            name = _NAME.decode(record)
        except msgspec.DecodeError:  # an id that is a table, say: then all of the record counts
            name = _Name()
        if name.id not in (None, ""):
            text = f"{name.type}\0{name.id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


class PageChecks:
    """Takes pages in and says what it found. *asked* is the page size that was asked for, None where none was."""

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
        """How many different records came."""
        return len(self._seen)

    def page(self, number: int, records: Sequence[bytes], info: PageInfo) -> bool:
        """Take in one page that came whole. Gives whether a page with the very same records came before."""
        self._failed.discard(number)
        self._counts[number] = len(records)
        keys = [fingerprint(record) for record in records]
        here: set[int] = set()
        for key in keys:
            before = self._seen.setdefault(key, number)
            if before != number or key in here:
                pair = (min(before, number), max(before, number))
                self._twice[pair] = self._twice.get(pair, 0) + 1
            here.add(key)
        if info.total is not None and (not self._totals or self._totals[-1][1] != info.total):
            self._totals.append((number, info.total))
        self._look_at_size(len(records), info)
        return bool(keys) and self._whole_pages.setdefault(hash(tuple(keys)), number) != number

    def failed(self, number: int) -> None:
        """Note that a page did not come."""
        self._failed.add(number)

    def _look_at_size(self, count: int, info: PageInfo) -> None:
        """The first page that another one follows shows the size of all."""
        if self._size or not count or not info.has_next:
            return
        told = info.size or count
        self._size = count if self._asked is not None and count < self._asked else told
        if self._asked is not None and self._size < self._asked:
            self._capped = self._size

    # --- what was found ----------------------------------------------------------------------------------------------

    def findings(self, *, whole: bool) -> tuple[PagingFinding, ...]:
        """All that is odd so far. *whole*: the pages are all there are, from the first to the last."""
        return tuple(
            one
            for part in (
                self._failures(),
                self._duplicates(),
                self._changes(),
                self._sizes(),
                self._sums() if whole and not self._failed else (),
            )
            for one in part
        )

    def _failures(self) -> Iterator[PagingFinding]:
        if self._failed:
            pages = sorted(self._failed)
            yield PagingFinding("failed_page", f"{_pages(pages)} did not come", tuple(pages))

    def _duplicates(self) -> Iterator[PagingFinding]:
        if not self._twice:
            return
        count = sum(self._twice.values())
        pairs = [
            f"{times} twice on page {one}" if one == other else f"{times} of page {one} again on page {other}"
            for (one, other), times in sorted(self._twice.items())
        ]
        more = f" and {len(pairs) - _MAX_NAMED} more such pairs" if len(pairs) > _MAX_NAMED else ""
        pages = sorted({number for pair in self._twice for number in pair})
        text = f"{_pluralize(count, 'record')} came more than once: {'; '.join(pairs[:_MAX_NAMED])}{more}"
        yield PagingFinding("duplicates", text, tuple(pages))

    def _changes(self) -> Iterator[PagingFinding]:
        if len(self._totals) > 1:
            told = [f"{total} on page {number}" for number, total in self._totals]
            more = f" and {len(told) - _MAX_NAMED} more times" if len(told) > _MAX_NAMED else ""
            text = f"the total changed while the pages came: {', '.join(told[:_MAX_NAMED])}{more}"
            yield PagingFinding("total_changed", text, tuple(number for number, _ in self._totals))

    def _sizes(self) -> Iterator[PagingFinding]:
        if self._capped:
            text = f"{self._asked} records to a page were asked for, and the vendor gives {self._capped} without a word"
            yield PagingFinding("size_capped", text)
        last = max((number for number, count in self._counts.items() if count), default=0)
        middle = sorted((number, count) for number, count in self._counts.items() if number < last)
        empty = [number for number, count in middle if not count]
        if empty:
            yield PagingFinding("empty_page", f"{_pages(empty)} came empty, and more came after", tuple(empty))
        short = [number for number, count in middle if 0 < count < self._size]
        if short:
            text = f"{_pages(short)} held fewer than {self._size} records, and more came after"
            yield PagingFinding("short_page", text, tuple(short))

    def _sums(self) -> Iterator[PagingFinding]:
        total = self._totals[-1][1] if self._totals else None
        if total is None or total == self.different:
            return
        if self.different < total:
            text = f"the vendor tells of {_pluralize(total, 'record')}, and {self.different} different ones came"
            yield PagingFinding("missing", f"{text}: {total - self.different} missing")
        else:
            text = f"the vendor tells of {_pluralize(total, 'record')}, and {self.different} different ones came"
            yield PagingFinding("surplus", text)


def _pages(numbers: Iterable[int]) -> str:
    """``page 3``, ``pages 3, 5 and 9``."""
    words = [str(number) for number in numbers]
    if len(words) == 1:
        return f"page {words[0]}"
    if len(words) > _MAX_NAMED:
        return f"pages {', '.join(words[:_MAX_NAMED])} and {len(words) - _MAX_NAMED} more"
    return f"pages {', '.join(words[:-1])} and {words[-1]}"


def _pluralize(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
