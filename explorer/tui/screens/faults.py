"""The dialog of sandbox faults: kind, value and count of each. Changes apply at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.sandbox.faults import KINDS, Fault, FaultKind
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

_NAME: Final = 20
"""Width of the name column, in cells."""


class FaultsDialog(Dialog[None]):
    """Switches faults on and off. *change* receives all active faults as strings, and may raise an ``ExplorerError``
    whose message is shown."""

    DEFAULT_CSS = """
    FaultsDialog {
        & > .dialog { width: 84; padding: 0 1; }
        & OptionList { border: none; padding: 0; }
        & #line { height: 1; }
        & #line Label { width: auto; }
        & #line #meaning { margin-left: 1; max-width: 60%; }
        & #line Input { width: 1fr; }
        & #problem { height: auto; color: $text-error; display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("faults")

    def __init__(self, change: Callable[[list[str]], object], faults: Sequence[Fault]) -> None:
        self._change = change
        self._kinds = tuple(KINDS.values())
        self._words: dict[str, list[str]] = {}
        for fault in faults:
            self._words.setdefault(fault.kind, []).append(str(fault))
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Sandbox faults")
            yield OptionList(*(self._option(kind) for kind in self._kinds), markup=False, compact=True)
            with Horizontal(id="line"):
                yield Label(id="what", markup=False)
                yield Input(compact=True)
                yield Label(id="meaning", markup=False)
            yield Static(id="problem", markup=False)
            yield Static(
                Content("after the value: *2 (twice) · @vendor or @vendor.endpoint (only there)"),
                classes="dialog-hint",
            )
            yield Static(Content("space On/off · tab Value · x All off · esc Close"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = next((index for index, kind in enumerate(self._kinds) if kind.name in self._words), 0)
        listing.focus()

    # --- selection ---------------------------------------------------------------------------------------------------

    @property
    def _kind(self) -> FaultKind:
        return self._kinds[self.query_one(OptionList).highlighted or 0]

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        kind = self._kind
        self._show_problem("")
        self.query_one("#what", Label).update(Content.styled(f"{kind.name}{'=' if kind.value else ''}", "bold"))
        box = self.query_one(Input)
        self.query_one("#meaning", Label).update(Content.styled(kind.value or "takes no value", MUTED))
        words = self._words.get(kind.name)
        box.value = words[0].removeprefix(kind.name).removeprefix("=") if words else kind.default

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_switch()

    @on(Input.Submitted)
    def _typed(self) -> None:
        if self._apply({**self._words, self._kind.name: [self._word()]}):
            self.query_one(OptionList).focus()

    def _word(self) -> str:
        kind, text = self._kind, self.query_one(Input).value.strip()
        return kind.name + (f"={text}" if text and text[0] not in "*@" else text)

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_switch(self) -> None:
        """Switch the fault on with the entered value, or off."""
        words = dict(self._words)
        if words.pop(self._kind.name, None) is None:
            words[self._kind.name] = [self._word()]
        self._apply(words)

    def action_honest(self) -> None:
        """Switch all faults off."""
        self._apply({})

    def action_close(self) -> None:
        """Go from the value to the list, or close. Active faults stay on."""
        if self.query_one(Input).has_focus:
            self.query_one(OptionList).focus()
        else:
            self.dismiss(None)

    def _apply(self, words: dict[str, list[str]]) -> bool:
        """Apply these faults. Return False if they are invalid."""
        try:
            self._change([word for group in words.values() for word in group])
        except ExplorerError as error:
            self._show_problem(f"✗ {error.sentence}")
            return False
        self._words = words
        self._show_problem("")
        listing = self.query_one(OptionList)
        for index, kind in enumerate(self._kinds):
            listing.replace_option_prompt_at_index(index, self._option(kind).prompt)
        return True

    def _show_problem(self, text: str) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(Content(sanitize_line(text)))
        problem.display = bool(text)

    def _option(self, kind: FaultKind) -> Option:
        words = self._words.get(kind.name)
        name = sanitize_line(" ".join(words)) if words else kind.name
        mark = ("● ", "bold $text-warning") if words else ("○ ", MUTED)
        style = "bold $text-warning" if words else "bold"
        return Option(Content.assemble(mark, (f"{name:<{_NAME}} ", style), kind.title))
