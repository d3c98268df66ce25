"""The small questions about saved requests: a name, a conflict, values of variables, another name, a report's file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from textual import on
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Button, Checkbox, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.saved.naming import check_name
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import UsageError
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.session.saved import MissingValue

Choice = Literal["overwrite", "theirs", "side"]


class SaveTarget(NamedTuple):
    """What is to be saved under which name."""

    name: str
    description: str
    environment: bool
    """Whether the file names the environment."""


class _NameSuggester(Suggester):
    """Completes folders and names that there are."""

    def __init__(self, names: Sequence[str]) -> None:
        folders = {f"{name.rpartition('/')[0]}/" for name in names if "/" in name}
        self._known = [*sorted(folders), *names]
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first that begins so."""
        return next((one for one in self._known if value and one != value and one.startswith(value)), None)


_CSS = """
    & Input { margin-bottom: 1; }
    & Checkbox {
        border: none; padding: 0; margin-bottom: 1; background: transparent;
        & > .toggle--button { color: $surface; background: $foreground 20%; }
        &.-on > .toggle--button { color: $text-success; }
    }
    & #notes { height: auto; max-height: 8; color: $text-warning; margin-bottom: 1; }
    & #problem { color: $text-error; height: auto; display: none; }
"""


class SaveDialog(Dialog[SaveTarget | None]):
    """Asks for a name and a description; gives them, or None."""

    DEFAULT_CSS = f"SaveDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = bindings("save")

    def __init__(
        self, now: SaveTarget, names: Sequence[str], *, environment: str, notes: Sequence[str], folder: str
    ) -> None:
        self._now, self._olds = now, tuple(names)
        self._environment, self._notes, self._folder = environment, tuple(notes), folder
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Save this request")
            yield Label(Content("Name, as folder/name"))
            name = Input(
                self._now.name, compact=True, suggester=_NameSuggester(self._olds), placeholder="orders/create"
            )
            name.id = "name"
            yield name
            yield Label(Content("Description"))
            about = Input(self._now.description.replace("\n", " "), compact=True, placeholder="what it is for")
            about.id = "about"
            yield about
            yield Checkbox(Content(f"always in {sanitize_line(self._environment)}"), self._now.environment)
            if self._notes:
                text = "\n".join(f"• {sanitize_line(one)}" for one in self._notes)
                yield Static(Content(text), id="notes")
            yield Static(id="problem", markup=False)
            yield Static(Content(sanitize_line(f"in {self._folder}")), classes="dialog-hint")
            yield Static(
                Content("→ completes · tab goes on · enter or ctrl+s saves · esc does not"), classes="dialog-hint"
            )
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Save"), id="save", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#name", Input).focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_save()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "save":
            self.action_save()
        else:
            self.dismiss(None)

    def action_save(self) -> None:
        """Give what was typed, if the name can be one."""
        try:
            name = check_name(self.query_one("#name", Input).value)
        except UsageError as error:
            _show_problem(self, f"✗ {error.sentence}")
            return
        about = self.query_one("#about", Input).value.strip()
        if about == self._now.description.replace("\n", " "):
            about = self._now.description
        self.dismiss(SaveTarget(name, about, self.query_one(Checkbox).value))


class MoveDialog(Dialog[str | None]):
    """Asks for another name."""

    DEFAULT_CSS = f"MoveDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = bindings("move")

    def __init__(self, name: str, names: Sequence[str]) -> None:
        self._old, self._olds = name, tuple(names)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Move {sanitize_line(self._old)}")
            yield Label(Content("To, as folder/name"))
            yield Input(self._old, compact=True, suggester=_NameSuggester(self._olds), select_on_focus=False)
            yield Static(id="problem", markup=False)
            yield Static(Content("→ completes · enter moves · esc changes nothing"), classes="dialog-hint")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            name = check_name(event.value)
        except UsageError as error:
            _show_problem(self, f"✗ {error.sentence}")
            return
        if name != self._old and name in self._olds:
            _show_problem(self, f"✗ {name} is taken")
            return
        self.dismiss(None if name == self._old else name)


class ConflictDialog(Dialog[Choice | None]):
    """Says that a file is not as it was, and asks what is to be done; None does nothing, and the form stays."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("conflict")

    def __init__(self, title: str, text: str, side: str) -> None:
        self._title, self._text = sanitize_line(title), text
        self._choices: tuple[tuple[Choice, str, str], ...] = (
            ("side", f"Save mine as {side}", "both are kept, side by side"),
            ("theirs", "Keep theirs", "the form shows what is on the disk; what you typed is let go"),
            ("overwrite", "Overwrite", "what is on the disk is let go; comments stay"),
        )
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._text), classes="dialog-text")
            yield OptionList(
                *(Option(Content.assemble((one, "bold"), "\n  ", (why, MUTED))) for _, one, why in self._choices),
                markup=False,
                compact=True,
            )
            yield Static(Content("enter chooses · esc does nothing"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = 0
        listing.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index][0])


class VariablesDialog(Dialog[dict[str, str] | None]):
    """Asks for the values of variables that have none; gives them by name, or None."""

    DEFAULT_CSS = f"VariablesDialog {{ {_CSS} & VerticalScroll {{ height: auto; max-height: 14; }} }}"
    BINDINGS: ClassVar[list[BindingType]] = bindings("variables")

    def __init__(self, missing: Sequence[tuple[str, MissingValue]]) -> None:
        from explorer.core.saved.placeholders import VariablePlaceholder

        self._asked: dict[str, tuple[str, MissingValue]] = {}
        self._others: list[tuple[str, MissingValue]] = []
        for name, one in missing:
            if isinstance(one.placeholder, VariablePlaceholder):
                self._asked.setdefault(one.placeholder.name, (name, one))
            else:
                self._others.append((name, one))
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Values that are missing")
            with VerticalScroll(can_focus=False):
                for variable, (name, one) in self._asked.items():
                    where = f"  {sanitize_line(one.place)} of {sanitize_line(name)}"
                    yield Label(Content.assemble((variable, "bold"), (where, MUTED)))
                    yield Input(password=one.secret, compact=True)
                for name, one in self._others:
                    yield Label(Content(sanitize_line(f"✗ {one.placeholder} of {name}: {one.hint}")))
            yield Static(
                Content("Kept in memory until you leave; environment files keep values."), classes="dialog-hint"
            )
            yield Static(Content("enter goes on, at the last one it sends · esc sends nothing"), classes="dialog-hint")

    def on_mount(self) -> None:
        for one in self.query(Input):
            one.focus()
            return

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        inputs = list(self.query(Input))
        following = inputs.index(event.input) + 1
        if following < len(inputs):
            inputs[following].focus()
        else:
            self.dismiss({name: box.value for name, box in zip(self._asked, inputs, strict=True)})


class VariableSetDialog(Dialog[str | None]):
    """Chooses an environment file; gives its name, an empty text for the one that fits each call, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("sets")

    def __init__(self, sets: Sequence[tuple[str, str]], current: str) -> None:
        """*sets*: names and what each is."""
        self._sets = (("", "the file that is called like the call's environment"), *sets)
        self._current = current
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Where variables come from")
            options = []
            for name, about in self._sets:
                mark = "●" if name == self._current else "○"
                said = sanitize_line(f"environments/{name}.toml") if name else "as each call goes"
                options.append(
                    Option(Content.assemble(f"{mark} ", (said, "bold"), (f"  {sanitize_line(about)}", MUTED)))
                )
            yield OptionList(*options, markup=False, compact=True)
            yield Static(Content("enter chooses · esc changes nothing"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = next((at for at, one in enumerate(self._sets) if one[0] == self._current), 0)
        listing.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._sets[event.option_index][0])


class ReportDialog(Dialog[str | None]):
    """Asks where a report is to be written; its ending says how."""

    DEFAULT_CSS = f"ReportDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = bindings("report")

    def __init__(self, path: str) -> None:
        self._path = path
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Save the report")
            yield Label(Content("File: .xml is JUnit, .json is data, anything else is text"))
            yield Input(self._path, compact=True, select_on_focus=False)
            yield Static(Content("enter writes it, over what is there · esc does not"), classes="dialog-hint")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)


def _show_problem(dialog: Dialog[SaveTarget | None] | Dialog[str | None], text: str) -> None:
    problem = dialog.query_one("#problem", Static)
    problem.update(Content(sanitize_line(text)))
    problem.display = bool(text)
