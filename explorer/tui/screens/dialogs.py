"""Dialogs that ask one thing and dismiss with the result. Escape always cancels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.core.text.secret import Secret
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog
from explorer.tui.panes.response.verdict_view import page_text
from explorer.tui.screens.file_picker import FilePickerDialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.paging import PageInfo
    from explorer.store.credentials import CredentialStatus


class ConfirmDialog(Dialog[bool]):
    """Asks before a consequential action. *text* states exactly what will happen. The Cancel button has the focus."""

    DEFAULT_CSS = """
    ConfirmDialog > .dialog { border: heavy $error; border-title-color: $text-error; border-title-style: bold; }
    ConfirmDialog VerticalScroll { height: auto; max-height: 14; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("confirm")

    def __init__(self, title: str, text: str, *, yes: str = "Send") -> None:
        self._title, self._text, self._yes = sanitize_line(title), sanitize(text), sanitize_line(yes)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"⚠ {self._title}")
            with VerticalScroll(can_focus=False):
                yield Static(Content(self._text), classes="dialog-text")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content("Cancel"), id="no", variant="default")
                yield Button(Content(self._yes), id="yes", variant="error")

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Dismiss with *answer*."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Move to the other button."""
        self.focus_next()


class CredentialDialog(Dialog[dict[str, Secret] | None]):
    """Asks for credentials with masked inputs. *place* describes where they are kept. Returns the entered ones, or
    None."""

    DEFAULT_CSS = """
    CredentialDialog VerticalScroll { height: auto; max-height: 14; }
    CredentialDialog Input { margin-bottom: 1; }
    CredentialDialog #problem { color: $text-error; height: auto; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("credentials")

    def __init__(self, title: str, credentials: Sequence[CredentialStatus], place: str) -> None:
        self._title, self._credentials, self._place = sanitize_line(title), tuple(credentials), sanitize(place)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Credentials · {self._title}")
            with VerticalScroll(can_focus=False):
                for status in self._credentials:
                    placeholder = "unchanged" if status.present else "type or paste it"
                    yield Label(_credential_text(status))
                    yield Input(password=status.secret, compact=True, placeholder=placeholder)
            yield Static(
                Content(f"Kept {self._place}. Never shown, logged or written to the history."), classes="dialog-hint"
            )
            yield Static(Content("✗ Enter at least one value, or press esc."), id="problem")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Save"), id="keep", variant="primary")

    def on_mount(self) -> None:
        missing = next((index for index, status in enumerate(self._credentials) if not status.present), 0)
        inputs = list(self.query(Input))
        if inputs:
            inputs[missing].focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        inputs = list(self.query(Input))
        following = inputs.index(event.input) + 1
        if following < len(inputs):
            inputs[following].focus()
        else:
            self._keep()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "keep":
            self._keep()
        else:
            self.dismiss(None)

    def _keep(self) -> None:
        rows = zip(self._credentials, self.query(Input), strict=True)
        secrets = {status.name: Secret(box.value) for status, box in rows if box.value}
        if secrets:
            self.dismiss(secrets)
        else:
            self.query_one("#problem").display = True


def _credential_text(status: CredentialStatus) -> Content:
    source = f"from {status.source}" if status.present else "missing"
    style = MUTED if status.present else "$text-error"
    title = sanitize_line(status.title or status.name)
    return Content.assemble(
        (title, "bold"), (f"  {sanitize_line(source)}", style), (f" · {sanitize_line(status.variable)}", MUTED)
    )


@dataclass(frozen=True, slots=True)
class EnvironmentChoice:
    """One environment to choose from."""

    name: str
    base_url: str
    title: str = ""
    guarded: bool = False
    note: str = ""


class EnvironmentDialog(Dialog[str | None]):
    """Lets the user choose an environment of a vendor. Returns its name, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("environment")

    def __init__(self, vendor: str, choices: Sequence[EnvironmentChoice], current: str) -> None:
        self._vendor, self._choices, self._current = sanitize_line(vendor), tuple(choices), current
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Environment · {self._vendor}")
            options = [
                Option(_environment_text(choice, current=choice.name == self._current)) for choice in self._choices
            ]
            yield OptionList(*options, markup=False, compact=True)
            yield Static(Content("enter Choose · esc Cancel"), classes="dialog-hint")

    def on_mount(self) -> None:
        names = [choice.name for choice in self._choices]
        self.query_one(OptionList).highlighted = names.index(self._current) if self._current in names else 0

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index].name)


def _environment_text(choice: EnvironmentChoice, *, current: bool) -> Content:
    name = [(f"{'●' if current else '○'} ", ""), (sanitize_line(choice.name), "bold")]
    if choice.title:
        name.append((f"  {sanitize_line(choice.title)}", ""))
    if choice.guarded:
        name.append(("  ⚠ GUARDED: asks before every change", "bold $text-error"))
    lines = [Content.assemble(*name), Content.styled(f"  {sanitize_line(choice.base_url)}", MUTED)]
    if choice.note:
        lines.append(Content.styled(f"  {sanitize_line(choice.note)}", MUTED))
    return Content("\n").join(lines)


class PageNumberDialog(Dialog[int | None]):
    """Returns a page number from 1 up to the last page (if known), None on escape."""

    DEFAULT_CSS = """
    PageNumberDialog > .dialog { width: 44; }
    PageNumberDialog #problem { color: $text-error; height: auto; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("page_number")

    def __init__(self, page: PageInfo | None) -> None:
        self._page = page
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Go to page")
            yield Input(compact=True, placeholder="page number", max_length=9)
            yield Static(id="problem", markup=False)
            yield Static(Content(f"Current: {page_text(self._page)}."), classes="dialog-hint")
            yield Static(Content("enter Fetch · esc Cancel"), classes="dialog-hint")

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#problem").display = False

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        last = self._page.pages if self._page is not None else None
        if not (text.isascii() and text.isdigit()) or int(text) < 1:
            self._refuse("✗ Enter a whole number, 1 or higher.")
        elif last is not None and int(text) > last:
            self._refuse(f"✗ The last page is {last}.")
        else:
            self.dismiss(int(text))

    def _refuse(self, text: str) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(Content(text))
        problem.display = True


class LinkTargetsDialog(Dialog[int | None]):
    """Lets the user choose a link target. Returns its index, or None."""

    DEFAULT_CSS = """
    LinkTargetsDialog > .dialog { width: 84; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("ways")

    def __init__(self, label: str, choices: Sequence[Content]) -> None:
        self._label = sanitize_line(label)
        self._choices = tuple(choices)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Follow {self._label}")
            yield OptionList(*(Option(choice) for choice in self._choices), markup=False, compact=True)
            yield Static(Content("enter Fill in its form, without sending · esc Cancel"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = 0
        listing.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_stay(self) -> None:
        """Close without following."""
        self.dismiss(None)


__all__ = ["ConfirmDialog", "CredentialDialog", "EnvironmentChoice", "EnvironmentDialog", "FilePickerDialog"]
