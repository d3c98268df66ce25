"""Calls of every vendor and auth scheme, and how an export of one is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from explorer.core.model import ReceivedResponse
from explorer.core.verdict import judge
from tests.secrets_world import CARD, CVV

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog
    from explorer.core.export.format import ExportFormat
    from explorer.sandbox.server import SandboxServer
    from tests.cli.test_cli import Shell

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
CALLS: tuple[tuple[str, ...], ...] = (
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

MARKED = {
    "API_EXPLORER_XSELLCAST_CLIENT_SECRET": "marked-secret-xs-4711",
    "API_EXPLORER_FASHIONPHILE_PASSWORD": "marked-secret-fp-4712",
    "API_EXPLORER_COTTONCART_SECRET": "MarkedSecretCc47",
    "API_EXPLORER_QUICKSTART_ACCESS_TOKEN": "marked-secret-qs-4714",
    "API_EXPLORER_ENDLESSAISLES_TOKEN": "marked-secret-ea-4715",
}
TYPED = "typed-secret-4716"
SECRET_CALLS: tuple[tuple[str, ...], ...] = (
    ("xsellcast.brands_list",),
    ("xsellcast.request_token", "client_id=demo-client", f"client_secret={TYPED}"),
    ("fashionphile.whoami",),
    ("fashionphile.sign_in", "email=demo@example.com", f"password={TYPED}"),
    ("fashionphile.account_update", "id=1", f"password={TYPED}", f"password_confirmation={TYPED}"),
    ("fashionphile.payment_profile_create", "id=1", f"credit_card_number={CARD}", f"verification_number={CVV}"),
    ("cottoncart.stats_balance",),
    ("cottoncart.manage_create_user", "email=new@example.com", f"password={TYPED}"),
    ("quickstart.customers_list", "page=1"),
    ("quickstart.token", "grant_type=refresh_token", f"refresh_token={TYPED}", f"client_secret={TYPED}"),
    ("endlessaisles.stock", "sku=81001", "--extra", "q=marked-secret-ea-4715", "--header", f"Cookie: {TYPED}"),
)

HTTPIE = """
import re, sys
import httpx

words = iter(sys.argv[1:])
given, headers, files, body = [], {}, [], None
for word in words:
    if word == "--raw":
        body = next(words).encode("utf-8", "surrogateescape")
    elif word.startswith("--") or len(given) < 2:
        given += [] if word.startswith("--") else [word]
    else:
        name, sign, value = re.fullmatch(r"(.*?)(?<!\\\\)([:=@])(.*)", word, re.DOTALL).groups()
        name, value = re.sub(r"\\\\([:;=@])", r"\\1", name), re.sub(r"^\\\\([:;=@])", r"\\1", value)
        if sign == ":":
            headers[name] = value
        elif sign == "=":
            files.append((name, (None, value)))
        else:
            path, _, kind = value.partition(";type=")
            files.append((name, (path.rpartition("/")[2], open(path, "rb"), kind)))
answer = httpx.request(*given, headers=headers, content=body, files=files or None, timeout=30)
print(answer.text, end="")
print(answer.status_code, file=sys.stderr)
"""
"""HTTPie's own reading of its words, as far as an export uses it: HTTPie is not there where the tests run."""
STAND_INS: Final = {"http": HTTPIE}
"""Programs that are not on every machine, and what stands in for them here."""


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


def exported(shell: Shell, shipped: Catalog, server: SandboxServer, call: tuple[str, ...], format_id: str) -> str:
    """The export of a call to the sandbox; empty where the format refuses it (``shell.err`` says why)."""
    address, *words = call
    url = server.base_url(shipped.vendors[address.partition(".")[0]])
    return str(shell.run("export", address, *words, "--base-url", url, "--force", "--as", format_id))


def stand_in(folder: Path, name: str, code: str) -> None:
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{code}")
    path.chmod(0o755)


def body_of(export_format: ExportFormat, text: str, folder: Path) -> str:
    """Run an export; the response body that it prints."""
    if export_format.kind == "program":
        return run(sys.executable, "-c", text).partition("\n")[2].removesuffix("\n")
    command = next(line for line in reversed(text.splitlines()) if line[:1].strip()).split()[0]
    if shutil.which(command) is None:
        if command not in STAND_INS:
            pytest.skip(f"{command} is not installed, so its export cannot be run")
        stand_in(folder, command, STAND_INS[command])
    environ = {**os.environ, "PATH": f"{os.environ['PATH']}{os.pathsep}{folder}"}
    done = subprocess.run(["bash", "-c", text], env=environ, capture_output=True, timeout=60)
    assert done.stdout, done.stderr.decode()
    return done.stdout.decode()
