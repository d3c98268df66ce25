"""A world whose every secret is marked: a server that takes marked credentials and gives out marked tokens, a home
whose vendors are there, and a search of everything that was written."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import sqlite3
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from explorer.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from explorer.core.catalog import Catalog

MINTED = "MintedMark"
"""Stands in every token that the server gives out, and in every password that it makes up."""
CARD = "4444111144441111"
CVV = "87319"
TYPED = "typed-Mark+pass/word 1"
MARKED = {
    "API_EXPLORER_XSELLCAST_CLIENT_SECRET": "xs-Mark/secret+4711",
    "API_EXPLORER_FASHIONPHILE_PASSWORD": 'fp-Mark"pass word4712',
    "API_EXPLORER_COTTONCART_SECRET": "CcMarkSecret4713",
    "API_EXPLORER_QUICKSTART_CLIENT_SECRET": "qs-Mark-client4714",
    "API_EXPLORER_QUICKSTART_ACCESS_TOKEN": "qs-Mark-access4715",
    "API_EXPLORER_QUICKSTART_REFRESH_TOKEN": "qs-Mark-refresh4716",
    "API_EXPLORER_ENDLESSAISLES_TOKEN": "ea-Mark-token4717",
}
PUBLIC = {
    "API_EXPLORER_XSELLCAST_CLIENT_ID": "demo-client",
    "API_EXPLORER_FASHIONPHILE_EMAIL": "demo@example.com",
    "API_EXPLORER_COTTONCART_AUTH_ID": "mark1@demostore",
    "API_EXPLORER_QUICKSTART_CLIENT_ID": "demo-client",
    "API_EXPLORER_QUICKSTART_REDIRECT_URI": "http://127.0.0.1:8765/callback",
}
"""Credentials that are no secrets."""
SECRETS = (*MARKED.values(), MINTED, CARD, CVV, TYPED)
ENVIRONMENT = "marked"


@contextmanager
def marked_server(catalog: Catalog) -> Iterator[SandboxServer]:
    """The vendors on loopback, with marked accounts and marked tokens."""
    numbers = itertools.count(1)
    server = SandboxServer(catalog, nonce=lambda _size: f"{MINTED}{next(numbers):05}", accounts_from=PUBLIC | MARKED)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def marked_home(home: Path, catalog: Catalog, server: SandboxServer, *, more: str = "") -> None:
    """A home where every vendor has an environment ``marked``, which is the one in use. *more*: of the settings."""
    folder = home / "config" / "catalogs"
    folder.mkdir(parents=True)
    lines = [
        f'[vendors.{vendor.id}.environments.{ENVIRONMENT}]\nbase_url = "{server.base_url(vendor)}"\n'
        for vendor in catalog.vendors.values()
    ]
    (folder / "marked.toml").write_text("\n".join(lines), encoding="utf-8")
    chosen = "\n".join(f'{vendor} = "{ENVIRONMENT}"' for vendor in catalog.vendors)
    (home / "config" / "settings.toml").write_text(f"{more}\n[environments]\n{chosen}\n", encoding="utf-8")


def spellings(secret: str) -> set[str]:
    """A secret as it may stand somewhere."""
    plain = {secret, quote(secret, safe=""), quote_plus(secret), quote(secret), json.dumps(secret)[1:-1]}
    if len(secret) > 8:
        plain.add(base64.b64encode(secret.encode()).decode().rstrip("="))
        plain.add(secret.encode().hex())
    return plain


def found_in(text: str) -> list[str]:
    """The secrets that stand in *text*, each with what is around it."""
    return [
        f"{secret}: …{text[max(0, at - 80) : at + 40]}…"
        for secret in SECRETS
        for spelled in spellings(secret)
        if (at := text.find(spelled)) >= 0
    ]


def files_of(home: Path) -> dict[str, str]:
    """Every file below *home* by its name, as text: as it is, unpacked, and the rows of a database one by one."""
    found: dict[str, str] = {}
    for path in sorted(home.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        parts = [data.decode("latin-1"), data.decode("utf-8", "replace"), *_unpacked(data)]
        if data.startswith(b"SQLite format 3\0"):
            parts += _rows(path)
        found[str(path.relative_to(home))] = "\n".join(parts)
    return found


def _rows(path: Path) -> list[str]:
    found: list[str] = []
    connection = sqlite3.connect(path)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names of the file itself
                for cell in row:
                    found += _unpacked(cell) if isinstance(cell, bytes) else [str(cell)]
    finally:
        connection.close()
    return found


def _unpacked(data: bytes) -> list[str]:
    with contextlib.suppress(zlib.error):
        data = zlib.decompress(data)
    return [data.decode("latin-1"), data.decode("utf-8", "replace")]
