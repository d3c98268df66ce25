"""Marked secrets are driven through every scheme; then every file, every output and the history are searched."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from explorer.cli import main
from explorer.core.form import parse_entry
from explorer.core.model import Call
from explorer.core.text.secret import Secret
from explorer.session.factory import open_session
from explorer.session.prepare import redact
from explorer.session.replay import prepare_replay
from explorer.session.send import perform, send
from tests.secrets_world import CARD, CVV

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from explorer.session.context import SessionContext

MARKED = {
    "API_EXPLORER_XSELLCAST_CLIENT_SECRET": "marked-secret-xs-4711",
    "API_EXPLORER_FASHIONPHILE_PASSWORD": "marked-secret-fp-4712",
    "API_EXPLORER_COTTONCART_SECRET": "MarkedSecretCc47",
    "API_EXPLORER_QUICKSTART_ACCESS_TOKEN": "marked-secret-qs-4714",
    "API_EXPLORER_ENDLESSAISLES_TOKEN": "marked-secret-ea-4715",
}
CALLS = (
    ("xsellcast.brands_list",),
    ("xsellcast.request_token", "client_id=demo-client", "client_secret=marked-secret-typed-1"),
    ("fashionphile.whoami",),
    ("fashionphile.sign_in", "email=demo@example.com", "password=marked-secret-typed-2"),
    ("cottoncart.stats_balance",),
    ("quickstart.customers_list", "page=1"),
    ("endlessaisles.stock", "sku=81001"),
    (
        *("endlessaisles.stock", "sku=81001", "--extra", "access_token=marked-secret-typed-3"),
        *("--header", "X-Auth-Token:marked-secret-typed-4", "--header", "X-Note:marked-secret-typed-4"),
    ),
)


def everything_written(home: Path) -> str:
    """Every byte of every file, the history's rows unpacked."""
    parts: list[str] = []
    for path in home.rglob("*"):
        if path.is_file():
            parts.append(path.read_bytes().decode("latin-1"))
            if path.suffix == ".sqlite3":
                parts.extend(_rows(path))
    return "\n".join(parts)


def _rows(path: Path) -> list[str]:
    found: list[str] = []
    connection = sqlite3.connect(path)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names of the file itself
                found.extend(_unpacked(cell) for cell in row)
    finally:
        connection.close()
    return found


def _unpacked(cell: object) -> str:
    if isinstance(cell, bytes):
        with contextlib.suppress(zlib.error):
            cell = zlib.decompress(cell)
    return cell.decode("latin-1") if isinstance(cell, bytes) else str(cell)


def spellings(secret: str) -> set[str]:
    """A secret as it may stand in a file."""
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}


def test_refused_secrets_are_nowhere(home: Path, environ: Mapping[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    for words in CALLS:
        for command in (
            ["prepare", *words],
            ["prepare", *words, "--json"],
            ["send", *words],
            ["send", *words, "--json"],
        ):
            main(command, {**environ, **MARKED})
    main(["history", "list"], {**environ, **MARKED})
    for number in range(1, 2 * len(CALLS) + 1):
        main(["history", "show", str(number)], {**environ, **MARKED})
    for number in range(1, 2 * len(CALLS) + 1, 2):
        main(["replay", str(number), "client_secret=marked-secret-typed-1"], {**environ, **MARKED})
        main(["replay", str(number), "--exact", "password=marked-secret-typed-2"], {**environ, **MARKED})
        main(["replay", str(number), "--json"], {**environ, **MARKED})
        main(["replay", str(number), "--exact"], {**environ, **MARKED})
        main(["diff", str(number), str(number + 1), "--all", "--no-mask"], {**environ, **MARKED})
        main(["diff", str(number), str(number + 2), "--json"], {**environ, **MARKED})
        main(["history", "note", str(number), f"tried {' '.join(MARKED.values())}"], {**environ, **MARKED})
    main(["history", "list", "tried", "--json"], {**environ, **MARKED})
    out, err = capfd.readouterr()
    kept = everything_written(home)
    assert "brands" in kept
    assert "tried" in kept
    assert "changed from" not in err
    for secret in [*MARKED.values(), *(f"marked-secret-typed-{number}" for number in range(1, 5))]:
        for spelled in spellings(secret):
            assert spelled not in out, secret
            assert spelled not in err, secret
            assert spelled not in kept, secret


@pytest.fixture
async def session(environ: Mapping[str, str]) -> SessionContext:
    return open_session(environ)


async def test_tokens_passwords_and_cards_are_nowhere(session: SessionContext, home: Path) -> None:
    """What the vendor gave out, and what was typed into bodies, in calls that succeed."""
    secrets: set[str] = set()
    words = (
        ("fashionphile.whoami",),
        ("fashionphile.ping",),
        ("xsellcast.offers_list",),
        ("quickstart.orders_list", "page=1"),
        ("cottoncart.manage_create_user", "email=new@example.com", "name=New"),
        (
            "fashionphile.payment_profile_create",
            "id=1",
            f"credit_card_number={CARD}",
            "expiration_month=12",
            "expiration_year=2030",
            f"verification_number={CVV}",
            "save_for_later=true",
        ),
    )
    for address, *values in words:
        vendor, _, endpoint = address.partition(".")
        call = Call(vendor=vendor, endpoint=endpoint, entries=tuple(parse_entry(word) for word in values), force=True)
        exchange = await send(session, call)
        assert exchange.response is not None
        body = json.loads(exchange.response.body[:])
        if isinstance(body, dict) and isinstance(body.get("user"), dict) and "password" in body["user"]:
            secrets.add(body["user"]["password"])
        secrets |= {token.value.reveal() for token in session.tokens(call).history}
        shown = redact(session, exchange)
        given = tuple(entry for entry in call.entries if entry.value in (CARD, CVV))
        for how in ("again", "exact"):
            plan = await prepare_replay(session, exchange.id, how, given)
            replayed = await perform(session, plan.to_send())
            assert (replayed.response is not None, replayed.origin) == (True, exchange.id)
            for secret in secrets | {CARD, CVV}:
                assert secret not in repr((shown, plan.changes, plan.notes, redact(session, replayed))), address
        secrets |= {token.value.reveal() for token in session.tokens(call).history}
    assert len(secrets) >= 4
    await session.close()
    kept = everything_written(home / "data")
    assert "payment-profiles" in kept
    for secret in secrets | {CARD}:
        assert secret not in kept, secret
    for short in (CARD, CVV):  # what can be guessed must not stand there as a fingerprint either
        assert Secret(short).fingerprint() not in kept
