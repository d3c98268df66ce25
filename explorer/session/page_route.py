"""The way through all pages, as the first answer shows it: which calls are still to be made, and in what order.

numbered   the number of pages is told, and the vendor's own next page is the one that the number names
chained    each page is asked for as the answer before it says
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
    """What fetching all pages would take, as the first answer tells it. None where it does not tell."""

    calls: int | None
    """Calls in all, the one that was made for the plan included."""
    records: int | None
    concurrency: int
    why: str
    """Why the pages come one after the other, or how many at once."""

    @property
    def text(self) -> str:
        """The plan as a sentence."""
        calls = "an unknown number of calls" if self.calls is None else pluralize(self.calls, "call")
        records = "" if self.records is None else f" for {pluralize(self.records, 'record')}"
        return f"{calls}{records}; {self.why}"


@dataclass(frozen=True, slots=True)
class PageJob:
    """A page to be asked for."""

    number: int
    call: Call


class PageRoute:
    """What is still to be asked for after the first page, at most *most* pages in all."""

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
        """Whether there is more than was asked for."""
        self._links.add(self._link(self._call))
        self.plan = self._planned(self._style, page, at_once)

    def take(self) -> PageJob | None:
        """The next page to ask for, or None where there is none now (chained: before ``after`` was told the last)."""
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
        """Learn from a page that came: how many there are by now, or which is next. *same*: its records came before.

        Gives why the way ends here, where that is odd.
        """
        if self._next:
            end = self._end_by(page.info)
            self._end = max(self._end, end or 0)
            if page.number < self._end or not page.info.has_next or not page.info.certain:
                return None
        if same:
            text = f"page {page.number} holds the very records of an earlier page: the vendor does not turn pages here"
            return PagingFinding("same_page", f"{text}, and going on ended there", (page.number,))
        self._next = 0
        return self._chain(page)

    # --- finding the way ---------------------------------------------------------------------------------------------

    def _planned(self, style: Style | None, page: FetchedPage, at_once: int) -> CollectionPlan:
        info = page.info
        if style is None:
            total = "" if info.total is None else f", and the response says total {info.total}"
            return CollectionPlan(1, len(page.records), 1, f"the catalog documents no paging for this call{total}")
        self._query = requested_query(style, page.exchange)
        if not info.has_next:
            return CollectionPlan(1, len(page.records), 1, "everything is in the first answer")
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
        why = "the vendor tells no number of pages" if end is None else "its next page is not the one of that number"
        return CollectionPlan(calls, records, 1, f"one after the other, since {why}")

    def _page_numbers_work(self, style: Style, page: FetchedPage) -> bool:
        body = decoded_body(page.exchange)
        told = style.next_params(self._query, body)
        return told is not None and dict(told) == dict(style.goto_params(self._query, page.number + 1))

    def _width(self, wanted: int, calls: int) -> tuple[int, str]:
        """How many pages at once. A token that its answer replaces must stay good for those that are under way."""
        width = max(1, min(wanted, calls - 1))
        if effect_of(self._session, self._call) != "read":
            return 1, "one after the other, since the call is not a mere read"
        token = self._session.tokens(self._call).current(self._session.now())
        if token is None or token.grace is None or width == 1:
            return width, f"{width} at once" if width > 1 else "one after the other"
        if token.grace <= 0:
            return 1, "one after the other, since every answer replaces the token"
        return width, f"{width} at once, since a replaced token stays good for {token.grace:g} s"

    def _end_by(self, info: PageInfo) -> int | None:
        if not info.pages or info.number is None or self._style is None:
            return None
        return info.pages + self._style.first_number - 1

    def _before(self, info: PageInfo) -> int:
        """Records on the pages before the first that was asked for."""
        first = self._style.first_number if self._style is not None else 1
        return 0 if info.number is None or info.size is None else (info.number - first) * info.size

    def _chain(self, page: FetchedPage) -> PagingFinding | None:
        """Go where the answer points, unless that leads back."""
        call = turn_page(self._session, page.exchange, "next")
        if call is None or self._style is None:
            return None
        link = self._link(call)
        if link in self._links:
            text = f"page {page.number} points to a page that was fetched before, and going on ended there"
            return PagingFinding("circle", text, (page.number,))
        self._links.add(link)
        self._following = PageJob(page.number + 1, call)
        return None

    def _link(self, call: Call) -> tuple[str | None, ...]:
        """What tells the pages of the call apart."""
        given = {**dict(call.extra), **{one.name: one.value for one in call.entries}}
        return tuple(given.get(name) for name in self._style.params) if self._style is not None else ()


def first_page_number(style: Style | None, call: Call) -> int:
    """The number of the page that *call* asks for, as far as its own values tell; 1 where they do not."""
    if style is None:
        return 1
    given = {**dict(call.extra), **{one.name: one.value for one in call.entries}}
    number = style.page_info(given, None).number
    return number if number is not None else parse_whole_number(given.get(style.params[0])) or 1


def pluralize(count: int, what: str) -> str:
    """``1 call``, ``7 calls``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
