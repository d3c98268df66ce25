"""The request that the app sends and the one that ``send`` sends for the same input are the same bytes."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from explorer.cli import main
from explorer.core.model import Entry
from explorer.session.factory import open_session
from explorer.tui.panes.request.repeated_fields import ListBox
from tests.tui.driving import Driver, driven

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

VENDOR = """
[vendors.twin]
title = "Twin"
[vendors.twin.version]
style = "accept"
accept = "application/x.twin.v1+json"
[vendors.twin.environments.raw]
base_url = "http://127.0.0.1:{port}/base"
[vendors.twin.credentials.token]
title = "Token"
[vendors.twin.auth.key]
scheme = "token_header"
options = {{ header = "X-Twin-Token" }}
[vendors.twin.endpoints.search]
title = "Search"
group = "G"
path = "/s/{{id}}"
auth = "key"
[vendors.twin.endpoints.search.params]
id = {{ in = "path", required = true }}
q = {{ in = "query" }}
flag = {{ in = "query", type = "boolean", boolean = "1_0" }}
kind = {{ in = "query", enum = ["a", "b"] }}
"filter[brands][]" = {{ in = "query" }}
[vendors.twin.endpoints.order]
title = "Order"
group = "G"
method = "PUT"
path = "/o"
body = "json"
auth = "key"
[vendors.twin.endpoints.order.params]
"shipping.city" = {{ in = "json", required = true }}
"line_items[#].id" = {{ in = "json", type = "integer", required = true }}
"line_items[#].price" = {{ in = "json", type = "number", required = true }}
[vendors.twin.endpoints.order.groups]
"line_items[#]" = {{ min = 1 }}
[vendors.twin.endpoints.order.readings.place]
about = "?"
default = "json"
why = "."
choices.json = {{ title = "in the body" }}
choices.query = {{ title = "in the query", set = {{ params = {{ "shipping.city" = {{ in = "query" }} }} }} }}
"""


@asynccontextmanager
async def recorder() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that keeps the bytes of each request and answers an empty object."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        seen.append(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


async def fill(driver: Driver, name: str, value: str) -> None:
    """Type a value into its field, or choose it where the field is a choice."""
    if name.endswith("[]"):
        await next(box for box in driver.main.query(ListBox) if box.param.name == name).add()
    await driver.until(lambda: name in driver.rows(), name)
    row = driver.rows()[name]
    boxes = row.query(Input)
    if not boxes:
        row.fill(Entry(name=name, value=value))
        return
    boxes.first().focus()
    await driver.pilot.pause()
    await driver.write(value)


def furnish(home: Path, port: int) -> None:
    """A home with the twin vendor, whose environment is the recorder."""
    (home / "config" / "catalogs").mkdir(parents=True)
    (home / "config" / "catalogs" / "twin.toml").write_text(VENDOR.format(port=port), encoding="utf-8")
    (home / "config" / "settings.toml").write_text('[environments]\ntwin = "raw"\n', encoding="utf-8")


@pytest.mark.parametrize(
    ("address", "values", "reading"),
    [
        ("twin.search", {"id": "a/b c", "q": "x & y+z é", "filter[brands][]": "louis vuitton"}, ""),
        ("twin.search", {"id": "7", "flag": "true", "kind": "b"}, ""),
        ("twin.order", {"shipping.city": "Łódź", "line_items[0].id": "42117", "line_items[0].price": "25.0"}, ""),
        ("twin.order", {"shipping.city": "Oslo", "line_items[0].id": "1", "line_items[0].price": "2"}, "place=query"),
    ],
)
async def test_the_app_and_the_command_line_send_the_same_bytes(
    home: Path,
    environ: Mapping[str, str],
    capsys: pytest.CaptureFixture[str],
    address: str,
    values: Mapping[str, str],
    reading: str,
) -> None:
    async with recorder() as (port, seen):
        furnish(home, port)
        environ = {**environ, "API_EXPLORER_TWIN_TOKEN": "tok-4711"}
        words = [f"{name}={value}" for name, value in values.items()]
        if reading:
            words += ["--reading", reading]
        code = await asyncio.to_thread(main, ["send", address, *words, "--json"], environ)
        out, err = capsys.readouterr()
        assert code == 0, err
        assert json.loads(out)["verdict"]["outcome"] == "OK"
        async with driven(open_session(environ)) as driver:
            await driver.open(address)
            if reading:
                await driver.keys("escape", "R")
                await driver.see("in the query")
                await driver.keys("down", "space")
                await driver.see(reading)
            for name, value in values.items():
                await fill(driver, name, value)
            await driver.keys("f5")
            await driver.until(lambda: len(seen) == 2, "the app's request")
    assert seen[0] == seen[1]
    assert b"X-Twin-Token: tok-4711" in seen[0]
