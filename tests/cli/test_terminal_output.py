"""How much of a body a terminal is shown, on a real pty; a pipe gets every byte."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from explorer.cli.output import METER, print_body
from explorer.core.text.units import format_size
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON = json.dumps([{"id": number, "name": f"record {number}"} for number in range(60_000)]).encode()
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08" + bytes(range(256)) * 400


@contextmanager
def answering(body: bytes, media_type: str) -> Iterator[int]:
    """A server on loopback that gives every request the same response."""
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), []
    stop = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()


def catalog(home: Path, port: int) -> None:
    folder = home / "config" / "catalogs"
    folder.mkdir(parents=True)
    (folder / "big.toml").write_text(
        f'[vendors.big]\ntitle = "Big"\nverdict = {{ error = "error" }}\n[vendors.big.environments.live]\nbase_url = "http://127.0.0.1:{port}"\n'
        '[vendors.big.endpoints.get]\ntitle = "Get"\ngroup = "All"\npath = "/x"\n',
        encoding="utf-8",
    )


def shown(home: Path, *words: str) -> tuple[int, bytes]:
    """The exit code, and everything that reached the terminal."""
    terminal = Terminal([sys.executable, "-m", "explorer", *words], str(home))
    code = terminal.until_end()
    return code, terminal.seen


def piped(home: Path, *words: str) -> bytes:
    environ = {**os.environ, "API_EXPLORER_HOME": str(home)}
    command = [sys.executable, "-m", "explorer", *words]
    return subprocess.run(command, env=environ, capture_output=True, timeout=60, check=True).stdout


@pytest.mark.parametrize("form", [[], ["--ndjson"]], ids=["body", "ndjson"])
def test_a_terminal_is_shown_the_first_megabyte_and_how_to_see_the_rest(form: list[str], home: Path) -> None:
    with answering(JSON, "application/json") as port:
        catalog(home, port)
        code, seen = shown(home, "send", "big.get", "--env", "live", *form)
    assert code == 0
    assert b"record 100" in seen
    assert b"record 59999" not in seen
    assert seen.count(b"Output cut after 1.0 MB.") == 1
    text = b"".join(part.partition(b"m")[2] if at else part for at, part in enumerate(seen.split(b"\x1b[")))
    assert 900_000 < len(text.replace(b"\r", b"")) < 1_010_000
    if form != ["--ndjson"]:
        assert b"--output FILE, or run `api-explorer history show 1 | less`" in seen
        _, past = shown(home, "history", "show", "1")
        assert past.count(b"Output cut after 1.0 MB.") == 1
        assert piped(home, "history", "show", "1").endswith(JSON)


class TerminalStream(io.RawIOBase):
    """A terminal that notes each write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.writes.append(bytes(data))
        return len(self.writes[-1])


@pytest.mark.parametrize("unit", [b"\n", b"\r", b"<\n"])
def test_a_megabyte_of_lines_takes_a_few_writes_and_few_colors(unit: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = TerminalStream()
    stream = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", newline="\n", line_buffering=True)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm")
    METER.begin()
    print_body(unit * (120_000 if b"<" in unit else 1_000_000), "application/xml" if b"<" in unit else "text/plain")
    seen = b"".join(raw.writes)
    assert seen.count(b"\n") == 100_000
    assert len(raw.writes) < 50
    assert seen.count(b"\x1b[31m<") == (10_000 if b"<" in unit else 0)


def test_a_pipe_gets_every_byte(home: Path) -> None:
    with answering(JSON + b"\xff\0\x1b[2J", "application/octet-stream") as port:
        catalog(home, port)
        assert piped(home, "send", "big.get", "--env", "live") == JSON + b"\xff\0\x1b[2J"


def test_binary_data_are_not_shown_on_a_terminal(home: Path) -> None:
    with answering(PNG, "image/png") as port:
        catalog(home, port)
        code, seen = shown(home, "send", "big.get", "--env", "live")
        assert code == 0
        assert (
            f"PNG image, 640 × 480, {format_size(len(PNG))}: binary data is not shown on a terminal.".encode() in seen
        )
        assert b"--output FILE" in seen
        assert len(seen) < 2_000
        _, past = shown(home, "history", "show", "1")
        assert b"binary data is not shown" in past
        assert len(past) < 3_000
        assert piped(home, "send", "big.get", "--env", "live") == PNG
