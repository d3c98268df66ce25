"""Short options mean the long ones, ``-o -`` is stdout, and an error is JSON however ``--json`` was spelled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from explorer.core.text.secret import MASK
from tests.cli.test_cli import shell  # noqa: F401 - a fixture
from tests.cli.test_help import CONTEXTS
from tests.cli.test_terminal_output import JSON, PNG, answering, catalog, piped, shown

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.test_cli import Shell

SHORT = {
    "--env": "-e",
    "--header": "-H",
    "--json": "-j",
    "--output": "-o",
    "--yes": "-y",
    "--reading": "-r",
    "--extra": "-x",
    "--timeout": "-t",
}


def options(path: str) -> dict[str, click.Option]:
    command = CONTEXTS[path].command
    return {name: option for option in command.params if isinstance(option, click.Option) for name in option.opts}


@pytest.mark.parametrize("path", CONTEXTS)
def test_every_command_spells_them_alike(path: str) -> None:
    known = options(path)
    for long, short in SHORT.items():
        assert (long in known) == (short in known), short
        assert known.get(long) is known.get(short)


def test_send_takes_all_of_them() -> None:
    assert set(SHORT.values()) <= set(options("cli send"))


def test_h_is_help(home: Path) -> None:
    assert b"Usage: api-explorer send" in piped(home, "send", "-h")


def test_they_are_read_as_the_long_ones(shell: Shell) -> None:  # noqa: F811
    long = shell.run(
        *("prepare", "endlessaisles.stock", "sku=1", "--env", "production", "--header", "X-A: b", "--extra", "q=1"),
        "--json",
        API_EXPLORER_ENDLESSAISLES_TOKEN="tok-4711",
    )
    short = shell.run(
        *("prepare", "endlessaisles.stock", "sku=1", "-eproduction", "-H", "X-A: b", "-x", "q=1", "-j"),
        API_EXPLORER_ENDLESSAISLES_TOKEN="tok-4711",
    )
    assert json.loads(short) == long
    assert long["request"]["headers"]["X-A"] == "b"
    assert long["request"]["url"].endswith("&q=1")


@pytest.mark.parametrize("word", ["--json", "-j", "-yj"])
def test_an_error_is_json_in_every_spelling(word: str, shell: Shell) -> None:  # noqa: F811
    shell.run("send", "endlessaisles.stock", "sku=81001", word, "--base-url", "http://a b/")
    assert shell.code == 2
    assert json.loads(shell.out)["error"]["exit_code"] == 2


def test_a_value_that_is_spelled_like_it_is_not_it(shell: Shell) -> None:  # noqa: F811
    shell.run("send", "endlessaisles.stock", "sku=81001", "-e", "-j")
    assert shell.code == 2
    assert shell.out == ""


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("-t", "soon"), "soon"),
        (("-e", "nowhere"), "nowhere"),
        (("-r", "nothing"), "nothing"),
        (("-H", "nothing"), "nothing"),
        (("-o", "-", "--json"), "--output -"),
    ],
)
def test_bad_values_are_named_and_nothing_is_sent(
    words: tuple[str, ...],
    named: str,
    shell: Shell,  # noqa: F811
) -> None:
    shell.run("send", "endlessaisles.stock", "sku=81001", *words)
    assert shell.code == 2
    assert named in shell.err
    assert shell.out == "" or "error" in json.loads(shell.out)
    assert json.loads(shell.run("history", "list", "-j")) == []


def test_a_dash_is_stdout_and_a_pipe_gets_every_byte(home: Path) -> None:
    with answering(PNG, "image/png") as port:
        catalog(home, port)
        assert piped(home, "send", "big.get", "-e", "live", "-o", "-") == PNG


def test_a_dash_writes_every_byte_to_a_terminal_too(home: Path) -> None:
    with answering(JSON, "application/json") as port:
        catalog(home, port)
        code, seen = shown(home, "send", "big.get", "-e", "live", "-o", "-")
    assert code == 0
    assert JSON in seen


def test_a_dash_masks_as_stdout_does(shell: Shell) -> None:  # noqa: F811
    words = ("send", "xsellcast.request_token", "client_id=demo-client", "client_secret=demo-client-secret", "-o", "-")
    assert json.loads(shell.run(*words))["access_token"] == MASK
    assert json.loads(shell.run(*words, "--show-secrets"))["access_token"] != MASK
    assert shell.code == 0


def test_pages_are_written_to_stdout(shell: Shell) -> None:  # noqa: F811
    words = ("send", "quickstart.customers_list", "page=1", "--max-pages", "2")
    rows = json.loads(shell.run(*words, "-o", "-"))
    assert shell.code == 0
    assert [row["id"] for row in rows] == [row["id"] for row in json.loads(shell.run(*words))]


def test_a_dash_is_stdout_of_a_report_too(shell: Shell) -> None:  # noqa: F811
    shell.run("saved", "add", "shop/stock", "--from", "endlessaisles.stock", "sku=81001")
    text = shell.run("saved", "run", "shop", "--report", "json", "-o", "-")
    assert shell.code == 0
    assert json.loads(text)
    assert "written to" not in shell.err
