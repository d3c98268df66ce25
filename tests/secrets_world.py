"""A world whose every secret is marked: a server that takes marked credentials and gives out marked tokens, a home
whose vendors are there, and a search of everything that was written."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import sqlite3
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote_plus

from explorer.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from explorer.core.catalog import Catalog

MINTED = "MintedMark"
"""Stands in every token that the server gives out, and in every password that it makes up."""
CARD = "4444111144441111"
CVV = "871940318870355261"
"""A verification number longer than the digits of any timing or timestamp, which stand beside it in files."""
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
ECHOED = {
    "own header": "ec-Mark-header+4721",
    "own cookie": "ec-Mark-cookie/4722",
    "basic": "ec-Mark basic:4723",
    "extra": "ec-Mark&extra 4724",
    "cookie that was set": "ec-Mark-set-4725",
    "bad field": "ec-Mark-cvv-4726",
}
"""What a person gives of their own, and a cookie of the server; every one is repeated."""
SECRETS = (*MARKED.values(), *ECHOED.values(), MINTED, CARD, CVV, TYPED)
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


def marked_home(home: Path, catalog: Catalog, server: SandboxServer | str, *, more: str = "") -> None:
    """Make a home where every vendor has an environment ``marked``, which is the one in use. *server*: the sandbox, or
    the base URL of all. *more*: of the settings."""
    folder = home / "config" / "catalogs"
    folder.mkdir(parents=True)
    base_url = server.base_url if isinstance(server, SandboxServer) else lambda _vendor: server
    lines = [
        f'[vendors.{vendor.id}.environments.{ENVIRONMENT}]\nbase_url = "{base_url(vendor)}"\n'
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


# --- a server that repeats what it gets ------------------------------------------------------------------------------


@contextmanager
def echo_server() -> Iterator[str]:
    """Run a vendor on loopback that refuses every call and repeats it; yield its base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        if "again=1" not in self.path and self.command == "GET":
            self._send(302, b"", {"Location": f"{self.path}{'&' if '?' in self.path else '?'}again=1"})
        else:
            echo = {f"X-Echo-{number}": value for number, value in enumerate(self.headers.values())}
            self._send(401, json.dumps(self._repeated(sent)).encode(), echo)

    def _repeated(self, sent: str) -> dict[str, Any]:
        """The request in every shape that a vendor might repeat it in."""
        headers = dict(self.headers.items())
        token = next((value for name, value in headers.items() if "token" in name.lower()), "")
        token = token or headers.get("Authorization", "").removeprefix("Bearer ") or unquote_plus(self.path)
        whole = {"path": self.path, "plain": unquote_plus(self.path), "headers": headers, "body": sent}
        basic = base64.b64encode(f"client:{token}".encode()).decode()
        return {
            **dict.fromkeys(("code", "error", "errorCode", "message", "error_description", "hint"), token),
            "success": False,
            "status_code": 401,
            **{name: {"password": [f"{token} is wrong"], "note": sent} for name in ("errors", "errorDetails")},
            "nested": [{"request": {"deep": whole}}],
            "text": f"{self.path} {headers} {sent}",
            "packed": json.dumps({"again": json.dumps(whole)}),
            "basic": f"Basic {basic}",
            "cookie": ECHOED["cookie that was set"],
            "more": "x" * 2000,
        }

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Set-Cookie", f"sid={ECHOED['cookie that was set']}; Path=/")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library looks for

    def log_message(self, *args: object) -> None:
        """Say nothing."""
