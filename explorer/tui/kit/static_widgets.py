"""Small widgets: cached text, focus borders, foldable trees and paste boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea, Tree
from textual.widgets.tree import TreeDataType

from explorer.core.text.sanitize import sanitize
from explorer.tui.actions import bindings

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType
    from textual.visual import VisualType
    from textual.widget import Widget


class CachedStatic(Static):
    """A ``Static`` whose ``update`` does nothing if content and styles are unchanged."""

    def __init__(self, content: Content | str = "", *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._last = content if isinstance(content, Content) else Content(content)
        super().__init__(self._last, id=id, classes=classes, markup=False)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show *content*; request a new layout only if its height may change."""
        new = content if isinstance(content, Content) else Content(str(content))
        if new.is_same(self._last):
            return
        same_shape = new.cell_length == self._last.cell_length and new.plain.count("\n") == self._last.plain.count("\n")
        self._last = new
        super().update(new, layout=layout and not same_shape)


INSIDE: Final = "-inside"
"""Class of a pane that contains the focus. Its rules must not apply to widgets inside the pane."""


def follow_focus(pane: Widget) -> None:
    """Set and remove ``INSIDE`` on *pane*, which is mounted, as the focus moves on its screen."""

    def mark() -> None:
        inside = pane.has_focus_within
        if inside != pane.has_class(INSIDE):
            pane.set_class(inside, INSIDE, update=False)
            pane.app.stylesheet.update_nodes([pane])

    pane.watch(pane.screen, "focused", mark)


class FoldingTree(Tree[TreeDataType]):
    """A tree with an action to collapse or leave a branch."""

    def action_fold(self) -> None:
        """Collapse the branch, or go to its parent."""
        node = self.cursor_node
        if node is None:
            return
        if node.allow_expand and node.is_expanded:
            node.collapse()
        elif node.parent is not None and node.parent is not self.root:
            self.move_cursor(node.parent)


MAX_PASTE = 20_000
"""Maximum number of pasted characters; the rest is dropped."""


class PasteBox(TextArea):
    """A box for pasted text. ``raw`` is the text before control characters were made visible."""

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
        """The user leaves the box."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._pasted = ""
        super().__init__(placeholder=placeholder, soft_wrap=True, show_line_numbers=False, tab_behavior="focus", id=id)

    @property
    def raw(self) -> str:
        """The text with its original control characters."""
        return self._pasted if self.text == sanitize(self._pasted) else self.text

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = event.text[:MAX_PASTE].replace("\r\n", "\n").replace("\r", "\n")
        self._pasted = text if not self.text or self.selected_text == self.text else ""
        self.replace(sanitize(text), *self.selection)

    def action_leave(self) -> None:
        """Request to leave the box."""
        self.post_message(self.Left())
