"""The dialogs: what they ask in which words, what they answer, and that escape does nothing."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from textual.app import App
from textual.widgets import Button, DirectoryTree, Input

from explorer.core.text.secret import Secret
from explorer.store.credentials import CredentialStatus
from explorer.tui.screens.dialogs import (
    ConfirmDialog,
    CredentialDialog,
    EnvironmentChoice,
    EnvironmentDialog,
    FilePickerDialog,
)

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot
    from textual.screen import ModalScreen

WAITING = object()


class Asking(App[None]):
    """Puts one dialog up and keeps its answer."""

    def __init__(self, dialog: ModalScreen[Any]) -> None:
        self.dialog = dialog
        self.answer: Any = WAITING
        self.clock = count().__next__
        super().__init__()

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self._answered)

    def _answered(self, answer: Any) -> None:
        self.answer = answer

    def painted(self) -> str:
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())


def confirm() -> ConfirmDialog:
    return ConfirmDialog("teahouse · production", "This places a real order [sic].\nPOST https://h/orders")


async def test_a_confirmation_shows_the_exact_words_and_no_is_chosen() -> None:
    app = Asking(confirm())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        text = app.painted()
        assert isinstance(app.focused, Button)
        await pilot.press("enter")
        await pilot.pause()
    for words in (
        "⚠ teahouse · production",
        "This places a real order [sic].",
        "POST https://h/orders",
        "Send",
    ):
        assert words in text
    assert app.answer is False


@pytest.mark.parametrize(
    ("keys", "answer"),
    [(["escape"], False), (["n"], False), (["y"], True), (["tab", "enter"], True), (["right", "enter"], True)],
)
async def test_a_confirmation_is_answered_by_keys(keys: list[str], answer: bool) -> None:
    app = Asking(confirm())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
    assert app.answer is answer


ASKED = (
    CredentialStatus("auth_id", "Auth id", True, "sandbox demo", "API_EXPLORER_TEAHOUSE_AUTH_ID", False),
    CredentialStatus("secret", "Shared secret", False, "", "API_EXPLORER_TEAHOUSE_SECRET", True),
)


async def test_a_typed_secret_is_masked_and_comes_back_as_a_secret() -> None:
    app = Asking(CredentialDialog("teahouse · sandbox", ASKED, "in the system keyring"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"hunter2")
        await pilot.pause()
        text = app.painted()
        await pilot.press("enter")
        await pilot.pause()
    assert "hunter2" not in text
    assert "•••••••" in text
    for words in ("Kept in the system keyring", "API_EXPLORER_TEAHOUSE_SECRET", "missing", "from sandbox demo"):
        assert words in text
    assert app.answer == {"secret": Secret("hunter2")}


async def test_nothing_typed_is_said_and_escape_keeps_nothing() -> None:
    app = Asking(CredentialDialog("teahouse", ASKED, "until the program ends"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert "Enter at least one value" in app.painted()
        await pilot.press(*"half", "escape")
        await pilot.pause()
    assert app.answer is None


CHOICES = (
    EnvironmentChoice("sandbox", "http://127.0.0.1:8710/teahouse", "Embedded"),
    EnvironmentChoice("production", "https://api.teahouse.test/[v1]", "Production", guarded=True, note="real orders"),
)


async def test_a_guarded_environment_is_marked_in_words_and_the_chosen_one_comes_back() -> None:
    app = Asking(EnvironmentDialog("Teahouse", CHOICES, "sandbox"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        text = app.painted()
        await pilot.press("j", "enter")
        await pilot.pause()
    for words in ("● sandbox", "○ production", "GUARDED", "https://api.teahouse.test/[v1]", "real orders"):
        assert words in text
    assert app.answer == "production"


async def test_escape_changes_no_environment() -> None:
    app = Asking(EnvironmentDialog("Teahouse", CHOICES, "production"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape")
        await pilot.pause()
    assert app.answer is None


async def listed(pilot: Pilot[None], words: str) -> str:
    """The screen once *words* stand on it: folders are read in a thread."""
    app = pilot.app
    assert isinstance(app, Asking)
    for _ in range(200):
        await pilot.pause()
        if words in app.painted():
            return app.painted()
        await pilot.pause(0.02)
    raise AssertionError(f"{words!r} never came:\n{app.painted()}")


async def test_a_file_is_chosen_from_the_tree(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"x")
    app = Asking(FilePickerDialog(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, "photo.png")
        await pilot.press("j", "enter")
        await pilot.pause()
    assert app.answer == str(tmp_path / "photo.png")


async def test_a_path_is_typed_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "below"
    folder.mkdir()
    (folder / "note.txt").write_text("x")
    app = Asking(FilePickerDialog(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        box = app.screen.query_one(Input)
        box.focus()
        box.value = "nowhere.txt"
        await pilot.press("enter")
        await pilot.pause()
        assert "No such file" in app.painted()
        box.value = "below"
        await pilot.press("enter")
        await listed(pilot, "note.txt")
        assert isinstance(app.focused, DirectoryTree)
        await pilot.press("backspace")
        await listed(pilot, "▸ below")
        box.focus()
        box.value = "below/note.txt"
        await pilot.press("enter")
        await pilot.pause()
    assert app.answer == str(folder / "note.txt")


async def test_a_files_name_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2J[red]b.txt").write_bytes(b"x")
    app = Asking(FilePickerDialog(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        text = await listed(pilot, "[red]b.txt")
        await pilot.press("escape")
        await pilot.pause()
    assert "\x1b" not in text
    assert "a␛[2J[red]b.txt" in text
    assert app.answer is None
