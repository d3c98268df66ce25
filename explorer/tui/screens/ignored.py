"""The dialog of what a person ignores in comparisons of a vendor."""

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


class IgnoredDialog(Dialog[str | None]):
    """Lists *patterns*; gives the one that is to count again, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("ignored")

    def __init__(self, vendor: str, patterns: Sequence[str]) -> None:
        self._vendor, self._patterns = sanitize_line(vendor), tuple(patterns)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Ignored in comparisons of {self._vendor}")
            yield OptionList(
                *(Option(Content(sanitize_line(one))) for one in self._patterns), markup=False, compact=True
            )
            yield Static(Content("x or enter lets it count again · esc closes"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = 0
        listing.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._patterns[event.option_index])

    def action_remove(self) -> None:
        """Let the highlighted one count again."""
        self.dismiss(self._patterns[self.query_one(OptionList).highlighted or 0])
