"""Dialogs of saved requests: save, move, conflict, variables and report."""

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

Choice = Literal["overwrite", "reload", "side"]


class SaveTarget(NamedTuple):
    """The name and description to save under."""

    name: str
    description: str
    environment: bool
    """Whether the file names the environment."""


class _NameSuggester(Suggester):
    """Completes existing folders and names."""

    def __init__(self, names: Sequence[str]) -> None:
        folders = {f"{name.rpartition('/')[0]}/" for name in names if "/" in name}
        self._known = [*sorted(folders), *names]
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return the first known name that starts with *value*."""
        return next((name for name in self._known if value and name != value and name.startswith(value)), None)


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
    """Asks for a name and a description. Returns them, or None."""

    DEFAULT_CSS = f"SaveDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = bindings("save")

    def __init__(
        self, target: SaveTarget, names: Sequence[str], *, environment: str, notes: Sequence[str], folder: str
    ) -> None:
        self._target, self._names = target, tuple(names)
        self._environment, self._notes, self._folder = environment, tuple(notes), folder
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Save request")
            yield Label(Content("Name (folder/name)"))
            name = Input(
                self._target.name, compact=True, suggester=_NameSuggester(self._names), placeholder="orders/create"
            )
            name.id = "name"
            yield name
            yield Label(Content("Description"))
            about = Input(self._target.description.replace("\n", " "), compact=True, placeholder="what it does")
            about.id = "about"
            yield about
            yield Checkbox(Content(f"always in {sanitize_line(self._environment)}"), self._target.environment)
            if self._notes:
                text = "\n".join(f"• {sanitize_line(note)}" for note in self._notes)
                yield Static(Content(text), id="notes")
            yield Static(id="problem", markup=False)
            yield Static(Content(sanitize_line(f"in {self._folder}")), classes="dialog-hint")
            yield Static(Content("→ Complete · tab Next · ctrl+s Save · esc Cancel"), classes="dialog-hint")
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
        """Dismiss with the entered values if the name is valid."""
        try:
            name = check_name(self.query_one("#name", Input).value)
        except UsageError as error:
            _show_problem(self, f"✗ {error.sentence}")
            return
        about = self.query_one("#about", Input).value.strip()
        if about == self._target.description.replace("\n", " "):
            about = self._target.description
        self.dismiss(SaveTarget(name, about, self.query_one(Checkbox).value))


class MoveDialog(Dialog[str | None]):
    """Asks for a new name. Returns it, or None."""

    DEFAULT_CSS = f"MoveDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = bindings("move")

    def __init__(self, name: str, names: Sequence[str]) -> None:
        self._old_name, self._names = name, tuple(names)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Move {sanitize_line(self._old_name)}")
            yield Label(Content("New name (folder/name)"))
            yield Input(self._old_name, compact=True, suggester=_NameSuggester(self._names), select_on_focus=False)
            yield Static(id="problem", markup=False)
            yield Static(Content("→ Complete · enter Move · esc Cancel"), classes="dialog-hint")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            name = check_name(event.value)
        except UsageError as error:
            _show_problem(self, f"✗ {error.sentence}")
            return
        if name != self._old_name and name in self._names:
            _show_problem(self, f"✗ {name} is taken")
            return
        self.dismiss(None if name == self._old_name else name)


class ConflictDialog(Dialog[Choice | None]):
    """Reports that a file changed, and asks what to do. None keeps the form and writes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("conflict")

    def __init__(self, title: str, text: str, side: str) -> None:
        self._title, self._text = sanitize_line(title), text
        self._choices: tuple[tuple[Choice, str, str], ...] = (
            ("side", f"Save mine as {side}", "keep both versions"),
            ("reload", "Load the file", "discard your changes; the form shows the file on disk"),
            ("overwrite", "Overwrite", "discard the changes on disk; comments are kept"),
        )
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._text), classes="dialog-text")
            yield OptionList(
                *(
                    Option(Content.assemble((title, "bold"), "\n  ", (effect, MUTED)))
                    for _, title, effect in self._choices
                ),
                markup=False,
                compact=True,
            )
            yield Static(Content("enter Choose · esc Cancel"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = 0
        listing.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index][0])


class VariablesDialog(Dialog[dict[str, str] | None]):
    """Asks for the values of variables without one. Returns them by name, or None."""

    DEFAULT_CSS = f"VariablesDialog {{ {_CSS} & VerticalScroll {{ height: auto; max-height: 14; }} }}"
    BINDINGS: ClassVar[list[BindingType]] = bindings("variables")

    def __init__(self, missing: Sequence[tuple[str, MissingValue]]) -> None:
        from explorer.core.saved.placeholders import VariablePlaceholder

        self._variables: dict[str, tuple[str, MissingValue]] = {}
        self._unresolved: list[tuple[str, MissingValue]] = []
        for name, value in missing:
            if isinstance(value.placeholder, VariablePlaceholder):
                self._variables.setdefault(value.placeholder.name, (name, value))
            else:
                self._unresolved.append((name, value))
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Missing values")
            with VerticalScroll(can_focus=False):
                for variable, (name, value) in self._variables.items():
                    where = f"  {sanitize_line(value.place)} of {sanitize_line(name)}"
                    yield Label(Content.assemble((variable, "bold"), (where, MUTED)))
                    yield Input(password=value.secret, compact=True)
                for name, value in self._unresolved:
                    yield Label(Content(sanitize_line(f"✗ {value.placeholder} of {name}: {value.hint}")))
            yield Static(
                Content("Kept in memory until you quit. Use a variables file to keep values."), classes="dialog-hint"
            )
            yield Static(Content("enter Next, then send · esc Cancel"), classes="dialog-hint")

    def on_mount(self) -> None:
        for box in self.query(Input):
            box.focus()
            return

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        inputs = list(self.query(Input))
        following = inputs.index(event.input) + 1
        if following < len(inputs):
            inputs[following].focus()
        else:
            self.dismiss({name: box.value for name, box in zip(self._variables, inputs, strict=True)})


class VariableSetDialog(Dialog[str | None]):
    """Lets the user choose a variables file. Returns its name, an empty string for the one of each call's environment,
    or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("sets")

    def __init__(self, sets: Sequence[tuple[str, str]], current: str) -> None:
        """Show *sets*, as pairs of name and description."""
        self._sets = (("", "the file named after each call's environment"), *sets)
        self._current = current
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Variables file")
            options = []
            for name, about in self._sets:
                mark = "●" if name == self._current else "○"
                label = sanitize_line(f"environments/{name}.toml") if name else "by environment"
                options.append(
                    Option(Content.assemble(f"{mark} ", (label, "bold"), (f"  {sanitize_line(about)}", MUTED)))
                )
            yield OptionList(*options, markup=False, compact=True)
            yield Static(Content("enter Choose · esc Cancel"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = next((index for index, (name, _) in enumerate(self._sets) if name == self._current), 0)
        listing.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._sets[event.option_index][0])


class ReportDialog(Dialog[str | None]):
    """Asks for the path of a report. Its extension determines the format."""

    DEFAULT_CSS = f"ReportDialog {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = bindings("report")

    def __init__(self, path: str) -> None:
        self._path = path
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Save report")
            yield Label(Content("File (.xml: JUnit, .json: data, otherwise text)"))
            yield Input(self._path, compact=True, select_on_focus=False)
            yield Static(Content("enter Save, replacing an existing file · esc Cancel"), classes="dialog-hint")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)


def _show_problem(dialog: Dialog[SaveTarget | None] | Dialog[str | None], text: str) -> None:
    problem = dialog.query_one("#problem", Static)
    problem.update(Content(sanitize_line(text)))
    problem.display = bool(text)
