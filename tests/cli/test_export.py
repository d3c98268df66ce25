"""What is exported runs: curl and Python against the sandbox on a port, with the verdict of the call itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from explorer.core.exchange import ReceivedResponse
from explorer.core.verdict import judge
from explorer.sandbox import SandboxServer
from tests.cli.test_cli import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from explorer.core.catalog import Catalog

NASTY = 'it\'s "$HOME" `id` !x \\n & = + % ünï\t\n☃'
ORDER = (
    "shipping.first_name=Ada",
    f"shipping.last_name={NASTY}",
    "shipping.address_line_1=1 Main St",
    "shipping.city=Cary",
    "shipping.state=NC",
    "shipping.zip=27511",
    "line_items[0].id=81001",
    "line_items[0].upc=1",
    "line_items[0].price=25.00",
    "line_items[0].quantity=1",
)
CALLS = (
    ("xsellcast.brands_list", "page=1"),
    ("xsellcast.users_create", f"firstname={NASTY}", "lastname=Lovelace"),
    ("xsellcast.customers_offer_delete", "customer_id=1", "offer_id=4711"),
    ("xsellcast.request_token", "client_id=demo-client", "client_secret=demo-client-secret"),
    ("fashionphile.whoami",),
    ("fashionphile.sign_in", "email=demo@example.com", "password=sandbox-bag-42"),
    ("fashionphile.address_create", f"firstName={NASTY}"),
    ("fashionphile.big_vision_authenticate", "brand=x", "class=y", "itemId=1", "itemType=z", "images[0]=@{photo}"),
    ("cottoncart.stats_balance",),
    ("cottoncart.catalogue_stores",),
    ("cottoncart.manage_create_user", "email=nonsense", f"name={NASTY}"),
    ("cottoncart.manage_edit_store", "store_id=demostore", f"description={NASTY}", "logo_file=@{photo}"),
    ("quickstart.customers_list", "page=1"),
    ("endlessaisles.stock", "sku=81001"),
    ("endlessaisles.orders_create", *ORDER),
    ("endlessaisles.stock", "sku=nonsense"),
)


@pytest.fixture(scope="module")
def server(shipped: Catalog) -> Iterator[SandboxServer]:
    found = SandboxServer(shipped)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def shell(environ: Mapping[str, str], capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(environ, capfd)


def run(*command: str, **environ: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(command, env={**os.environ, "PATH": path, **environ}, capture_output=True, timeout=60)
    assert found.returncode == 0, found.stderr.decode()
    return found.stdout.decode()


def told(shipped: Catalog, address: str, status: int, body: str) -> tuple[Any, ...]:
    """What a person is told of an answer."""
    vendor, _, endpoint = address.partition(".")
    received = ReceivedResponse(
        status=status, headers=(("content-type", "application/json"),), body=body.encode("utf-8", "surrogateescape")
    )
    verdict = judge(shipped.vendors[vendor], shipped.vendors[vendor].endpoints[endpoint], received)
    return (verdict.outcome, verdict.http_status, verdict.code, verdict.message, {one.name for one in verdict.fields})


def directly(shell: Shell, shipped: Catalog, server: SandboxServer, call: tuple[str, ...]) -> tuple[Any, ...]:
    address, *words = call
    url = server.base_url(shipped.vendors[address.partition(".")[0]])
    body = shell.run("send", address, *words, "--base-url", url, "--force", "--yes", "--show-secrets")
    status = int(shell.err.split("HTTP ")[1].split()[0])
    return told(shipped, address, status, body)


def exported(shell: Shell, shipped: Catalog, server: SandboxServer, call: tuple[str, ...], form: str) -> str:
    address, *words = call
    url = server.base_url(shipped.vendors[address.partition(".")[0]])
    text = shell.run("export", address, *words, "--base-url", url, "--force", "--as", form)
    assert shell.code == 0, shell.err
    return str(text)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call[0]))
def test_what_is_exported_gets_the_same_verdict(
    shell: Shell, shipped: Catalog, server: SandboxServer, call: tuple[str, ...], tmp_path: Path
) -> None:
    photo = tmp_path / 'a "photo"; one, two.png'
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    call = tuple(word.replace("{photo}", str(photo)) for word in call)
    expected = directly(shell, shipped, server, call)
    script = exported(shell, shipped, server, call, "curl").rstrip("\n")
    out = run("bash", "-c", f"{script} -sS -w '\\n%{{http_code}}'")
    body, _, status = out.rpartition("\n")
    assert told(shipped, call[0], int(status), body) == expected
    program = exported(shell, shipped, server, call, "python")
    status, _, body = run(sys.executable, "-c", program).partition("\n")
    assert told(shipped, call[0], int(status), body) == expected
