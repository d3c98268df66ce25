"""Measures the whole app with a large answer: `python scripts/bench_answer.py [json-20 xml-20 json-100 …]`.

A server of its own process gives the body to one call of the app in a pseudo-terminal (120 x 40). Told are, from the
key that sends it: the first lines, the verdict, the body laid out to its end and kept in the history; the longest time
that the loop stood still; p95 of a key to its repaint meanwhile; the memory of the app and its processes over that
of the idle app, when all is done and at its highest.
"""

from __future__ import annotations

import argparse
import asyncio
import http.server
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

VENDOR, ENDPOINT = "endlessaisles", "products_list"
HEADS = (
    *("body", "first lines ms", "verdict s", "all ready and kept s", "longest stall ms", "keys p95/max ms"),
    *("memory over idle MB", "x body", "peak over idle MB", "x body"),
)


def serve(path: str, kind: str) -> None:
    """Give the body at *path* to everybody; the port goes to standard output."""
    body = Path(path).read_bytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def app(address: str, report: str) -> None:
    """The app, with one call sent to *address*; writes what its loop saw to *report*."""
    import msgspec

    from explorer.core.text.secret import Secret
    from explorer.session.factory import open_session
    from explorer.tui.app import ExplorerApp
    from explorer.tui.body.view import BodyView
    from explorer.tui.main import MainScreen

    session = open_session(os.environ)
    vendor = session.vendor(VENDOR)
    test = msgspec.structs.replace(vendor.environments["test"], base_url=address)
    changed = msgspec.structs.replace(vendor, environments={"test": test})
    session.catalog = msgspec.structs.replace(session.catalog, vendors={**session.catalog.vendors, VENDOR: changed})
    session.vault.remember(changed, "test", "token", Secret("hunter2-hunter2"))

    class Measured(ExplorerApp):
        told: dict[str, float] = {}

        def on_ready(self) -> None:
            self.set_timer(0.5, self.begin)

        def begin(self) -> None:
            self.desk_screen.workspace.chosen[VENDOR] = "test"
            self.run_worker(self.beat())

        @property
        def desk_screen(self) -> MainScreen:
            return next(one for one in self.screen_stack if isinstance(one, MainScreen))

        async def beat(self) -> None:
            last = time.perf_counter()
            while True:
                await asyncio.sleep(0.002)
                now = time.perf_counter()
                pane = self.desk_screen.panes.response_pane
                if pane.state != "idle":
                    self.told["stall"] = max(self.told.get("stall", 0.0), now - last)
                    self.told.setdefault("sent", now)
                    shown = self.desk_screen.query_one(BodyView).document
                    if pane.state == "response" and "verdict" not in self.told:
                        self.told["verdict"] = now - self.told["sent"]
                    if pane.state == "response" and shown is not None and shown.complete and "ready" not in self.told:
                        self.told["ready"] = now - self.told["sent"]
                        self.run_worker(asyncio.to_thread(Path(report).write_text, json.dumps(self.told)))
                        pane.border_subtitle = "COMPLETE"
                last = now

    Measured(session).run()


def measure(case: str, folder: Path) -> dict[str, Any]:
    """All figures of one case."""
    from bench_viewer import FIRST, TYPES, body_of
    from terminal import Terminal

    body, kind = body_of(case)
    path, report = folder / f"{case}.body", folder / f"{case}.report"
    path.write_bytes(body)
    figures: dict[str, Any] = {"case": case, "mb": len(body) / 1e6}
    del body
    os.environ["API_EXPLORER_HOME"] = str(folder / f"home-{case}")
    command = [sys.executable, __file__]
    with subprocess.Popen([*command, "--serve", str(path), TYPES[kind]], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = f"http://127.0.0.1:{int(server.stdout.readline())}"
            terminal = Terminal([*command, "--app", address, str(report)])
            try:
                terminal.wait("Choose an endpoint", 20)
                terminal.settle(1.0)
                for key in (f"{VENDOR}.{ENDPOINT}", "enter", "escape"):
                    terminal.send(key)
                    terminal.settle()
                idle, start = terminal.memory(), terminal.send("\x1b[15~")
                figures["first"] = terminal.wait(FIRST, 60) - start
                terminal.send("3")
                figures["keys"] = [terminal.latency(key, 1.0) for key in 12 * ["j", "k"]]
                terminal.wait("COMPLETE", 60)
                terminal.settle(1.0)
                figures |= {"memory": terminal.memory() - idle, "peak": terminal.peak - idle}
            finally:
                terminal.close()
        finally:
            server.kill()
    told: dict[str, float] = json.loads(report.read_text())
    return figures | told


def row(one: dict[str, Any]) -> str:
    """One line of the table."""
    from bench_viewer import milliseconds

    cells = [
        *(one["case"], f"{1000 * one['first']:.0f}", f"{one['verdict']:.2f}", f"{one['ready']:.2f}"),
        *(f"{1000 * one['stall']:.0f}", milliseconds(one["keys"])),
        *(f"{one['memory']:.0f}", f"{one['memory'] / one['mb']:.1f}"),
        *(f"{one['peak']:.0f}", f"{one['peak'] / one['mb']:.1f}"),
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=["json-1", "json-20", "pretty-20", "xml-20", "json-100"])
    parser.add_argument("--serve", nargs=2, metavar=("FILE", "TYPE"))
    parser.add_argument("--app", nargs=2, metavar=("ADDRESS", "REPORT"))
    parsed = parser.parse_args()
    if parsed.serve:
        serve(*parsed.serve)
    elif parsed.app:
        app(*parsed.app)
    else:
        print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}\n")
        print("| " + " | ".join(HEADS) + " |\n|" + " --- |" * len(HEADS))
        with tempfile.TemporaryDirectory() as folder:
            for case in parsed.cases:
                print(row(measure(case, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
