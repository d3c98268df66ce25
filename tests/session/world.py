"""A vendor with a list behind every style of paging, served by the test itself, and a clock that the test moves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from explorer.core.model import Call, Entry
from explorer.session.collection import Collector
from explorer.session.context import SessionContext
from explorer.store.catalogs import decode
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.history import History
from explorer.store.preferences import Settings

if TYPE_CHECKING:
    from explorer.session.page_fetch import FetchedPage

Query = dict[str, str]
Reply = tuple[int, dict[str, str], bytes]
Answering = Callable[[Query], Reply | Awaitable[Reply]]


def _list(style: str, *params: str, method: str = "GET", effect: str = "read") -> dict[str, Any]:
    return {
        "title": "List",
        "group": "G",
        "method": method,
        "effect": effect,
        "path": f"/{style}",
        "pagination": style,
        "params": {name: {"in": "query", "type": "integer"} for name in params}
        | {"colour": {"in": "query"}, "tag[]": {"in": "query"}, "pin": {"in": "query", "secret": True}},
    }


CATALOG = {
    "vendors": {
        "shop": {
            "title": "Shop",
            "pagination": {
                "laravel": {"style": "laravel", "options": {"follow_links": False}},
                "page": {"style": "page"},
                "offset": {"style": "offset", "options": {"items": "data"}},
                "links": {"style": "jsonapi_links"},
            },
            "verdict": {"error": "error"},
            "endpoints": {
                "laravel": _list("laravel", "page", "per_page"),
                "page": _list("page", "page"),
                "offset": _list("offset", "start", "count"),
                "links": _list("links", "page", "limit"),
                "made": _list("laravel", "page", "per_page", method="POST", effect="create"),
                "one": {"title": "One", "group": "G", "path": "/one"},
            },
        }
    }
}


@dataclass
class Clock:
    """Seconds that pass only where somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@dataclass
class World:
    """The vendor's side (what it answers, what it was asked) and the session that asks."""

    session: SessionContext
    url: str
    clock: Clock
    answer: Answering
    asked: list[Query] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """Request lines as they arrived."""
    in_flight: int = 0
    most_at_once: int = 0
    told: list[str] = field(default_factory=list)

    def call(self, endpoint: str, **values: str) -> Call:
        """A call of the vendor, sent here."""
        entries = tuple(Entry(name=name, value=value) for name, value in values.items())
        return Call(vendor="shop", endpoint=endpoint, base_url=self.url, entries=entries)

    def collector(self, call: Call, **options: Any) -> Collector:
        """What fetches all pages, on the test's clock."""
        options = {"chance": lambda: 0.0, "tell": self.told.append, **options}
        return Collector(self.session, call, clock=self.clock, sleep=self.clock.sleep, **options)

    def pages_asked(self, param: str = "page") -> list[int]:
        """The pages that were asked for, in order of arrival."""
        return [int(query.get(param, "1")) for query in self.asked]


async def until(true: Callable[[], bool]) -> None:
    """Let everything else go on until something is true."""
    for _ in range(200_000):
        if true():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came true")


async def all_of(collector: Collector) -> list[FetchedPage]:
    """Every page."""
    return [page async for page in collector.pages()]


def ids(pages: list[FetchedPage]) -> list[Any]:
    """The ids of all records, in the order in which they came."""
    return [json.loads(record)["id"] for page in pages for record in page.records]


@asynccontextmanager
async def world(
    environ: Mapping[str, str], answer: Answering, *, history: bool = False, catalog: Mapping[str, Any] = CATALOG
) -> AsyncIterator[World]:
    """A vendor that answers as *answer* says."""
    clock = Clock()
    folders = Folders.from_environ(environ)
    session = SessionContext(
        catalog=decode(catalog, "test"),
        settings=Settings(),
        folders=folders,
        vault=Vault(environ),
        environ=environ,
        now=clock,
        open_history=(lambda: History(folders.data / "history.sqlite3", now=clock)) if history else None,
    )
    here = World(session, "", clock, answer)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                await _answered(here, head, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return  # the end of the test comes as a cancellation, which asyncio's streams would report
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    here.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield here
    finally:
        await session.close()
        server.close()


async def _answered(here: World, head: str, writer: asyncio.StreamWriter) -> None:
    line = head.split("\r\n")[0]
    query = dict(parse_qsl(urlsplit(line.split(" ")[1]).query, keep_blank_values=True))
    here.lines.append(line)
    here.asked.append(query)
    here.in_flight += 1
    here.most_at_once = max(here.most_at_once, here.in_flight)
    try:
        found = here.answer(query)
        status, headers, body = found if isinstance(found, tuple) else await found
    finally:
        here.in_flight -= 1
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {status} X\r\n{text}\r\n".encode() + body)


def laravel(number: int, last: int, records: list[Any], **more: Any) -> bytes:
    """A page in the shape of 004:157-166: its links name no call."""
    envelope: dict[str, Any] = {
        "current_page": number,
        "per_page": 10,
        "last_page": last,
        "total": last * 10,
        "next_page_url": f"/?page={number + 1}" if number < last else None,
        "prev_page_url": f"/?page={number - 1}" if number > 1 else None,
        "data": records,
    }
    return json.dumps(envelope | more).encode()


def rows(number: int, size: int = 10) -> list[dict[str, Any]]:
    """The records of page *number*."""
    return [{"id": (number - 1) * size + at} for at in range(size)]


def numbered(last: int, **more: Any) -> Answering:
    """A vendor with *last* whole pages."""

    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        return 200, {}, laravel(number, last, rows(number), **more)

    return answer
