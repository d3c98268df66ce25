"""Nobody else can look into the program's folders, and no planted link is written through."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from explorer.core.model import Call, Entry
from explorer.core.saved.model import SavedRequest
from explorer.errors import SettingsError, StoreError
from explorer.store.drafts import Draft, save_drafts
from explorer.store.files import write_atomic
from explorer.store.folders import Folders
from explorer.store.internal_errors import write_crash_report
from explorer.store.journals import add_lines
from explorer.store.preferences import Settings, save_settings
from explorer.store.saved_files import save
from tests.cli.test_cli import Shell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from explorer.core.catalog import Catalog

SEARCH = ("fashionphile.product_search", "limit=1")


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(environ, capsys)


@pytest.fixture
def folders(environ: Mapping[str, str]) -> Folders:
    return Folders.from_environ(environ)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_is_made_for_its_owner_alone(shell: Shell, home: Path, folders: Folders) -> None:
    before = os.umask(0o022)
    try:
        shell.run("send", *SEARCH)
        shell.run("saved", "add", "bags/find", "--from", SEARCH[0], SEARCH[1])
        save_settings(folders, Settings(theme="paper"))
    finally:
        os.umask(before)
    made = [home, *(path for path in home.rglob("*") if path.is_dir())]
    assert {folders.data / "saved", folders.config, folders.cache} <= set(made)
    assert {path.name: oct(mode(path)) for path in made if mode(path) != 0o700} == {}


def test_folders_of_an_earlier_version_are_closed_to_others(shell: Shell, home: Path, folders: Folders) -> None:
    (folders.data / "saved").mkdir(parents=True)
    for path in (home, folders.data, folders.data / "saved"):
        path.chmod(0o755)
    shell.run("list")
    assert [mode(path) for path in (home, folders.data, folders.data / "saved")] == [0o700] * 3


def test_a_folder_that_holds_other_things_stays_as_it_is(shell: Shell, home: Path) -> None:
    (home / "data").mkdir(parents=True)
    (home / "thesis.tex").write_text("mine")
    home.chmod(0o755)
    shell.run("list")
    assert (mode(home), mode(home / "data")) == (0o755, 0o700)


def _saved(folders: Folders, _shipped: Catalog) -> Path:
    request = SavedRequest(call=Call(vendor="fashionphile", endpoint="product_search", environment=""))
    path = folders.data / "saved" / "find.toml"
    link(path)
    save(folders.data / "saved", "find", request, digest="any")
    return path


def _drafts(folders: Folders, shipped: Catalog) -> Path:
    path = folders.data / "drafts.json"
    link(path)
    save_drafts(folders, {SEARCH[0]: Draft(entries=(Entry(name="limit", value="1"),))}, shipped)
    return path


def _defect(folders: Folders, _shipped: Catalog) -> Path:
    path = folders.data / "defects" / "defect-1.txt"
    link(path)
    write_crash_report(ValueError("x"), folders)
    return path


def link(path: Path) -> None:
    """Plant a link at *path* to a file of the person's that must stay as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.parent / "precious"
    target.write_text("{}")
    path.symlink_to(target)


@pytest.mark.parametrize("write", [_saved, _drafts, _defect])
def test_a_planted_link_is_replaced_and_not_written_through(
    folders: Folders, shipped: Catalog, write: Callable[[Folders, Catalog], Path]
) -> None:
    path = write(folders, shipped)
    assert (path.parent / "precious").read_text() == "{}"


def test_findings_are_not_added_to_a_link(tmp_path: Path) -> None:
    link(tmp_path / "evidence.jsonl")
    with pytest.raises(StoreError, match="link"):
        add_lines(tmp_path / "evidence.jsonl", [{"a": 1}])
    assert (tmp_path / "precious").read_text() == "{}"


def test_a_history_that_is_a_link_is_not_used(shell: Shell, folders: Folders) -> None:
    link(folders.history)
    shell.run("send", *SEARCH)
    assert (shell.code, "is a link" in shell.err) == (0, True)
    assert (folders.data / "precious").read_text() == "{}"


@pytest.mark.parametrize("target", ["notes.txt", "folder.toml"])
def test_settings_are_not_written_through_a_link_to_something_else(
    folders: Folders, tmp_path: Path, target: str
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "folder.toml").mkdir()
    folders.config.mkdir(parents=True)
    (folders.config / "settings.toml").symlink_to(tmp_path / target)
    with pytest.raises((SettingsError, StoreError), match=r"settings\.toml"):
        save_settings(folders, Settings(theme="paper"))
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file to someone else")
def test_settings_are_not_written_through_a_link_to_a_file_of_someone_else(folders: Folders, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('theme = "dusk"\n')
    os.chown(other, 65534, 65534)
    folders.config.mkdir(parents=True)
    (folders.config / "settings.toml").symlink_to(other)
    with pytest.raises(StoreError, match=r"not a \.toml file of yours"):
        save_settings(folders, Settings(theme="paper"))
    assert other.read_text() == 'theme = "dusk"\n'


def test_what_a_killed_writer_left_is_swept_with_the_next_write(tmp_path: Path) -> None:
    """Only files that a writer names so, and not one that another process may be writing now."""
    killed = tmp_path / ".drafts.json.0123456789ab.tmp"
    busy = tmp_path / ".drafts.json.ba9876543210.tmp"
    own = tmp_path / ".notes.tmp"
    for path in (killed, busy, own):
        path.write_text("secret-4711")
    for path in (killed, own):
        os.utime(path, (0, path.stat().st_mtime - 3700))
    write_atomic(tmp_path / "settings.toml", b"a = 1\n")
    assert {path.name for path in tmp_path.iterdir()} == {"settings.toml", busy.name, own.name}


def test_a_link_in_place_of_a_temporary_file_is_left_alone(tmp_path: Path) -> None:
    old = tmp_path / "elsewhere"
    old.write_text("x")
    link = tmp_path / ".drafts.json.0123456789ab.tmp"
    link.symlink_to(old)
    os.utime(link, (0, 0), follow_symlinks=False)
    write_atomic(tmp_path / "settings.toml", b"")
    assert old.exists()
    assert link.is_symlink()
