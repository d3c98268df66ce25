"""How long two bodies of 20 MB take to be compared, as a ratio to the standard library's parsing of both, and what the
screen does meanwhile.

python scripts/bench_diff.py [MEGABYTES]
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from explorer.core.diff.exchange import body_job
from explorer.core.diff.volatile import NOTHING
from explorer.core.model import Call, Exchange, ReceivedResponse, SentRequest

if TYPE_CHECKING:
    from collections.abc import Callable


def records(size: int, seed: int) -> list[dict[str, object]]:
    """Records of about *size* bytes in all; *seed* makes others."""

    def number(n: int, below: int) -> int:
        return (n * 2_654_435_761 + seed * 40_503) % 4_294_967_291 % below

    return [
        {
            "id": n,
            "name": f"Bag {number(n, 10**9)} of some length",
            "price": {"amount": f"{number(n, 100_000) / 100:.2f}", "currency": "USD"},
            "tags": ["a", "b", str(number(n, 99))],
            "active": n % 3 == 0,
            "stock": number(n, 1000),
        }
        for n in range(size // 165)
    ]


def compare(left: bytes, right: bytes, media: str) -> None:
    """Compare two bodies from start to end."""
    job = body_job("response", (left, right), (media, media), NOTHING)
    job.lay_out(lambda: None)
    job.walk(lambda: None)


def changed(rows: list[dict[str, object]], every: int) -> list[dict[str, object]]:
    """The records with one field changed in every *every*-th, one put in and one taken out."""
    other = json.loads(json.dumps(rows))
    for n in range(0, len(other), every):
        other[n]["stock"] = -1
    del other[len(other) // 2]
    other.insert(10, {"id": -1, "name": "new"})
    return list(other)


def as_xml(rows: list[dict[str, object]]) -> bytes:
    """The records as XML."""
    items = (
        f"<item><id>{row['id']}</id><name>{row['name']}</name><stock>{row.get('stock')}</stock></item>" for row in rows
    )
    return f"<rows>{''.join(items)}</rows>".encode()


def timed(work: Callable[[], object]) -> float:
    """Seconds of *work*."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def exchange(body: bytes, media: str) -> Exchange:
    """An exchange with that answer."""
    return Exchange(
        call=Call(vendor="none", endpoint="none"),
        started_at=0.0,
        request=SentRequest(method="GET", url="http://127.0.0.1/"),
        response=ReceivedResponse(status=200, headers=(("Content-Type", media),), body=body),
    )


async def on_screen(left: bytes, right: bytes, media: str) -> tuple[float, float, float, float]:
    """Seconds until the first change is there and until the end; the longest that the event loop waited for its turn,
    and the longest that it was at work itself in one go."""
    from explorer.session.factory import open_session
    from explorer.tui.app import ExplorerApp
    from explorer.tui.screens.comparison import ComparingScreen

    with tempfile.TemporaryDirectory() as home:
        app = ExplorerApp(open_session({"API_EXPLORER_HOME": home}))
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause(0.5)
            screen = ComparingScreen(app.session, exchange(left, media), exchange(right, media))
            app.push_screen(screen)
            start = before = time.perf_counter()
            worked = time.thread_time()
            first, waited, busy = 0.0, 0.0, 0.0
            while screen.comparison is None or not screen.comparison.done:
                await asyncio.sleep(0.002)
                now, work = time.perf_counter(), time.thread_time()
                waited, busy = max(waited, now - before), max(busy, work - worked)
                before, worked = now, work
                if not first and screen.comparison is not None and screen.comparison.found():
                    first = now - start
            return first, time.perf_counter() - start, waited, busy


def measure(name: str, left: bytes, right: bytes, media: str, parse: Callable[[bytes], object]) -> None:
    """Print what one pair takes."""
    parsed = timed(lambda: (parse(left), parse(right)))
    gc.disable()  # as in the process that compares large bodies
    took = timed(lambda: compare(left, right, media))
    gc.enable()
    first, done, waited, busy = asyncio.run(on_screen(left, right, media))
    megabytes = (len(left) + len(right)) / 2e6
    print(
        f"{name:<28} 2 × {megabytes:4.1f} MB  parse {parsed:5.2f} s  diff {took:5.2f} s  ratio {took / parsed:4.1f}\n"
        f"{'':<28} on screen: first change {first:4.1f} s, end {done:4.1f} s; loop waited {waited * 1000:.0f} ms, "
        f"worked {busy * 1000:.0f} ms in one go at most",
        flush=True,
    )


def main() -> None:
    """Measure."""
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 20) * 1e6)
    rows = records(size, 1)
    few, many, bare = changed(rows, 1000), changed(rows, 1), [{**row, "id": None} for row in rows]
    for name, one, other in (
        ("JSON, few changes", rows, few),
        ("JSON, every record changed", rows, many),
        ("JSON, no identity", bare, changed(bare, 1000)),
        ("JSON, nothing in common", rows, records(size, 2)),
    ):
        measure(
            name,
            json.dumps({"data": one}).encode(),
            json.dumps({"data": other}).encode(),
            "application/json",
            json.loads,
        )
    wide = [json.dumps(list(range(seed, seed + size // 8))).encode() for seed in (0, 1)]
    measure("JSON, one list of numbers", wide[0], wide[1], "application/json", json.loads)
    xml = as_xml(rows * 2), as_xml(changed(rows * 2, 1000))
    measure("XML, few changes", *xml, "application/xml", ElementTree.fromstring)
    lines = "\n".join(str(row) for row in rows).encode(), "\n".join(str(row) for row in few).encode()
    measure("text, few changes", *lines, "text/plain", lambda body: body.decode().split("\n"))


if __name__ == "__main__":
    main()
