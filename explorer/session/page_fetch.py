"""Fetch single pages for a collection: pause, retry with backoff, cut records."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from explorer.core.body.value import UnreadableBody
from explorer.core.paging.base import PageInfo
from explorer.core.paging.records import cut_records, unpaged_records
from explorer.core.text.units import parse_http_date
from explorer.session.pages import decoded_body, paging_style, requested_query
from explorer.session.prepare import effect_of, redact
from explorer.session.send import record_exchanges, send, send_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from explorer.core.model import Call, Exchange
    from explorer.session.context import SessionContext


TRANSIENT_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses worth a retry (RFC 9110, 15.5.9, 15.6; RFC 6585, 4; RFC 8470, 5.2)."""
_FIRST_DELAY: Final = 0.5
_MAX_DELAY: Final = 30.0


def is_retryable(exchange: Exchange) -> bool:
    """Return whether a retry may succeed: no response, a broken one, or a transient status, even in the body of a
    200."""
    if exchange.failure is not None:
        return exchange.failure.kind in ("ConnectFailed", "TimedOut", "BrokenAnswer")
    verdict = exchange.verdict
    if verdict.http_status in TRANSIENT_STATUSES:
        return True
    if verdict.outcome == "UNKNOWN":
        return verdict.http_status is not None and 200 <= verdict.http_status < 300
    return verdict.outcome == "FAILED" and verdict.code.isdigit() and int(verdict.code) in TRANSIENT_STATUSES


def retry_after(exchange: Exchange, now: float) -> float | None:
    """Return the seconds of ``Retry-After`` (RFC 9110, 10.2.3: a number, or a date relative to *now* in Unix seconds).

    None if it is missing or invalid.
    """
    text = exchange.response.header("retry-after").strip() if exchange.response is not None else ""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    at = parse_http_date(text)
    return max(0.0, at - now) if at is not None else None


def backoff(attempt: int, requested: float | None, chance: float) -> float:
    """Return the seconds to wait after *attempt* (the first is 1): *requested* by the vendor, or exponential backoff.

    The backoff doubles up to 30 s and is reduced by up to half with *chance* (0 to 1) as jitter.
    """
    if requested is not None:
        return requested
    return float(min(_FIRST_DELAY * 2 ** (attempt - 1), _MAX_DELAY) * (1 - chance / 2))


_BATCH: Final = 25
"""Exchanges written to the history in one batch."""
_LARGE: Final = 200_000
"""Bytes of a body; the records of a larger one are cut in a thread."""


@dataclass(frozen=True)
class FetchedPage:
    """One page: its number, the original and the displayed exchange, and its records as JSON."""

    number: int
    exchange: Exchange
    shown: Exchange
    """Redacted unless secrets were requested; so are ``records``."""
    info: PageInfo
    records: tuple[bytes, ...] = ()
    problem: str = ""
    """Why it failed; empty if it arrived."""

    @property
    def came(self) -> bool:
        """Whether it arrived completely and is not an error."""
        return not self.problem


@dataclass
class PageFetcher:
    """Fetches pages for a collection. *clock* returns seconds, *chance* a number from 0 to 1."""

    session: SessionContext
    timeout: float | None
    masked: bool
    tries: int
    patience: float
    """Longest wait in seconds that the vendor may request; beyond it, the page fails."""
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    tell: Callable[[str], None]
    """Called with a message for every retry."""
    retries: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while pages may be requested."""
    hold_until: float = 0.0
    """Time of *clock* before which no page is requested."""
    _unsaved: list[Exchange] = field(default_factory=list)

    async def get(self, number: int, call: Call, *, alone: bool = False) -> FetchedPage:
        """Fetch the page of *call*, retrying transient failures.

        With *alone*, it is sent like any other call, with a history entry before it is sent.
        """
        repeat = effect_of(self.session, call) == "read"
        attempt = 0
        while True:
            attempt += 1
            await self._wait_for_turn()
            exchange, masked = await self._send(call, alone=alone)
            page = await self._page(number, exchange, masked)
            if page.came or not repeat or attempt >= self.tries or not is_retryable(exchange):
                return page
            requested = retry_after(exchange, self.session.now())
            wait = backoff(attempt, requested, self.chance())
            if wait > self.patience:
                return _deferred_page(page, wait)
            self.retries += 1
            self.tell(f"page {number}: {page.problem}; retrying in {wait:.1f} s")
            if requested is not None:
                self.hold_until = max(self.hold_until, self.clock() + wait)
            else:
                await self.sleep(wait)

    async def flush(self) -> None:
        """Write the remaining exchanges to the history."""
        unsaved, self._unsaved = self._unsaved, []
        if unsaved:
            await record_exchanges(self.session, unsaved)

    async def _send(self, call: Call, *, alone: bool) -> tuple[Exchange, Exchange]:
        if alone:
            exchange = await send(self.session, call, timeout=self.timeout)
            return exchange, await asyncio.to_thread(redact, self.session, exchange)
        masked: list[Exchange] = []
        try:
            exchange = await send_page(self.session, call, self.timeout, masked.append)
        finally:
            self._unsaved += masked
            if len(self._unsaved) >= _BATCH:
                await self.flush()
        return exchange, masked[0]

    async def _wait_for_turn(self) -> None:
        while True:
            await self.gate.wait()
            left = self.hold_until - self.clock()
            if left <= 0:
                return
            await self.sleep(left)

    async def _page(self, number: int, exchange: Exchange, masked: Exchange) -> FetchedPage:
        size = len(exchange.response.body) if exchange.response is not None else 0
        if size > _LARGE:
            return await asyncio.to_thread(self._read_page, number, exchange, masked)
        return self._read_page(number, exchange, masked)

    def _read_page(self, number: int, exchange: Exchange, masked: Exchange) -> FetchedPage:
        shown = masked if self.masked else exchange
        style = paging_style(self.session, exchange.call)
        problem = page_problem(exchange)
        records: tuple[bytes, ...] = ()
        info = PageInfo()
        if not problem and exchange.response is not None and shown.response is not None:
            try:
                if style is None:
                    records, total = unpaged_records(shown.response, decoded_body(shown))
                    info = PageInfo(1, records=len(records), total=total, pages=1)
                else:
                    records = cut_records(shown.response, style.options.items)
                    info = style.page_info(dict(requested_query(style, exchange)), decoded_body(exchange))
            except UnreadableBody as error:
                problem = str(error)
        return FetchedPage(number, exchange, shown, info, records, problem)


def page_problem(exchange: Exchange) -> str:
    """Return why an exchange is not a page, or an empty string; does not check whether the body is readable."""
    if exchange.failure is not None:
        return f"{exchange.failure.title}: {exchange.failure.message}"
    verdict, response = exchange.verdict, exchange.response
    if response is None:
        return "no response"
    if response.truncated:
        return response.truncated
    if verdict.outcome == "FAILED" or not 200 <= response.status < 300:
        return f"{verdict.why}: {verdict.message}" if verdict.message else verdict.why
    return ""


def _deferred_page(page: FetchedPage, wait: float) -> FetchedPage:
    problem = f"{page.problem}; the vendor requests a wait of {wait:.0f} s"
    return replace(page, records=(), problem=problem)
