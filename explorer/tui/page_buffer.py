"""The pages of one call while they come: their records kept in a temporary file, and put together as one document.

collector ──► Gathering.add(page) … ──► growth() ──► the Body tab, while they come ──► merge() ──► all in order
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import msgspec

from explorer.core.model import ReceivedResponse
from explorer.core.text.media_type import JSON
from explorer.store.spool import Spool, large_spool
from explorer.tui.panes.response.pages_view import CollectionStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.model import Exchange
    from explorer.session.collection import Collector
    from explorer.session.page_fetch import FetchedPage
    from explorer.session.page_route import CollectionPlan


class BufferedRecords(Sequence[bytes]):
    """The records that came so far, in the order in which they came, read from the spool when they are wanted."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._starts = array("Q")
        self._ends = array("Q")

    def add(self, at: int, records: Sequence[bytes]) -> None:
        """Take up *records* that stand in the spool from *at* on, with two bytes between each."""
        for record in records:
            self._starts.append(at)
            self._ends.append(at + len(record))
            at += len(record) + 2

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        return bytes(self._spool.data[self._starts[index] : self._ends[index]])


class PageBuffer:
    """What came of a collector so far. Whoever makes one closes it."""

    def __init__(self, address: str, collect: Callable[[Callable[[str], None]], Collector]) -> None:
        """*collect* makes the collector, given what is to be told of pages that are asked for again."""
        self.address = address
        self.collector = collect(self.say)
        self.plan: CollectionPlan | None = None
        self.said = ""
        """What was said last: a page that is asked for again, or why it stopped."""
        self.shown: Callable[[], None] = lambda: None
        """Called when there is something new to be said."""
        self.failed: dict[int, str] = {}
        """Number of a page that did not come → why."""
        self.merged: Exchange | None = None
        """All records as one answer, once it has ended."""
        self._spool = Spool()
        self._places: dict[int, tuple[int, int]] = {}
        """Page number → from where to where its records stand in the spool, which is a JSON array without its end."""
        self._shown = 0
        """Bytes of the spool that were given by ``growth``."""
        self._spool.append(b"[")
        self.records = BufferedRecords(self._spool)

    @property
    def active(self) -> bool:
        """Whether pages are under way or held back."""
        return self.collector.state in ("running", "paused")

    @property
    def unfinished(self) -> bool:
        """Whether it ended, and there is more to ask for."""
        return self.collector.state in ("cancelled", "incomplete")

    def say(self, text: str) -> None:
        """Keep a sentence for the line of what happened last."""
        self.said = text
        self.shown()

    def add(self, page: FetchedPage) -> None:
        """Keep what a page holds, or why it did not come."""
        if not page.came:
            self.failed[page.number] = page.problem
            return
        self.failed.pop(page.number, None)
        if page.records:
            self._spool.append(b",\n" if self._places else b"")
            at = self._spool.size
            self._spool.append(b",\n".join(page.records))
            self.records.add(at, page.records)
            self._places[page.number] = (at, self._spool.size)

    def growth(self, *, anew: bool = False) -> bytes:
        """What came since this was asked the last time, for a body that grows; *anew*: all of it."""
        start = 0 if anew else self._shown
        self._shown = self._spool.size
        return bytes(self._spool.data[start : self._shown])

    def merge(self) -> Exchange | None:
        """The first page's exchange with the records of all pages as its body, in order, and the verdict on all.

        Copies every record (into another temporary file where they are many): work for a thread. None where no page
        came.
        """
        first = self.collector.first
        if first is None or first.response is None:
            return None
        data, merged = self._spool.data, large_spool()
        for number, (start, end) in enumerate(place for _, place in sorted(self._places.items())):
            merged.append((b",\n" if number else b"[") + data[start:end])
        merged.append(b"]" if self._places else b"[]")
        body = merged.data
        merged.close()
        response = ReceivedResponse(
            status=first.response.status,
            reason=first.response.reason,
            http_version=first.response.http_version,
            headers=(*_others(first.response), ("Content-Type", JSON)),
            body=body,
        )
        progress = self.collector.progress
        timings = msgspec.structs.replace(first.timings, total=progress.elapsed)
        verdict = self.collector.verdict
        self.merged = msgspec.structs.replace(
            first, response=response, verdict=verdict, timings=timings, pages=progress.pages, failure=None
        )
        return self.merged

    @property
    def collection(self) -> CollectionStatus:
        """How it stands, as it is shown."""
        progress = self.collector.progress
        return CollectionStatus(
            state=progress.state,
            plan=self.plan.text if self.plan is not None else "",
            progress=progress.text,
            pages=progress.pages,
            of_pages=progress.of_pages,
            records=progress.records,
            of_records=progress.of_records,
            retries=progress.retries,
            elapsed=progress.elapsed,
            notice=self.said,
            findings=tuple(one.text for one in self.collector.findings if one.kind != "failed_page"),
            failed=tuple(sorted(self.failed.items())),
            verdict=self.collector.verdict,
        )

    def close(self) -> None:
        """Stop, and give the temporary file back."""
        self.collector.cancel()
        self._spool.close()


def _others(response: ReceivedResponse) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in response.headers if pair[0].lower() != "content-type")
