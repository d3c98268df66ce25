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
"""``incomplete``: it ended by itself; failed pages can be retried."""


@dataclass(frozen=True, slots=True)
class CollectionProgress:
    """The progress of a collection. Times are in seconds, ``rate`` in records per second; None: unknown."""

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
    """Seconds to wait because of the vendor's rate limit."""

    @property
    def text(self) -> str:
        """The progress as a line."""
        pages = f"{self.pages} of {self.of_pages} pages" if self.of_pages is not None else pluralize(self.pages, "page")
        parts = [pages, pluralize(self.records, "record"), f"{self.rate:.0f} records/s"]
        parts += [f"{self.left:.0f} s left"] if self.left is not None else []
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{self.retries} retried"] if self.retries else []
        parts += [f"rate limited, waiting {self.waiting:.0f} s"] if self.waiting > 0 else []
        return ", ".join(parts)


_MAX_FAILED_PAGES: Final = 3
"""Consecutive failed pages after which no more are requested."""
_PREFETCH: Final = 2
"""Pages in flight or waiting to be yielded, per concurrent request."""


class Collector:
    """Fetches all pages of one call. Only one caller at a time may iterate over ``pages``."""

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
        """Fetch at most *at_once* pages concurrently, each up to *tries* times.

        *patience* is the longest wait in seconds that the vendor may request; *tell* is called for every retry.
        """
        style = paging_style(session, call)
        given = {**dict(call.extra), **{entry.name: entry.value for entry in call.entries}}
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
        """The verdict of the last page, or of the first that is not OK."""
        self._stop = asyncio.Event()
        self._since: float | None = None
        self._elapsed = 0.0

    # --- plan, control and progress ----------------------------------------------------------------------------------

    async def plan(self) -> CollectionPlan:
        """Fetch the first page and return the plan for all pages; a second call fetches nothing.

        Raises:
            As ``send``.
        """
        if self._route is not None:
            return self._route.plan
        if self._first.number not in self._ready:
            self._count_time(running=True)
            try:
                self._ready[self._first.number] = await self._fetch(self._first)
            finally:
                self._count_time(running=False)
                await self._fetcher.flush()
        page = self._opening = self._ready[self._first.number]
        if not page.came:
            return CollectionPlan(None, None, 1, f"the first page failed: {page.problem}")
        return self._routed(page).plan

    def pause(self) -> None:
        """Request no more pages until ``resume``; those in flight still arrive."""
        if self.state == "running":
            self._fetcher.gate.clear()
            self._count_time(running=False)
            self.state = "paused"

    def resume(self) -> None:
        """Continue after ``pause``."""
        if self.state == "paused":
            self._count_time(running=True)
            self.state = "running"
            self._fetcher.gate.set()

    def cancel(self) -> None:
        """Stop: yield the pages that arrived, drop those in flight. Iterating over ``pages`` again continues there."""
        self._stop.set()

    @property
    def progress(self) -> CollectionProgress:
        """The current progress."""
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
        """The findings so far: duplicates, gaps, changed totals, a capped page size, empty pages."""
        whole = self.state == "done" and self._from_start and self._route is not None and not self._route.is_truncated
        return (*self._checks.findings(whole=whole and not self._notes), *self._notes)

    @property
    def first(self) -> Exchange | None:
        """The exchange of the first page for display, once it was fetched."""
        return self._opening.shown if self._opening is not None else None

    @property
    def has_first_page(self) -> bool:
        """Whether the first page arrived."""
        return self._route is not None

    @property
    def first_failed_page(self) -> FetchedPage | None:
        """The first page that failed, or None."""
        return self._failed[min(self._failed)] if self._failed else None

    @property
    def verdict(self) -> Verdict:
        """The verdict on all pages: that of a page if all succeeded or none did, PARTIAL if some failed."""
        failed, arrived = self.first_failed_page, pluralize(self._pages, "page")
        if failed is not None and not self._pages:
            return failed.exchange.verdict
        if failed is not None:
            why = f"{arrived} fetched, but page {failed.number} failed: {failed.problem}"
            return msgspec.structs.replace(failed.exchange.verdict, outcome="PARTIAL", why=why)
        if self.state in ("cancelled", "incomplete"):
            return msgspec.structs.replace(self._verdict, outcome="PARTIAL", why=f"stopped after {arrived}")
        return (
            msgspec.structs.replace(self._verdict, why=f"{arrived}, {self._verdict.why}")
            if self._pages > 1
            else self._verdict
        )

    # --- the pages ---------------------------------------------------------------------------------------------------

    def again(self, number: int) -> bool:
        """Retry a failed page during a running collection; False if none is running or that page did not fail."""
        if self.state not in ("running", "paused") or number not in self._failed:
            return False
        page = self._failed.pop(number)
        self._again.insert(0, PageJob(number, page.exchange.call))
        self._consecutive_failures = 0
        return True

    async def pages(self, only: Collection[int] | None = None) -> AsyncGenerator[FetchedPage, None]:
        """Yield the pages in order from where the last iteration stopped, and retry the failed ones.

        With *only*, just these failed pages are retried. A page that fails is yielded too, with its ``problem``. Ends
        after the last page, after ``cancel``, or when more requests make no sense; see ``state``.

        Raises:
            UsageError: the collection is already running; and as ``send``.
        """
        if self.state in ("running", "paused"):
            raise UsageError("the pages are already being fetched")
        deferred = self._begin(only)
        window: deque[tuple[PageJob, asyncio.Task[FetchedPage]]] = deque()
        places = asyncio.Semaphore(self._at_once)
        try:
            while True:
                self._fill(window, places, on=only is None)
                if not window or not await self._arrived_before_stop(window[0][1]):
                    break
                page = window[0][1].result()
                window.popleft()
                yield self._record(page)
            for item in [item for item in window if item[1].done() and item[1].exception() is None]:
                window.remove(item)
                yield self._record(item[1].result())
        finally:
            await self._release_all(window)
            self._again += deferred
            if only is not None and self._route is not None and (job := self._route.take()) is not None:
                self._again.append(job)
            self._count_time(running=False)
            self.state = self._final_state()
            await self._fetcher.flush()

    def _begin(self, only: Collection[int] | None) -> list[PageJob]:
        """Prepare an iteration; return the jobs deferred because of *only*."""
        self.state = "running"
        self._stop.clear()
        self._fetcher.gate.set()
        self._consecutive_failures = 0
        deferred = self._again if only is not None else []
        chosen = [number for number in self._failed if only is None or number in only]
        again = [] if only is not None else self._again
        again += [PageJob(number, self._failed.pop(number).exchange.call) for number in chosen]
        self._again = sorted(again, key=lambda job: job.number)
        self._count_time(running=True)
        return deferred

    def _fill(
        self, window: deque[tuple[PageJob, asyncio.Task[FetchedPage]]], places: asyncio.Semaphore, *, on: bool
    ) -> None:
        """Start as many requests as allowed; with *on*, also those for new pages."""
        width = (
            1 if self._route is None or self._route.plan.concurrency == 1 else self._route.plan.concurrency * _PREFETCH
        )
        while len(window) < width and self._consecutive_failures < _MAX_FAILED_PAGES and not self._stop.is_set():
            job = self._again.pop(0) if self._again else self._route.take() if self._route and on else None
            if job is None:
                return
            window.append((job, asyncio.create_task(self._fetch(job, places))))

    async def _fetch(self, job: PageJob, places: asyncio.Semaphore | None = None) -> FetchedPage:
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

    def _record(self, page: FetchedPage) -> FetchedPage:
        """Count and check a page before it is yielded."""
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
        """Cancel the requests in flight; pages that arrived anyway are stored for the next iteration."""
        for _, task in window:
            task.cancel()
        results = await asyncio.gather(*(task for _, task in window), return_exceptions=True)
        for (job, _), result in zip(window, results, strict=True):
            self._again.append(job)
            if isinstance(result, FetchedPage) and result.came:
                self._ready[job.number] = result

    def _final_state(self) -> CollectionState:
        if self._stop.is_set():
            return "cancelled"
        more = self._failed or self._again or self._route is None
        return "incomplete" if more else "done"

    def _count_time(self, *, running: bool) -> None:
        if self._since is not None:
            self._elapsed += self._clock() - self._since
        self._since = self._clock() if running else None
