"""Values of a command line that come from a file, standard input, a prompt or a variable; which files may be read."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.test_cli import Shell
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ACCOUNT = ("fashionphile.account_create", "email=a@b.co")
UPLOAD = ("fashionphile.big_vision_authenticate", "brand=LouisVuitton", "class=x", "itemId=1", "itemType=Product")
SAVED_UPLOAD = """
call = "fashionphile.big_vision_authenticate"
[values]
brand = "LouisVuitton"
class = "x"
itemId = 1
itemType = "Product"
"images[0]" = { file = "%s" }
"""
SEARCH = 'call = "fashionphile.product_search"\n[values]\nlimit = 1\n'


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(environ, capsys)


@pytest.fixture
def folder(home: Path) -> Path:
    path = home / "data" / "saved"
    path.mkdir(parents=True)
    return path


def pipe_in(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def prepared(shell: Shell, *words: str, **environ: str) -> Any:
    """The JSON body of the account that would be created."""
    table = shell.run("prepare", *ACCOUNT, *words, "--show-secrets", "--json", **environ)
    return table["request"]["body"] if shell.code == 0 else None


@pytest.mark.parametrize(
    ("content", "sent"),
    [(b"s3cret\n", "s3cret"), (b"s3cret\r\n", "s3cret"), (b"s3cret\n\n", "s3cret\n"), (b" a\nb ", " a\nb ")],
)
def test_a_text_parameter_takes_the_contents_of_a_file(shell: Shell, tmp_path: Path, content: bytes, sent: str) -> None:
    (tmp_path / "pw").write_bytes(content)
    assert prepared(shell, f"password=@{tmp_path / 'pw'}") == {"email": "a@b.co", "password": sent}


def test_a_text_parameter_takes_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe_in(monkeypatch, b"from-stdin\n")
    assert prepared(shell, "password=@-")["password"] == "from-stdin"


def test_standard_input_is_read_once(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe_in(monkeypatch, b"from-stdin\n")
    shell.run("prepare", "fashionphile.account_create", "email=@-", "password=@-")
    assert (shell.code, "email=@- and password=@-" in shell.err) == (2, True)
    shell.run("explain", *ACCOUNT, "password=@-", "--against", "-")
    assert (shell.code, "--against -" in shell.err) == (2, True)


def test_an_escaped_at_sign_is_a_literal(shell: Shell) -> None:
    assert prepared(shell, r"password=\@-")["password"] == "@-"


@pytest.mark.parametrize("value", ["@missing-file", "@", "@."])
def test_a_file_that_cannot_be_read_sends_nothing(shell: Shell, value: str) -> None:
    shell.run("send", *ACCOUNT, f"password={value}")
    assert shell.code == 2
    assert shell.run("history", "list") == ""


def test_bytes_that_are_no_text_are_refused(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "pw").write_bytes(b"\xff\xfe")
    shell.run("send", *ACCOUNT, f"password=@{tmp_path / 'pw'}")
    assert (shell.code, "UTF-8" in shell.err) == (2, True)


def test_a_secret_comes_from_a_variable(shell: Shell) -> None:
    assert prepared(shell, "password=${PW}", PW="hunter22")["password"] == "hunter22"
    assert prepared(shell, "password=${PW}") is None
    assert (shell.code, "PW" in shell.err) == (2, True)
    shell.run("prepare", "fashionphile.account_create", "email=${PW}", "password=x", PW="hunter22")
    assert "${PW}" in shell.err


def test_what_was_read_is_masked_like_what_was_typed(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("marked-secret-9001")
    shell.run("send", *ACCOUNT, f"password=@{tmp_path / 'pw'}")
    assert shell.code == 0
    shown = shell.out + shell.err + shell.run("history", "show", "1", "--json").__repr__()
    assert "marked-secret-9001" not in shown


def test_a_value_that_nobody_can_be_asked_for(shell: Shell) -> None:
    shell.run("send", *ACCOUNT, "password=x", "--ask", "password")
    assert (shell.code, "--ask password" in shell.err) == (2, True)
    shell.run("send", *ACCOUNT, "--ask", "pasword")
    assert (shell.code, "'password'" in shell.err) == (2, True)


def test_a_secret_is_asked_for_and_not_shown(home: Path) -> None:
    command = [sys.executable, "-m", "explorer", "prepare", *ACCOUNT, "--ask", "password", "--show-secrets"]
    terminal = Terminal(command, str(home))
    terminal.until(b"password: ")
    typed = terminal.type("typed-9002\n")
    assert terminal.until_end() == 0
    assert terminal.seen[typed:].count(b"typed-9002") == 1  # in the request, and not as it was typed


def test_an_upload_takes_the_file_itself_and_standard_input(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"bytes\n")
    words = ("prepare", *UPLOAD, "--json")
    assert "photo.jpg" in shell.run(*words, f"images[0]=@{tmp_path / 'photo.jpg'}")["request"]["body"]
    pipe_in(monkeypatch, b"piped bytes\n")
    assert "piped bytes\n" in shell.run(*words, "images[0]=@-")["request"]["body"]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A file that no saved request may upload unasked."""
    path = tmp_path / "person" / ".ssh" / "id_rsa"
    path.parent.mkdir(parents=True)
    path.write_text("marked-private-key")
    return path


def spelled(how: str, key: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """*key* as a saved request could name it."""
    if how == "home":
        monkeypatch.setenv("HOME", str(key.parent.parent))
        return "~/.ssh/id_rsa"
    if how == "above":
        return os.path.relpath(key, folder)
    if how == "link":
        (folder / "logo.png").symlink_to(key)
        return "logo.png"
    if how == "linked folder":
        (folder / "pictures").symlink_to(key.parent)
        return "pictures/id_rsa"
    return str(key)


@pytest.mark.parametrize("how", ["absolute", "home", "above", "link", "linked folder"])
def test_a_saved_request_uploads_no_file_outside_its_folder(
    shell: Shell, folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (folder / "upload.toml").write_text(SAVED_UPLOAD % spelled(how, key, folder, monkeypatch))
    shell.run("saved", "run", "upload")
    assert (shell.code, "--allow-file" in shell.err, "Nothing was sent" in shell.err) == (2, True, True)
    assert shell.run("history", "list") == ""
    shell.run("saved", "check")
    assert (shell.code, "upload.toml" in shell.out, "outside" in shell.out) == (2, True, True)


@pytest.mark.parametrize("allowed", ["the file", "its folder"])
def test_a_file_that_was_allowed_is_uploaded(shell: Shell, folder: Path, key: Path, allowed: str) -> None:
    (folder / "upload.toml").write_text(SAVED_UPLOAD % key)
    path = key if allowed == "the file" else key.parent
    table = shell.run("saved", "run", "upload", "--allow-file", str(path), "--json")
    assert "marked-private-key" in table["request"]["body"]
    shell.run("saved", "check", "--allow-file", str(path))
    assert shell.code == 0, shell.out
    shell.run("saved", "run", "upload", "--allow-file", str(key.parent / "other"))
    assert shell.code == 2


def test_a_file_below_the_folder_is_uploaded_unasked(shell: Shell, folder: Path) -> None:
    (folder / "pictures").mkdir()
    (folder / "pictures" / "bag.jpg").write_text("a bag")
    (folder / "upload.toml").write_text(SAVED_UPLOAD % "pictures/bag.jpg")
    assert "a bag" in shell.run("saved", "run", "upload", "--json")["request"]["body"]
    shell.run("saved", "check")
    assert shell.code == 0, shell.out


def test_a_path_that_comes_from_a_variable_is_checked_too(shell: Shell, folder: Path, key: Path) -> None:
    (folder / "upload.toml").write_text(SAVED_UPLOAD % "${WHERE}")
    shell.run("saved", "run", "upload", "--set", f"WHERE={key}")
    assert (shell.code, str(key) in shell.err) == (2, True)
    assert shell.run("history", "list") == ""


def test_a_text_value_of_a_saved_request_is_a_literal_and_a_file_is_its_contents(shell: Shell, folder: Path) -> None:
    (folder / "term.txt").write_text("gucci\n")
    (folder / "literal.toml").write_text(SEARCH + 'search = "@term.txt"\n')
    (folder / "contents.toml").write_text(SEARCH + 'search = { file = "term.txt" }\n')
    shell.run("saved", "check")
    assert shell.code == 0, shell.out
    assert "search=%40term.txt" in shell.run("saved", "run", "literal", "--json")["request"]["url"]
    assert "search=gucci" in shell.run("saved", "run", "contents", "--json")["request"]["url"]


def test_a_call_is_saved_with_its_variables_and_files_as_they_are_typed(
    shell: Shell, folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(key.parent)
    shell.run("saved", "add", "new", "--from", ACCOUNT[0], "email=@id_rsa", "password=${PW}")
    text = (folder / "new.toml").read_text()
    assert (shell.code, f'file = "{key}"' in text, '"${PW}"' in text) == (0, True, True)
    shell.run("saved", "add", "other", "--from", ACCOUNT[0], "email=@-")
    assert shell.code == 2


def test_a_secret_that_is_saved_as_a_file_is_read_when_it_runs(shell: Shell, folder: Path) -> None:
    (folder / "pw").write_text("marked-secret-9003\n")
    shell.run("saved", "add", "new", "--from", *ACCOUNT, f"password=@{folder / 'pw'}")
    assert (shell.code, 'password = {file = "pw"}' in (folder / "new.toml").read_text()) == (0, True)
    shell.run("saved", "check")
    assert shell.code == 0, shell.out
    table = shell.run("saved", "run", "new", "--json")
    assert (shell.code, table["request"]["headers"]["Content-Length"]) == (0, "50")
    assert "marked-secret-9003" not in shell.out + shell.err


def test_an_upload_is_replayed_and_allows_nothing_else(shell: Shell, folder: Path, key: Path) -> None:
    shell.run("send", *UPLOAD, f"images[0]=@{key}")
    assert shell.run("replay", "1", "--json")["history"] == 2
    (folder / "upload.toml").write_text(SAVED_UPLOAD % key)
    shell.run("saved", "run", "upload")
    assert shell.code == 2


@pytest.mark.parametrize("special", ["fifo", "/dev/zero"])
def test_a_file_that_never_ends_is_not_read(shell: Shell, folder: Path, special: str) -> None:
    path = special
    if special == "fifo":
        path = "endless"
        os.mkfifo(folder / path)
    (folder / "upload.toml").write_text(SAVED_UPLOAD % path)
    shell.run("saved", "run", "upload", "--allow-file", "/dev")
    assert (shell.code, "not a regular file" in shell.err) == (2, True)
