"""``history size``, ``history prune``, ``history vacuum``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.core.model import Call
from explorer.session.factory import open_session
from explorer.session.history import recent_entries
from explorer.session.send import send
from tests.cli.test_cli import Shell
from tests.services.history_worker import made

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(environ, capsys)


def fill(environ: Mapping[str, str], count: int) -> None:
    """Old entries (of November 2023)."""
    session = open_session(environ)
    history = session.history()
    assert history is not None
    for number in range(count):
        history.complete(0, made(number, b"answer"))
    history.close()


def test_size_names_figures_and_rules(shell: Shell, environ: Mapping[str, str]) -> None:
    fill(environ, 3)
    found = shell.run("history", "size", "--json")
    assert (found["entries"], found["spooled"]) == (3, 0)
    assert found["rules"]["history_keep_days"] == 0
    text = shell.run("history", "size")
    assert "no limit of age" in text
    assert "history_max_bytes" in text


def test_prune_says_first_asks_and_keeps_what_is_noted(shell: Shell, environ: Mapping[str, str]) -> None:
    fill(environ, 5)
    shell.run("history", "note", "2", "keep it")
    shell.run("history", "prune", "--older", "30d", "--dry-run")
    assert "would delete 4 entries from 2023-11-14 to 2023-11-14" in shell.err
    shell.run("history", "prune", "--older", "30d")
    assert "Pass --yes to confirm." in shell.err
    assert len(shell.run("history", "list", "--json")) == 5
    assert shell.run("history", "prune", "--older", "30d", "--yes", "--json")["entries"] == 4
    assert [one["id"] for one in shell.run("history", "list", "--json")] == [2]
    shell.run("history", "prune")
    assert "nothing to prune" in shell.err
    shell.run("history", "vacuum")
    assert " freed" in shell.err
    shell.run("history", "prune", "--older", "soon")
    assert "not a duration" in shell.err
    assert shell.code == 2


def test_entries_are_deleted_by_number_after_asking(shell: Shell, environ: Mapping[str, str]) -> None:
    fill(environ, 3)
    shell.run("history", "delete", "1", "2")
    assert (shell.code, "deleting entries 1, 2 is permanent" in shell.err) == (2, True)
    shell.run("history", "delete", "1", "2", "--yes")
    assert (shell.code, shell.err.strip()) == (0, "deleted 2 of 2 entries")
    assert [one["id"] for one in shell.run("history", "list", "--json")] == [3]
    shell.run("history", "delete", "9", "--yes")
    assert (shell.code, shell.err.strip()) == (2, "deleted 0 of 1 entry")


def test_a_rule_of_the_settings_is_applied(shell: Shell, environ: Mapping[str, str], home: Path) -> None:
    fill(environ, 3)
    folder = home / "config"
    folder.mkdir(exist_ok=True)
    (folder / "settings.toml").write_text("history_keep_days = 30\n")
    assert shell.run("history", "prune", "--yes", "--json")["entries"] == 3


async def test_rules_are_applied_in_the_background_and_what_is_missing_is_told(environ: Mapping[str, str]) -> None:
    from explorer.session.history import entry_details
    from explorer.session.retention import change_retention, prune_in_background

    session = open_session(environ)
    await change_retention(session, history_body_limit=1000)
    sent = await send(session, Call(vendor="xsellcast", endpoint="offers_list", force=True))
    history = session.history()
    assert history is not None
    for number in range(120):
        history.complete(0, made(number, b"answer"))
    history.bodies.limit = 1
    large = history.complete(0, made(1, b"answer"))
    for one in history.bodies.folder.iterdir():
        one.unlink()
    await change_retention(session, history_keep_days=30)
    found = await entry_details(session, large)
    await prune_in_background(session)
    assert [row.id for row in await recent_entries(session)] == [sent.id]
    assert session.settings.history_keep_days == 30
    assert found.problems == ("the file of the response body is missing",)
    await session.close()
