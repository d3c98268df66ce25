"""Completion as a shell asks for it, and the bash script run by bash itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from explorer.cli import cli
from explorer.cli.completion import COMPLETERS, SCRIPTS, complete_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def values(line: str, environ: Mapping[str, str]) -> list[str]:
    return [value for value, _help in complete_line(cli, f"api-explorer {line}", environ)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("se", "send"),
        ("saved r", "run"),
        ("send cottoncart.stats_b", "cottoncart.stats_balance"),
        ("show cotton", "cottoncart"),
        ("doctor fash", "fashionphile"),
        ("send cottoncart.stats_sales ", "format="),
        ("send cottoncart.stats_sales format=", "format=xml"),
        ("send xsellcast.brands_list --env ", "sandbox"),
        ("prepare xsellcast.brands_list --reading example", "example_verb=post"),
        ("readings adopt xsellcast.brands_list example_verb ", "post"),
        ("tracks start ", "first-call"),
        ("export --as w", "wget"),
        ("send --show", "--show-secrets"),
    ],
)
def test_a_line_is_completed(line: str, expected: str, environ: Mapping[str, str]) -> None:
    completions = values(line, environ)
    assert expected in completions
    assert all(value.startswith(line.split(" ")[-1]) for value in completions)


def test_a_parameter_that_was_given_is_not_offered_again(environ: Mapping[str, str]) -> None:
    assert "format=" not in values("send cottoncart.stats_sales format=json ", environ)


@pytest.mark.parametrize("line", ["", "nonsense ", "send no.such ", "send 'open quote", "history list \x1b[2J"])
def test_a_line_that_means_nothing_has_no_completions_and_no_error(line: str, environ: Mapping[str, str]) -> None:
    completions = values(line, environ) if line else []
    assert not any("\x1b" in value for value in completions)


def commands(group: click.Group, ctx: click.Context) -> Iterator[click.Command]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield command
        if isinstance(command, click.Group):
            yield from commands(command, ctx)


def test_every_completer_is_of_a_parameter_that_some_command_has() -> None:
    ctx = click.Context(cli, obj={})
    names = {parameter.name for command in commands(cli, ctx) for parameter in command.params}
    assert set(COMPLETERS) <= names


def bash(tmp_path: Path, line: str, environ: Mapping[str, str]) -> list[str]:
    """Return what bash offers at the end of *line*, with its own way of splitting words."""
    program = tmp_path / "api-explorer"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m explorer "$@"\n')
    program.chmod(0o755)
    words = line.replace("=", " = ").split()
    words += [""] if line.endswith(" ") else []
    script = (
        f'{SCRIPTS["bash"]}\nCOMP_LINE="$1"; COMP_POINT=${{#1}}; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n'
        "_api_explorer api-explorer; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        ["bash", "-c", script, "bash", line, *words],
        env={**os.environ, **environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_bash_replaces_only_what_stands_after_the_equals_sign(tmp_path: Path, environ: Mapping[str, str]) -> None:
    assert bash(tmp_path, "api-explorer send cottoncart.stats_sales format=", environ) == ["json ", "xml "]


def test_bash_leaves_the_cursor_behind_an_equals_sign(tmp_path: Path, environ: Mapping[str, str]) -> None:
    offered = bash(tmp_path, "api-explorer send cottoncart.stats_sales ", environ)
    assert "format=" in offered
    assert "format= " not in offered


@pytest.mark.parametrize("shell", list(SCRIPTS))
def test_the_command_prints_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    from explorer.cli import main

    assert main(["completion", shell], {}) == 0
    assert capsys.readouterr().out == SCRIPTS[shell]
