"""Collect all pages of a call: plan, count, check, pause, cancel, resume."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from explorer.core.model import Call, Exchange, Verdict
from explorer.core.paging.checks import PageChecks, PagingFinding
from explorer.errors import UsageError
from explorer.session.page_fetch import FetchedPage, PageFetcher
from explorer.session.page_route import CollectionPlan, PageJob, PageRoute, first_page_number, pluralize
from explorer.session.pages import paging_style

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection

    from explorer.session.context import SessionContext


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


_MAX_FAILED_PAGES: Final = 3
"""Pages in a row that do not come until no more are asked for."""
_PREFETCH: Final = 2
"""Pages that may be under way or waiting to be given, for each that may be asked for at once."""


class Collector:
    """Fetches all pages of one call. One caller at a time iterates over ``pages``."""

    def __init__(
        self,
        session: SessionContext,
        call: Call,
        *,
        max_pages: int | None = None,
        at_once: int = 4,
        timeout: float | None = None,
        masked: bool = True,
        tries: int = 4,
        patience: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        tell: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """*at_once* pages at most are under way together; *tries* for each; *patience*: seconds that the vendor may
        ask to wait; *tell* is told of every page that is asked for again."""
        style = paging_style(session, call)
        given = {**dict(call.extra), **{one.name: one.value for one in call.entries}}
        self.state: CollectionState = "new"
        self._session, self._max, self._at_once, self._clock = session, max_pages, max(1, at_once), clock
        self._fetcher = PageFetcher(session, timeout, masked, max(1, tries), patience, clock, sleep, chance, tell)
        self._fetcher.gate.set()
        self._checks = PageChecks(style.requested_size(given) if style is not None else None)
        self._notes: list[PagingFinding] = []
        self._route: PageRoute | None = None
        self._first = PageJob(first_page_number(style, call), call)
        self._from_start = True
        self._again: list[PageJob] = [self._first]
        self._ready: dict[int, FetchedPage] = {}
        self._opening: FetchedPage | None = None
        self._failed: dict[int, FetchedPage] = {}
        self._consecutive_failures = 0
        self._pages = self._records = 0
        self._verdict = Verdict()
        """Of the last page, or of the first that is not OK."""
        self._stop = asyncio.Event()
        self._since: float | None = None
        self._elapsed = 0.0

    # --- before, meanwhile, after ------------------------------------------------------------------------------------

    async def plan(self) -> CollectionPlan:
        """Fetch the first page, and tell what all of them would take. Asked again, it fetches nothing.

        Raises:
            As ``send``.
        """
        if self._route is not None:
            return self._route.plan
        if self._first.number not in self._ready:
            self._count_time(going=True)
            try:
                self._ready[self._first.number] = await self._one(self._first)
            finally:
                self._count_time(going=False)
                await self._fetcher.flush()
        page = self._opening = self._ready[self._first.number]
        if not page.came:
            return CollectionPlan(None, None, 1, f"the first page did not come: {page.problem}")
        return self._routed(page).plan

    def pause(self) -> None:
        """Ask for no further page until ``resume``; those under way still come."""
        if self.state == "running":
            self._fetcher.gate.clear()
            self._count_time(going=False)
            self.state = "paused"

    def resume(self) -> None:
        """Go on after ``pause``."""
        if self.state == "paused":
            self._count_time(going=True)
            self.state = "running"
            self._fetcher.gate.set()

    def cancel(self) -> None:
        """Stop: what came is given, what is under way is dropped. Iterating over ``pages`` again goes on there."""
        self._stop.set()

    @property
    def progress(self) -> CollectionProgress:
        """How far it is now."""
        elapsed = self._elapsed + (self._clock() - self._since if self._since is not None else 0.0)
        plan = self._route.plan if self._route is not None else None
        of_pages = max(plan.calls, self._pages) if plan is not None and plan.calls is not None else None
        left = None
        if of_pages is not None and self._pages and self.state in ("running", "paused"):
            left = elapsed / self._pages * max(0, of_pages - self._pages)
        return CollectionProgress(
            state=self.state,
            pages=self._pages,
            of_pages=of_pages,
            records=self._records,
            of_records=plan.records if plan is not None else None,
            failed=len(self._failed),
            retries=self._fetcher.retries,
            elapsed=elapsed,
            rate=self._records / elapsed if elapsed > 0 else 0.0,
            left=left,
            waiting=max(0.0, self._fetcher.hold_until - self._clock()),
        )

    @property
    def findings(self) -> tuple[PagingFinding, ...]:
        """What the checks found so far: duplicates, gaps, changed totals, a capped page size, empty pages."""
        whole = self.state == "done" and self._from_start and self._route is not None and not self._route.is_truncated
        return (*self._checks.findings(whole=whole and not self._notes), *self._notes)

    @property
    def first(self) -> Exchange | None:
        """The exchange of the first page as it may be shown, once it was fetched."""
        return self._opening.shown if self._opening is not None else None

    @property
    def has_first_page(self) -> bool:
        """Whether the first page came."""
        return self._route is not None

    @property
    def first_failed_page(self) -> FetchedPage | None:
        """The first page that did not come, or None."""
        return self._failed[min(self._failed)] if self._failed else None

    @property
    def verdict(self) -> Verdict:
        """The verdict on all pages: the vendor's own where all came or none did, PARTIAL where some did."""
        failed, came = self.first_failed_page, pluralize(self._pages, "page")
        if failed is not None and not self._pages:
            return failed.exchange.verdict
        if failed is not None:
            why = f"{came} came, and page {failed.number} did not: {failed.problem}"
            return msgspec.structs.replace(failed.exchange.verdict, outcome="PARTIAL", why=why)
        if self.state in ("cancelled", "incomplete"):
            return msgspec.structs.replace(self._verdict, outcome="PARTIAL", why=f"stopped after {came}")
        return (
            msgspec.structs.replace(self._verdict, why=f"{came}, {self._verdict.why}")
            if self._pages > 1
            else self._verdict
        )

    # --- the pages ---------------------------------------------------------------------------------------------------

    def again(self, number: int) -> bool:
        """While pages are fetched: ask once more for one that did not come, as soon as there is a place. False where
        nothing is under way, or that page did not fail."""
        if self.state not in ("running", "paused") or number not in self._failed:
            return False
        page = self._failed.pop(number)
        self._again.insert(0, PageJob(number, page.exchange.call))
        self._consecutive_failures = 0
        return True

    async def pages(self, only: Collection[int] | None = None) -> AsyncGenerator[FetchedPage, None]:
        """Every page in order, from where it stopped the last time; those that did not come before are tried again.

        *only*: of those that did not come, these, and no others; what is still to come stays so. A page that does not
        come is given too, with its ``problem``. Ends after the last page, after ``cancel``, or
        where going on makes no sense; ``state`` tells which.

        Raises:
            UsageError: somebody iterates already; and what ``send`` raises.
        """
        if self.state in ("running", "paused"):
            raise UsageError("the pages are being fetched already")
        held = self._begin(only)
        window: deque[tuple[PageJob, asyncio.Task[FetchedPage]]] = deque()
        places = asyncio.Semaphore(self._at_once)
        try:
            while True:
                self._fill(window, places, on=only is None)
                if not window or not await self._arrived_before_stop(window[0][1]):
                    break
                page = window[0][1].result()
                window.popleft()
                yield self._given(page)
            for one in [one for one in window if one[1].done() and one[1].exception() is None]:
                window.remove(one)
                yield self._given(one[1].result())
        finally:
            await self._release_all(window)
            self._again += held
            if only is not None and self._route is not None and (job := self._route.take()) is not None:
                self._again.append(job)
            self._count_time(going=False)
            self.state = self._ended()
            await self._fetcher.flush()

    def _begin(self, only: Collection[int] | None) -> list[PageJob]:
        """Make ready to ask; gives what is to be held back because only some pages are wanted."""
        self.state = "running"
        self._stop.clear()
        self._fetcher.gate.set()
        self._consecutive_failures = 0
        held = self._again if only is not None else []
        chosen = [number for number in self._failed if only is None or number in only]
        again = [] if only is not None else self._again
        again += [PageJob(number, self._failed.pop(number).exchange.call) for number in chosen]
        self._again = sorted(again, key=lambda job: job.number)
        self._count_time(going=True)
        return held

    def _fill(
        self, window: deque[tuple[PageJob, asyncio.Task[FetchedPage]]], places: asyncio.Semaphore, *, on: bool
    ) -> None:
        """Ask for as many pages as may be under way or waiting; *on*: also for those that were never asked for."""
        width = (
            1 if self._route is None or self._route.plan.concurrency == 1 else self._route.plan.concurrency * _PREFETCH
        )
        while len(window) < width and self._consecutive_failures < _MAX_FAILED_PAGES and not self._stop.is_set():
            job = self._again.pop(0) if self._again else self._route.take() if self._route and on else None
            if job is None:
                return
            window.append((job, asyncio.create_task(self._one(job, places))))

    async def _one(self, job: PageJob, places: asyncio.Semaphore | None = None) -> FetchedPage:
        ready = self._ready.pop(job.number, None)
        if ready is not None:
            return ready
        async with places or contextlib.nullcontext():
            return await self._fetcher.get(job.number, job.call, alone=self._route is None)

    async def _arrived_before_stop(self, task: asyncio.Task[FetchedPage]) -> bool:
        if not task.done() and not self._stop.is_set():
            stopped = asyncio.create_task(self._stop.wait())
            try:
                await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
            finally:
                stopped.cancel()
        return task.done() and not self._stop.is_set()

    def _given(self, page: FetchedPage) -> FetchedPage:
        """Count and check a page that is about to be given."""
        if not page.came:
            self._failed[page.number] = page
            self._checks.failed(page.number)
            refused = page.exchange.verdict.http_status in (401, 403)
            self._consecutive_failures = _MAX_FAILED_PAGES if refused else self._consecutive_failures + 1
            return page
        route = self._route or self._routed(page)
        same = self._checks.page(page.number, page.records, page.info)
        note = route.after(page, same=same) if page.number != self._first.number else None
        if note is not None:
            self._notes.append(note)
            page = replace(page, records=()) if note.kind == "same_page" else page
        self._consecutive_failures = 0
        self._pages += 1
        self._records += len(page.records)
        if self._pages == 1 or self._verdict.outcome == "OK":
            self._verdict = page.exchange.verdict
        return page

    def _routed(self, page: FetchedPage) -> PageRoute:
        self._from_start = not page.info.has_previous
        self._route = PageRoute(self._session, page, self._at_once, self._max)
        return self._route

    # --- stopping ----------------------------------------------------------------------------------------------------

    async def _release_all(self, window: deque[tuple[PageJob, asyncio.Task[FetchedPage]]]) -> None:
        """End what is under way; what came all the same is kept for the next time."""
        for _, task in window:
            task.cancel()
        results = await asyncio.gather(*(task for _, task in window), return_exceptions=True)
        for (job, _), result in zip(window, results, strict=True):
            self._again.append(job)
            if isinstance(result, FetchedPage) and result.came:
                self._ready[job.number] = result

    def _ended(self) -> CollectionState:
        if self._stop.is_set():
            return "cancelled"
        more = self._failed or self._again or self._route is None
        return "incomplete" if more else "done"

    def _count_time(self, *, going: bool) -> None:
        if self._since is not None:
            self._elapsed += self._clock() - self._since
        self._since = self._clock() if going else None
