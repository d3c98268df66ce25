"""Hostile text from everywhere, on a real terminal: the raw output is searched for what must not be in it."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIPBOARD = "\x1b]52;c;cHduZWQ=\x07"
TITLE = "\x1b]0;pwned\x07"
CLEAR = "\x9b2J"
MARKUP = "[/x][red]y[/red][@click=app.quit]z[/]"
BIDI = "\u202eevil\u202c"
HOSTILE = CLIPBOARD + TITLE + CLEAR + MARKUP + BIDI
FORBIDDEN = (b"\x1b]52;c;cHdu", b"\x1b]0;pwned", b"\xc2\x9b", b"\x9b2J", "\u202e".encode())


@contextmanager
def hostile_server() -> Iterator[int]:
    """A server whose reason phrase, headers and body are hostile."""
    ready = threading.Event()
    found: list[int] = []
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = ('{"error": "SENTINEL ' + HOSTILE + '", "[/k]": 1}').encode()
        head = "HTTP/1.1 418 tea [/x] pot\r\nX-Evil: [/x][red]\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode("latin-1") + body)
        await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        found.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stop.wait()
        server.close()

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()


def hostile_home(home: Path, port: int) -> None:
    """A home whose own catalog is as hostile as a catalog can be."""
    escaped = "".join(f"\\u{ord(sign):04x}" for sign in HOSTILE)
    folder = home / "config" / "catalogs"
    folder.mkdir(parents=True)
    (folder / "evil.toml").write_text(
        f'[vendors.evil]\ntitle = "zzevil {escaped}"\nsummary = "{escaped}"\n'
        f'verdict = {{ error = "error", statuses = {{ "418" = "{escaped}" }} }}\n'
        f'[vendors.evil.environments.live]\nbase_url = "http://127.0.0.1:{port}"\nnote = "{escaped}"\n'
        f'[vendors.evil.endpoints.zzcall]\ntitle = "zzcall {escaped}"\ngroup = "{escaped}"\npath = "/x"\n'
        f'summary = "{escaped}"\n'
        f'notes = [{{ text = "{escaped}", lines = "{escaped}" }}]\n'
        f"[vendors.evil.endpoints.zzcall.params]\n"
        f'"filter[{escaped}]" = {{ in = "query", note = "{escaped}", example = "{escaped}" }}\n',
        encoding="utf-8",
    )
    (home / "config" / "settings.toml").write_text('[environments]\nevil = "live"\n', encoding="utf-8")


def test_nothing_hostile_reaches_the_terminal_from_the_app(home: Path) -> None:
    with hostile_server() as port:
        hostile_home(home, port)
        terminal = Terminal([sys.executable, "-m", "explorer"], str(home))
        try:
            terminal.until(b"find")
            terminal.drain(0.5)
            since = terminal.type("zzcall")
            terminal.until(b"1 found", since=since)
            since = terminal.type("\r")
            terminal.until(b"Request", since=since)
            terminal.drain(0.5)
            since = terminal.type("\x1b[15~")
            terminal.until(b"418", since=since)
            terminal.until(b"SENTINEL", since=since)
            for keys in ("\x1b", "3", "]", "]", "]", "2", "]", "]", "]", "]", "h", "?", "\x1b", ":", "zz"):
                terminal.type(keys)
                terminal.drain(0.25)
            assert terminal.alive()
        finally:
            terminal.end()
    for bad in FORBIDDEN:
        assert bad not in terminal.seen, bad


def test_nothing_hostile_reaches_the_terminal_from_the_command_line(home: Path) -> None:
    with hostile_server() as port:
        hostile_home(home, port)
        for words in (["list"], ["show", "evil.zzcall"], ["show", "evil"], ["send", "evil.zzcall"], ["history"]):
            terminal = Terminal([sys.executable, "-m", "explorer", *words], str(home))
            terminal.until_end()
            assert terminal.seen, words
            for bad in FORBIDDEN:
                assert bad not in terminal.seen, (words, bad)
