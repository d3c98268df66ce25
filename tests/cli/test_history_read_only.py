"""A history that can be read and not written is listed and shown; sending says that nothing is kept, and goes on."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from explorer.cli import main
from tests.cli.test_cli import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65_534
SEARCH = ("fashionphile.product_search", "limit=1")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Modes bind everyone but root."""
    root = os.geteuid() == 0
    if root:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
            os.setegid(0)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Load what the commands import when they run: Python's own files may be for root alone."""
    environ = {"API_EXPLORER_HOME": str(tmp_path_factory.mktemp("loaded"))}
    for words in (
        ("send", *SEARCH),
        ("history", "list", "search"),
        ("history", "show", "1"),
        ("history", "note", "1", ""),
    ):
        main(words, environ)


@pytest.fixture
def shell(loaded: None, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """A person with a home of theirs outside of root's folders, in which two calls are kept."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        with as_nobody():
            shell = Shell({"API_EXPLORER_HOME": f"{folder}/home"}, capsys)
            shell.run("send", *SEARCH)
            shell.run("send", *SEARCH)
            yield shell
            for path in (data_of(shell), *data_of(shell).iterdir()):
                path.chmod(0o700)


def data_of(shell: Shell) -> Path:
    return Path(shell.environ["API_EXPLORER_HOME"]) / "data"


def close(shell: Shell, what: str) -> None:
    """Take the right to write away."""
    data = data_of(shell)
    if what in ("file", "both"):
        (data / "history.sqlite3").chmod(0o400)
    if what in ("folder", "both"):
        data.chmod(0o500)


@pytest.mark.parametrize("what", ["file", "folder", "both"])
def test_what_is_kept_is_listed_and_shown(shell: Shell, what: str) -> None:
    close(shell, what)
    rows = shell.run("history", "list", "--json")
    assert (shell.code, [row["id"] for row in rows]) == (0, [2, 1])
    assert "read-only" in shell.err
    assert shell.run("history", "list", "search", "--json")[0]["id"] == 2
    assert shell.run("history", "show", "1", "--json")["verdict"]["outcome"] == "OK"


@pytest.mark.parametrize("what", ["file", "folder", "both"])
def test_sending_warns_and_goes_on(shell: Shell, what: str) -> None:
    close(shell, what)
    shell.run("send", *SEARCH)
    assert (shell.code, shell.err.count("read-only")) == (0, 1)
    assert "nothing is added" in shell.err
    assert len(shell.run("history", "list", "--json")) == 2


def test_a_note_is_refused_in_words(shell: Shell) -> None:
    close(shell, "both")
    shell.run("history", "note", "1", "text")
    assert (shell.code, "is read-only" in shell.err) == (3, True)


def test_an_entry_whose_body_is_gone_says_so(shell: Shell) -> None:
    config = data_of(shell).parent / "config"
    config.mkdir(exist_ok=True)
    (config / "settings.toml").write_text("history_body_limit = 1000\n")
    shell.run("send", "fashionphile.product_search", "limit=20")
    bodies = list((data_of(shell) / "history.bodies").iterdir())
    assert bodies
    for path in bodies:
        path.unlink()
    shell.run("history", "show", "3")
    assert (shell.code, "the body of the response is not shown" in shell.err) == (0, True)
    assert shell.run("history", "show", "3", "--json")["lost"] == ["response"]
