"""Large bodies in files of their own, and how much of a history is kept."""

from __future__ import annotations

import itertools
import os
import sqlite3
import stat
import subprocess
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from explorer.core.model import Hop, SentRequest
from explorer.core.text.units import parse_duration, parse_size
from explorer.errors import UsageError
from explorer.store.history import History
from explorer.store.history.retention import RetentionPolicy
from explorer.store.history.rows import Annotation
from tests.services.history_worker import large, made
from tests.services.test_history_survives import ROOT, WORKER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = 86_400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@pytest.fixture
def files(path: Path) -> Callable[[], list[str]]:
    folder = path.with_suffix(".bodies")
    return lambda: sorted(one.name for one in folder.iterdir()) if folder.exists() else []


def kept(path: Path, **values: float) -> History:
    return History(path, now=lambda: 1_700_000_100.0, body_limit=1000, **values)  # type: ignore[arg-type]


def body_of(history: History, number: int) -> bytes:
    response = history.get(number).response
    assert response is not None
    return response.body[:]


def test_large_bodies_are_in_files_and_come_back_wherever_they_stood(
    path: Path, files: Callable[[], list[str]]
) -> None:
    bodies = [large(number, 5000) for number in range(4)]
    whole = made(1, bodies[0])
    assert whole.response is not None
    token = Hop(
        purpose="auth",
        request=SentRequest(method="POST", url="https://shop.example/token", body=bodies[2]),
        response=msgspec.structs.replace(whole.response, body=bodies[3]),
    )
    whole = msgspec.structs.replace(
        whole, request=msgspec.structs.replace(whole.request, body=bodies[1]), hops=(token, token)
    )
    history = kept(path)
    number = history.complete(0, whole)
    assert msgspec.structs.replace(history.get(number), id=0) == whole
    assert len(files()) == 4  # the second hop has the same bodies as the first
    assert path.stat().st_size + path.with_name(f"{path.name}-wal").stat().st_size < 5 * 5000 + 200_000
    assert history.size() > 20_000
    for one in path.with_suffix(".bodies").iterdir():
        assert stat.S_IMODE(one.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.with_suffix(".bodies").stat().st_mode) == 0o700
    history.close()


def test_a_text_in_a_body_that_is_in_a_file_is_found(path: Path) -> None:
    history = kept(path)
    history.complete(0, made(1, b"camembert " * 500))
    assert [row.id for row in history.recent(text="camembert")] == [1]
    history.close()


def test_a_file_goes_with_the_last_entry_that_needs_it(path: Path, files: Callable[[], list[str]]) -> None:
    history = kept(path)
    first = history.complete(0, made(1, large(1, 5000)))
    second = history.complete(0, made(2, large(1, 5000)))
    assert len(files()) == 1
    history.delete([first])
    assert len(files()) == 1
    assert body_of(history, second) == large(1, 5000)
    history.delete([second])
    assert files() == []
    history.close()


@pytest.mark.parametrize(
    "damage", [lambda one: one.unlink(), lambda one: one.write_bytes(b"no"), lambda one: one.chmod(0)]
)
def test_a_missing_or_damaged_file_is_told_and_the_rest_is_there(path: Path, damage: Callable[[Path], None]) -> None:
    if os.geteuid() == 0 and "chmod" in damage.__code__.co_names:
        pytest.skip("root can read everything")
    history = kept(path)
    number = history.complete(0, made(1, large(1, 5000)))
    damage(next(path.with_suffix(".bodies").iterdir()))
    exchange = history.get(number)
    assert exchange.lost == ("response",)
    assert exchange.response is not None
    assert exchange.response.body == b""
    assert "missing or damaged" in exchange.response.truncated
    assert exchange.request.url == "https://shop.example/orders/1"
    history.close()


def test_what_a_crash_left_behind_is_swept_and_what_is_under_way_is_not(
    path: Path, files: Callable[[], list[str]]
) -> None:
    history = kept(path)
    number = history.complete(0, made(1, large(1, 5000)))
    folder = path.with_suffix(".bodies")
    (folder / f"{'0' * 40}.z").write_bytes(b"nobody needs it")
    (folder / "young.tmp").write_bytes(b"under way")
    (folder / "old.tmp").write_bytes(b"left behind")
    os.utime(folder / "old.tmp", (time.time() - 7200, time.time() - 7200))
    assert history.remove_orphan_files() == 2
    assert "young.tmp" in files()
    assert len(files()) == 2
    assert body_of(history, number) == large(1, 5000)
    history.close()


def test_bodies_go_with_a_damaged_history_that_is_set_aside(path: Path) -> None:
    history = kept(path)
    history.complete(0, made(1, large(1, 5000)))
    history.close()
    sound = path.read_bytes()
    path.write_bytes(b"this was never a database\n" * 300)
    again = kept(path)
    again.remove_orphan_files()
    again.close()
    aside = path.with_name("history.damaged-1.sqlite3")
    aside.write_bytes(sound)  # as after a repair
    repaired = kept(aside)
    assert body_of(repaired, 1) == large(1, 5000)
    repaired.close()


def test_a_kill_at_any_moment_leaves_every_kept_body_whole(path: Path, files: Callable[[], list[str]]) -> None:
    for delay in (0.0, 0.05, 0.11):
        with subprocess.Popen(
            [*WORKER, "bodies", str(path), "300000"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for _ in itertools.islice(process.stdout, 8):
                pass
            time.sleep(delay)  # the moment is meant to be any
            process.kill()
        history = kept(path)
        for row in history.recent():
            exchange = history.get(row.id)
            assert exchange.lost == ()
            if row.state == "done":
                number = int(exchange.request.url.rpartition("/")[2])
                assert body_of(history, row.id) == large(number % 7, 300_000)
        history.remove_orphan_files()
        with sqlite3.connect(path) as connection:
            needed = {name for (name,) in connection.execute("SELECT name FROM spooled")}
        connection.close()
        assert {one for one in files() if one.endswith(".z")} == needed
        history.close()


def test_a_body_that_does_not_fit_on_the_disk_is_an_error_and_leaves_nothing_behind(path: Path) -> None:
    done = subprocess.run([*WORKER, "full", str(path), "200000"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    refused, rest = done.stdout.splitlines()
    assert refused.startswith("StoreError: a body of 2,000,000 bytes could not be stored")
    assert "Free disk space" in refused
    assert rest == "[True, True] sent 2"


# --- how much is kept ------------------------------------------------------------------------------------------------


def test_entries_that_are_too_old_go_and_noted_ones_stay(path: Path) -> None:
    history = History(path, now=lambda: 1_700_000_000.0 + 10 * DAY)
    for day in range(10):
        number = history.complete(
            0, msgspec.structs.replace(made(day, b"answer"), started_at=1_700_000_000.0 + day * DAY)
        )
        if day == 1:
            history.annotate(number, Annotation(add=("later",)))
        if day == 2:
            history.annotate(number, Annotation(note="why?"))
    going = history.plan(RetentionPolicy(seconds=5.5 * DAY))
    assert (going.entries, going.oldest, going.newest) == (3, 1_700_000_000.0, 1_700_000_000.0 + 4 * DAY)
    assert history.count() == 10
    gone = history.prune_step(RetentionPolicy(seconds=5.5 * DAY), most=2)
    assert gone.entries == 2
    assert history.prune_step(RetentionPolicy(seconds=5.5 * DAY)).entries == 1
    assert [row.id for row in history.recent()] == [10, 9, 8, 7, 6, 3, 2]
    assert history.prune_step(RetentionPolicy(seconds=5.5 * DAY)).entries == 0
    history.close()


def test_the_rules_are_applied_after_a_write(path: Path) -> None:
    now = [1_700_000_000.0]
    history = History(path, now=lambda: now[0], keep_days=2)
    history.complete(0, made(1, b"answer"))
    now[0] += 3 * DAY
    history.complete(0, msgspec.structs.replace(made(2, b"answer"), started_at=now[0]))
    assert [row.id for row in history.recent()] == [2]
    history.close()


def test_files_of_bodies_count_for_the_size(path: Path, files: Callable[[], list[str]]) -> None:
    history = kept(path, max_bytes=30_000)
    for number in range(10):
        history.complete(0, made(number, large(number, 10_000)))
    assert history.count() < 4
    assert len(files()) == history.count()
    assert history.size() <= 30_000
    history.close()


def test_figures_and_vacuum(path: Path) -> None:
    history = kept(path)
    for number in range(40):
        history.complete(0, made(number, large(number, 5000) if number < 3 else b"small " * 100))
    history.annotate(1, Annotation(note="keep"))
    found = history.figures()
    assert (found.entries, found.annotated, found.spooled, found.aside) == (40, 1, 3, 0)
    assert found.spooled_size == sum(one.stat().st_size for one in path.with_suffix(".bodies").iterdir())
    assert (found.oldest, found.newest) == (1_700_000_000.0, 1_700_000_039.0)
    assert found.bodies == 3 * 5000 + 37 * 600
    history.delete(range(2, 41))
    before = path.stat().st_size + path.with_name(f"{path.name}-wal").stat().st_size
    assert history.vacuum() > 0
    assert path.stat().st_size < before
    assert history.count() == 1
    history.close()


@pytest.mark.parametrize(
    ("text", "size"), [("250000", 250_000), ("256 kB", 256_000), ("1.5GB", 1_500_000_000), ("1,000 b", 1000)]
)
def test_sizes_are_read_as_people_type_them(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_what_is_no_size_or_time_is_refused() -> None:
    assert parse_duration("2w") == 14 * DAY
    for text in ("", "-1", "1 zb", "x"):
        with pytest.raises(UsageError):
            parse_size(text)
    for text in ("", "5", "5y", "-1d"):
        assert parse_duration(text) is None
