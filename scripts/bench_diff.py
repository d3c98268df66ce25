"""How long two bodies of 20 MB take to be compared, as a ratio to the standard library's parsing of both.

python scripts/bench_diff.py [MEGABYTES]
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from explorer.core.diff import compare_bodies

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


async def longest_stall(work: Callable[[], object]) -> float:
    """The longest time that an event loop waits for its turn while *work* goes on in a thread, in seconds."""
    thread = threading.Thread(target=work)
    worst, before = 0.0, time.perf_counter()
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.005)
        now = time.perf_counter()
        worst, before = max(worst, now - before - 0.005), now
    return worst


def measure(name: str, left: bytes, right: bytes, media: str, parse: Callable[[bytes], object]) -> None:
    """Print what one pair takes."""
    parsed = timed(lambda: (parse(left), parse(right)))
    found: list[int] = []

    def work() -> None:
        found.append(compare_bodies(left, right, (media, media), tick=lambda: time.sleep(0)).record.found)

    took = timed(work)
    stall = asyncio.run(longest_stall(work))
    megabytes = (len(left) + len(right)) / 2e6
    print(
        f"{name:<28} 2 × {megabytes:4.1f} MB  parse {parsed:5.2f} s  diff {took:5.2f} s  ratio {took / parsed:4.1f}  "
        f"changes {found[0]:,}  longest stall {stall * 1000:.0f} ms"
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
