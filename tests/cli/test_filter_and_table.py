"""``send --filter`` and ``--table``: on one response and on pages; an expression that is wrong is refused first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from explorer.core.text.secret import MASK
from tests.cli.test_cli import shell  # noqa: F401 - a fixture
from tests.cli.test_terminal_output import answering, catalog

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.test_cli import Shell

STOCK = ("send", "endlessaisles.stock", "sku=81001")
CUSTOMERS = ("send", "quickstart.customers_list", "page=1")
PAGES = (*CUSTOMERS, "--max-pages", "2")


def test_the_filter_is_applied_to_the_body(shell: Shell) -> None:  # noqa: F811
    assert shell.run(*STOCK, "--filter", 'data."81001"') == "42\n"
    assert shell.code == 0
    assert json.loads(shell.run(*CUSTOMERS, "--filter", "data[:2].name")) == ["Ada Lovelace", "Alan Turing"]


def test_the_filter_changes_no_exit_code(shell: Shell) -> None:  # noqa: F811
    assert shell.run("send", "endlessaisles.stock", "sku=no-such-sku", "--force", "--filter", "nothing") == "null\n"
    assert shell.code == 1
    assert shell.run(*STOCK, "--filter", "length(data.missing)") == ""
    assert shell.code == 0
    assert "--filter: " in shell.err


def test_a_body_that_is_not_json_is_not_printed(shell: Shell, home: Path) -> None:  # noqa: F811
    with answering(b"<a>1</a>", "application/xml") as port:
        catalog(home, port)
        assert shell.run("send", "big.get", "-e", "live", "--filter", "a") == ""
    assert shell.code == 0
    assert "--filter: the body is not JSON (XML)" in shell.err


def test_numbers_are_printed_as_sent(shell: Shell, home: Path) -> None:  # noqa: F811
    with answering(b'{"id": 12345678901234567890, "price": 1.0}', "application/json") as port:
        catalog(home, port)
        assert shell.run("send", "big.get", "-e", "live", "--filter", "[id, price]") == "[12345678901234567890,1.0]\n"


def test_secrets_are_masked_before_the_filter(shell: Shell) -> None:  # noqa: F811
    words = ("send", "xsellcast.request_token", "client_id=demo-client", "client_secret=demo-client-secret")
    assert json.loads(shell.run(*words, "--filter", "access_token")) == MASK
    assert json.loads(shell.run(*words, "--filter", "[access_token][?starts_with(@, 'demo')]")) == []
    assert MASK in shell.run(*words, "--table")


def test_the_filter_is_applied_to_each_record_of_pages(shell: Shell) -> None:  # noqa: F811
    names = json.loads(shell.run(*PAGES, "--filter", "name"))
    assert names[:2] == ["Ada Lovelace", "Alan Turing"]
    assert len(names) > 10
    lines = shell.run(*PAGES, "--filter", "name", "--ndjson").splitlines()
    assert [json.loads(line) for line in lines] == names
    assert json.loads(shell.run(*PAGES, "--filter", "length(id)")) == []
    assert shell.code == 0
    assert shell.err.count("--filter: ") == 1


def test_records_are_an_aligned_table(shell: Shell) -> None:  # noqa: F811
    head, first, second, *_ = shell.run(*CUSTOMERS, "--table").splitlines()
    assert head.split()[:4] == ["#", "id", "name", "email"]
    assert first.split()[:4] == ["0", "12", "Ada", "Lovelace"]
    assert head.index("email") == first.index("ada@") == second.index("alan@")
    assert shell.code == 0


def test_pages_are_one_table(shell: Shell) -> None:  # noqa: F811
    rows = json.loads(shell.run(*PAGES))
    head, *lines = shell.run(*PAGES, "--filter", "{number: id, who: name}", "--table").splitlines()
    assert head.split() == ["#", "number", "who"]
    assert [int(line.split()[1]) for line in lines] == [row["id"] for row in rows]


def test_an_object_is_a_table_of_one_row_and_a_number_is_none(shell: Shell) -> None:  # noqa: F811
    assert shell.run(*STOCK, "--filter", "data", "--table") == "#  81001\n0  42\n"
    assert shell.run(*STOCK, "--filter", 'data."81001"', "--table") == ""
    assert "--table: the body contains no records" in shell.err
    assert shell.code == 0


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("data[", "Incomplete expression"),
        ("", "empty"),
        ("nme(@)", "unknown function nme()"),
        ("data[].{a: lenght(@)}", "did you mean length()?"),
        ("keys(a, b)", "keys() takes 1 argument, not 2"),
        ("merge()", "merge() takes at least 1 argument, not 0"),
    ],
)
def test_an_invalid_expression_is_named_and_nothing_is_sent(
    expression: str,
    problem: str,
    shell: Shell,  # noqa: F811
) -> None:
    assert shell.run(*STOCK, "--filter", expression) == ""
    assert shell.code == 2
    assert "--filter" in shell.err
    assert f"{expression!r} is not a JMESPath expression" in shell.err
    assert problem in shell.err
    assert "Example: data[0].id" in shell.err
    assert json.loads(shell.run("history", "list", "-j")) == []


@pytest.mark.parametrize("expression", ["data[1:2]", "sort_by(@, &a)", "not_null(a, b, c)", "`1`", "{a: b, c: [d]}"])
def test_valid_expressions_are_accepted(expression: str, shell: Shell) -> None:  # noqa: F811
    shell.run(*STOCK, "--filter", expression)
    assert shell.code == 0


@pytest.mark.parametrize("first", [("--filter", "a"), ("--table",)])
@pytest.mark.parametrize("second", [("--json",), ("--output", "-"), ("--output", "file")])
def test_what_cannot_be_combined_is_named(
    first: tuple[str, ...],
    second: tuple[str, ...],
    shell: Shell,  # noqa: F811
) -> None:
    shell.run(*STOCK, *first, *second)
    assert shell.code == 2
    assert f"{first[0]} and {second[0]} cannot be combined" in shell.err
    assert json.loads(shell.run("history", "list", "-j")) == []
