"""The server itself: whole answers, curl, ports, hostile input, and how little it takes to know its address."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from explorer.sandbox.address import sandbox_base_url
from explorer.sandbox.server import SandboxServer
from tests.sandbox.world import FASHION, World, check, signed

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")


def test_head_and_body_of_an_answer_arrive_together(world: World) -> None:
    with socket.create_connection(("127.0.0.1", world.port)) as line:
        for _ in range(30):
            line.sendall(b"GET /cottoncart/api/v1/catalogue/stores.json?count=5 HTTP/1.1\r\nHost: x\r\n\r\n")
            head, _, body = line.recv(65536).partition(b"\r\n\r\n")
            length = next(
                int(row.split(b":")[1]) for row in head.lower().split(b"\r\n") if row.startswith(b"content-length")
            )
            assert len(body) == length > 500


@needs_curl
def test_curl_can_read_and_write(world: World) -> None:
    url = world.url("endlessaisles", "/api/stock?sku=81001,81002")
    done = subprocess.run(
        ["curl", "-sg", url, "-H", "X-EA-REQUEST-TOKEN: ea-demo-test-token"], capture_output=True, text=True
    )
    assert done.stdout == '{"data":{"81001":42,"81002":7}}'
    sign_in = ["curl", "-s", world.url("fashionphile", "/api/authenticate"), "-H", f"Accept: {FASHION['Accept']}"]
    token = subprocess.run(
        [*sign_in, "-F", "email=demo@example.com", "-F", "password=sandbox-bag-42"], capture_output=True, text=True
    )
    assert token.stdout.startswith('{"token":"')


@needs_curl
def test_curl_sees_why_it_was_refused(world: World) -> None:
    url = world.url("xsellcast", "/api/v1/brands")
    done = subprocess.run(
        ["curl", "-si", url, "-d", "access_token=aut", "-d", "page=99751627", "-H", "Accept: application/json"],
        capture_output=True,
        text=True,
    )
    assert "405 Method Not Allowed" in done.stdout
    assert "x-sandbox-check: method" in done.stdout
    assert "--reading example_verb=post" in done.stdout


@needs_curl
def test_curl_uploads_a_signed_file(world: World, tmp_path: object) -> None:
    pairs = signed(
        "v1/manage/edit_store",
        [("store_id", "demostore"), ("name", "Žluťoučký & + kůň")],
        auth_id="demo1@demostore",
        secret="Qm7rT2xKp9LwZ4sB",
        stamp=int(world.now),
    )
    fields = [part for name, value in pairs for part in ("-F", f"{name}={value}")]
    picture = f"{tmp_path}/logo.png"
    with open(picture, "wb") as file:  # noqa: PTH123 - a name for curl
        file.write(b"\x89PNG" * 100_000)
    command = [
        "curl",
        "-s",
        world.url("cottoncart", "/v1/manage/edit_store.json"),
        *fields,
        "-F",
        f"logo_file=@{picture}",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert '"name":"Žluťoučký & + kůň"' in done.stdout
    assert '"logo_url":"https://img.demostore.example/logo/demostore.jpg"' in done.stdout


def test_a_port_that_is_taken_is_not_waited_for(shipped: Catalog) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = SandboxServer(shipped)
        server.start(port)
        try:
            assert server.port not in (0, port)
            vendor = shipped.vendors["cottoncart"]
            assert server.base_url(vendor) == f"http://127.0.0.1:{server.port}/cottoncart/api"
            assert server.base_url(vendor) == sandbox_base_url(vendor, server.port)
        finally:
            server.stop()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_nothing_is_written_to_the_terminal() -> None:
    code = """
import socket
from explorer.core.catalog import Catalog
from explorer.sandbox.server import SandboxServer
with SandboxServer(Catalog()) as server:
    for rubbish in (b"\\x00\\x01 nonsense\\r\\n\\r\\n", b"GET / HTTP/1.1\\r\\nContent-Length: x\\r\\n\\r\\n"):
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(rubbish)
            assert line.recv(4096).startswith(b"HTTP/1.1 400")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_address_needs_no_server(shipped: Catalog) -> None:
    code = (
        "import sys, explorer.sandbox.address, explorer.sandbox.checks;"
        "print([m for m in ('starlette', 'uvicorn', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_listens_on_loopback_only(world: World) -> None:
    contents = world.client.get(f"http://127.0.0.1:{world.port}/")
    assert "/cottoncart/api  Cotton Cart" in contents.text
    assert world.client.get(f"http://127.0.0.1:{world.port}/nobody").status_code == 404
    assert check(world.client.get(f"http://127.0.0.1:{world.port}/cottoncart/v1/catalogue/stores.json")) == "path"


def test_reasons_are_ascii_on_the_wire(world: World) -> None:
    answer = world.call("cottoncart", "GET", "/v1/catalogue/stores.json", params={"count": "日本\r\nX-Evil: 1 %41"})
    raw = dict(answer.headers.raw)[b"x-sandbox-reason"]
    assert raw.isascii()
    assert b"\r" not in raw
    assert "x-evil" not in answer.headers


def test_rubbish_is_refused_and_never_breaks_the_server(world: World) -> None:
    chance = random.Random(7)  # noqa: S311 - sample data
    paths = [
        "/endlessaisles/api/orders",
        "/cottoncart/api/v1/manage/edit_store.json",
        "/fashionphile/api/carts/1",
        "/xsellcast/api/v1/users/store",
        "/quickstart/oauth/token",
    ]
    kinds = [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=",
        "text/plain",
        "application/json; charset=utf-16",
        "",
    ]
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"]
    pieces = [
        b"{",
        b"[",
        b'"a"',
        b":",
        b"%",
        b"%ff",
        b"&",
        b"=",
        b"[]",
        b"[0]",
        b"--x",
        b"\r\n",
        b"\x00",
        b"\xff",
        b"a" * 300,
        b"1e999",
        b"]",
    ]
    for _ in range(400):
        body = b"".join(chance.choices(pieces, k=chance.randint(0, 12)))
        query = b"".join(
            chance.choices([b"a", b"[", b"]", b"%5B", b"%zz", b"=", b"&", b"+", b"page", b"1"], k=chance.randint(0, 8))
        )
        headers = {
            "Content-Type": chance.choice(kinds),
            "Accept": "application/json",
            "X-EA-REQUEST-TOKEN": "ea-demo-test-token",
        }
        url = f"http://127.0.0.1:{world.port}{chance.choice(paths)}?{query.decode()}"
        answer = world.client.request(chance.choice(methods), url, headers=headers, content=body)
        assert answer.status_code != 500, (url, body)
        assert check(answer) not in ("catalog", ""), (url, body, answer.text[:100])


def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    headers = {"X-EA-REQUEST-TOKEN": "ea-demo-test-token", "Content-Type": "application/json"}
    answer = world.call("endlessaisles", "PUT", "/api/orders", headers=headers, content=b" " * 33_000_000)
    assert check(answer) == "body_size"
