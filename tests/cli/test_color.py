"""Colors: which of the option, the environment and the terminal decides; every command that colors has ``--color``."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import TYPE_CHECKING

import click
import pytest

from explorer.cli.color import is_colored
from tests.cli.test_cli import shell  # noqa: F401 - a fixture
from tests.cli.test_help import CONTEXTS
from tests.cli.test_terminal_output import PNG, answering, catalog, piped, shown

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.test_cli import Shell

COLORING = (
    "send",
    "replay",
    "saved run",
    "import curl",
    "diff",
    "lens",
    "history show",
)
BIG = json.dumps([{"name": "record", "id": number} for number in range(30_000)]).encode()


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("option", "environ", "terminal", "colored"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"FORCE_COLOR": ""}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, True, True),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("always", {}, False, True),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {}, True, False),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_the_option_decides_then_the_environment_then_the_terminal(
    option: str, environ: dict[str, str], terminal: bool, colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Stream(terminal=terminal))
    with click.Context(click.Command("send"), obj={"color": option}):
        assert is_colored() is colored
    if option == "auto":
        assert is_colored() is colored


@pytest.mark.parametrize("path", COLORING)
def test_every_command_that_colors_has_the_option(path: str) -> None:
    assert "--color" in [name for parameter in CONTEXTS[f"cli {path}"].command.params for name in parameter.opts]


def test_a_pipe_gets_all_of_a_colored_body_and_binary_data_unchanged(home: Path) -> None:
    with answering(BIG, "application/json") as port:
        catalog(home, port)
        text = piped(home, "send", "big.get", "-e", "live", "--color", "always")
        assert piped(home, "send", "big.get", "-e", "live") == BIG
    assert b'\x1b[36m"name"\x1b[0m' in text
    assert json.loads(re.sub(rb"\x1b\[\d*m", b"", text)) == json.loads(BIG)


def test_binary_data_are_never_colored(home: Path) -> None:
    with answering(PNG, "image/png") as port:
        catalog(home, port)
        assert piped(home, "send", "big.get", "-e", "live", "--color", "always") == PNG


def test_a_terminal_gets_no_color_if_there_is_to_be_none(home: Path) -> None:
    with answering(b'{"name": "value"}', "application/json") as port:
        catalog(home, port)
        code, seen = shown(home, "send", "big.get", "-e", "live", "--color", "never")
        assert (code, b"\x1b[" in seen, b'"name"' in seen) == (0, False, True)
        assert b"\x1b[36m" in shown(home, "history", "show", "1")[1]
        assert b"\x1b[" not in shown(home, "history", "show", "1", "--color", "never")[1]


def test_a_difference_is_colored_in_a_pipe_if_asked_for(shell: Shell) -> None:  # noqa: F811
    shell.run("send", "endlessaisles.stock", "sku=81001")
    shell.run("send", "endlessaisles.stock", "sku=no-such-sku", "--force")
    assert "\x1b[" not in shell.run("diff", "1", "2")
    assert "\x1b[1mresponse status\x1b[0m" in shell.run("diff", "1", "2", "--color", "always")


def test_another_choice_is_a_usage_error(shell: Shell) -> None:  # noqa: F811
    shell.run("send", "endlessaisles.stock", "sku=81001", "--color", "blue")
    assert shell.code == 2
    assert all(word in shell.err for word in ("--color", "blue", "auto", "always", "never"))
    assert json.loads(shell.run("history", "list", "-j")) == []
