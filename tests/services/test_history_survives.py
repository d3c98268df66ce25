"""What a history goes through: damage, several programs at once, a kill, a full disk. Nothing that was kept is lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from explorer.store.history import History
from tests.services.history_worker import made

if TYPE_CHECKING:
    from collections.abc import Callable

WORKER = [sys.executable, "-m", "tests.services.history_worker"]
ROOT = Path(__file__).parents[2]


def opened(path: Path) -> History:
    return History(path, now=lambda: 0.0)


def filled(path: Path, count: int = 50) -> None:
    history = opened(path)
    for number in range(count):
        history.complete(0, made(number, b"answer %d " % number * 200))
    history.close()


def _not_a_database(path: Path) -> None:
    path.write_bytes(b"this was never a database\n" * 300)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _scribbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xa5" * 3996
    path.write_bytes(bytes(data))


def _other_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE entries (recipe TEXT)")
        other.execute("INSERT INTO entries VALUES ('pancakes')")
    other.close()


@pytest.mark.parametrize("damage", [_not_a_database, _cut_short, _scribbled, _other_program])
def test_a_damaged_file_is_set_aside_and_the_history_begins_anew(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "history.sqlite3"
    filled(path)
    damage(path)
    broken = path.read_bytes()

    history = opened(path)
    aside = tmp_path / "history.damaged-1.sqlite3"
    assert aside.read_bytes() == broken
    assert len(history.problems) == 1
    assert str(aside) in history.problems[0]
    number = history.complete(0, made(1, b"new life"))
    assert [row.id for row in history.recent()] == [number]
    history.close()

    damage(path)
    again = opened(path)
    assert (tmp_path / "history.damaged-2.sqlite3").exists()
    assert aside.read_bytes() == broken
    again.close()


def test_damage_that_shows_later_does_not_stop_the_program(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    filled(path, 300)
    history = opened(path)
    assert history.problems == []
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096):
        data[page * 4096 : page * 4096 + 1000] = b"\xa5" * 1000
    path.write_bytes(bytes(data))

    for _ in range(3):
        history.recent(limit=300, text="answer")
        number = history.complete(0, made(1, b"after it"))
    assert history.get(number).response is not None
    assert len(history.problems) == 1
    assert (tmp_path / "history.damaged-1.sqlite3").exists()
    history.close()


def test_two_that_meet_the_same_damage_set_it_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    filled(path, 300)
    one, two = opened(path), opened(path)
    data = bytearray(path.read_bytes())
    data[3 * 4096 :] = b"\xa5" * (len(data) - 3 * 4096)
    path.write_bytes(bytes(data))

    for history in (one, two):
        history.recent(limit=300, text="answer")
        history.complete(0, made(1, b"after it"))
    assert len(list(tmp_path.glob("history.damaged-*.sqlite3"))) == 1
    assert one.count() == two.count() == 2
    one.close()
    two.close()


def test_one_damaged_entry_does_not_hide_the_others(tmp_path: Path) -> None:
    from explorer.errors import StoreError

    path = tmp_path / "history.sqlite3"
    filled(path, 3)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE blobs SET data = x'00' WHERE id = 2")
    connection.close()
    history = opened(path)
    with pytest.raises(StoreError, match="entry 2"):
        history.get(2)
    assert history.get(3).response is not None
    assert len(history.recent()) == 3
    history.close()


def test_several_programs_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "data" / "history.sqlite3"
    running = [
        subprocess.Popen([*WORKER, "write", str(path), "40"], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)
    ]
    for process in running:
        assert process.communicate(timeout=60)[1] == b""
        assert process.returncode == 0
    history = opened(path)
    assert history.count() == 120
    assert {row.state for row in history.recent(limit=200)} == {"done"}
    assert len(history.recent(limit=200, text="answer")) == 120
    assert history.problems == []
    history.close()


def test_several_threads_write_at_once(tmp_path: Path) -> None:
    history = opened(tmp_path / "history.sqlite3")
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda: numbers.extend(history.complete(0, made(one, b"x")) for one in range(25)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 101))
    history.close()


def test_a_killed_program_leaves_what_it_had_sent(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    with subprocess.Popen([*WORKER, "hang", str(path), "0"], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        meanwhile = opened(path)
        assert meanwhile.recent()[0].state == "sent"
        assert meanwhile.problems == []
        meanwhile.close()
        process.kill()
    history = opened(path)
    assert history.get(number).request.url == "https://shop.example/orders/7"
    assert [row.state for row in history.recent()] == ["interrupted"]
    assert len(history.problems) == 1
    assert "1 request was running" in history.problems[0]
    history.close()
    assert opened(path).problems == []


def test_a_full_disk_is_an_error_and_takes_nothing_away(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    done = subprocess.run([*WORKER, "limit", str(path), "600000"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    refused, counts = done.stdout.splitlines()
    assert refused.startswith("StoreError: the history ")
    assert "safe" in refused
    kept, seen, after, *answer = counts.split(" ", 3)
    assert 0 < int(kept) < 200
    assert int(seen) == int(after) == int(kept) + 1
    assert answer == ["answer after all"]
    history = opened(path)
    assert history.count() == int(after)
    assert history.problems == []
    history.close()
