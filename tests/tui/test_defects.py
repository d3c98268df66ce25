"""A defect of the program: it ends with a sentence, and shows or writes nothing of what it held."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, sys
from explorer.session.factory import open_session
from explorer.tui import run_app
from explorer.tui.app import ExplorerApp

def fail(how):
    token = "MARKED-" + "LOCAL-4711"
    if how == "text":
        raise RuntimeError("it was " + token + "\\x1b]0;pwned\\x07")
    if how == "rich":
        class Shown(Exception):
            def __rich__(self):
                return "[red]" + token
        raise Shown(token)
    try:
        {{}}[token]
    except KeyError as error:
        raise ValueError(token) from error

class Broken(ExplorerApp):
    BINDINGS = [("f12", "fail", "Fail")]
    def action_fail(self):
        fail({how!r})

class Unmade(ExplorerApp):
    def __init__(self, session):
        fail("text")

sys.exit(run_app(open_session(os.environ), Unmade if {how!r} == "making" else Broken))
"""


@pytest.mark.parametrize("how", ["text", "rich", "chain", "making"])
def test_a_defect_shows_no_value_on_the_terminal_or_in_a_file(tmp_path: Path, how: str) -> None:
    home = tmp_path / "home"
    terminal = Terminal([sys.executable, "-c", PROGRAM.format(how=how)], str(home))
    if how != "making":
        terminal.until(b"Cotton Cart")
        terminal.type("\x1b[24~")
    assert terminal.until_end() == 70
    assert b"MARKED" not in terminal.seen
    assert b"pwned" not in terminal.seen
    assert b"locals" not in terminal.seen
    after = terminal.seen.rpartition(b"\x1b[?1049l")[2]
    assert b"Internal error" in after
    files = [one for one in home.rglob("*") if one.is_file()]
    assert not [one for one in files if b"MARKED" in one.read_bytes()]
    (written,) = [one for one in files if one.name == "defect-1.txt"]
    text = written.read_text(encoding="utf-8")
    assert " in fail" in text
    assert written.stat().st_mode & 0o077 == 0
    assert b"defect-1.txt" in after.replace(b"\r\n", b"")
    assert str(tmp_path) not in text


def test_the_oldest_files_of_defects_go(tmp_path: Path) -> None:
    from explorer.store.folders import Folders
    from explorer.store.internal_errors import MAX_REPORTS, write_crash_report

    folders = Folders.from_environ({"API_EXPLORER_HOME": str(tmp_path)})
    for _ in range(MAX_REPORTS + 5):
        write_crash_report(ValueError("x"), folders)
    names = {one.name for one in (folders.data / "defects").iterdir()}
    assert len(names) == MAX_REPORTS
    assert f"defect-{MAX_REPORTS + 5}.txt" in names


def test_where_nothing_can_be_written_the_places_are_told(tmp_path: Path) -> None:
    from explorer.store.folders import Folders
    from explorer.store.internal_errors import write_crash_report

    (tmp_path / "data").write_text("a file where the folder should be")
    try:
        raise ValueError("MARKED")
    except ValueError as error:
        words = write_crash_report(error, Folders.from_environ({"API_EXPLORER_HOME": str(tmp_path)}))
    assert "The details could not be written" in words
    assert "test_defects.py" in words
    assert "MARKED" not in words
