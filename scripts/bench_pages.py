"""Fetch 200 pages, 8 at once, from a server that takes 20 ms for each: ours against a bare httpx loop, in one run.

Usage: python scripts/bench_pages.py [--pages 200] [--at-once 8] [--rounds 3] [--budget 1.5]

Ours does all that the app does: checks the form, signs, masks, keeps every page in the history, judges, cuts records
out, looks for duplicates and gaps. Prints the best round of each and their ratio; exit code 1 above the budget.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import sys
import tempfile
import time

import httpx

from explorer.core.model import Call
from explorer.session.collection import Collector
from explorer.session.factory import open_session
from explorer.session.history import recent_entries
from explorer.session.send import send

DELAY = 0.02
SIZE = 15


def page(number: int, last: int) -> bytes:
    """One page in the shape of Laravel's paginator, some 3 kB."""
    first = (number - 1) * SIZE
    data = [{"id": first + at, "name": "Ünit " + "x" * 120, "price": "12.50"} for at in range(SIZE)]
    envelope = {"current_page": number, "last_page": last, "per_page": SIZE, "total": last * SIZE, "data": data}
    return json.dumps(envelope).encode()


def serve(listener: socket.socket, last: int) -> None:
    """Answer every request after the delay; head and body leave in one write."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                line = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode()
                number = int(line.partition("page=")[2].partition("&")[0].split(" ")[0] or 1)
                await asyncio.sleep(DELAY)
                body = page(number, last)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def main() -> None:
        server = await asyncio.start_server(handle, sock=listener)
        await server.serve_forever()

    asyncio.run(main())


async def bare(url: str, last: int, at_once: int) -> float:
    """A plain loop: a semaphore, httpx, the decoded body."""
    places = asyncio.Semaphore(at_once)

    async def one(client: httpx.AsyncClient, number: int) -> int:
        async with places:
            answer = await client.get(f"{url}/api/products", params={"page": number})
            return len(answer.json()["data"])

    async with httpx.AsyncClient() as client:
        await one(client, 1)
        began = time.perf_counter()
        counts = await asyncio.gather(*(one(client, number) for number in range(1, last + 1)))
        took = time.perf_counter() - began
    assert sum(counts) == last * SIZE
    return took


async def ours(url: str, last: int, at_once: int) -> float:
    """``send --all-pages`` without its output."""
    with tempfile.TemporaryDirectory() as home:
        session = open_session({"API_EXPLORER_HOME": home, "API_EXPLORER_ENDLESSAISLES_TOKEN": "token-of-the-bench"})
        call = Call(vendor="endlessaisles", endpoint="products_list", base_url=url)
        await send(session, call)
        collector = Collector(session, call, at_once=at_once)
        records = 0
        began = time.perf_counter()
        async for one in collector.pages():
            records += len(one.records)
        took = time.perf_counter() - began
        kept = len(await recent_entries(session, limit=last * 2))
        await session.close()
    assert (records, collector.findings, kept) == (last * SIZE, (), last + 1)
    return took


def main() -> int:
    """Measure; gives the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=1.5)
    wanted = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener, wanted.pages), daemon=True)
    server.start()
    try:
        times: dict[str, list[float]] = {"bare": [], "ours": []}
        for _ in range(wanted.rounds):
            times["bare"].append(asyncio.run(bare(url, wanted.pages, wanted.concurrency)))
            times["ours"].append(asyncio.run(ours(url, wanted.pages, wanted.concurrency)))
    finally:
        server.terminate()
    floor, best = min(times["bare"]), min(times["ours"])
    ideal = wanted.pages * DELAY / wanted.concurrency
    print(
        f"{wanted.pages} pages, {wanted.concurrency} at once, {DELAY * 1000:.0f} ms each (no less than {ideal:.2f} s)"
    )
    print(f"bare httpx loop  {floor:.2f} s  {[round(one, 2) for one in times['bare']]}")
    print(f"all pages        {best:.2f} s  {[round(one, 2) for one in times['ours']]}")
    print(f"ratio            {best / floor:.2f}  (budget {wanted.budget})")
    return 0 if best / floor <= wanted.budget else 1


if __name__ == "__main__":
    sys.exit(main())
