"""Settings: bad input is named with file, key and what would be right; saving loses nothing."""

from __future__ import annotations

import resource
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from explorer.errors import SettingsError, StoreError
from explorer.store.folders import Folders
from explorer.store.preferences import Settings, change_settings, load_settings, save_settings
from explorer.store.toml_edit import dump_toml, edit_toml
from tests.properties import given, settings, st

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders.from_environ({"API_EXPLORER_HOME": str(tmp_path)})


def written(folders: Folders, text: str | bytes) -> Path:
    path = folders.config / "settings.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_one_variable_moves_every_folder(tmp_path: Path) -> None:
    folders = Folders.from_environ({"API_EXPLORER_HOME": str(tmp_path)})
    assert folders == (tmp_path / "config", tmp_path / "data", tmp_path / "cache")
    usual = Folders.from_environ({})
    assert all(one.is_absolute() and "api-explorer" in str(one) for one in usual)
    assert Folders.from_environ({"API_EXPLORER_HOME": ""}) == usual


def test_no_file_means_the_defaults(folders: Folders) -> None:
    settings, problems = load_settings(folders)
    assert (settings, problems) == (Settings(), ())
    assert settings.default_environment == "sandbox"
    assert settings.timeout_seconds == 30


def test_what_was_saved_is_loaded(folders: Folders) -> None:
    changed = Settings(
        theme="dusk", timeout_seconds=2.5, environments={"shop": "test"}, keymap={"send": "f5"}, sidebar=False
    )
    save_settings(folders, changed)
    path = folders.config / "settings.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_settings(folders) == (changed, ())
    assert load_settings(folders) == (changed, ())  # now out of the cache
    assert tomllib.loads(path.read_text())["environments"] == {"shop": "test"}
    assert [one.name for one in folders.config.iterdir()] == ["settings.toml"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('timeout_seconds = "long"', ["timeout_seconds", "'long'", "0.1 to 3600"]),
        ("timeout_seconds = 0", ["timeout_seconds", "0.1 to 3600"]),
        ("timeout_seconds = nan", ["timeout_seconds", "nan"]),
        ("timeout_seconds = true", ["timeout_seconds", "True"]),
        ("sandbox_port = 70000", ["sandbox_port", "70000", "65535"]),
        ("sandbox_port = 1.5", ["sandbox_port", "1.5"]),
        ("max_body_bytes = -1", ["max_body_bytes", "1000"]),
        ("theme = 3", ["theme", "3", "name of a theme"]),
        ('theme = "\\u001b[31m"', ["theme", "name of a theme"]),
        ('layout = "sideways"', ["layout", "'sideways'", '"stacked"']),
        ("sidebar = 1", ["sidebar", "true or false"]),
        ('environments = "test"', ["environments", "'test'", "table"]),
        ("[environments]\nshop = 3", ["environments.shop", "3"]),
        ("[keymap]\nsend = 5", ["keymap.send", "5", "f5,ctrl+r"]),
        ('teme = "dusk"', ["teme", "did you mean 'theme'"]),
        ("zzz = 1", ["zzz", "known: theme"]),
        ("theme = ", ["line 1", "not TOML"]),
        ('theme = "a"\ntheme = "b"', ["line 2", "not TOML"]),
        (b'theme = "\xff"', ["line 1", "0xff", "UTF-8"]),
        (b"\xff\xfet\x00", ["UTF-8"]),
        ("a = " + "[" * 5000, ["nested too deeply"]),
        ("timeout_seconds = " + "9" * 5000, ["not TOML"]),
        ("\0", ["not TOML"]),
    ],
)
def test_what_is_wrong_is_told_and_the_default_used(folders: Folders, text: str | bytes, told: list[str]) -> None:
    path = written(folders, text)
    for _ in range(2):  # read, then out of the cache
        settings, problems = load_settings(folders)
        assert settings == Settings()
        assert len(problems) == 1
        for part in (str(path), *told):
            assert part in problems[0]


def test_one_bad_key_leaves_the_others_in_force(folders: Folders) -> None:
    written(folders, 'theme = "dusk"\ntimeout_seconds = "x"\n[environments]\nshop = "test"\nother = 1\n')
    settings, problems = load_settings(folders)
    assert settings == Settings(theme="dusk", environments={"shop": "test"})
    assert len(problems) == 2


def test_a_byte_order_mark_and_windows_line_ends_are_let_pass(folders: Folders) -> None:
    path = written(folders, b'\xef\xbb\xbftheme = "dusk"\r\n# mine\r\n')
    assert load_settings(folders) == (Settings(theme="dusk"), ())
    change_settings(folders, theme="paper")
    assert load_settings(folders)[0].theme == "paper"
    assert "# mine" in path.read_text()


def test_what_is_no_file_is_told(folders: Folders) -> None:
    (folders.config / "settings.toml").mkdir(parents=True)
    settings, problems = load_settings(folders)
    assert settings == Settings()
    assert "is not a regular file" in problems[0]
    with pytest.raises(SettingsError, match="not a regular file"):
        save_settings(folders, Settings(theme="dusk"))


def test_a_bad_file_is_kept_beside_when_settings_are_saved(folders: Folders) -> None:
    path = written(folders, "theme = dusk # no quotes\n")
    notes = save_settings(folders, Settings(theme="paper"))
    assert (folders.config / "settings.toml.bad").read_text() == "theme = dusk # no quotes\n"
    assert "settings.toml.bad" in notes[0]
    assert load_settings(folders) == (Settings(theme="paper"), ())

    written(folders, 'timeout_seconds = "soon"\nfrom_the_future = 1\n')
    save_settings(folders, Settings(theme="dusk"))
    assert (folders.config / "settings.toml.bad-2").read_text().startswith("timeout_seconds")
    assert "theme" in path.read_text()
    assert "from_the_future = 1" in path.read_text()


def test_comments_and_unknown_keys_stay_when_a_value_changes(folders: Folders) -> None:
    path = written(
        folders,
        """# My settings, kept in git.
theme = "dusk"   # the evening one
from_the_future = [1, 2]

[environments]
# work
shop = "test" # until May
other = "live"

[keymap]
"pane.next" = "f6"
""",
    )
    settings, _ = load_settings(folders)
    changed, notes = change_settings(folders, theme="paper", sidebar=False, environments={"shop": "live"})
    assert notes == ()
    assert changed.keymap == settings.keymap
    assert (
        path.read_text()
        == """# My settings, kept in git.
theme = "paper"   # the evening one
from_the_future = [1, 2]
sidebar = false

[environments]
# work
shop = "live" # until May

[keymap]
"pane.next" = "f6"
"""
    )


def test_a_form_that_cannot_be_kept_in_place_is_kept_beside(folders: Folders) -> None:
    text = 'environments.b = "test"\ntheme = "paper"\nenvironments.a = "test" # dotted, and in two places\n'
    written(folders, text)
    wanted = {"a": "live", "c": "test"}
    notes = save_settings(folders, Settings(theme="paper", environments=wanted))
    assert load_settings(folders)[0].environments == wanted
    assert (folders.config / "settings.toml.old").read_text() == text
    assert "settings.toml.old" in notes[0]


def test_a_table_on_one_line_is_changed_in_place(folders: Folders) -> None:
    path = written(folders, 'environments = { shop = "test" } # inline\n')
    assert save_settings(folders, Settings(environments={"shop": "live"})) == ()
    assert path.read_text() == 'environments = { shop = "live" } # inline\n'


_KEYS = st.text("abcXYZ_- .#='\"\\é", min_size=1, max_size=6)
_VALUES = st.one_of(st.integers(-9, 9), st.booleans(), st.text("ab#='\"\\\n é", max_size=6), st.floats(0, 9, width=16))
_TABLES = st.dictionaries(_KEYS, st.one_of(_VALUES, st.dictionaries(_KEYS, _VALUES, max_size=3)), max_size=4)


@settings(max_examples=150)
@given(_TABLES, _TABLES)
def test_a_rewritten_text_says_what_it_should_or_is_not_given(old: dict[str, object], new: dict[str, object]) -> None:
    text = edit_toml("# head\n" + dump_toml(old), old, new)
    if text is not None:
        assert tomllib.loads(text) == new
        assert text.startswith("# head\n")


def test_values_that_are_not_right_are_not_saved(folders: Folders) -> None:
    with pytest.raises(SettingsError, match="timeout_seconds"):
        save_settings(folders, Settings(timeout_seconds=-1))
    with pytest.raises(SettingsError) as refused:
        change_settings(folders, teme="dusk")
    assert "'theme'" in refused.value.hint
    assert not folders.config.exists()


def test_a_symbolic_link_stays_one(folders: Folders, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "explorer.toml"
    real.parent.mkdir()
    real.write_text('theme = "dusk"\n')
    folders.config.mkdir()
    (folders.config / "settings.toml").symlink_to(real)
    change_settings(folders, theme="paper")
    assert (folders.config / "settings.toml").is_symlink()
    assert real.read_text() == 'theme = "paper"\n'


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    folders = Folders.from_environ({"API_EXPLORER_HOME": str(tmp_path)})
    assert "not a directory" in load_settings(folders)[1][0]
    with pytest.raises(SettingsError, match=r"settings\.toml cannot be read: not a directory"):
        save_settings(folders, Settings(theme="dusk"))

    (tmp_path / "config").unlink()
    (tmp_path / "config").symlink_to("/proc/self")
    with pytest.raises(StoreError, match=r"settings\.toml could not be written"):
        save_settings(folders, Settings(theme="dusk"))


def test_a_full_disk_leaves_the_old_file_whole(folders: Folders) -> None:
    path = written(folders, 'theme = "dusk"\n')
    program = """
import os, resource, sys
from explorer.errors import StoreError
from explorer.store.folders import Folders
from explorer.store.preferences import Settings, save_settings
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    save_settings(Folders.from_environ(os.environ), Settings(theme="paper", layout="beside"))
except StoreError as error:
    print(error.message)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"API_EXPLORER_HOME": str(path.parent.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert "could not be written: file too large" in done.stdout
    assert path.read_text() == 'theme = "dusk"\n'
    assert [one.name for one in folders.config.iterdir()] == ["settings.toml"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 10


def test_importing_the_settings_loads_no_heavy_module() -> None:
    program = """
import sys
heavy = {"platformdirs", "tomllib", "tomli_w", "sqlite3", "msgspec", "textual", "httpx", "keyring"}
import explorer.store
assert not heavy & set(sys.modules), heavy & set(sys.modules)
import explorer.store.catalogs, explorer.store.preferences, explorer.store.themes
heavy -= {"msgspec"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
import explorer.store.credentials
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
