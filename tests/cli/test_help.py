"""The help fits 80 columns, no summary is cut off, and its examples name commands and endpoints that exist."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click
import pytest

from explorer.cli import cli
from explorer.cli.completion import complete_line
from tests.cli.test_cli import shell  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.catalog import Catalog
    from tests.cli.test_cli import Shell

COLUMNS = 80
WITH_EXAMPLES = ("prepare", "send", "explain", "history", "saved", "help")
GROUPS = ("Call", "Debug", "History and saved", "Catalog", "Setup")


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
    first = "Call:" if path == "cli" else "Commands:"
    summaries = [line for line in lines[lines.index(first) + 1 :] if line.startswith("  ")]
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


def test_the_commands_are_in_groups_each_once() -> None:
    lines = help_of("cli")
    titles = [line.removesuffix(":") for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Options", *GROUPS]
    rows = [line.split()[0] for line in lines[lines.index("Call:") :] if line.startswith("  ")]
    assert sorted(rows) == sorted(set(rows)) == sorted(CONTEXTS["cli"].command.list_commands(CONTEXTS["cli"]))  # type: ignore[attr-defined]
    assert lines.index("Call:") < lines.index(next(line for line in lines if line.startswith("  send ")))
    assert (
        len({len(line) - len(line.split(maxsplit=1)[1]) for line in lines[lines.index("Call:") :] if line[:2] == "  "})
        == 1
    )


def test_help_without_a_topic_is_the_list_of_commands(shell: Shell) -> None:  # noqa: F811
    assert "History and saved:" in shell.run("help")
    assert shell.code == 0


@pytest.mark.parametrize("words", [("send",), ("history",), ("history", "list"), ("import", "curl"), ("help",)])
def test_help_of_a_command_is_its_help(words: tuple[str, ...], shell: Shell) -> None:  # noqa: F811
    text = shell.run("help", *words)
    assert shell.code == 0
    assert text.startswith(f"Usage: api-explorer {' '.join(words)} ")
    assert CONTEXTS[" ".join(("cli", *words))].command.get_short_help_str(40).removesuffix("...") in text


@pytest.mark.parametrize("address", ["endlessaisles.stock", "cottoncart.order_checkout", "cottoncart"])
def test_help_of_an_endpoint_or_a_vendor_is_what_show_prints(address: str, shell: Shell) -> None:  # noqa: F811
    assert shell.run("help", address) == shell.run("show", address) != ""
    assert shell.code == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("sned",), ("'sned'", "'send'")),
        (("cotoncart",), ("'cotoncart'", "'cottoncart'")),
        (("endlessaisles.stok",), ("stok", "stock")),
        (("history", "lst"), ("'lst'", "'list'")),
        (("send", "now"), ("'now'", "api-explorer help send")),
        (("endlessaisles.stock", "sku"), ("endlessaisles.stock sku", "api-explorer help history list")),
    ],
)
def test_an_unknown_topic_is_named_with_what_is_near(
    words: tuple[str, ...],
    named: tuple[str, str],
    shell: Shell,  # noqa: F811
) -> None:
    assert shell.run("help", *words) == ""
    assert shell.code == 2
    assert all(text in shell.err for text in named), shell.err


def test_topics_are_completed(shell: Shell) -> None:  # noqa: F811
    def values(line: str) -> list[str]:
        return [value for value, _ in complete_line(cli, line, shell.environ)]

    assert values("api-explorer help sen") == ["send"]
    assert values("api-explorer help history ta") == ["tag"]
    assert values("api-explorer help endlessaisles.stoc") == ["endlessaisles.stock"]
    assert values("api-explorer help send ") == []
