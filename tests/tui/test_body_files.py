"""Bodies as files: in a person's pager and editor, which get the terminal; what is too large to filter; what is left
behind by a program that was killed."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from explorer.core.body import filters
from explorer.core.body.filters import Filter
from explorer.core.body.table import RecordTable
from explorer.tui.body import files
from tests.terminal import Terminal
from tests.tui.test_body_panel import API, Bench, settled, shown, typed, until

if TYPE_CHECKING:
    from pathlib import Path

VIEWER = """
import os
from textual.app import App
from explorer.tui.body.panel import BodyPanel

class Viewer(App):
    def compose(self):
        yield BodyPanel()
    def on_mount(self):
        self.query_one(BodyPanel).show(os.environ["BODY"].encode(), "application/json")
        self.query_one(BodyPanel).view.focus()

Viewer().run()
print("LEFT", flush=True)
"""
STUB = """#!/bin/sh
echo "$1" > "$RECORD.argument"
eval "path=\\${$#}"
stat -c %a "$path" > "$RECORD.mode"
cat "$path" > "$RECORD.shown"
echo "$path" > "$RECORD.path"
echo STUB-HAS-THE-TERMINAL
read answer
echo "$answer" > "$RECORD.typed"
"""
CUNNING = '{"a":1.0,"b":"x\\u001b[31my"}'.replace("\\u001b", "\x1b")


def stub(folder: Path) -> Path:
    """A program that keeps what it was given, says so on the terminal, and waits for a line to be typed."""
    program = folder / "stub"
    program.write_text(STUB)
    program.chmod(0o700)
    return program


def opened_with(key: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the program that *name* calls was given by *key*; the app is there again afterwards."""
    record = folder / "record"
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv(name, f"{stub(folder)} --option")
    monkeypatch.setenv("RECORD", str(record))
    monkeypatch.setenv("BODY", CUNNING)
    terminal = Terminal([sys.executable, "-c", VIEWER], str(folder), 80, 24)
    try:
        terminal.until(b"line 1 of")
        here = terminal.type(key)
        terminal.until(b"STUB-HAS-THE-TERMINAL", since=here)
        here = terminal.type("typed in the program\n")
        terminal.until(b"line 1 of", since=here)
        here = terminal.type("\x11")
        terminal.until(b"LEFT", since=here)
    finally:
        terminal.end()
    return {one.suffix[1:]: one.read_text() for one in folder.glob("record.*")}


def test_the_pager_gets_the_terminal_and_the_lines_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = opened_with("o", "PAGER", tmp_path, monkeypatch)
    assert told["argument"] == "--option\n"
    assert told["mode"] == "600\n"
    assert told["typed"] == "typed in the program\n"
    assert "\x1b" not in told["shown"], "nothing in it acts on the terminal"
    assert not os.path.exists(told["path"].strip()), "the file is gone"  # noqa: PTH110


def test_the_editor_gets_the_bytes_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = opened_with("O", "EDITOR", tmp_path, monkeypatch)
    assert told["typed"] == "typed in the program\n"
    assert "\x1b[31m" in told["shown"]
    assert not os.path.exists(told["path"].strip())  # noqa: PTH110


async def test_a_pager_that_is_not_there_is_said() -> None:
    async with Bench({"PAGER": "/no/such/pager"}).run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        await pilot.press("o")
        await until(pilot, lambda: "No such file" in app.status() or "does not support running" in app.status())
        await settled(pilot)
        assert app.focused is app.view


def test_the_editor_goes_before_the_default_and_arguments_stay() -> None:
    environ = {"VISUAL": "code --wait", "EDITOR": "nano", "PAGER": "less -R"}
    assert files.program(environ, edit=True) == ["code", "--wait"]
    assert files.program(environ, edit=False) == ["less", "-R"]
    assert files.program({}, edit=True) == ["vi"]
    assert files.program({}, edit=False) == ["less"]


def test_a_body_too_large_to_filter_is_refused_in_words() -> None:
    body = b'"' + b"x" * filters.MAX_SIZE + b'"'
    assert Filter("json", body).run("length(@)").problem == "the body is too large to filter (more than 64 MB)"


async def test_the_refusal_stands_under_the_box() -> None:
    body = b"[" + b",".join([b'"' + b"x" * 999_990 + b'"'] * 65) + b"]"
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = pilot.app
        assert isinstance(app, Bench)
        app.panel.show(body, "application/json")
        app.view.focus()
        await until(pilot, lambda: app.view.document is not None and app.view.document.complete)
        await pilot.press("vertical_line")
        await typed(pilot, "length(@)")
        await until(pilot, lambda: "the body is too large to filter (more than 64 MB)" in app.problem("filter"))


def test_files_of_a_killed_program_are_swept_and_those_of_a_running_one_stay(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f"api-explorer-{dead.pid}-abc.json"
    mine = tmp_path / f"api-explorer-{os.getpid()}-abc.json"
    others = tmp_path / "api-explorer-notes-abc.json"
    for one in (left, mine, others):
        one.write_text("{}")
    assert files.sweep(str(tmp_path)) == [str(left)]
    assert (left.exists(), mine.exists(), others.exists()) == (False, True, True)


async def test_no_name_leads_to_the_files_of_a_large_body_and_its_process_ends(tmp_path: Path) -> None:
    import tempfile

    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path)
    try:
        async with Bench().run_test(size=(80, 12)) as pilot:
            app = pilot.app
            assert isinstance(app, Bench)
            app.panel.show(b"[" + b'{"name": "kettle"},' * 60_000 + b"1]", "application/json")
            await until(pilot, lambda: app.view.document is not None and app.view.document.complete)
            making = app.panel._layout_process
            assert making is not None
            assert os.listdir(tmp_path) == []  # noqa: PTH208
            for file in making._files:
                assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077 == 0
    finally:
        tempfile.tempdir = before
    assert all(file.closed for file in making._files)
    children = await asyncio.to_thread(
        subprocess.run, ["ps", "--ppid", str(os.getpid()), "-o", "args="], capture_output=True, text=True
    )
    assert "body.maker" not in children.stdout


async def test_without_room_for_files_a_large_body_is_laid_out_here_and_that_is_said() -> None:
    import tempfile

    before, tempfile.tempdir = tempfile.tempdir, "/no/such/folder"
    try:
        async with Bench().run_test(size=(100, 12)) as pilot:
            app = pilot.app
            assert isinstance(app, Bench)
            app.panel.show(b"[" + b'{"name": "kettle"},' * 60_000 + b"1]", "application/json")
            await until(pilot, lambda: app.view.document is not None and app.view.document.complete)
            assert app.view.document is not None
            assert app.view.document.line_count == 60_000 * 3 + 3
            assert "formatted without a worker process" in app.note()
    finally:
        tempfile.tempdir = before


@pytest.mark.parametrize("room", [True, False])
async def test_a_large_body_is_filtered_and_made_a_table_with_and_without_files(room: bool, tmp_path: Path) -> None:
    import tempfile

    records = [{"id": n, "name": "kettle" * 3, "seen": n % 4 == 0} for n in range(24_000)]
    body, left = json.dumps({"data": records}).encode(), [one for one in records if one["seen"]]
    before, tempfile.tempdir = tempfile.tempdir, str(tmp_path) if room else "/no/such/folder"
    try:
        async with Bench().run_test(size=(100, 12)) as pilot:
            app = pilot.app
            assert isinstance(app, Bench)
            app.panel.show(body, "application/json")
            app.view.focus()
            await until(pilot, lambda: app.view.document is not None and app.view.document.complete)
            await pilot.press("vertical_line")
            await typed(pilot, "data[?seen]")
            await until(pilot, lambda: "filtered" in app.status())
            await until(pilot, lambda: app.view.document is not None and app.view.document.complete)
            assert app.view.document is not None
            assert app.view.document.text() == json.dumps(left, indent=2)
            assert os.listdir(tmp_path) == []  # noqa: PTH208
            await pilot.press("escape", "v")
            await until(pilot, lambda: isinstance(app.view.document, RecordTable))
            rows = [line.split() for line in app.painted()]
            head = rows.index(["#", "id", "name", "seen"])
            assert rows[head + 1] == ["0", "0", "kettlekettlekettle", "true"]
            assert app.view.document.line_count == 24_000
            await pilot.press("v")
            assert app.view.document.text().startswith(body[:60].decode())
    finally:
        tempfile.tempdir = before


async def test_a_process_that_is_killed_loses_nothing() -> None:
    body = b"[" + b'{"name": "kettle"},' * 90_000 + b"1]"
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = pilot.app
        assert isinstance(app, Bench)
        app.panel.begin("application/json")
        app.panel.feed(body[:1_200_000])
        await until(pilot, lambda: app.view.document is not None and app.view.document.line_count > 120_000)
        making = app.panel._layout_process
        assert making is not None
        assert making._child is not None
        assert making._child._process is not None
        making._child._process.kill()
        await until(pilot, lambda: app.panel._layout_process is None)
        app.panel.feed(body[1_200_000:])
        app.panel.finish(body, "application/json")
        await until(pilot, lambda: app.view.document is not None and app.view.document.complete)
        assert app.view.document is not None
        assert app.view.document.line_count == 90_000 * 3 + 3
