"""The dialogs of the app. Each asks one thing and is dismissed with the answer; escape is always the answer that does
nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.core.text.secret import Secret
from explorer.tui.screens.closing import ClosingScreen
from explorer.tui.screens.file_picker import FilePickerDialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult

    from explorer.credentials import CredentialStatus
    from explorer.tui.app import ExplorerApp

__all__ = ["ConfirmDialog", "CredentialDialog", "EnvironmentChoice", "EnvironmentDialog", "FilePickerDialog"]

Answer = TypeVar("Answer")
GRACE: Final = 0.3
"""Seconds after a dialog appears during which it ignores bare letters: they were typed for what was there before."""
MOVES: Final = frozenset({"move", "down", "up", "scroll"})
"""What a letter may do at once, since it neither confirms nor changes anything."""


class Dialog(ModalScreen[Answer], ClosingScreen[Answer], Generic[Answer]):
    """A box in the middle of the screen."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        & > .dialog {
            width: 76;
            max-width: 94%;
            height: auto;
            max-height: 90%;
            padding: 1 2;
            border: round $border;
            background: $surface;
        }
        & .dialog-text { height: auto; }
        & .dialog-hint { height: auto; color: $text-muted; }
        & .dialog-buttons { height: 3; margin-top: 1; align-horizontal: right; }
        & .dialog-buttons Button { margin-left: 2; }
        & Input { background: $foreground 8%; }
        & OptionList {
            height: auto; max-height: 16; background: transparent; text-wrap: nowrap; text-overflow: ellipsis;
            & > .option-list--option-highlighted, &:focus > .option-list--option-highlighted {
                background: $primary 35%; color: $foreground; text-style: none;
            }
        }
    }
    """

    _shown_at = 0.0

    def on_screen_resume(self) -> None:
        """Measure the grace period from here."""
        self._shown_at = self._seconds()

    def on_key(self, event: events.Key) -> None:
        """Ignore a letter that was typed before the dialog could be read."""
        if not event.is_printable or self._seconds() - self._shown_at >= GRACE:
            return
        active = self.active_bindings.get(event.key)
        if active is not None and active.binding.action.partition("(")[0] not in MOVES:
            event.stop()

    def _seconds(self) -> float:
        return cast("ExplorerApp", self.app).clock()

    def action_move(self, step: int) -> None:
        """The one of its list below or above."""
        listing = self.query_one(OptionList)
        listing.action_cursor_down() if step > 0 else listing.action_cursor_up()


class ConfirmDialog(Dialog[bool]):
    """Asks before something grave: *text* says in exact words what will happen; No has the focus."""

    DEFAULT_CSS = """
    ConfirmDialog > .dialog { border: heavy $error; border-title-color: $text-error; border-title-style: bold; }
    ConfirmDialog VerticalScroll { height: auto; max-height: 14; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes", tooltip="Do it"),
        Binding("n,escape", "answer(False)", "No", id="confirm.no", tooltip="Do nothing"),
        Binding("left,right", "other", "Other", show=False, id="confirm.other", tooltip="To the other button"),
    ]

    def __init__(self, title: str, text: str, *, yes: str = "Yes, send it", no: str = "No") -> None:
        self._words = (sanitize_line(title), sanitize(text), sanitize_line(yes), sanitize_line(no))
        super().__init__()

    def compose(self) -> ComposeResult:
        title, text, yes, no = self._words
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"⚠ {title}")
            with VerticalScroll(can_focus=False):
                yield Static(Content(text), classes="dialog-text")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content(no), id="no", variant="default")
                yield Button(Content(yes), id="yes", variant="error")

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Give the answer."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Move to the other button."""
        self.focus_next()


class CredentialDialog(Dialog[dict[str, Secret] | None]):
    """Asks for credentials: masked inputs, and *place*, the words for where they would be kept. Gives those that were
    typed, or None."""

    DEFAULT_CSS = """
    CredentialDialog VerticalScroll { height: auto; max-height: 14; }
    CredentialDialog Input { margin-bottom: 1; }
    CredentialDialog #problem { color: $text-error; height: auto; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="credentials.cancel", tooltip="Keep nothing"),
    ]

    def __init__(self, title: str, asked: Sequence[CredentialStatus], place: str) -> None:
        self._title, self._asked, self._place = sanitize_line(title), tuple(asked), sanitize(place)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Credentials · {self._title}")
            with VerticalScroll(can_focus=False):
                for status in self._asked:
                    placeholder = "stays as it is" if status.present else "type or paste it"
                    yield Label(_credential_text(status))
                    yield Input(password=status.secret, compact=True, placeholder=placeholder)
            yield Static(
                Content(f"Kept {self._place}. Never shown, logged or written to the history."), classes="dialog-hint"
            )
            yield Static(Content("✗ Type at least one value, or press esc."), id="problem")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Keep"), id="keep", variant="primary")

    def on_mount(self) -> None:
        missing = next((index for index, one in enumerate(self._asked) if not one.present), 0)
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
        typed = zip(self._asked, self.query(Input), strict=True)
        found = {status.name: Secret(box.value) for status, box in typed if box.value}
        if found:
            self.dismiss(found)
        else:
            self.query_one("#problem").display = True

    def action_cancel(self) -> None:
        """Keep nothing."""
        self.dismiss(None)


def _credential_text(status: CredentialStatus) -> Content:
    now = f"now from {status.source}" if status.present else "missing"
    style = MUTED if status.present else "$text-error"
    title = sanitize_line(status.title or status.name)
    return Content.assemble(
        (title, "bold"), (f"  {sanitize_line(now)}", style), (f" · {sanitize_line(status.variable)}", MUTED)
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
    """Chooses an environment of a vendor; gives its name, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="environment.cancel", tooltip="Change nothing"),
        Binding("j", "down", "Down", show=False, id="environment.down", tooltip="The one below"),
        Binding("k", "up", "Up", show=False, id="environment.up", tooltip="The one above"),
    ]

    def __init__(self, vendor: str, choices: Sequence[EnvironmentChoice], current: str) -> None:
        self._vendor, self._choices, self._current = sanitize_line(vendor), tuple(choices), current
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Environment · {self._vendor}")
            options = [Option(_environment_text(one, current=one.name == self._current)) for one in self._choices]
            yield OptionList(*options, markup=False, compact=True)
            yield Static(Content("enter chooses · esc changes nothing"), classes="dialog-hint")

    def on_mount(self) -> None:
        names = [one.name for one in self._choices]
        self.query_one(OptionList).highlighted = names.index(self._current) if self._current in names else 0

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index].name)

    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)

    def action_down(self) -> None:
        """The one below."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """The one above."""
        self.query_one(OptionList).action_cursor_up()


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
