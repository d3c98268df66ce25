"""The help fits 80 columns, no summary is cut off, and its examples name commands and endpoints that exist."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click
import pytest

from explorer.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.catalog import Catalog

COLUMNS = 80
WITH_EXAMPLES = ("prepare", "send", "explain", "history", "saved")


def commands(command: click.Command, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Yield a context for *command* and for each command below it."""
    context = click.Context(command, parent=parent, info_name=command.name or "api-explorer", terminal_width=COLUMNS)
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, context)


CONTEXTS = {context.command_path: context for context in commands(cli)}


def help_of(path: str) -> list[str]:
    context = CONTEXTS[path]
    return context.command.get_help(context).splitlines()


def examples(path: str) -> list[str]:
    return [line.strip() for line in help_of(path) if line.strip().startswith("api-explorer ")]


@pytest.mark.parametrize("path", CONTEXTS)
def test_the_help_fits_the_terminal(path: str) -> None:
    assert [line for line in help_of(path) if len(line) > COLUMNS] == []


@pytest.mark.parametrize(
    "path", [path for path, context in CONTEXTS.items() if isinstance(context.command, click.Group)]
)
def test_no_summary_of_a_command_is_cut_off(path: str) -> None:
    lines = help_of(path)
    summaries = lines[lines.index("Commands:") + 1 :]
    assert len(summaries) == len(CONTEXTS[path].command.list_commands(CONTEXTS[path]))  # type: ignore[attr-defined]
    assert [line for line in summaries if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_are_understood(name: str, shipped: Catalog) -> None:
    lines = examples(f"cli {name}")
    assert len(lines) == 3
    for line in lines:
        command: click.Command = cli
        words = shlex.split(line)[1:]
        context = click.Context(cli)
        while isinstance(command, click.Group):
            child = command.get_command(context, words[0])
            assert child is not None, line
            command, words = child, words[1:]
        parameters = command.make_context(command.name, words).params
        address = parameters.get("address") or parameters.get("target") or parameters.get("source") or "12"
        vendor, dot, endpoint = address.partition(".")
        assert not dot or endpoint in shipped.vendors[vendor].endpoints, line
