"""Kill writers at random moments and look for what is lost: `python scripts/kill_writers.py [N] [--seed S]`.

Each writer writes to a home folder of its own, again and again, and reports every write that has returned. It is killed
with SIGKILL after a random number of writes and a random part of the next one. Then everything that was reported has to
be there, every file has to parse, and nothing half-written may be seen. The home folder stays for the next kill. The
writer "send" is the program itself: what the server has received has to be in the history.
"""

from __future__ import annotations

import argparse
import http.server
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from explorer.core.catalog import Catalog  # noqa: E402 - scripts run from a checkout
from explorer.core.catalog.load import read_toml  # noqa: E402 - scripts run from a checkout
from explorer.core.model import Call, Entry, Exchange, ReceivedResponse, SentRequest, Timings  # noqa: E402
from explorer.core.saved.model import SavedRequest  # noqa: E402
from explorer.core.tracks import TrackProgress  # noqa: E402
from explorer.store.catalogs import decode  # noqa: E402 - scripts run from a checkout
from explorer.store.drafts import Draft, load_drafts, save_drafts  # noqa: E402
from explorer.store.folders import Folders  # noqa: E402
from explorer.store.history import History  # noqa: E402
from explorer.store.journals import Evidence, add_evidence, dismiss, load_dismissed, load_evidence  # noqa: E402  # noqa: E402
from explorer.store.overlay import adopted_readings, change_overlay  # noqa: E402
from explorer.store.preferences import change_settings, load_settings  # noqa: E402
from explorer.store.saved_files import load_library, save  # noqa: E402
from explorer.store.saved_files.writing import ANY_DIGEST  # noqa: E402
from explorer.store.tracks import ProgressFile, load_progress, save_progress  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from explorer.core.catalog import Catalog

VENDOR: Final = "endlessaisles"
ADDRESS: Final = f"{VENDOR}.products_list"


class Writer(Protocol):
    """Writes number after number, and finds out which numbers are there."""

    def write(self, number: int) -> None:
        """Write *number*; when it returns, it has to stay."""

    def problems(self, acknowledged: int) -> list[str]:
        """Return what is wrong after a kill. *acknowledged* is the last number whose write returned."""


def catalog() -> Catalog:
    """Return the shipped catalog."""
    path = ROOT / "endpoint_catalog.toml"
    return decode(read_toml(path.read_text(encoding="utf-8"), path.name), path.name)


def body(number: int, size: int) -> bytes:
    """Return a body that does not compress, the same for the same number."""
    return random.Random(number).randbytes(size)  # noqa: S311 - not for secrets


def exchange(number: int, content: bytes | None = None) -> Exchange:
    """Return an exchange without its response, or with it."""
    return Exchange(
        call=Call(vendor="shop", endpoint="orders"),
        started_at=1_700_000_000.0 + number,
        request=SentRequest(method="GET", url=f"https://shop.example/orders/{number}"),
        response=None if content is None else ReceivedResponse(status=200, body=content),
        timings=Timings(total=0.5),
    )


class HistoryWriter:
    """Writes an entry before it is sent, and its response; above 1 kB the body goes to a file."""

    def __init__(self, folders: Folders, size: int) -> None:
        self._path, self._size = folders.history, size
        self._history: History | None = None

    def _open(self) -> History:
        return History(self._path, now=lambda: 0.0, body_limit=1000)

    def write(self, number: int) -> None:
        if self._history is None:
            self._history = self._open()
        begun = self._history.begin(exchange(number))
        self._history.complete(begun, exchange(number, body(number, self._size)))

    def problems(self, acknowledged: int) -> list[str]:
        history = self._open()
        try:
            found = [text for text in history.problems if "under way" not in text]
            responses: dict[int, list[bytes | None]] = {}
            for row in history.recent(limit=100_000):
                entry = history.get(row.id)
                number = int(entry.request.url.rpartition("/")[2])
                responses.setdefault(number, []).append(None if entry.response is None else entry.response.body[:])
            for number in range(1, acknowledged + 1):
                if number not in responses:
                    found.append(f"entry {number} is lost")
                elif body(number, self._size) not in responses[number]:
                    found.append(f"entry {number} has another body")
            found += [f"entry {number} was never written" for number in responses if number > acknowledged + 1]
            history.remove_orphan_files()
            files = self._path.with_suffix(".bodies")
            stored = sum(path.suffix != ".tmp" for path in files.iterdir()) if files.exists() else 0
            if self._size > 1000 and not acknowledged <= stored <= acknowledged + 1:
                found.append(f"{stored} body files for {acknowledged} entries")
            return found
        finally:
            history.close()


class SavedWriter:
    """Overwrites one saved request, and writes a new one each time."""

    def __init__(self, folders: Folders) -> None:
        self._folder = folders.data / "saved"

    def write(self, number: int) -> None:
        call = Call(vendor=VENDOR, endpoint="products_list", entries=(Entry(name="term", value=f"x{number} " * 3000),))
        save(self._folder, "same", SavedRequest(call=call), digest=ANY_DIGEST)
        save(self._folder, f"new-{number}", SavedRequest(call=call), digest=ANY_DIGEST)

    def problems(self, acknowledged: int) -> list[str]:
        library = load_library(self._folder)
        found = [str(problem) for problem in library.all_problems]
        for name in ["same", *(f"new-{number}" for number in range(1, acknowledged + 1))] if acknowledged else []:
            request = library.requests.get(name)
            if request is None:
                found.append(f"{name} is lost")
                continue
            expected = (acknowledged, acknowledged + 1) if name == "same" else (int(name[4:]),)
            if request.call.entries[0].value not in [f"x{number} " * 3000 for number in expected]:
                found.append(f"{name} holds something else")
        if len(library.files) > acknowledged + 2:
            found.append(f"{len(library.files)} files for {acknowledged + 1} requests")
        return found


class SettingsWriter:
    """Changes one setting; another one and a comment must stay."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        folders.config.mkdir(parents=True, exist_ok=True)
        path = folders.config / "settings.toml"
        if not path.exists():
            path.write_text("# mine\ntimeout_seconds = 7.0\n", encoding="utf-8")

    def write(self, number: int) -> None:
        change_settings(self._folders, environments={VENDOR: f"e{number}"})

    def problems(self, acknowledged: int) -> list[str]:
        settings, found = load_settings(self._folders)
        text = (self._folders.config / "settings.toml").read_text(encoding="utf-8")
        wrong = list(found)
        if settings.timeout_seconds != 7.0 or not text.startswith("# mine"):
            wrong.append("another setting or a comment is lost")
        return wrong + last_is(settings.environments.get(VENDOR, "e0")[1:], acknowledged)


class DraftsWriter:
    """Changes the draft of one form; that of another must stay."""

    def __init__(self, folders: Folders) -> None:
        self._folders, self._catalog = folders, catalog()
        other = Draft(entries=(Entry(name="count", value="3"),))
        save_drafts(folders, {"cottoncart.manage_my_stores": other}, self._catalog)

    def write(self, number: int) -> None:
        draft = Draft(entries=(Entry(name="term", value=f"x{number}"), Entry(name="sort", value="y" * 20_000)))
        save_drafts(self._folders, {ADDRESS: draft}, self._catalog)

    def problems(self, acknowledged: int) -> list[str]:
        drafts, found = load_drafts(self._folders)
        wrong = list(found)
        if "cottoncart.manage_my_stores" not in drafts:
            wrong.append("another draft is lost")
        entries = drafts[ADDRESS].entries if ADDRESS in drafts else ()
        return wrong + last_is(entries[0].value[1:] if entries else "0", acknowledged)


class JournalWriter:
    """Adds lines to the journals of evidence and of dismissed findings."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def write(self, number: int) -> None:
        trial = Evidence(
            vendor=VENDOR, endpoint="products_list", key=f"k{number}", choice="c" * 5000, environment="test", at=1.0,
            verdict="accepted",
        )  # fmt: skip
        add_evidence(self._folders, [trial])
        dismiss(self._folders, f"k{number}", 1.0)

    def problems(self, acknowledged: int) -> list[str]:
        book = load_evidence(self._folders)
        keys, wrong = load_dismissed(self._folders)
        found = [*book.problems, *wrong]
        expected = {f"k{number}" for number in range(1, acknowledged + 1)}
        for name, present in (("evidence", {trial.key for trial in book.trials}), ("dismissed", set(keys))):
            found += [f"{name} {key} is lost" for key in sorted(expected - present)]
            found += [f"{name} {key} was never written" for key in present - expected - {f"k{acknowledged + 1}"}]
        return found


class OverlayWriter:
    """Changes one reading of an overlay; another one and a comment must stay."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        path = folders.config / "overlays" / f"{VENDOR}.toml"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'# mine\n[vendors.{VENDOR}.readings.other]\ndefault = "a"\n', encoding="utf-8")

    def write(self, number: int) -> None:
        change_overlay(self._folders, VENDOR, [(("readings", "count", "default"), f"x{number}")])

    def problems(self, acknowledged: int) -> list[str]:
        readings = adopted_readings(self._folders, VENDOR)
        text = (self._folders.config / "overlays" / f"{VENDOR}.toml").read_text(encoding="utf-8")
        wrong = []
        if readings.get(("", "other")) != "a" or not text.startswith("# mine"):
            wrong.append("another reading or a comment is lost")
        return wrong + last_is(readings.get(("", "count"), "x0")[1:], acknowledged)


class TracksWriter:
    """Writes the progress of tracks."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def write(self, number: int) -> None:
        standings = {f"track{index}": TrackProgress() for index in range(200)}
        save_progress(self._folders, ProgressFile(running=f"x{number}", standings=standings))

    def problems(self, acknowledged: int) -> list[str]:
        book, found = load_progress(self._folders)
        wrong = list(found)
        if acknowledged and len(book.standings) != 200:
            wrong.append("the progress of a track is lost")
        return wrong + last_is(book.running[1:] or "0", acknowledged)


def last_is(value: str, acknowledged: int) -> list[str]:
    """Return a problem unless *value* is the last number that was acknowledged, or the next one."""
    allowed = (str(acknowledged), str(acknowledged + 1))
    return [] if value in allowed else [f"{value!r} is there, not {' or '.join(allowed)}"]


@dataclass
class Tally:
    """One row of the table."""

    writer: str
    kills: int = 0
    acknowledged: int = 0
    temporary: int = 0
    """Temporary files that the kills left; nothing reads them."""
    problems: list[str] = field(default_factory=list)

    def row(self) -> str:
        """Return the row."""
        result = f"{len(self.problems)} problems" if self.problems else "nothing lost"
        return f"| {self.writer} | {self.kills} | {self.acknowledged} | {self.temporary} | {result} |"


def in_child(writer: Writer, first: int, pipe: int) -> NoReturn:
    """Write from *first* on, and report each number whose write has returned; ends only by a signal or an error."""
    try:
        number = first
        while True:
            writer.write(number)
            os.write(pipe, b"%d\n" % number)
            number += 1
    except BaseException as error:
        os.write(pipe, f"failed {error!r}\n".encode())
        raise
    finally:
        os._exit(1)


def kill_once(writer: Writer, acknowledged: int, chance: random.Random) -> tuple[int, list[str]]:
    """Let a child write, kill it at a random moment, and return the last number acknowledged and its complaints."""
    reader, pipe = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        in_child(writer, acknowledged + 1, pipe)
    os.close(pipe)
    data, start = b"", time.perf_counter()
    wanted = chance.randint(0, 3)
    while data.count(b"\n") < wanted and select.select([reader], [], [], 20)[0]:
        part = os.read(reader, 4096)
        if not part:
            break
        data += part
    typical = (time.perf_counter() - start) / wanted if wanted else 0.02
    time.sleep(chance.uniform(0, min(typical, 0.2)))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while part := os.read(reader, 4096):
        data += part
    os.close(reader)
    lines = data.decode().splitlines()
    complaints = [line for line in lines if line.startswith("failed")]
    numbers = [int(line) for line in lines if line.isdigit()]
    return max([acknowledged, *numbers]), complaints


def run(name: str, home: Path, kills: int, chance: random.Random) -> Tally:
    """Kill one writer that many times."""
    folders = Folders(home / "config", home / "data", home / "cache")
    writer = WRITERS[name](folders)
    tally = Tally(name)
    for _ in range(kills):
        tally.acknowledged, complaints = kill_once(writer, tally.acknowledged, chance)
        tally.kills += 1
        tally.problems += complaints
        tally.problems += [
            f"kill {tally.kills}: {text}" for text in WRITERS[name](folders).problems(tally.acknowledged)
        ]
        next_number(name, folders, tally)
    tally.temporary = sum(path.name.endswith(".tmp") for path in home.rglob("*"))
    return tally


def next_number(name: str, folders: Folders, tally: Tally) -> None:
    """Count a write that was done but not reported before the kill, so that the next child does not repeat it."""
    following = tally.acknowledged + 1
    if not WRITERS[name](folders).problems(following):
        tally.acknowledged = following


WRITERS: Final[Mapping[str, Callable[[Folders], Writer]]] = {
    "history": lambda folders: HistoryWriter(folders, 300),
    "history bodies": lambda folders: HistoryWriter(folders, 60_000),
    "saved requests": SavedWriter,
    "settings": SettingsWriter,
    "drafts": DraftsWriter,
    "journals": JournalWriter,
    "overlay": OverlayWriter,
    "track progress": TracksWriter,
}


class _Counting(http.server.BaseHTTPRequestHandler):
    """Keeps the target of every request."""

    targets: list[str] = []

    def do_GET(self) -> None:
        """Send a small JSON response in two parts."""
        self.targets.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "12")
        self.end_headers()
        self.wfile.write(b'{"da')
        time.sleep(0.05)
        self.wfile.write(b'ta": []}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""


def run_program(home: Path, kills: int, chance: random.Random) -> Tally:
    """Kill the program itself while it sends, again and again; each request that arrived has to be in the history."""
    tally = Tally("send (the program)")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = home / "config" / "catalogs"
    config.mkdir(parents=True)
    table = f'[vendors.{VENDOR}.environments.hostile]\nbase_url = "http://127.0.0.1:{server.server_address[1]}"\n'
    (config / "local.toml").write_text(table, encoding="utf-8")
    environ = {**os.environ, "API_EXPLORER_HOME": str(home), "API_EXPLORER_ENDLESSAISLES_TOKEN": "made-up-token"}
    finished: list[int] = []
    typical = 1.0
    try:
        for number in range(1, kills + 1):
            command = [sys.executable, "-m", "explorer", "send", ADDRESS, f"term=x{number}x", "--env", "hostile"]
            start = time.perf_counter()
            with subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                if number > 1:
                    wait_for_moment(process, number, chance, typical)
                    process.kill()
                if process.wait() == 0:
                    finished.append(number)
                    typical = time.perf_counter() - start
            tally.kills += 1
        tally.acknowledged = len(_Counting.targets)
        tally.problems = lost_requests(home, finished)
    finally:
        server.shutdown()
        server.server_close()
    return tally


def wait_for_moment(process: subprocess.Popen[bytes], number: int, chance: random.Random, typical: float) -> None:
    """Wait until *process* is to be killed: at any moment of its life, or (every other number) while it is answered."""
    end = time.perf_counter() + (chance.uniform(0.3, 1.1) * typical if number % 2 else 10 * typical)
    while process.poll() is None and time.perf_counter() < end:
        if not number % 2 and any(f"x{number}x" in target for target in _Counting.targets):
            end, number = time.perf_counter() + chance.uniform(0, 0.15), 1
        time.sleep(0.002)


def lost_requests(home: Path, finished: Sequence[int]) -> list[str]:
    """Return a problem for each request that the server has and the history has not, or not whole."""
    history = History(home / "data" / "history.sqlite3", now=lambda: 0.0)
    try:
        found = [text for text in history.problems if "under way" not in text]
        entries = [history.get(row.id) for row in history.recent(limit=100_000)]
    finally:
        history.close()
    urls = [entry.request.url for entry in entries]
    found += [f"{target} is lost" for target in _Counting.targets if not any(url.endswith(target) for url in urls)]
    whole = [entry.request.url for entry in entries if entry.response and entry.response.body[:] == b'{"data": []}']
    found += [
        f"the response of {number} is lost" for number in finished if not any(f"x{number}x" in url for url in whole)
    ]
    return found


def main() -> int:
    """Kill and print a table; return 1 if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=300)
    parser.add_argument("--seed", type=int, default=10)
    parser.add_argument(
        "--without-program", action="store_true", help="only the writers in this process: a few seconds"
    )
    parsed = parser.parse_args()
    program = not parsed.without_program
    share = max(1, -(-parsed.kills // (len(WRITERS) + program)))
    chance = random.Random(parsed.seed)  # noqa: S311 - not for secrets
    folder = Path(tempfile.mkdtemp(prefix="kill-writers-"))
    tallies: list[Tally] = []
    print(
        "| writer | kills | writes acknowledged | temporary files left | result |\n| --- | ---: | ---: | ---: | --- |"
    )
    try:
        for name in WRITERS:
            tallies.append(run(name, folder / name, share, chance))
            print(tallies[-1].row(), flush=True)
        if program:
            tallies.append(run_program(folder / "send", share, chance))
            print(tallies[-1].row(), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{sum(tally.kills for tally in tallies)} kills")
    for tally in tallies:
        for problem in tally.problems[:20]:
            print(f"  {tally.writer}: {problem}")
    return 1 if any(tally.problems for tally in tallies) else 0


if __name__ == "__main__":
    raise SystemExit(main())
