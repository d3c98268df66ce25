"""Attack the program with hostile responses: `python scripts/attack.py [--kinds NAME …] [--cli-only | --app-only]`.

A server on loopback sends each kind of the table in `tests/hostile/kinds.py` to one call: on the command line in a
pseudo-terminal, and in the app, where keys are pressed while the response arrives and afterwards. One row per kind and
surface shows the outcome, seconds, peak memory of the program and its children, bytes written to the terminal, and
in the app the longest time from a key to its effect. Exits with 1 if a bound is missed:

    exit code    one of the kind's own, never 70 or a signal       seconds    under 10, with a limit of 8
    terminal     no control byte, no secret; below 4 MB            memory     under 400 MB
    a key        answered within 1 s

Another program on this machine may keep the processors. So a kind that misses a bound of time has a second try after a
plain response, which shows how long a second of processor time takes at the moment: as much is allowed for, and twice
its longest key.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pty
import queue
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.hostile.calls import CALLS, SECRET, credentials, words, write_home  # noqa: E402 - scripts run from a checkout
from tests.hostile.kinds import FAMILIES, KINDS  # noqa: E402
from tests.hostile.replies import ok  # noqa: E402
from tests.hostile.server import HostileServer, Kind  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from terminal import Terminal

LIMIT: Final = 8
"""Seconds that a call may take, as told to the program."""
MAX_SECONDS: Final = 10.0
MAX_PEAK: Final = 400.0
MAX_KEY: Final = 1.0
MAX_WRITTEN: Final = 4_000_000
"""Bytes: 1 MB of a body, with line ends, indentation and colors."""
PATIENCE: Final = 25.0
"""Seconds after which a program that goes on is ended."""
PLAIN: Final = Kind("plain", "a plain response", ok(b'{"data": []}'))
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_ACTING_IN_APP = re.compile(
    "\x1b[\\]P_^X]|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_POINTER = re.compile(r"\x1b\]22;[a-z-]*\x07")
"""The shape of the pointer, which the screen library sets."""
_BUSY = ("sending, esc", "receiving, esc")
_TITLE = re.compile(r"Response · (.+?) *[─━]")


@dataclass
class Result:
    """One kind on one surface."""

    kind: str
    surface: str
    outcome: str
    seconds: float
    peak: float
    written: int
    key: float | None = None
    """The longest time from a key to its effect, in seconds; app only."""
    missed: list[str] = field(default_factory=list)
    """The bounds that were missed."""
    processor: float = 0.0
    """Seconds of processor time in ``seconds``."""

    def row(self) -> str:
        """Return the row of the table."""
        key = "" if self.key is None else f"{1000 * self.key:.0f}"
        cells = [self.kind, self.surface, self.outcome, f"{self.seconds:.1f}", f"{self.peak:.0f}", f"{self.written:,}"]
        return "| " + " | ".join([*cells, key, "; ".join(self.missed) or "ok"]) + " |"


HEADER: Final = (
    "| kind | surface | outcome | seconds | peak MB | bytes to the terminal | key ms | bounds |\n"
    "| --- | --- | --- | ---: | ---: | ---: | ---: | --- |"
)


def environment(home: Path, kind: Kind) -> dict[str, str]:
    """Return the environment of a person with that home, the call's credentials, and nothing else of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("API_EXPLORER_", "XDG_"))}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE"):
        clean.pop(name, None)
    return {
        **clean,
        **credentials(kind),
        "API_EXPLORER_HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }


@contextlib.contextmanager
def new_home(template: Path, origin: str) -> Iterator[Path]:
    """Yield a new home folder, a copy of *template*, in which every vendor has an environment at *origin*."""
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    try:
        home = folder / "home"
        if template.exists():
            shutil.copytree(template, home)
        write_home(home, origin, LIMIT)
        yield home
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Run:
    """A command that was run in a pseudo-terminal."""

    code: int | None
    """The exit code; None: it was ended by us."""
    seconds: float
    processor: float
    """Seconds of processor time, that of its children included."""
    peak: float
    """Megabytes."""
    output: bytes


def run_on_terminal(command: Sequence[str], environ: Mapping[str, str]) -> Run:
    """Run *command* in a pseudo-terminal."""
    from terminal import high_water, tree

    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    start, run = time.perf_counter(), Run(None, 0.0, 0.0, 0.0, b"")
    seen = bytearray()
    sampled = 0.0
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
        start_new_session=True,
    )
    os.close(writer)
    was_ended = False
    try:
        while True:
            if (now := time.perf_counter()) - sampled > 0.02:  # not for every read: the program waits for its reader
                run.peak, sampled = max(run.peak, high_water(process.pid)), now
            if select.select([reader], [], [], 0.02)[0]:
                try:
                    part = os.read(reader, 1 << 16)
                except OSError:  # the other side is closed: the program has ended
                    break
                seen += part
            if time.perf_counter() - start > PATIENCE:
                if was_ended:  # somebody else holds the terminal
                    break
                was_ended = True
                for pid in tree(process.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, 9)
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        os.close(reader)
    process.returncode = os.waitstatus_to_exitcode(status)
    run.code = None if was_ended else process.returncode
    run.seconds, run.processor = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    run.output = bytes(seen)
    return run


def attack_command_line(kind: Kind, server: HostileServer, template: Path) -> Result:
    """Send one call with the command line."""
    command = [sys.executable, "-m", "explorer", *words(kind)]
    with new_home(template, server.origin) as home:
        server.begin(kind)
        run = run_on_terminal(command, environment(home, kind))
        requests, _ = server.finish()
    code, seen = run.code, run.output
    outcome = "ended by us" if code is None else f"exit {code}"
    result = Result(kind.name, "cli", outcome, run.seconds, run.peak, len(seen), processor=run.processor)
    if code not in kind.exits:
        result.missed.append(f"exit code {code}, not {' or '.join(map(str, kind.exits))}")
    if not requests and not kind.early:
        result.missed.append("nothing was sent")
    if code is None:  # it may have been ended within a sequence
        seen = seen.rpartition(b"\x1b")[0]
    text = _STYLE.sub("", seen.decode("utf-8", "surrogateescape").replace("\r\n", "\n"))
    check(result, text, _ACTING)
    return result


def check(result: Result, text: str, acting: re.Pattern[str]) -> None:
    """Note every bound that *result* misses; *text* is what was written to the terminal."""
    if match := acting.search(text):
        result.missed.append(f"control characters on the terminal: {match[0]!r}")
    if re.search("[\udc80-\udcff]", text[:-4]):
        result.missed.append("invalid UTF-8 on the terminal")
    if SECRET in text:
        result.missed.append("a secret on the terminal")
    if result.peak > MAX_PEAK:
        result.missed.append(f"{result.peak:.0f} MB")
    if result.surface == "cli" and result.written > MAX_WRITTEN:
        result.missed.append(f"{result.written / 1e6:.1f} MB to the terminal")


def late(result: Result, plain: Result | None = None) -> list[str]:
    """Return the bounds of time that *result* misses; with *plain*, the load of the machine is allowed for."""
    waited, usual_key = 0.0, 0.0
    if plain is not None:
        slowness = max(1.0, plain.seconds / max(plain.processor, 0.1))
        waited, usual_key = result.processor * (slowness - 1), plain.key or 0.0
    missed, key = [], result.key or 0.0
    if result.processor > MAX_SECONDS or result.seconds - waited > MAX_SECONDS:
        missed.append(f"{result.seconds:.1f} s, {result.processor:.1f} s of them on a processor")
    if key > max(MAX_KEY, 2 * usual_key):
        missed.append(f"a key took {key:.1f} s (with a plain response: {usual_key:.1f} s)")
    return missed


def slower(first: Result, second: Result) -> Result:
    """Return the slower of both, with the longer time of a key."""
    return replace(max(first, second, key=lambda result: result.seconds), key=max(first.key or 0.0, second.key or 0.0))


def attack_app(kind: Kind, server: HostileServer, template: Path) -> Result:
    """Send one call in the app and press keys until well after the response."""
    from terminal import Terminal

    result = Result(kind.name, "app", "", 0.0, 0.0, 0, key=0.0)
    with new_home(template, server.origin) as home:
        server.begin(kind)
        terminal = Terminal([sys.executable, "-m", "explorer"], environ=environment(home, kind))
        try:
            drive(terminal, CALLS[kind.call][0][0], result)
        except TimeoutError as error:
            result.outcome = result.outcome or "the app did not start"
            result.missed.append(str(error).splitlines()[0])
        finally:
            result.peak = max(result.peak, terminal.peak, terminal.high_water())
            if not terminal.alive():
                result.missed.append("the app ended")
            terminal.close()
            requests, _ = server.finish()
    if not requests and not kind.early:
        result.missed.append("nothing was sent")
    result.written = len(terminal.written)
    check(result, _POINTER.sub("", terminal.written.decode("utf-8", "surrogateescape")), _ACTING_IN_APP)
    return result


def drive(terminal: Terminal, call: str, result: Result) -> None:
    """Open *call*, send it, and note the time to the verdict and the longest time that a key took.

    Raises:
        TimeoutError: the app did not start, or has no verdict in time.
    """
    terminal.wait("Choose an endpoint", 20)
    terminal.settle()
    terminal.send(call)
    terminal.wait(" 1 found", 10)  # not 11
    terminal.send("enter")
    terminal.wait(" Request · ", 10)
    terminal.send("escape")
    terminal.settle()
    used, start = terminal.processor_seconds(), terminal.send("\x1b[15~")
    after = 0
    while True:
        result.key = max(result.key or 0.0, answered(terminal, other_pane(terminal)))
        result.peak = max(result.peak, terminal.high_water())
        text = terminal.text()
        title = _TITLE.search(text)
        if title is not None and not any(busy in text for busy in _BUSY):
            if not after:
                result.seconds, result.outcome = time.perf_counter() - start, title[1].split(" · ")[0]
                result.processor = terminal.processor_seconds() - used
            after += 1
        if after == 6:
            break
        if time.perf_counter() - start > PATIENCE:
            raise TimeoutError(f"no verdict within {PATIENCE:g} s")
    for choose in (lambda _: "s", lambda _: "s", other_pane, other_pane, lambda _: "?"):
        result.key = max(result.key or 0.0, answered(terminal, choose(terminal)))
    lower = terminal.text().lower()
    if "defect of this program" in lower or "internal error" in lower:
        result.missed.append("an internal error")


def other_pane(terminal: Terminal) -> str:
    """Return the key of a pane that has not the focus, so that it changes the screen."""
    return "3" if "┏━ Endpoints" in terminal.text() else "1"


def answered(terminal: Terminal, key: str) -> float:
    """Press *key* and return the seconds until the screen changed, at most 5."""
    seconds = terminal.latency(key, 5.0)
    return 5.0 if seconds is None else seconds


def work(
    tasks: queue.SimpleQueue[tuple[Kind, str]], results: list[Result], template: Path, results_file: Path | None
) -> None:
    """Do tasks until none is left, with a server of this thread's own."""
    with HostileServer() as server:
        while True:
            try:
                kind, surface = tasks.get_nowait()
            except queue.Empty:
                break
            attack = attack_command_line if surface == "cli" else attack_app
            result = attack(kind, server, template)
            if late(result):
                plain = attack(PLAIN, server, template)
                result = attack(kind, server, template) if result.seconds < PATIENCE else result
                if late(result, plain):  # the load may have changed
                    plain = slower(plain, attack(PLAIN, server, template))
                result.missed += late(result, plain)
            result.missed += server.errors
            server.errors.clear()
            results.append(result)
            print(result.row(), flush=True)
            if results_file is not None:
                with results_file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(result)) + "\n")


def earlier_results(file: Path | None) -> list[Result]:
    """Return the results in *file*, the last one of each kind and surface; none where there is no file."""
    if file is None or not file.exists():
        return []
    results = [Result(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    known = {kind.name for kind in KINDS}
    return list({(result.kind, result.surface): result for result in results if result.kind in known}.values())


def attack(
    kinds: Sequence[Kind], surfaces: Sequence[str], jobs: int, earlier: Sequence[Result], results_file: Path | None
) -> list[Result]:
    """Attack with all kinds that *earlier* lacks and print the table; the results are in the table's order."""
    done = {(result.kind, result.surface) for result in earlier}
    tasks: queue.SimpleQueue[tuple[Kind, str]] = queue.SimpleQueue()
    for surface in surfaces:
        for kind in kinds:
            on_surface = surface == "cli" or not kind.call.startswith("pages")
            if on_surface and (kind.name, surface) not in done:
                tasks.put((kind, surface))
    results = list(earlier)
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    try:
        template = folder / "home"
        with new_home(template, "http://127.0.0.1:9") as home:  # with the catalog's cache, which takes time to make
            environ = environment(home, kinds[0])
            subprocess.run([sys.executable, "-m", "explorer", "list"], env=environ, check=True, capture_output=True)
            shutil.copytree(home / "cache", template / "cache")
        print(HEADER, flush=True)
        threads = [threading.Thread(target=work, args=(tasks, results, template, results_file)) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    order = {kind.name: number for number, kind in enumerate(KINDS)}
    return sorted(results, key=lambda result: (result.surface != "cli", order[result.kind]))


def chosen(names: Sequence[str]) -> list[Kind]:
    """Return the kinds of those names, where a name may end with ``*``; all where none is given.

    Raises:
        SystemExit: no kind has such a name.
    """
    if not names:
        return list(KINDS)
    patterns = [re.compile(re.escape(name).replace(r"\*", ".*")) for name in names]
    for name, pattern in zip(names, patterns, strict=True):
        if not any(pattern.fullmatch(kind.name) for kind in KINDS):
            raise SystemExit(f"no kind is called {name}; --list shows all")
    return [kind for kind in KINDS if any(pattern.fullmatch(kind.name) for pattern in patterns)]


def outcomes(results: Sequence[Result]) -> str:
    """Return how often each outcome occurs, the most frequent first."""
    counts = Counter(result.outcome.lstrip("✗✓?⇅ ") for result in results)
    return ", ".join(f"{count} × {outcome}" for outcome, count in counts.most_common())


_PAGE_HEAD: Final = """\
# Hostile responses

What a server can send to hurt its client, and what API Explorer does about it. `scripts/attack.py` sends each kind from
a loopback server to one call, on the command line in a pseudo-terminal, and in the app, pressing keys meanwhile.
`--list` explains the kinds, `--write` writes this page.
"""
_PAGE_BOUNDS: Final = f"""
Bounds: {MAX_SECONDS:g} s, {MAX_PEAK:g} MB with all child processes, {MAX_WRITTEN / 1e6:g} MB to a terminal, \
{MAX_KEY:g} s from a key to its effect;
no control byte and no secret on the terminal; never an internal error. The load of the machine is allowed for, by what
a plain response takes at the same time. Exit codes: 0 success, 1 the vendor said no, 3 a broken or late response,
4 credentials refused.
"""


def page(results: Sequence[Result]) -> str:
    """Return docs/ATTACKS.md: what was sent, and how both surfaces took it."""
    lines = [
        _PAGE_HEAD,
        "| surface | kinds | missed bounds | most processor time, s | highest peak, MB | most to a terminal, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for surface, title in (("cli", "command line, `--timeout 8`"), ("app", "app, `timeout_seconds = 8`")):
        attacked = [result for result in results if result.surface == surface]
        cells = (
            title,
            len(attacked),
            sum(bool(result.missed) for result in attacked),
            f"{max(result.processor for result in attacked):.1f}",
            f"{max(result.peak for result in attacked):.0f}",
            f"{max(result.written for result in attacked) / 1e6:.1f}" if surface == "cli" else "",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += [
        _PAGE_BOUNDS,
        "| family | kinds | command line | app |",
        "| --- | ---: | --- | --- |",
    ]
    for family, kinds in FAMILIES.items():
        names = {kind.name for kind in kinds}
        columns = (
            outcomes([result for result in results if result.kind in names and result.surface == surface])
            for surface in ("cli", "app")
        )
        lines.append(f"| {family} | {len(kinds)} | {' | '.join(columns)} |")
    failed = [result for result in results if result.missed]
    lines += ["", "Missed bounds:", ""] if failed else []
    lines += [f"- {result.kind} ({result.surface}): {'; '.join(result.missed)}" for result in failed]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Attack and print; return 1 if a bound was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--kinds", nargs="+", default=[], metavar="NAME", help="only these; 'gzip-*' is all of a family"
    )
    parser.add_argument("--list", action="store_true", help="show every kind and attack nothing")
    surface = parser.add_mutually_exclusive_group()
    surface.add_argument("--cli-only", action="store_true")
    surface.add_argument("--app-only", action="store_true")
    parser.add_argument(
        "--jobs", type=int, default=1, help="how many at once (1: the figures are those of an idle machine)"
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="add the results to FILE (JSON Lines), and leave out the kinds that are in it, unless --kinds names them",
    )
    parser.add_argument("--write", action="store_true", help="write docs/ATTACKS.md, after all kinds on both surfaces")
    parser.add_argument(
        "--write-only", action="store_true", help="write it from --results, with the kinds that are there"
    )
    parsed = parser.parse_args()
    if parsed.write_only and parsed.results is None:
        parser.error("--write-only needs --results")
    if parsed.write and (parsed.kinds or parsed.cli_only or parsed.app_only):
        parser.error("--write needs all kinds on both surfaces")
    kinds = chosen(parsed.kinds)
    if parsed.list:
        for kind in kinds:
            print(f"{kind.name:28} {kind.about}")
        return 0
    if parsed.write_only:
        (ROOT / "docs" / "ATTACKS.md").write_text(page(earlier_results(parsed.results)), encoding="utf-8")
        return 0
    surfaces = ["cli"] if parsed.cli_only else ["app"] if parsed.app_only else ["cli", "app"]
    earlier = [] if parsed.kinds else earlier_results(parsed.results)
    results = attack(kinds, surfaces, parsed.jobs, earlier, parsed.results)
    print(f"\n{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    if parsed.write:
        (ROOT / "docs" / "ATTACKS.md").write_text(page(results), encoding="utf-8")
    failed = [result for result in results if result.missed]
    for name in surfaces:
        number = sum(result.surface == name for result in results)
        missed = sum(result.surface == name for result in failed)
        print(f"\n{name}: {number} kinds, {missed} with a missed bound")
    for result in failed:
        print(f"  {result.surface} {result.kind}: {'; '.join(result.missed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
