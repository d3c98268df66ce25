"""Measures the body viewer in a real terminal against floors of the same run: `python scripts/bench_viewer.py`.

For each body the viewer runs in a pseudo-terminal of its own (120 x 40, read through pyte): from the key that shows the
body to the first lines, keys while it is made ready and after, the jump to the end, a search through all of it, the
longest time that the event loop stood still, memory. ``slow-20`` comes at 5 MB a second: there the keys are pressed and
the first lines seen while most of it is still to come. The floors are taken in the same run by fresh processes:
``msgspec.json.format``, a bare expat pass, ``re.finditer`` over the laid-out bytes, the idle program.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

NEEDLE = "NEEDLE"
FIRST, LAST = "FIRST_RECORD", "LAST_RECORD"
WORDS = (
    *("alpine", "amber", "anchor", "basalt", "cedar", "copper", "delta", "ember", "fern", "garnet", "harbor"),
    *("indigo", "jade", "façade", "東京", "señor"),
)
FLOORS = {
    "json": "import msgspec; msgspec.json.format(body, indent=2)",
    "xml": "from xml.parsers import expat; expat.ParserCreate().Parse(body, True)",
    "text": "body.decode()",
}
TYPES = {"json": "application/json", "xml": "application/xml", "text": "text/plain"}


def record(rng: random.Random, number: int) -> dict[str, Any]:
    """A product as a shop would send it, of some 700 bytes."""

    def words(count: int) -> str:
        return " ".join(rng.choice(WORDS) for _ in range(count))

    return {
        "id": number,
        "name": words(3),
        "text": words(rng.randint(20, 50)),
        "price": {"amount": round(rng.random() * 900, 2), "currency": "EUR", "discount": None},
        "tags": [rng.choice(WORDS) for _ in range(rng.randint(0, 6))],
        "variants": [
            {"id": n, "colour": rng.choice(WORDS), "stock": rng.randint(0, 900)} for n in range(rng.randint(1, 5))
        ],
        "seen": rng.random() < 0.5,
    }


def records(size: int) -> list[dict[str, Any]]:
    """About *size* bytes of records; one in a thousand holds the needle."""
    rng = random.Random(7)  # noqa: S311 - the same bodies every time
    pool = [record(rng, n) for n in range(1000)]
    average = len(json.dumps(pool, ensure_ascii=False).encode()) / 1000
    made = [pool[n % 1000] | {"id": n} for n in range(max(int(size / average), 2))]
    made[0] = made[0] | {"name": FIRST}
    made[-1] = made[-1] | {"seen": LAST}
    for n in range(0, len(made), 1000):
        made[n] = made[n] | {"text": f"a {NEEDLE} in the hay"}
    return made


def body_of(case: str) -> tuple[bytes, str]:
    """The body of a case such as ``json-20``, ``pretty-20``, ``xml-20``, ``line-20``, ``deep``, and its kind."""
    name, _, megabytes = case.partition("-")
    size = int(megabytes or 1) * 1_000_000
    if name == "line":
        return (f"{FIRST} " + "0123456789" * (size // 10) + f" {NEEDLE} {LAST}").encode(), "text"
    if name == "deep":
        return b'{"a":[' * 200_000 + f'"{FIRST} {NEEDLE} {LAST}"'.encode() + b"]}" * 200_000, "json"
    made = records(size)
    if name in ("xml", "slowxml"):
        return b"<shop>" + b"".join(xml(one) for one in made) + b"</shop>", "xml"
    indent = 2 if name == "pretty" else None
    separators = None if indent else (",", ":")
    return json.dumps({"data": made}, ensure_ascii=False, indent=indent, separators=separators).encode(), "json"


def xml(value: Any, tag: str = "product") -> bytes:
    """*value* as an element."""
    if isinstance(value, dict):
        inner = b"".join(xml(one, key) for key, one in value.items())
    elif isinstance(value, list):
        inner = b"".join(xml(one, "item") for one in value)
    else:
        inner = str(value).encode()
    return f"<{tag}>".encode() + inner + f"</{tag}>".encode()


def floor(code: str, path: Path, prepare: str = "") -> float:
    """Seconds that *code* takes over the bytes at *path* (after *prepare*), the best of three in a fresh process."""
    script = f"""
import sys, time
body, best = open(sys.argv[1], "rb").read(), 9e9
{prepare}
for _ in range(3):
    start = time.perf_counter()
    {code}
    best = min(best, time.perf_counter() - start)
print(best)
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def search_floor(path: Path, kind: str) -> float:
    """Seconds of ``re.finditer`` over the bytes that the viewer searches."""
    prepare = "import re, msgspec\n" + ("body = msgspec.json.format(body, indent=2)" if kind == "json" else "")
    return floor(f"sum(1 for _ in re.finditer(b'{NEEDLE}', body))", path, prepare)


def measure(case: str, folder: Path) -> dict[str, Any]:
    """All figures of one case."""
    from terminal import Terminal

    name, (body, kind) = case.partition("-")[0], body_of(case)
    # A single line is read sideways.
    near, far = (["l", "h", "l"], ["h", "l", "h"]) if name == "line" else (["j", "k", "pagedown"], ["k", "pageup", "k"])
    path, report = folder / f"{case}.body", folder / f"{case}.report"
    path.write_bytes(body)
    size = len(body)
    del body
    figures: dict[str, Any] = {"case": case, "mb": size / 1e6}
    figures["floor"] = None if case == "deep" else floor(FLOORS[kind], path)
    figures["search_floor"] = search_floor(path, kind) if case != "deep" else None
    rate = str(SLOW if name.startswith("slow") else 0)
    # Before its layout is there, a body nested deep is a single line. Always the same key: one that takes back what
    # the last did may leave what was there before, and then nothing seems to have come.
    loading = "l" if name == "deep" else near[0]
    terminal = Terminal([sys.executable, __file__, "--view", str(path), TYPES[kind], str(report), rate])
    try:
        terminal.wait("READY", 20)
        terminal.settle()
        idle = terminal.memory()
        terminal.send("f8")
        terminal.wait("LOADED", 15)
        terminal.settle()
        start = terminal.send("f9")
        shown = terminal.wait(FIRST if case != "deep" else '"a"', 25)
        figures["first"] = shown - start
        figures["keys_loading"] = [terminal.latency(loading, 1.0) for _ in range(4 if name == "deep" else 12)]
        terminal.wait("DONE", 25)
        terminal.settle()
        figures["keys_top"] = [terminal.latency(key) for key in 8 * near]
        start = terminal.send("$" if name == "line" else "G")
        figures["to_end"] = (terminal.wait(LAST, 30) - start) if name != "deep" else None
        terminal.settle()
        figures["keys_end"] = [terminal.latency(key) for key in 8 * far]
        figures["memory"], figures["peak"], figures["idle"] = terminal.memory(), terminal.peak, idle
        terminal.send("f10")
        terminal.wait("COUNTED", 25)
        terminal.send("f12")
        terminal.end()
    finally:
        terminal.close()
    told: dict[str, Any] = json.loads(report.read_text())
    return figures | told | {"ready": told["done"] - told["shown"]}


def view(path: str, content_type: str, report: str, rate: float) -> None:
    """The program that is measured: the panel and nothing else."""
    import asyncio

    from textual.app import App, ComposeResult
    from textual.widgets import Static

    from explorer.tui.body.panel import BodyPanel
    from explorer.tui.body.view import BodyView

    class Viewer(App[None]):
        BINDINGS = [("f8", "load"), ("f9", "show_body"), ("f10", "count"), ("f12", "quit")]
        told: dict[str, float] = {}
        body = b""

        def compose(self) -> ComposeResult:
            yield Static("READY", id="state")
            yield BodyPanel()

        async def on_mount(self) -> None:
            gc.freeze()  # as the app does after its first frame
            self.run_worker(self.beat())

        async def beat(self) -> None:
            last, stall = time.perf_counter(), 0.0
            while True:
                await asyncio.sleep(0.002)
                now = time.perf_counter()
                stall, last = max(stall, now - last), now
                if "shown" not in self.told:
                    stall = 0.0
                self.watch_search(now)
                self.told["stall" if "done" not in self.told else "stall_after"] = stall
                document = self.query_one(BodyView).document
                if "done" not in self.told and document is not None and document.complete:
                    self.told["done"] = now
                    stall = 0.0
                    self.query_one("#state", Static).update("DONE")

        def watch_search(self, now: float) -> None:
            view = self.query_one(BodyView)
            if "search_started" in self.told and "search_all" not in self.told:
                if view.hits:
                    self.told.setdefault("search_first", now - self.told["search_started"])
                if view.counted:
                    self.told |= {"search_all": now - self.told["search_started"], "hits": view.hits}
                    self.query_one("#state", Static).update("COUNTED")

        def action_load(self) -> None:
            self.body = Path(path).read_bytes()
            self.query_one("#state", Static).update("LOADED")

        def action_show_body(self) -> None:
            self.told["shown"] = time.perf_counter()
            if rate:
                self.run_worker(self.receive())
            else:
                self.query_one(BodyPanel).show(self.body, content_type)
            self.query_one(BodyView).focus()

        async def receive(self) -> None:
            """As a download of *rate* bytes a second."""
            panel, step = self.query_one(BodyPanel), int(rate / 12)
            panel.begin(content_type)
            for start in range(0, len(self.body), step):
                panel.feed(self.body[start : start + step])
                await asyncio.sleep(1 / 12)
            self.told["shown_all"] = time.perf_counter()
            panel.finish(self.body, content_type)

        def action_count(self) -> None:
            self.query_one(BodyView).action_top()
            self.told["search_started"] = time.perf_counter()
            self.query_one(BodyView).search(NEEDLE)

        def on_unmount(self) -> None:
            Path(report).write_text(json.dumps(self.told))

    Viewer().run()


def milliseconds(values: list[float | None]) -> str:
    """p95 and the slowest."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return "-"
    return f"{1000 * known[min(int(len(known) * 0.95), len(known) - 1)]:.0f}/{1000 * known[-1]:.0f}"


def row(one: dict[str, Any]) -> str:
    """One line of the table."""
    ratio = f"{one['first'] / (2 * one['floor'] + 0.1):.2f}" if one["floor"] is not None else "-"
    search = f"{one['search_all'] / one['search_floor']:.1f}" if one["search_floor"] else "-"
    end = f"{1000 * one['to_end']:.0f}" if one["to_end"] is not None else "-"
    floors = f"{1000 * one['floor']:.0f}" if one["floor"] is not None else "-"
    cells = [
        *(
            one["case"],
            floors,
            f"{1000 * one['first']:.0f}",
            ratio,
            f"{one['ready']:.2f}",
            f"{1000 * one['stall']:.0f}",
        ),
        *(milliseconds(one["keys_loading"]), milliseconds(one["keys_top"]), milliseconds(one["keys_end"]), end),
        *(f"{1000 * one['search_first']:.0f}", f"{1000 * one['search_all']:.0f}", search),
        *(
            f"{one['memory'] - one['idle']:.0f}",
            f"{(one['memory'] - one['idle']) / one['mb']:.1f}",
            f"{one['peak'] - one['idle']:.0f}",
        ),
    ]
    return "| " + " | ".join(cells) + " |"


HEADS = (
    *("body", "floor ms", "first lines ms", "of budget", "all ready s", "longest stall ms"),
    *("keys loading p95/max", "keys top p95/max", "keys end p95/max", "to the end ms"),
    *("first hit ms", "all hits ms", "x finditer", "memory over idle MB", "x body", "peak over idle MB"),
)
CASES = "json-1 pretty-1 json-5 pretty-5 json-20 pretty-20 xml-20 line-20 deep json-100 pretty-100 slow-20 slowxml-20"
SLOW = 5_000_000
"""Bytes a second of a slow download."""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=CASES.split())
    parser.add_argument("--view", nargs=4, metavar=("FILE", "TYPE", "REPORT", "RATE"))
    parser.add_argument("--runs", type=int, default=1, help="times; medians are told, and keys of all runs together")
    parsed = parser.parse_args()
    if parsed.view:
        path, content_type, report, rate = parsed.view
        view(path, content_type, report, float(rate))
        return
    print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}\n")
    print("| " + " | ".join(HEADS) + " |\n|" + " --- |" * len(HEADS))
    with tempfile.TemporaryDirectory() as folder:
        for case in parsed.cases:
            runs = [measure(case, Path(folder)) for _ in range(parsed.runs)]
            print(row(middle(runs)), flush=True)
    print(f"\nload after {os.getloadavg()[0]:.1f}")


def middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of *runs*; the keys of all of them."""
    made = dict(runs[0])
    for name, value in runs[0].items():
        if isinstance(value, list):
            made[name] = [key for run in runs for key in run[name]]
        elif isinstance(value, float | int):
            made[name] = statistics.median_low([run[name] for run in runs])
    return made


if __name__ == "__main__":
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    main()
