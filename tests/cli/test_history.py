"""``history``: found by words and filters, noted, tagged; printed for people and, with ``--json``, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.test_cli import Shell

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    shell = Shell(environ, capsys)
    shell.run("send", "endlessaisles.stock", "sku=81001")
    shell.run("send", "endlessaisles.stock", "sku=no-such-sku", "--force")
    shell.run("send", "cottoncart.stats_balance")
    return shell


def found(shell: Shell, *words: str) -> list[int]:
    rows = shell.run("history", "list", *words, "--json")
    assert shell.code == 0, shell.err
    return [row["id"] for row in rows]


def test_words_and_filters_find_entries(shell: Shell) -> None:
    assert found(shell) == [3, 2, 1]
    assert found(shell, "vendor:endless") == [2, 1]
    assert found(shell, "81001") == [1]
    assert found(shell, "vendor:endlessaisles", "verdict:ok") == [1]
    assert found(shell, "status:>=400 since:1h") == [2]
    assert found(shell, "--before", "3", "--limit", "1") == [2]


def test_a_word_that_cannot_be_read_is_named(shell: Shell) -> None:
    shell.run("history", "list", "statsu:404")
    assert shell.code == 2
    assert "statsu:404" in shell.err
    assert "status:" in shell.err


def test_notes_and_tags_are_shown_found_and_data(shell: Shell) -> None:
    shell.run("history", "note", "1", "compare with the shop")
    shell.run("history", "tag", "1", "later", "#Stock")
    assert shell.code == 0
    assert "later stock" in shell.err
    assert found(shell, "tag:later") == [1]
    assert found(shell, "compare", "shop") == [1]
    row = shell.run("history", "list", "tag:later", "--json")[0]
    assert (row["note"], row["tags"]) == ("compare with the shop", ["later", "stock"])
    shown = shell.run("history", "show", "1", "--json")
    assert (shown["note"], shown["tags"], shown["replays"]) == ("compare with the shop", ["later", "stock"], [])
    assert "#later" in shell.run("history", "list", "tag:later")
    shell.run("history", "show", "1")
    assert "note: compare with the shop" in shell.err

    shell.run("history", "tag", "1", "--remove", "later")
    assert found(shell, "tag:later") == []
    shell.run("history", "tag", "1", "two words")
    assert shell.code == 2
    shell.run("history", "note", "77", "x")
    assert (shell.code, "77" in shell.err) == (2, True)


def test_a_secret_in_a_note_is_masked(shell: Shell) -> None:
    shell.run("history", "note", "3", "signed with Qm7rT2xKp9LwZ4sB")
    note = shell.run("history", "show", "3", "--json")["note"]
    assert note == "signed with ••••••"
    assert found(shell, "Qm7rT2xKp9LwZ4sB") == []
