"""``replay``: the outputs and exit codes of ``send``, for an entry of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.core.model import Call
from explorer.session.factory import open_session
from explorer.session.replay import prepare_replay
from explorer.session.send import perform, send
from tests.cli.test_cli import Shell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CLOSED = """
[vendors.closed]
title = "Closed"
[vendors.closed.environments.live]
base_url = "http://127.0.0.1:1"
guarded = true
[vendors.closed.endpoints.make]
title = "Make"
group = "G"
method = "POST"
path = "/things"
body = "json"
effect = "create"
[vendors.closed.endpoints.make.params]
name = { in = "json", required = true }
pin = { in = "json", secret = true }
"""


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(environ, capsys)


@pytest.mark.parametrize("how", [(), ("--exact",)])
def test_an_entry_is_sent_again_and_judged(shell: Shell, how: tuple[str, ...]) -> None:
    shell.run("send", "cottoncart.stats_balance")
    first = shell.run("history", "show", "1", "--json")
    again = shell.run("replay", "1", *how, "--json")
    assert shell.code == 0, shell.err
    assert (again["verdict"]["outcome"], again["history"]) == ("OK", 2)
    assert again["response"]["body"] == first["response"]["body"]
    shown = shell.run("history", "show", "2", "--json")
    assert (shown["origin"], shown["replayed"]) == (1, "exact" if how else "again")
    assert shell.run("history", "show", "1", "--json")["replays"] == [2]
    shell.run("history", "show", "2")
    assert "replay of 1" in shell.err
    if how:
        assert first["request"]["url"].partition("?")[2] == again["request"]["url"].partition("?")[2]


def test_a_refusal_has_the_exit_code_of_a_refusal(shell: Shell, tmp_path: Path) -> None:
    shell.run("send", "endlessaisles.stock", "sku=no-such-sku", "--force")
    code = shell.code
    shell.run("replay", "1", "--output", str(tmp_path / "body"))
    assert shell.code == code == 1
    assert b"error" in (tmp_path / "body").read_bytes()


def test_what_was_masked_is_given_again(shell: Shell, home: Path) -> None:
    (home / "config" / "catalogs").mkdir(parents=True)
    (home / "config" / "catalogs" / "closed.toml").write_text(CLOSED, encoding="utf-8")
    shell.run("send", "closed.make", "name=box", "pin=4711", "--env", "live", "--yes")
    assert shell.code == 3
    shell.run("replay", "1", "--yes")
    assert (shell.code, "pin" in shell.err, "NAME=VALUE" in shell.err) == (2, True, True)
    for how in ((), ("--exact",)):
        shell.run("replay", "1", "pin=4711", *how)
        assert shell.code == 2
        assert "--yes" in shell.err
        table = shell.run("replay", "1", "pin=4711", "--yes", "--json", *how)
        assert (shell.code, table["error"]["kind"]) == (3, "ConnectFailed")
        assert table["request"]["body"] == {"name": "box", "pin": "••••••"}


@pytest.mark.parametrize(("words", "said"), [(("99",), "99"), (("1", "colour=red"), "colour"), (("1", "x"), "'x'")])
def test_what_cannot_be_replayed_is_named(shell: Shell, words: tuple[str, ...], said: str) -> None:
    shell.run("send", "endlessaisles.stock", "sku=81001")
    shell.run("replay", *words)
    assert shell.code == 2
    assert said in shell.err


async def test_the_sandbox_refuses_a_signature_that_expired(environ: Mapping[str, str]) -> None:
    session = open_session(environ)
    clock = [1_700_000_000.0]
    session.now = lambda: clock[0]
    try:
        first = await send(session, Call(vendor="cottoncart", endpoint="stats_balance"))
        clock[0] += 86_400
        exact = await perform(session, (await prepare_replay(session, first.id, "exact")).to_send())
        again = await perform(session, (await prepare_replay(session, first.id, "again")).to_send())
    finally:
        await session.close()
    assert exact.request == first.request
    assert exact.response is not None
    assert exact.response.header("x-sandbox-check") == "timestamp"
    assert (first.verdict.outcome, exact.verdict.outcome, again.verdict.outcome) == ("OK", "FAILED", "OK")


async def test_a_token_that_was_used_up_is_sent_as_it_was(environ: Mapping[str, str]) -> None:
    session = open_session(environ)
    clock = [1_700_000_000.0]
    session.now = lambda: clock[0]
    call = Call(vendor="fashionphile", endpoint="whoami")
    try:
        first = await send(session, call)
        await send(session, call)
        clock[0] += 60
        exact = await perform(session, (await prepare_replay(session, first.id, "exact")).to_send())
        again = await perform(session, (await prepare_replay(session, first.id, "again")).to_send())
    finally:
        await session.close()
    assert exact.request == first.request
    assert exact.response is not None
    assert exact.response.header("x-sandbox-check") == "token_blacklisted"
    assert again.verdict.outcome == "OK"
