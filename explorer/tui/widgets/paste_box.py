"""A box of a few lines to paste something into, as it is: what could act on the terminal is shown as pictures and kept
all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message
from textual.widgets import TextArea

from explorer.core.text.sanitize import sanitize
from explorer.tui.actions import bindings

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

LONGEST = 20_000
"""Characters that are taken."""


class PasteBox(TextArea):
    """``raw`` is what was pasted or typed."""

    DEFAULT_CSS = """
    PasteBox {
        height: 5; border: round $foreground 30%; background: $background; padding: 0 1; scrollbar-size-vertical: 1;
        &:focus { border: heavy $border; }
        & .text-area--placeholder { color: $foreground 55%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("paste")

    @dataclass
    class Left(Message):
        """A person leaves the box."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._pasted = ""
        super().__init__(placeholder=placeholder, soft_wrap=True, show_line_numbers=False, tab_behavior="focus", id=id)

    @property
    def raw(self) -> str:
        """The text, with the signs in it that are shown as pictures."""
        return self._pasted if self.text == sanitize(self._pasted) else self.text

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = event.text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
        self._pasted = text if not self.text or self.selected_text == self.text else ""
        self.replace(sanitize(text), *self.selection)

    def action_leave(self) -> None:
        """Back to the inputs."""
        self.post_message(self.Left())
