"""The order in which to fetch the pages of a call, planned from the first response.

numbered   the response has the number of pages, and its next-page link agrees with the page numbers
chained    each response leads to the next page
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.paging.base import parse_whole_number
from explorer.core.paging.checks import PagingFinding
from explorer.session.pages import decoded_body, paging_style, requested_query, turn_page, with_query
from explorer.session.prepare import effect_of

if TYPE_CHECKING:
    from explorer.core.model import Call
    from explorer.core.paging.base import PageInfo, Style
    from explorer.core.text.url_pairs import Pairs
    from explorer.session.context import SessionContext
    from explorer.session.page_fetch import FetchedPage


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """What fetching all pages takes, according to the first response; None: unknown."""

    calls: int | None
    """Total number of calls, including the first."""
    records: int | None
    concurrency: int
    why: str
    """Why pages are fetched sequentially, or how many concurrently."""

    @property
    def text(self) -> str:
        """The plan as a line."""
        calls = "an unknown number of calls" if self.calls is None else pluralize(self.calls, "call")
        records = "" if self.records is None else f" for {pluralize(self.records, 'record')}"
        return f"{calls}{records}; {self.why}"


@dataclass(frozen=True, slots=True)
class PageJob:
    """A page to request."""

    number: int
    call: Call


class PageRoute:
    """The pages still to request after the first, at most *most* pages in total."""

    def __init__(self, session: SessionContext, page: FetchedPage, at_once: int, most: int | None) -> None:
        self._session = session
        self._style = paging_style(session, page.exchange.call)
        self._left = None if most is None else most - 1
        self._query: Pairs = ()
        self._call = page.exchange.call
        self._next = self._end = 0
        self._following: PageJob | None = None
        self._links: set[tuple[str | None, ...]] = set()
        self.is_truncated = False
        """Whether there are more pages than requested."""
        self._links.add(self._link(self._call))
        self.plan = self._make_plan(self._style, page, at_once)

    def take(self) -> PageJob | None:
        """Return the next page to request, or None (chained: until ``after`` has seen the previous page)."""
        job: PageJob | None = None
        if self._style is not None and self._next and self._next <= self._end:
            turned = self._style.goto_params(self._query, self._next)
            job = PageJob(self._next, with_query(self._call, self._query, turned))
        elif self._following is not None:
            job = self._following
        if job is None:
            return None
        if self._left == 0:
            self.is_truncated = True
            return None
        self._left = None if self._left is None else self._left - 1
        if self._next and self._next <= self._end:
            self._next += 1
        self._following = None
        return job

    def after(self, page: FetchedPage, *, same: bool) -> PagingFinding | None:
        """Update the route from a fetched page; *same*: its records are those of an earlier page.

        Return a finding if the route ends here unexpectedly.
        """
        if self._next:
            end = self._end_by(page.info)
            self._end = max(self._end, end or 0)
            if page.number < self._end or not page.info.has_next or not page.info.certain:
                return None
        if same:
            text = f"page {page.number} repeats the records of an earlier page; fetching stopped there"
            return PagingFinding("same_page", text, (page.number,))
        self._next = 0
        return self._chain(page)

    # --- planning ----------------------------------------------------------------------------------------------------

    def _make_plan(self, style: Style | None, page: FetchedPage, at_once: int) -> CollectionPlan:
        info = page.info
        if style is None:
            total = "" if info.total is None else f"; the response has a total of {info.total}"
            return CollectionPlan(1, len(page.records), 1, f"the catalog documents no paging for this call{total}")
        self._query = requested_query(style, page.exchange)
        if not info.has_next:
            return CollectionPlan(1, len(page.records), 1, "all records are in the first response")
        end = self._end_by(info)
        calls = None if end is None else end - page.number + 1
        records = None if info.total is None else max(0, info.total - self._before(info))
        if self._left is not None:
            calls = self._left + 1 if calls is None else min(calls, self._left + 1)
            most = None if info.size is None else calls * info.size
            records = most if records is None else records if most is None else min(records, most)
        if end is not None and self._page_numbers_work(style, page):
            self._next, self._end = page.number + 1, end
            width, why = self._width(at_once, calls or 1)
            return CollectionPlan(calls, records, width, why)
        self._chain(page)
        why = "the number of pages is unknown" if end is None else "its next-page link does not follow the page numbers"
        return CollectionPlan(calls, records, 1, f"sequential, because {why}")

    def _page_numbers_work(self, style: Style, page: FetchedPage) -> bool:
        body = decoded_body(page.exchange)
        params = style.next_params(self._query, body)
        return params is not None and dict(params) == dict(style.goto_params(self._query, page.number + 1))

    def _width(self, wanted: int, calls: int) -> tuple[int, str]:
        """Return how many pages to fetch concurrently, and why.

        A token that the response replaces must stay valid for the requests in flight.
        """
        width = max(1, min(wanted, calls - 1))
        if effect_of(self._session, self._call) != "read":
            return 1, "sequential, because the call is not a read"
        token = self._session.tokens(self._call).current(self._session.now())
        if token is None or token.grace is None or width == 1:
            return width, f"{width} at once" if width > 1 else "sequential"
        if token.grace <= 0:
            return 1, "sequential, because every response replaces the token"
        return width, f"{width} at once, because a replaced token stays valid for {token.grace:g} s"

    def _end_by(self, info: PageInfo) -> int | None:
        if not info.pages or info.number is None or self._style is None:
            return None
        return info.pages + self._style.first_number - 1

    def _before(self, info: PageInfo) -> int:
        """Return the number of records on the pages before the first requested one."""
        first = self._style.first_number if self._style is not None else 1
        return 0 if info.number is None or info.size is None else (info.number - first) * info.size

    def _chain(self, page: FetchedPage) -> PagingFinding | None:
        """Follow the next-page link, unless it leads to an earlier page."""
        call = turn_page(self._session, page.exchange, "next")
        if call is None or self._style is None:
            return None
        link = self._link(call)
        if link in self._links:
            text = f"page {page.number} links to a page that was already fetched; fetching stopped there"
            return PagingFinding("circle", text, (page.number,))
        self._links.add(link)
        self._following = PageJob(page.number + 1, call)
        return None

    def _link(self, call: Call) -> tuple[str | None, ...]:
        """Return the values that identify the page of *call*."""
        given = {**dict(call.extra), **{entry.name: entry.value for entry in call.entries}}
        return tuple(given.get(name) for name in self._style.params) if self._style is not None else ()


def first_page_number(style: Style | None, call: Call) -> int:
    """Return the page number that *call* requests by its own values; 1 if they have none."""
    if style is None:
        return 1
    given = {**dict(call.extra), **{entry.name: entry.value for entry in call.entries}}
    number = style.page_info(given, None).number
    return number if number is not None else parse_whole_number(given.get(style.params[0])) or 1


def pluralize(count: int, what: str) -> str:
    """Return ``1 call`` or ``7 calls``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
