"""How quick it is, as ratios in one run. Run: python scripts/bench_start.py [--runs N]

    first frame    the app with the whole catalog until its tree stands, against a one-label app in the same terminal
    prepare        `api-explorer prepare` against `python -c "import httpx"`
    keys           from a key to its effect on the screen while a request is in flight (p50, p95, milliseconds)
    idle           CPU seconds of the app in five idle seconds

The app runs in a pseudo-terminal of 120 by 40 cells with a home folder of its own, warmed by one start.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.terminal import Terminal  # noqa: E402 - scripts run from a checkout

BARE = (
    "from textual.app import App\nfrom textual.widgets import Label\n"
    "class Bare(App):\n    def compose(self): yield Label('MARKER-READY')\nBare().run()\n"
)


def app() -> list[str]:
    """The command that starts the app."""
    return [sys.executable, "-m", "explorer"]


def first_frames(home: str, runs: int) -> tuple[list[float], list[float]]:
    """Seconds to the first frame of the bare app and of ours, in turns."""
    bare: list[float] = []
    ours: list[float] = []
    for number in range(runs + 1):
        for command, marker, into in (([sys.executable, "-c", BARE], b"MARKER-READY", bare), (app(), b"Endless", ours)):
            terminal = Terminal(command, home)
            try:
                terminal.until(marker)
                if number:
                    into.append(time.perf_counter() - terminal.began)
            finally:
                terminal.end()
    return bare, ours


def whole_commands(home: str, runs: int) -> tuple[list[float], list[float]]:
    """Seconds of ``import httpx`` and of ``prepare``, in turns."""
    environ = {**os.environ, "API_EXPLORER_HOME": home}
    commands = (
        [sys.executable, "-c", "import httpx"],
        [sys.executable, "-m", "explorer", "prepare", "cottoncart.manage_my_stores"],
    )
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(runs + 1):
        for command, into in zip(commands, found, strict=True):
            began = time.perf_counter()
            subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
            if number:
                into.append(time.perf_counter() - began)
    return found


def silent_server() -> tuple[socket.socket, int]:
    """A server that takes requests and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def take() -> None:
        while True:
            try:
                kept.append(server.accept()[0])
            except OSError:
                return

    threading.Thread(target=take, daemon=True).start()
    return server, server.getsockname()[1]


def keys_in_flight(home: str, presses: int) -> tuple[list[float], float]:
    """Seconds from key to screen while a request waits, and the CPU seconds of five idle seconds before it."""
    server, port = silent_server()
    catalogs = Path(home) / "config" / "catalogs"
    catalogs.mkdir(parents=True, exist_ok=True)
    (catalogs / "bench.toml").write_text(
        f'[vendors.bench]\ntitle = "Bench"\n[vendors.bench.environments.silent]\nbase_url = "http://127.0.0.1:{port}"\n'
        '[vendors.bench.endpoints.zzwait]\ntitle = "Zzwait"\ngroup = "G"\npath = "/w"\n'
        '[vendors.bench.endpoints.zzwait.params]\nq = { in = "query", note = "any" }\n',
        encoding="utf-8",
    )
    (Path(home) / "config" / "settings.toml").write_text('[environments]\nbench = "silent"\n', encoding="utf-8")
    terminal = Terminal(app(), home)
    try:
        terminal.until(b"Endless")
        terminal.drain(1.0)
        since = terminal.type("zzwait")
        terminal.until(b"1 found", since=since)
        since = terminal.type("\r")
        terminal.until(b"any", since=since)
        terminal.drain(1.0)
        before = terminal.cpu()
        terminal.drain(5.0)
        idle = terminal.cpu() - before
        terminal.type("\x1b[15~")
        terminal.drain(1.5)
        times: list[float] = []
        for number in range(presses):
            letter = "qwertyuiopasdfghjklzxcvbnm"[number % 26]
            since = terminal.type(letter)
            times.append(terminal.until(letter.encode(), 5, since))
            terminal.drain(0.05)
        return times, idle
    finally:
        terminal.end()
        server.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    home = tempfile.mkdtemp(prefix="bench-")
    try:
        bare, ours = first_frames(home, runs)
        print(f"first frame: bare {median(bare)}, ours {median(ours)}, ratio {ratio(ours, bare)} (budget 1.5)")
        imported, prepared = whole_commands(home, runs)
        figures = f"import httpx {median(imported)}, prepare {median(prepared)}"
        print(f"prepare: {figures}, ratio {ratio(prepared, imported)} (budget 2.5)")
        times, idle = keys_in_flight(home, 60)
        ordered = sorted(times)
        p95 = ordered[int(len(ordered) * 0.95)] * 1000
        print(f"keys in flight: p50 {statistics.median(times) * 1000:.0f} ms, p95 {p95:.0f} ms (budget 50)")
        print(f"idle: {idle:.2f} s of CPU in 5 s")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def median(times: list[float]) -> str:
    """A median with its range, in milliseconds."""
    return f"{statistics.median(times) * 1000:.0f} ms ({min(times) * 1000:.0f}-{max(times) * 1000:.0f})"


def ratio(one: list[float], other: list[float]) -> str:
    """The ratio of two medians."""
    return f"{statistics.median(one) / statistics.median(other):.2f}"


if __name__ == "__main__":
    main()
