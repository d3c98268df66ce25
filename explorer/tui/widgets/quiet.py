"""A text that is painted, and laid out, only when it changes: what is told on every key must cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.visual import VisualType


class CachedStatic(Static):
    """A ``Static`` whose ``update`` does nothing where the content is the same, styles included."""

    def __init__(self, content: Content | str = "", *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._last = content if isinstance(content, Content) else Content(content)
        super().__init__(self._last, id=id, classes=classes, markup=False)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show *content*; lines are laid out anew only when its height may be another."""
        new = content if isinstance(content, Content) else Content(str(content))
        if new.is_same(self._last):
            return
        same_shape = new.cell_length == self._last.cell_length and new.plain.count("\n") == self._last.plain.count("\n")
        self._last = new
        super().update(new, layout=layout and not same_shape)
