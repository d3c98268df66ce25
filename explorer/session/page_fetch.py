"""Fetch one of many pages: pause, retry with backoff, keep its records."""

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
"""Statuses that may be gone the next time (RFC 9110, 15.5.9, 15.6; RFC 6585, 4; RFC 8470, 5.2)."""
_FIRST: Final = 0.5
_LONGEST: Final = 30.0


def is_retryable(exchange: Exchange) -> bool:
    """Whether the same read may do better in a while: no answer, a broken one, or a status that passes, also where it
    stands in the body of a 200."""
    if exchange.failure is not None:
        return exchange.failure.kind in ("ConnectFailed", "TimedOut", "BrokenAnswer")
    verdict = exchange.verdict
    if verdict.http_status in TRANSIENT_STATUSES:
        return True
    if verdict.outcome == "UNKNOWN":
        return verdict.http_status is not None and 200 <= verdict.http_status < 300
    return verdict.outcome == "FAILED" and verdict.code.isdigit() and int(verdict.code) in TRANSIENT_STATUSES


def retry_after(exchange: Exchange, now: float) -> float | None:
    """Seconds that the vendor asks to wait, from *now* (Unix seconds): a number or a date (RFC 9110, 10.2.3). None
    where it asks for nothing that can be read."""
    text = exchange.response.header("retry-after").strip() if exchange.response is not None else ""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    at = parse_http_date(text)
    return max(0.0, at - now) if at is not None else None


def backoff(attempt: int, told: float | None, chance: float) -> float:
    """Seconds before try number *attempt* + 1 (the first is 1): what the vendor told, otherwise twice as long each time
    up to half a minute, of which *chance* (0 to 1) takes away up to a half, so that many do not come back at once."""
    if told is not None:
        return told
    return float(min(_FIRST * 2 ** (attempt - 1), _LONGEST) * (1 - chance / 2))


_BATCH: Final = 25
"""Exchanges that are written into the history in one go."""
_LARGE: Final = 200_000
"""Bytes of a body from which on its records are cut in a thread."""


@dataclass(frozen=True)
class FetchedPage:
    """One page: its number, the exchange as it was and as it may be shown, its records as JSON texts."""

    number: int
    exchange: Exchange
    shown: Exchange
    """Its secrets masked, unless they were asked for; so are those of ``records``."""
    info: PageInfo
    records: tuple[bytes, ...] = ()
    problem: str = ""
    """Why it did not come, in words; empty where it came."""

    @property
    def came(self) -> bool:
        """Whether it came whole and holds what the vendor meant to send."""
        return not self.problem


@dataclass
class PageFetcher:
    """Fetches pages for a collection. *clock* gives seconds, *chance* a number from 0 to 1."""

    session: SessionContext
    timeout: float | None
    masked: bool
    tries: int
    patience: float
    """Seconds that the vendor may ask to wait; where it asks for more, the page has failed."""
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    tell: Callable[[str], None]
    """Told of every page that is asked for again, in words."""
    retries: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while pages may be asked for."""
    hold_until: float = 0.0
    """By the clock: no page is asked for before."""
    _waiting: list[Exchange] = field(default_factory=list)

    async def get(self, number: int, call: Call, *, alone: bool = False) -> FetchedPage:
        """The page that *call* asks for, tried as often as that may help. *alone*: sent as any other call, with the
        history told before."""
        repeat = effect_of(self.session, call) == "read"
        attempt = 0
        while True:
            attempt += 1
            await self._may_go()
            exchange, masked = await self._sent(call, alone=alone)
            page = await self._page(number, exchange, masked)
            if page.came or not repeat or attempt >= self.tries or not is_retryable(exchange):
                return page
            told = retry_after(exchange, self.session.now())
            wait = backoff(attempt, told, self.chance())
            if wait > self.patience:
                return _deferred_page(page, wait)
            self.retries += 1
            self.tell(f"page {number}: {page.problem}; asked for again in {wait:.1f} s")
            if told is not None:
                self.hold_until = max(self.hold_until, self.clock() + wait)
            else:
                await self.sleep(wait)

    async def flush(self) -> None:
        """Write down what the history has not been told of yet."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            await record_exchanges(self.session, waiting)

    async def _sent(self, call: Call, *, alone: bool) -> tuple[Exchange, Exchange]:
        if alone:
            exchange = await send(self.session, call, timeout=self.timeout)
            return exchange, await asyncio.to_thread(redact, self.session, exchange)
        kept: list[Exchange] = []
        try:
            exchange = await send_page(self.session, call, self.timeout, kept.append)
        finally:
            await self._keep(kept)
        return exchange, kept[0]

    async def _keep(self, exchanges: list[Exchange]) -> None:
        self._waiting += exchanges
        if len(self._waiting) >= _BATCH:
            await self.flush()

    async def _may_go(self) -> None:
        while True:
            await self.gate.wait()
            left = self.hold_until - self.clock()
            if left <= 0:
                return
            await self.sleep(left)

    async def _page(self, number: int, exchange: Exchange, masked: Exchange) -> FetchedPage:
        size = len(exchange.response.body) if exchange.response is not None else 0
        if size > _LARGE:
            return await asyncio.to_thread(self._made, number, exchange, masked)
        return self._made(number, exchange, masked)

    def _made(self, number: int, exchange: Exchange, masked: Exchange) -> FetchedPage:
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
    """Why an exchange is not a page, in words; empty where it is one (whether its body can be read is not asked)."""
    if exchange.failure is not None:
        return f"{exchange.failure.title}: {exchange.failure.message}"
    verdict, response = exchange.verdict, exchange.response
    if response is None:
        return "no answer"
    if response.truncated:
        return response.truncated
    if verdict.outcome == "FAILED" or not 200 <= response.status < 300:
        return f"{verdict.why}: {verdict.message}" if verdict.message else verdict.why
    return ""


def _deferred_page(page: FetchedPage, wait: float) -> FetchedPage:
    problem = f"{page.problem}; the vendor asks to wait {wait:.0f} s"
    return replace(page, records=(), problem=problem)
