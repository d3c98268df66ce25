"""Asking which call to open for an id that several calls take."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType


class LinkTargetsDialog(Dialog[int | None]):
    """Asks which of several ways to go; gives its number, or None."""

    DEFAULT_CSS = """
    LinkTargetsDialog > .dialog { width: 84; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("ways")

    def __init__(self, what: str, choices: Sequence[Content]) -> None:
        self._what = sanitize_line(what)
        self._choices = tuple(choices)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Follow {self._what}")
            yield OptionList(*(Option(one) for one in self._choices), markup=False, compact=True)
            yield Static(Content("enter opens its form, filled in; nothing is sent · esc stays"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = 0
        listing.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_stay(self) -> None:
        """Stay."""
        self.dismiss(None)
