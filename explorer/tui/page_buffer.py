"""Buffers the records of all pages of a call in a temporary file, and merges them into one document.

Collector ──► PageBuffer.add(page) … ──► growth() ──► the Body tab, while pages arrive ──► merge() ──► all in order
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
    """The records received so far, in order of arrival, read from the spool on access."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._starts = array("Q")
        self._ends = array("Q")

    def add(self, at: int, records: Sequence[bytes]) -> None:
        """Register *records*, stored in the spool from offset *at*, separated by two bytes each."""
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
    """The pages received by a collector. The creator must close it."""

    def __init__(self, address: str, collect: Callable[[Callable[[str], None]], Collector]) -> None:
        """Create the collector with *collect*, which receives a function for messages about retried pages."""
        self.address = address
        self.collector = collect(self.set_message)
        self.plan: CollectionPlan | None = None
        self.message = ""
        """The last message: a page being retried, or why fetching stopped."""
        self.shown: Callable[[], None] = lambda: None
        """Called when ``message`` changes."""
        self.failed: dict[int, str] = {}
        """Number of a failed page → reason."""
        self.merged: Exchange | None = None
        """All records as one response, once fetching has ended."""
        self._spool = Spool()
        self._places: dict[int, tuple[int, int]] = {}
        """Page number → start and end of its records in the spool, which contains a JSON array without the closing
        bracket."""
        self._shown = 0
        """Bytes of the spool returned by ``growth`` so far."""
        self._spool.append(b"[")
        self.records = BufferedRecords(self._spool)

    @property
    def active(self) -> bool:
        """Whether fetching is running or paused."""
        return self.collector.state in ("running", "paused")

    @property
    def unfinished(self) -> bool:
        """Whether fetching ended with pages missing."""
        return self.collector.state in ("cancelled", "incomplete")

    def set_message(self, text: str) -> None:
        """Set the last message."""
        self.message = text
        self.shown()

    def add(self, page: FetchedPage) -> None:
        """Store the records of a page, or why it failed."""
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

    def growth(self, *, from_start: bool = False) -> bytes:
        """Return the bytes added since the last call, for a growing body; with *from_start*, all bytes."""
        start = 0 if from_start else self._shown
        self._shown = self._spool.size
        return bytes(self._spool.data[start : self._shown])

    def merge(self) -> Exchange | None:
        """Return the first page's exchange with the records of all pages as its body, and the overall verdict.

        The records are in page order. Every record is copied, into another temporary file if there are many: call it in
        a thread. Return None if no page arrived.
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
        """The status of the collection, as shown."""
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
            notice=self.message,
            findings=tuple(finding.text for finding in self.collector.findings if finding.kind != "failed_page"),
            failed=tuple(sorted(self.failed.items())),
            verdict=self.collector.verdict,
        )

    def close(self) -> None:
        """Cancel fetching and delete the temporary file."""
        self.collector.cancel()
        self._spool.close()


def _others(response: ReceivedResponse) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in response.headers if pair[0].lower() != "content-type")
