"""A process that writes to a history, for tests of several at once, of one that is killed and of a full disk.

Usage: ``python history_worker.py write|hang|limit|bodies|full PATH ARGUMENT``
"""

from __future__ import annotations

import itertools
import random
import resource
import signal
import sys
from pathlib import Path

from explorer.core.model import Call, Exchange, ReceivedResponse, SentRequest, Timings
from explorer.errors import StoreError
from explorer.store.history import History


def made(number: int, body: bytes = b"") -> Exchange:
    """An exchange without its answer, or with one."""
    return Exchange(
        call=Call(vendor="shop", endpoint="orders"),
        started_at=1_700_000_000.0 + number,
        request=SentRequest(method="GET", url=f"https://shop.example/orders/{number}"),
        response=ReceivedResponse(status=200, body=body) if body else None,
        timings=Timings(total=0.5),
    )


def write(path: Path, count: int) -> None:
    """Keep *count* exchanges, each begun and completed."""
    history = History(path, now=lambda: 0.0)
    for number in range(count):
        history.complete(history.begin(made(number)), made(number, b"answer"))
    history.close()


def hang(path: Path, _argument: int) -> None:
    """Begin an exchange, say so and wait to be killed."""
    history = History(path, now=lambda: 0.0)
    sys.stdout.write(f"{history.begin(made(7))}\n")
    sys.stdout.flush()
    signal.pause()


def limit(path: Path, size: int) -> None:
    """Keep exchanges with no file above *size* bytes, as on a full disk, and say what comes; then with room again."""
    history = History(path, now=lambda: 0.0)
    first = history.begin(made(1))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    refused = ""
    kept = 0
    for number in range(200):
        try:
            history.complete(0, made(number, bytes(str(number), "ascii") * 3000))
            kept += 1
        except StoreError as error:
            refused = f"{type(error).__name__}: {error.message} | {error.hint}"
            break
    seen = history.count()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    history.complete(first, made(1, b"answer after all"))
    answer = (history.get(first).response or ReceivedResponse(status=0)).body[:].decode()
    sys.stdout.write(f"{refused}\n{kept} {seen} {history.count()} {answer}\n")
    history.close()


def large(number: int, size: int) -> bytes:
    """A body that cannot be packed much, another one for each number."""
    return random.Random(number).randbytes(size)  # noqa: S311 - the same bytes in every process


def bodies(path: Path, size: int) -> None:
    """Keep exchanges with bodies in files, for ever, and say how many; to be killed at any moment."""
    history = History(path, now=lambda: 0.0, body_limit=1000, max_entries=5)
    for number in itertools.count(1):
        history.complete(history.begin(made(number)), made(number, large(number % 7, size)))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def full(path: Path, size: int) -> None:
    """Keep an exchange whose body does not fit on the disk, and say what comes; then another that does."""
    history = History(path, now=lambda: 0.0, body_limit=1000)
    first = history.complete(0, made(1, large(1, 5000)))
    number = history.begin(made(2))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    refused = ""
    try:
        history.complete(number, made(2, large(2, 10 * size)))
    except StoreError as error:
        refused = f"{type(error).__name__}: {error.message} | {error.hint}"
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    last = history.complete(0, made(3, large(3, 5000)))
    whole = [
        (history.get(one).response or ReceivedResponse(status=0)).body == large(n, 5000)
        for one, n in ((first, 1), (last, 3))
    ]
    files = len(list(path.with_suffix(".bodies").iterdir()))
    sys.stdout.write(f"{refused}\n{whole} {history.row(number).state} {files}\n")
    history.close()


if __name__ == "__main__":
    {"write": write, "hang": hang, "limit": limit, "bodies": bodies, "full": full}[sys.argv[1]](
        Path(sys.argv[2]), int(sys.argv[3])
    )
