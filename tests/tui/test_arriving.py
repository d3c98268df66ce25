"""An answer that takes long is read while it comes: first lines before the last byte, keys meanwhile, and what
came is kept."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from explorer.core.body.document import Document
from explorer.core.text.secret import Secret
from explorer.session.history import past_exchange, recent_entries
from explorer.tui.body.view import BodyView
from tests.tui.driving import driven

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

MINE = "cottoncart.manage_my_stores"
LISTED = "endlessaisles.products_list"


def document(view: BodyView) -> Document:
    """What the view shows."""
    assert isinstance(view.document, Document)
    return view.document


async def test_a_slow_answer_is_read_while_it_comes_and_escape_keeps_what_came(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open(MINE)
        session.sandbox.set_faults(["drip=0.005"], session.catalog)
        await app.keys("escape", "f5", "3")
        await app.see("⇅ RECEIVING")
        await app.see('"success": true,')
        assert "HTTP 200 OK" in app.text
        assert "Headers" in app.text
        view = app.main.query_one(BodyView)
        await app.until(lambda: view.document and document(view).line_count > 5, "lines")
        assert not document(view).complete
        await app.until(lambda: view.has_focus, "the body's focus")
        await app.keys("j", "j")
        await app.until(lambda: view.cursor_line == 2, "the third line")
        before = document(view).line_count
        await app.until(lambda: document(view).line_count > before, "more lines while it is read")
        assert view.cursor_line == 2
        await app.keys("escape")
        await app.see("✗ Cancelled")
        await app.see("bytes of body.")
        await app.see("ends too early")
        assert '"success": true,' in app.text
        assert view.cursor_line == 2
    kept = (await recent_entries(session))[0]
    exchange = await past_exchange(session, kept.id)
    assert exchange.failure is not None
    assert exchange.failure.kind == "Cancelled"
    assert exchange.response is not None
    assert exchange.response.body[:].startswith(b'{"success":')
    assert "stopped" in exchange.response.truncated


async def test_an_endless_answer_can_be_read_and_is_cut_in_the_end(session: SessionContext) -> None:
    session.settings = msgspec.structs.replace(session.settings, timeout_seconds=60, max_body_bytes=3_000_000)
    async with driven(session) as app:
        await app.open(MINE)
        session.sandbox.set_faults(["endless"], session.catalog)
        await app.keys("escape", "f5", "3")
        await app.see("Response too large")
        await app.see("was truncated")
        view = app.main.query_one(BodyView)
        await app.until(lambda: view.document and document(view).complete, "all of it laid out")
        await app.keys("G", "g")
        assert view.cursor_line == 0


class Vendor:
    """A server that gives out the rest of a body when it is told to."""

    def __init__(self, first: bytes, rest: bytes) -> None:
        self.first, self.rest, self.go_on = first, rest, asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        size = len(self.first) + len(self.rest)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        writer.write(head.encode() + self.first)
        await writer.drain()
        await self.go_on.wait()
        writer.write(self.rest)
        await writer.drain()
        writer.close()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def send_to(app: Driver, session: SessionContext, address: str) -> None:
    vendor = session.vendor("endlessaisles")
    test = msgspec.structs.replace(vendor.environments["test"], base_url=address)
    changed = msgspec.structs.replace(vendor, environments={"test": test})
    vendors = {**session.catalog.vendors, "endlessaisles": changed}
    session.catalog = msgspec.structs.replace(session.catalog, vendors=vendors)
    session.vault.remember(changed, "test", "token", Secret("hunter2-hunter2"))
    app.main.workspace.chosen["endlessaisles"] = "test"
    await app.open(LISTED)
    await app.keys("escape", "f5", "3")


async def test_secrets_are_masked_while_the_answer_comes(session: SessionContext) -> None:
    body = json.dumps(
        {"name": "kettle", "note": "x" * 100, "echo": "hunter2-hunter2", "a": 1, "b": 2, "more": ["y" * 50] * 9}
    ).encode()
    at = body.index(b"2-hunter2")
    vendor = Vendor(body[:at], body[at:])
    async with vendor.serve() as address, driven(session) as app:
        await send_to(app, session, address)
        await app.see("⇅ RECEIVING")
        await app.see('"name": "kettle"')
        view = app.main.query_one(BodyView)
        assert view.document is not None
        assert b"hunter" not in document(view).body[:]
        vendor.go_on.set()
        await app.until(lambda: "RECEIVING" not in app.text, "the whole")
        assert document(view).body[:] == body.replace(b"hunter2-hunter2", "••••••".encode())
        await app.see('"echo": "••••••"')


async def test_a_large_answer_grows_into_its_finished_lines_without_a_jump(session: SessionContext) -> None:
    body = json.dumps({"data": [{"id": n, "name": "kettle", "note": "x" * 60} for n in range(24_000)]}).encode()
    vendor = Vendor(body[:1_500_000], body[1_500_000:])
    async with vendor.serve() as address, driven(session) as app:
        await send_to(app, session, address)
        await app.see("⇅ RECEIVING")
        view = app.main.query_one(BodyView)
        await app.until(lambda: view.document and document(view).line_count > 40_000, "the lines that came")
        view.go_to_line(30_000)
        shown, top = document(view).line(30_000), view.scroll_offset.y
        generation = document(view).generation
        vendor.go_on.set()
        await app.until(lambda: document(view).complete, "the whole")
        assert (view.cursor_line, view.scroll_offset.y, document(view).generation) == (30_000, top, generation)
        assert document(view).line(30_000) == shown
        assert document(view).line_count == 24_000 * 5 + 4
        await app.see("endlessaisles")
