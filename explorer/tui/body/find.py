"""Searching a shown body: to the next match at once, counting in steps between keys, expressions in another process."""

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
"""Seconds of counting or measuring between two turns of the event loop."""
_SEEK_AT_ONCE = 0.02
"""Seconds that a key may look for a match before it goes on between other keys."""
_TELL_EVERY = 0.2
_COUNT_SLICE = 0.02
"""Seconds of counting between two turns of the event loop."""


class SearchState(NamedTuple):
    """How a search stands. ``current`` counts from 1 and is 0 while unknown; ``complete`` when all was counted;
    ``wrapped`` when the last step went round an end; ``problem`` when the needle cannot be searched for."""

    needle: str
    count: int = 0  # type: ignore[assignment]  # a tuple's own method of that name is of no use here
    current: int = 0
    complete: bool = False
    wrapped: bool = False
    problem: str = ""


class _Start(Protocol):
    def __call__(self, work: Callable[[], Coroutine[Any, Any, None]] | None, group: str) -> None:
        """Run *work* in the background; ends what runs in the same *group*."""


async def run_in_steps(steps: Iterator[object]) -> None:
    """Run *steps* a few milliseconds at a time, so that keys are answered in between."""
    until = monotonic() + PAUSE_EVERY
    for _ in steps:
        if monotonic() >= until:
            await asyncio.sleep(0.001)
            until = monotonic() + PAUSE_EVERY


async def run_to_end(steps: Generator[None, None, T]) -> T:
    """What *steps* return, walked as ``run_in_steps`` does."""
    result: list[T] = []

    def kept() -> Iterator[None]:
        result.append((yield from steps))

    await run_in_steps(kept())
    return result[0]


class Finder:
    """One search at a time in one document. *go* is told of the match to show, *tell* how the search stands."""

    def __init__(self, start: _Start, go: Callable[[Hit], None], tell: Callable[[SearchState], None]) -> None:
        self._start = start
        self._go = go
        self._tell = tell
        self._document: Document | RecordTable | None = None
        self.search: BodySearch | RemoteSearch | RowSearch | None = None
        self.hit: Hit | None = None

    def end(self) -> None:
        """Forget the search, and stop what is under way for it."""
        self.search = self.hit = None
        self._start(None, "find")

    def begin(self, document: Document | RecordTable, needle: str, line: int, *, regex: bool) -> None:
        """Look for *needle* from *line* on, round the end. Goes to the first match at once; all are counted."""
        self.end()
        self._document = document
        if regex:
            self._begin_expression(document, needle, line)
            return
        try:
            search = document.search(needle)
        except (ValueError, OverflowError) as error:
            self._tell(SearchState(needle, complete=True, problem=str(error)))
            return
        self.search = search
        self._told()
        self.seek(line, forward=True)
        self._start(partial(self._count, search), "find")

    def _begin_expression(self, document: Document | RecordTable, needle: str, line: int) -> None:
        from explorer.core.body.table import RecordTable

        try:
            re.compile(needle)
        except (re.error, RecursionError, OverflowError) as error:
            self._tell(SearchState(needle, complete=True, problem=str(error)))
            return
        if isinstance(document, RecordTable):
            self._tell(
                SearchState(needle, complete=True, problem="a table is searched for plain words; press v for the text")
            )
            return
        found = RemoteSearch(document, needle)
        self.search = found
        self._told()
        self._start(partial(self._find, document, found), "find")
        self.seek(line, forward=True)

    def again(self) -> None:
        """Count anew: more of the document is there than when it was counted."""
        search, document = self.search, self._document
        if search is None or document is None:
            return
        if isinstance(search, RemoteSearch):
            found = self.search = RemoteSearch(document, search.needle)  # type: ignore[arg-type]  # no table is searched so
            self._start(partial(self._find, document, found), "find")  # type: ignore[arg-type]  # as above
        else:
            self.search = anew = document.search(search.needle)
            self._start(partial(self._count, anew), "find")

    def seek(self, line: int, *, forward: bool) -> None:
        """Go to the match after (or before) the current one, round the ends; without a current one, to that from
        *line* on."""
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
        """Go on with a search that takes long, between keys."""
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
        self._told(wrapped=(hit.offset < start) is forward)

    def _told(self, *, wrapped: bool = False) -> None:
        search = self.search
        if search is not None:
            current = search.ordinal(self.hit) if self.hit else 0
            complete = search.complete and (self._document is None or self._document.complete)
            self._tell(SearchState(search.needle, search.count, current, complete, wrapped))

    async def _count(self, search: BodySearch | RowSearch) -> None:
        last = monotonic()
        until = monotonic() + _COUNT_SLICE
        for _ in search.scan():
            now = monotonic()
            if now >= until:
                if now - last > _TELL_EVERY:
                    last = now
                    self._told()
                await asyncio.sleep(0)
                until = monotonic() + _COUNT_SLICE
        self._told()

    async def _find(self, document: Document, found: RemoteSearch) -> None:
        """Have another process look; it is ended with this search."""
        from explorer.tui.body.child_process import WorkerProcess
        from explorer.tui.body.region import Region

        store = document.store
        shared = store if isinstance(store, Region) and document.kind != "hex" else None
        child = WorkerProcess("explorer.tui.body.search_worker" if shared else "explorer.core.body.search")
        head, last = {"pattern": found.needle, "encoding": document.search_encoding}, monotonic()
        try:
            if shared is None:
                await child.start(head, document.data)
            else:
                place = {"file": shared.descriptor, "offset": shared.offset, "length": shared.size}
                await child.start(head | place, b"", files=(shared.descriptor,))
            async for edges in child.blocks():
                found.extend(edges)
                if monotonic() - last > _TELL_EVERY:
                    last = monotonic()
                    self._told()
        except (OSError, EOFError) as error:
            if found is self.search:
                self._tell(
                    SearchState(found.needle, found.count, complete=True, problem=f"the search has ended: {error}")
                )
        finally:
            found.complete = True
            child.end()
        if found is self.search:
            self._told()
