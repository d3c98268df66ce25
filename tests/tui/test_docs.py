"""The Docs tab: notes, and the vendor's document beside them where a person pointed to a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.cli import main
from explorer.tui.panes.request.docs_notes import DocsNotes
from explorer.tui.panes.request.docs_view import PassageView
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A document of our own with as many lines as the catalog points to; hostile in places."""
    lines = [f"filler {number}" for number in range(1, 1301)]
    lines[1068] = "Sales begin here \x1b]0;title\x07"
    lines[39] = "signing words stand here: SORT the keys"
    lines[899] = "another SORT of keys"
    (tmp_path / "002_own.txt").write_text("\n".join(lines))
    return tmp_path


@pytest.fixture
def reader(session: SessionContext, folder: Path) -> SessionContext:
    session.environ = {**session.environ, "API_EXPLORER_DOCUMENTS": str(folder)}
    return session


async def docs(app: Driver, address: str = "cottoncart.stats_sales") -> None:
    await app.open(address)
    app.main.panes.request_pane.open_tab("docs")
    await app.until(lambda: app.main.query(DocsNotes), "the notes")
    app.main.query_one(DocsNotes).focus()


async def test_the_document_stands_at_the_passage_of_the_endpoint(reader: SessionContext) -> None:
    async with driven(reader, SIZES[0]) as app:
        await docs(app)
        async for _ in app.at_every_size():
            await app.see("Sales begin here ␛]0;title")
            await app.see("line 1,069 of 1,300")
            await app.see("002_own.txt")


async def test_keys_walk_along_what_is_cited_and_the_document_follows(reader: SessionContext) -> None:
    async with driven(reader, (200, 50)) as app:
        await docs(app)
        view = app.main.query_one(PassageView)
        await app.see("line 1,069")
        seen = []
        for _ in range(6):
            await app.keys("j")
            seen.append(view.line)
        assert seen[0] == 1069
        assert len(set(seen)) > 3
        await app.keys("k")
        await app.until(lambda: view.line == seen[-2], "the one before")
        await app.keys("p")
        await app.until(lambda: view.line == 1069, "the passage again")


async def test_the_whole_document_is_searched(reader: SessionContext) -> None:
    async with driven(reader, (120, 50)) as app:
        await docs(app)
        await app.see("line 1,069")
        view = app.main.query_one(PassageView)
        await app.keys("slash")
        await app.write("sort keys")
        await app.keys("enter")
        await app.until(lambda: view.line == 40, "the first hit after the passage, round the end")
        await app.see("1 of 2")
        await app.see("signing words stand here")
        await app.keys("n")
        await app.until(lambda: view.line == 900, "the next")
        await app.see("2 of 2")
        await app.keys("N")
        await app.until(lambda: view.line == 40, "the one before")
        await app.keys("slash")
        await app.write("nothing like this")
        await app.see("no match")
        await app.keys("escape")
        await app.until(lambda: app.main.focused is view, "the document")


async def test_a_changed_and_a_missing_file_are_told_of(reader: SessionContext, folder: Path) -> None:
    async with driven(reader, (120, 50)) as app:
        await docs(app)
        await app.see("line 1,069 of 1,300")
        (folder / "002_own.txt").write_text("short now\n")
        await app.keys("j")
        await app.see("file changed, reloaded")
        await app.keys("j")
        await app.see("past the end: different edition?")
        (folder / "002_own.txt").unlink()
        await app.keys("j")
        await app.see("no 002.txt or 002_….txt")


async def test_without_a_folder_the_notes_are_there_and_say_how(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await docs(app)
        await app.see("API_EXPLORER_DOCUMENTS")
        await app.see("start_date depends on end_date")
        await app.keys("j", "j")
        await app.keys("slash")
        await app.until(lambda: app.main.panes.pane == "tree", "the key of the whole screen")


def test_the_command_line_reads_the_document(
    environ: Mapping[str, str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["docs", "cottoncart.stats_sales"], environ) == 0
    told = capsys.readouterr()
    assert "start_date depends on end_date" in told.out
    assert "API_EXPLORER_DOCUMENTS" in told.err
    here = {**environ, "API_EXPLORER_DOCUMENTS": str(folder)}
    assert main(["docs", "cottoncart.stats_sales", "--around", "0"], here) == 0
    assert capsys.readouterr().out.splitlines()[0] == "1069  Sales begin here ␛]0;title␇"
    assert main(["docs", "cottoncart", "--search", "keys sort", "--around", "0"], here) == 0
    assert capsys.readouterr().out.splitlines() == [
        " 40  signing words stand here: SORT the keys",
        "--",
        "900  another SORT of keys",
    ]
    assert main(["docs", "cottoncart", "--search", "nowhere to be seen"], here) == 2
    assert main(["docs", "fashionphile", "--search", "x"], here) == 2
    assert "no 001.txt" in capsys.readouterr().err


async def test_the_keys_of_the_docs_work_when_one_comes_by_the_key_for_the_next_tab(reader: SessionContext) -> None:
    async with driven(reader, (80, 24)) as app:
        await app.open("cottoncart.stats_sales")
        await app.keys("escape", "1", "left_square_bracket")
        await app.until(lambda: isinstance(app.main.focused, DocsNotes), "the notes")
        await app.see("Sales begin here")
        await app.see("Next cited line")
        await app.keys("slash")
        await app.write("SORT")
        await app.see("line 40 of 1,300")
        await app.keys("escape", "right_square_bracket")
        await app.see("format")
