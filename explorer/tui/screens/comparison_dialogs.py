"""Dialogs about comparisons: what to ignore, which two versions to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.core.versions import VersionOption
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.session.experiments import VersionedCall


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


_KEY: Final = 11
"""Cells of the column of names."""


class VersionsDialog(Dialog[tuple[VersionOption, VersionOption] | None]):
    """Gives two versions, or None: nothing is sent. The documented one is the left one until another is chosen."""

    DEFAULT_CSS = """
    VersionsDialog {
        & > .dialog { width: 92; padding: 0 1; }
        & OptionList { border: none; padding: 0; margin-top: 1; }
        & Input { margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("lens")

    def __init__(self, through: VersionedCall) -> None:
        self._versioned_call = through
        self._left = through.variants[0]
        super().__init__()

    def compose(self) -> ComposeResult:
        through = self._versioned_call
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Version lens · {sanitize_line(through.call.address)}")
            yield Static(Content(f"Sent twice to {sanitize_line(through.call.environment)}: once for each version."))
            if through.note:
                yield Static(Content.styled(sanitize_line(through.note), MUTED), classes="dialog-text")
            if through.question:
                yield Static(Content.styled(f"⚠ {sanitize_line(through.question)}.", "bold $text-error"))
            yield OptionList(*(self._option(one) for one in through.variants), markup=False, compact=True)
            yield Input(placeholder="or any Accept header, or a version such as v3", compact=True)
            yield Static(
                Content("enter compares the ◀ left one with it · space makes it the left one · tab to type · esc"),
                classes="dialog-hint",
            )

    def on_mount(self) -> None:
        """The documented version against the one below it, unless told otherwise."""
        listing = self.query_one(OptionList)
        listing.highlighted = 1
        listing.focus()

    def _option(self, one: VersionOption) -> Option:
        mark = ("◀ ", "bold $text-accent") if one is self._left else ("  ", MUTED)
        accept = sanitize_line(one.accept) or "(no Accept header)"
        name = (f"{one.key:<{_KEY}} ", "bold $text-success" if one.documented else "bold")
        return Option(Content.assemble(mark, name, accept, (f"  {one.title}", MUTED)))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._finish(self._versioned_call.variants[event.option_index])

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._finish(self._versioned_call.variant(event.value))

    def _finish(self, right: VersionOption) -> None:
        if right.accept == self._left.accept:
            self.app.notify("That is the left one itself; choose another.", markup=False)
        else:
            self.dismiss((self._left, right))

    def action_left(self) -> None:
        """Make the highlighted one the left one."""
        listing = self.query_one(OptionList)
        self._left = self._versioned_call.variants[listing.highlighted or 0]
        for at, one in enumerate(self._versioned_call.variants):
            listing.replace_option_prompt_at_index(at, self._option(one).prompt)

    def action_cancel(self) -> None:
        """Send nothing; from the box first back to the list."""
        if self.query_one(Input).has_focus:
            self.query_one(OptionList).focus()
        else:
            self.dismiss(None)
