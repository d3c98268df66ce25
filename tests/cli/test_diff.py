"""``diff`` and ``lens``: the exit code tells whether something differs, colour is for terminals, secrets are masked."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_cli import Shell

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    shell = Shell({**environ, "API_EXPLORER_COTTONCART_SECRET": "MarkedSecretCc73"}, capsys)
    shell.run("send", "endlessaisles.stock", "sku=81001")
    shell.run("send", "endlessaisles.stock", "sku=81001")
    shell.run("send", "endlessaisles.stock", "sku=no-such-sku", "--force")
    return shell


def test_equal_entries_exit_with_0_and_different_ones_with_1(shell: Shell) -> None:
    shell.run("diff", "1", "2")
    assert shell.code == 0
    assert "the same" in shell.err
    text = shell.run("diff", "1", "3")
    assert shell.code == 1
    assert "status 200 → 422" in shell.err
    assert "response status" in text
    assert "- status  200 OK" in text
    assert "+ status  422 Unprocessable Entity" in text


def test_a_number_that_is_not_there_is_a_usage_error(shell: Shell) -> None:
    shell.run("diff", "1", "77")
    assert shell.code == 2
    assert "77" in shell.err
    shell.run("diff", "one", "2")
    assert shell.code == 2


def test_one_side_and_own_patterns(shell: Shell) -> None:
    text = shell.run("diff", "1", "3", "--only", "request")
    assert shell.code == 1
    assert "response" not in text
    table = shell.run("diff", "1", "3", "--only", "request", "--json")
    patterns = [f"--ignore={change['path']}" for change in table["changes"]]
    assert patterns
    shell.run("diff", "1", "2", "--no-mask", "--only", "request")
    assert "volatile" not in shell.err


def test_a_pattern_masks_a_field(shell: Shell) -> None:
    changed = [one for one in shell.run("diff", "1", "3", "--json")["changes"] if one["part"] == "headers"]
    names = {one["path"] for one in changed if not one["masked"]}
    assert "x-sandbox-check" in names
    table = shell.run("diff", "1", "3", "--json", "--ignore", "header:X-Sandbox-Check")
    assert "x-sandbox-check" not in {one["path"] for one in table["changes"] if not one["masked"]}


def test_the_data_says_where_each_change_is(shell: Shell) -> None:
    table = shell.run("diff", "1", "3", "--json")
    assert (table["left"]["id"], table["right"]["id"], table["equal"]) == (1, 3, False)
    status = next(one for one in table["changes"] if one["path"] == "status")
    assert (status["kind"], status["left"], status["right"]) == ("changed", "200 OK", "422 Unprocessable Entity")
    assert table["counts"]["changed"] == sum(not one["masked"] for one in table["changes"])


def test_all_lines_are_there_where_they_are_asked_for(shell: Shell) -> None:
    assert "equal lines" not in shell.run("diff", "1", "3", "--all")
    assert "request headers" in shell.run("diff", "1", "3", "--all")


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_colour_is_for_terminals_and_not_with_no_color(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, terminal: bool, no_color: str, coloured: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert bool(re.search(r"\x1b\[31m- status", shell.run("diff", "1", "3"))) is coloured


def test_no_secret_is_in_a_diff(shell: Shell) -> None:
    shell.run("send", "cottoncart.stats_balance")
    shell.run("send", "cottoncart.stats_balance", "--header", "X-Note: MarkedSecretCc73")
    for words in (("--json",), ("--all",), ("--no-mask", "--all")):
        shell.run("diff", "4", "5", *words)
        assert "MarkedSecretCc73" not in str(shell.out) + shell.err


def test_the_lens_lists_versions_and_sends_two(shell: Shell) -> None:
    assert "application/x.fashionphile.v2+json" in shell.run("lens", "fashionphile.product_search")
    assert shell.code == 0
    table = shell.run("lens", "fashionphile.product_search", "--version", "missing", "--json")
    assert shell.code == 1
    assert [one["key"] for one in table["versions"]] == ["documented", "missing"]
    assert (table["left"]["status"], table["right"]["status"]) == (200, 400)
    assert "has no version" in shell.err
    shell.run("lens", "cottoncart.stats_balance", "--version", "v2")
    assert shell.code == 2
    assert len(shell.run("history", "list", "--json")) == 5
