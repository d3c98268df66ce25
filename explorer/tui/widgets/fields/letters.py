"""A letter typed in a form is text, never a command, wherever in the form the focus is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.widget import Widget
from textual.widgets import Select

from explorer.tui.widgets.fields.choice import ChoiceLine
from explorer.tui.widgets.fields.row import FieldRow

if TYPE_CHECKING:
    from textual import events

Kind = TypeVar("Kind", bound=Widget)


class TextEntryScope(Widget):
    """A part of the screen in which printable keys are text for the field with the focus; no binding sees them.

    Bindings are looked up after a key has passed all ancestors of the focused widget, so that stopping it here covers
    every widget inside, and every command of the pane and of the screen.
    """

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Tell the library that bindings further out cannot have these keys."""
        return key != "space" and character is not None and character.isprintable()

    async def on_key(self, event: events.Key) -> None:
        """Type a character that the focused widget did not take; space keeps what it does on choices and marks."""
        if not event.is_printable or event.character is None:
            return
        focused = self.screen.focused
        if event.key == "space":
            if not isinstance(focused, ChoiceLine | Select):
                event.stop()
            return
        event.stop()
        row = nearest_ancestor(focused, FieldRow)
        if row is not None:
            await row.type_text(event.character)

    async def on_paste(self, event: events.Paste) -> None:
        """Put the first line of a pasted text into the field, as its own line of text does."""
        event.stop()
        row = nearest_ancestor(self.screen.focused, FieldRow)
        if row is not None and event.text:
            await row.type_text(event.text.splitlines()[0])


def nearest_ancestor(widget: Widget | None, kind: type[Kind]) -> Kind | None:
    """Return the innermost ancestor of *widget*, or itself, that is of that *kind*."""
    node = widget
    while node is not None:
        if isinstance(node, kind):
            return node
        node = node.parent if isinstance(node.parent, Widget) else None
    return None
