"""Dialogs of comparisons: ignored fields, and the two versions to send."""

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
    """Lists the ignored *patterns*. Returns the pattern to stop ignoring, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("ignored")

    def __init__(self, vendor: str, patterns: Sequence[str]) -> None:
        self._vendor, self._patterns = sanitize_line(vendor), tuple(patterns)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Ignored in comparisons of {self._vendor}")
            yield OptionList(
                *(Option(Content(sanitize_line(pattern))) for pattern in self._patterns), markup=False, compact=True
            )
            yield Static(Content("x Stop ignoring · esc Close"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = 0
        listing.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._patterns[event.option_index])

    def action_remove(self) -> None:
        """Stop ignoring the highlighted pattern."""
        self.dismiss(self._patterns[self.query_one(OptionList).highlighted or 0])


_KEY: Final = 11
"""Width of the name column, in cells."""


class VersionsDialog(Dialog[tuple[VersionOption, VersionOption] | None]):
    """Returns two versions, or None to send nothing. The documented version is on the left by default."""

    DEFAULT_CSS = """
    VersionsDialog {
        & > .dialog { width: 92; padding: 0 1; }
        & OptionList { border: none; padding: 0; margin-top: 1; }
        & Input { margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("lens")

    def __init__(self, versioned_call: VersionedCall) -> None:
        self._versioned_call = versioned_call
        self._left = versioned_call.variants[0]
        super().__init__()

    def compose(self) -> ComposeResult:
        versioned_call = self._versioned_call
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Compare versions · {sanitize_line(versioned_call.call.address)}")
            yield Static(
                Content(f"Sends the call twice to {sanitize_line(versioned_call.call.environment)}, once per version.")
            )
            if versioned_call.note:
                yield Static(Content.styled(sanitize_line(versioned_call.note), MUTED), classes="dialog-text")
            if versioned_call.question:
                yield Static(Content.styled(f"⚠ {sanitize_line(versioned_call.question)}.", "bold $text-error"))
            yield OptionList(
                *(self._option(variant) for variant in versioned_call.variants), markup=False, compact=True
            )
            yield Input(placeholder="or an Accept header, or a version such as v3", compact=True)
            yield Static(
                Content("enter Compare with ◀ · space Set left ◀ · tab Type a version · esc Cancel"),
                classes="dialog-hint",
            )

    def on_mount(self) -> None:
        """Select the documented version and the one below it."""
        listing = self.query_one(OptionList)
        listing.highlighted = 1
        listing.focus()

    def _option(self, version: VersionOption) -> Option:
        mark = ("◀ ", "bold $text-accent") if version is self._left else ("  ", MUTED)
        accept = sanitize_line(version.accept) or "(no Accept header)"
        name = (f"{version.key:<{_KEY}} ", "bold $text-success" if version.documented else "bold")
        return Option(Content.assemble(mark, name, accept, (f"  {version.title}", MUTED)))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._finish(self._versioned_call.variants[event.option_index])

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._finish(self._versioned_call.variant(event.value))

    def _finish(self, right: VersionOption) -> None:
        if right.accept == self._left.accept:
            self.app.notify("Choose two different versions.", markup=False)
        else:
            self.dismiss((self._left, right))

    def action_left(self) -> None:
        """Show the highlighted version on the left."""
        listing = self.query_one(OptionList)
        self._left = self._versioned_call.variants[listing.highlighted or 0]
        for index, version in enumerate(self._versioned_call.variants):
            listing.replace_option_prompt_at_index(index, self._option(version).prompt)

    def action_cancel(self) -> None:
        """Go from the input to the list, or close without sending."""
        if self.query_one(Input).has_focus:
            self.query_one(OptionList).focus()
        else:
            self.dismiss(None)
