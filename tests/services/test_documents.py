"""The vendors' documents in a folder of the person's."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.errors import StoreError, UsageError
from explorer.store.documents import document_file, documents_folder, parse_spans, passage, read_document
from explorer.store.folders import Folders
from explorer.store.preferences import Settings, change_settings, load_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "002_abc.txt").write_bytes(b"first\r\nsecond line\nthe THIRD line\n\x1b[31mfourth\nlast without end")
    (tmp_path / "0021.txt").write_text("another document")
    return tmp_path


def test_a_passage_is_the_lines_about_one(folder: Path) -> None:
    lines = passage(folder, "002", 3, around=1)
    assert [(one.number, one.text) for one in lines] == [
        (2, "second line"),
        (3, "the THIRD line"),
        (4, "\x1b[31mfourth"),
    ]
    assert [one.number for one in passage(folder, "002", 1, around=2)] == [1, 2, 3]
    assert [one.text for one in passage(folder, "002", 5, around=0)] == ["last without end"]
    assert passage(folder, "002", 6) == ()


def test_words_are_found_in_any_case_on_one_line(folder: Path) -> None:
    document = read_document(folder, "002")
    assert document.find("line third") == (3,)
    assert document.find("LINE") == (2, 3)
    assert document.find("  ") == ()


def test_a_changed_file_is_read_anew_and_a_missing_one_told_of(folder: Path) -> None:
    assert len(read_document(folder, "002").lines) == 5
    (folder / "002_abc.txt").write_text("only this one now")
    assert read_document(folder, "002").lines == ("only this one now",)
    (folder / "002_abc.txt").unlink()
    with pytest.raises(UsageError, match=r"no 002\.txt"):
        read_document(folder, "002")
    with pytest.raises(StoreError, match="cannot list"):
        read_document(folder / "nowhere", "002")
    with pytest.raises(UsageError, match="no document"):
        document_file(folder, "../002")


def test_the_plain_name_goes_first(folder: Path) -> None:
    (folder / "002.md").write_text("x")
    assert document_file(folder, "002").name == "002.md"


def test_the_variable_goes_before_the_setting(environ: dict[str, str]) -> None:
    folders = Folders.from_environ(environ)
    assert documents_folder(Settings(), environ) is None
    settings, _ = change_settings(folders, documents_folder="/from/setting")
    assert load_settings(folders)[0].documents_folder == "/from/setting"
    assert documents_folder(settings, environ) == Path("/from/setting")
    assert documents_folder(settings, {**environ, "API_EXPLORER_DOCUMENTS": "/from/env"}) == Path("/from/env")


def test_spans_of_the_catalogs_lines() -> None:
    assert parse_spans("83,110-118") == ((83, 83), (110, 118))
    assert parse_spans("") == ()
