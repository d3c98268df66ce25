"""A tree whose branches are folded with the key that leads out of them."""

from __future__ import annotations

from textual.widgets import Tree
from textual.widgets.tree import TreeDataType


class FoldingTree(Tree[TreeDataType]):
    """A tree that knows how to go outwards."""

    def action_fold(self) -> None:
        """Fold the branch, or go to the one above."""
        node = self.cursor_node
        if node is None:
            return
        if node.allow_expand and node.is_expanded:
            node.collapse()
        elif node.parent is not None and node.parent is not self.root:
            self.move_cursor(node.parent)
