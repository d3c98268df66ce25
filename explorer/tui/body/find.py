"""Searches a body: the next match at once, the count in small steps, and regular expressions in another process."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from explorer.core.body.search import RemoteSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator

    from explorer.core.body.document import Document
    from explorer.core.body.search import BodySearch, Hit
    from explorer.core.body.table import RecordTable, RowSearch

T = TypeVar("T")
PAUSE_EVERY = 0.005
"""Seconds of measuring or folding between two turns of the event loop."""
_SEEK_AT_ONCE = 0.02
"""Seconds that a key press may search before the search continues in the background."""
_REPORT_EVERY = 0.2
_COUNT_SLICE = 0.02
"""Seconds of counting between two turns of the event loop."""


class SearchState(NamedTuple):
    """State of a search.

    ``current`` counts from 1 and is 0 while unknown. ``complete``: all matches are counted. ``wrapped``: the last step
    wrapped around an end. ``problem``: why the needle cannot be searched for.
    """

    needle: str
    count: int = 0  # type: ignore[assignment]  # hides tuple.count, which is not needed
    current: int = 0
    complete: bool = False
    wrapped: bool = False
    problem: str = ""


class _Start(Protocol):
    def __call__(self, work: Callable[[], Coroutine[Any, Any, None]] | None, group: str) -> None:
        """Run *work* in the background instead of other work in *group*; None only ends that."""


async def run_in_steps(steps: Iterator[object]) -> None:
    """Run *steps* a few milliseconds at a time, so that keys are handled in between."""
    until = monotonic() + PAUSE_EVERY
    for _ in steps:
        if monotonic() >= until:
            await asyncio.sleep(0.001)
            until = monotonic() + PAUSE_EVERY


async def run_to_end(steps: Generator[None, None, T]) -> T:
    """Run *steps* like ``run_in_steps`` and return their result."""
    result: list[T] = []

    def keep_result() -> Iterator[None]:
        result.append((yield from steps))

    await run_in_steps(keep_result())
    return result[0]


class Finder:
    """One search at a time in one document. *go* shows a match, *report* gets the state of the search."""

    def __init__(self, start: _Start, go: Callable[[Hit], None], report: Callable[[SearchState], None]) -> None:
        self._start = start
        self._go = go
        self._report = report
        self._document: Document | RecordTable | None = None
        self.search: BodySearch | RemoteSearch | RowSearch | None = None
        self.hit: Hit | None = None

    def end(self) -> None:
        """End the search and its background work."""
        self.search = self.hit = None
        self._start(None, "find")

    def begin(self, document: Document | RecordTable, needle: str, line: int, *, regex: bool) -> None:
        """Search for *needle* from *line* on, wrapping around; go to the first match at once, and count all."""
        self.end()
        self._document = document
        if regex:
            self._begin_expression(document, needle, line)
            return
        try:
            search = document.search(needle)
        except (ValueError, OverflowError) as error:
            self._report(SearchState(needle, complete=True, problem=str(error)))
            return
        self.search = search
        self._report_state()
        self.seek(line, forward=True)
        self._start(partial(self._count, search), "find")

    def _begin_expression(self, document: Document | RecordTable, needle: str, line: int) -> None:
        from explorer.core.body.table import RecordTable

        try:
            re.compile(needle)
        except (re.error, RecursionError, OverflowError) as error:
            self._report(SearchState(needle, complete=True, problem=str(error)))
            return
        if isinstance(document, RecordTable):
            self._report(
                SearchState(needle, complete=True, problem="tables support plain text only; press v for another view")
            )
            return
        remote = RemoteSearch(document, needle)
        self.search = remote
        self._report_state()
        self._start(partial(self._find, document, remote), "find")
        self.seek(line, forward=True)

    def restart(self) -> None:
        """Count again, after the document has grown."""
        search, document = self.search, self._document
        if search is None or document is None:
            return
        if isinstance(search, RemoteSearch):
            remote = self.search = RemoteSearch(document, search.needle)  # type: ignore[arg-type]  # not for tables
            self._start(partial(self._find, document, remote), "find")  # type: ignore[arg-type]  # as above
        else:
            self.search = local = document.search(search.needle)
            self._start(partial(self._count, local), "find")

    def seek(self, line: int, *, forward: bool) -> None:
        """Go to the match after or before the current one, wrapping around; without one, start from *line*."""
        search, document = self.search, self._document
        if search is None or document is None:
            return
        start = document.line_offset(line)
        if self.hit is not None:
            start = self.hit.end if forward else self.hit.offset
        steps = search.seek(start, forward=forward)
        until = monotonic() + _SEEK_AT_ONCE
        for hit in steps:
            if hit is not None:
                self._arrive(hit, start, forward)
                return
            if monotonic() > until:
                self._start(partial(self._seek_on, search, steps, start, forward), "seek")
                return

    async def _seek_on(
        self, search: BodySearch | RemoteSearch | RowSearch, steps: Iterator[Hit | None], start: int, forward: bool
    ) -> None:
        """Continue a slow search in the background."""
        for hit in steps:
            if search is not self.search:
                return
            if hit is not None:
                self._arrive(hit, start, forward)
                return
            await asyncio.sleep(0.001 if not isinstance(search, RemoteSearch) else 0.02)

    def _arrive(self, hit: Hit, start: int, forward: bool) -> None:
        self.hit = hit
        self._go(hit)
        self._report_state(wrapped=(hit.offset < start) is forward)

    def _report_state(self, *, wrapped: bool = False) -> None:
        search = self.search
        if search is not None:
            current = search.ordinal(self.hit) if self.hit else 0
            complete = search.complete and (self._document is None or self._document.complete)
            self._report(SearchState(search.needle, search.count, current, complete, wrapped))

    async def _count(self, search: BodySearch | RowSearch) -> None:
        last = monotonic()
        until = monotonic() + _COUNT_SLICE
        for _ in search.scan():
            now = monotonic()
            if now >= until:
                if now - last > _REPORT_EVERY:
                    last = now
                    self._report_state()
                await asyncio.sleep(0)
                until = monotonic() + _COUNT_SLICE
        self._report_state()

    async def _find(self, document: Document, remote: RemoteSearch) -> None:
        """Search in another process, which is killed when this search ends."""
        from explorer.tui.body.child_process import WorkerProcess
        from explorer.tui.body.region import Region

        store = document.store
        shared = store if isinstance(store, Region) and document.kind != "hex" else None
        if shared is None:
            child = WorkerProcess("explorer.core.body.search")
        else:
            child = WorkerProcess("explorer.tui.body.query_worker", "search_main")
        head, last = {"pattern": remote.needle, "encoding": document.search_encoding}, monotonic()
        try:
            if shared is None:
                await child.start(head, document.data)
            else:
                region = {"file": shared.descriptor, "offset": shared.offset, "length": shared.size}
                await child.start(head | region, b"", files=(shared.descriptor,))
            async for edges in child.blocks():
                remote.extend(edges)
                if monotonic() - last > _REPORT_EVERY:
                    last = monotonic()
                    self._report_state()
        except (OSError, EOFError) as error:
            if remote is self.search:
                self._report(
                    SearchState(
                        remote.needle, remote.count, complete=True, problem=f"the search process ended: {error}"
                    )
                )
        finally:
            remote.complete = True
            child.end()
        if remote is self.search:
            self._report_state()
