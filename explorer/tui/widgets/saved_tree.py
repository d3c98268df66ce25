"""The tree of saved requests: folders, requests with method and vendor, what is wrong; filtered as one types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.color import Color
from textual.message import Message

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.widgets.folding import FoldingTree
from explorer.tui.widgets.title_bar import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.color import Color as RichColor
    from textual.binding import BindingType
    from textual.widgets import Tree
    from textual.widgets.tree import TreeNode


@dataclass(frozen=True)
class SavedLeaf:
    """One request as the tree shows it."""

    name: str
    method: str
    vendor: str
    description: str = ""
    problem: str = ""
    side: bool = False
    """Whether it is a person's own side of a conflict."""

    @property
    def search_text(self) -> str:
        """What the filter looks at."""
        return f"{self.name} {self.method} {self.vendor} {self.description}".lower()


@dataclass(frozen=True)
class SavedFolder:
    """A folder of requests; the empty name is the top."""

    name: str
    count: int
    problem: str = ""


Node = SavedFolder | SavedLeaf


class SavedTree(FoldingTree[Node]):
    """Shows leaves in the order in which they run."""

    DEFAULT_CSS = """
    SavedTree { background: transparent; height: 1fr; padding: 0 1; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("saved_tree")

    @dataclass
    class Looked(Message):
        """The cursor is on another row."""

        node: Node | None

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._leaves: tuple[SavedLeaf, ...] = ()
        self._folders: dict[str, str] = {}
        self._text = ""
        self._folded: set[str] = set()
        self._wanted = ""
        """The row that the cursor is to be on once the rows are laid out."""
        super().__init__("saved", id=id)
        self.show_root = False
        self.guide_depth = 3
        self.auto_expand = False

    # --- what it shows -----------------------------------------------------------------------------------------------

    def show(self, leaves: Sequence[SavedLeaf], folders: dict[str, str]) -> None:
        """Show *leaves*; *folders* is folder → what is wrong with its options. The cursor stays where it was."""
        if tuple(leaves) != self._leaves or folders != self._folders:
            self._leaves, self._folders = tuple(leaves), dict(folders)
            self._make()

    def filter(self, text: str) -> None:
        """Show those that hold every word of *text*."""
        if text != self._text:
            self._text = text
            self._make()

    @property
    def found(self) -> tuple[SavedLeaf, ...]:
        """The leaves that the filter leaves."""
        words = self._text.lower().split()
        return tuple(one for one in self._leaves if all(word in one.search_text for word in words))

    @property
    def current(self) -> Node | None:
        """What the cursor is on."""
        return self.cursor_node.data if self.cursor_node is not None else None

    @property
    def folder(self) -> str:
        """The folder that the cursor is on or in."""
        node = self.current
        if isinstance(node, SavedLeaf):
            return node.name.rpartition("/")[0]
        return node.name if node is not None else ""

    def _make(self) -> None:
        at = self.current
        self._wanted = self._wanted or (at.name if at is not None else "")
        line = self.cursor_line
        with self.app.batch_update():
            self.root.remove_children()
            nodes: dict[str, TreeNode[Node]] = {"": self.root}
            for leaf in self.found:
                parent = self._folder_node(leaf.name.rpartition("/")[0], nodes)
                parent.add_leaf(self._label(leaf), leaf)
            self.root.expand()
        self.call_after_refresh(self._point, line)

    def _folder_node(self, name: str, nodes: dict[str, TreeNode[Node]]) -> TreeNode[Node]:
        if name not in nodes:
            parent = self._folder_node(name.rpartition("/")[0], nodes)
            count = sum(one.name.startswith(f"{name}/") for one in self.found)
            data = SavedFolder(name, count, self._folders.get(name, ""))
            expand = bool(self._text) or name not in self._folded
            nodes[name] = parent.add(self._label(data), data, expand=expand)
        return nodes[name]

    def _point(self, line: int) -> None:
        name, self._wanted = self._wanted, ""
        nodes = (self.get_node_at_line(number) for number in range(self.last_line + 1))
        names = [node.data.name if node is not None and node.data is not None else "" for node in nodes]
        if name in names:
            self.cursor_line = names.index(name)
        elif name or self.cursor_node is None:
            self.cursor_line = max(0, min(line, self.last_line))
        self.post_message(self.Looked(self.current))

    def point(self, name: str) -> None:
        """Put the cursor on the request of that name."""
        self._wanted = name
        self.call_after_refresh(self._point, self.cursor_line)

    def _label(self, node: Node) -> Text:
        dim = Style(color=self._blend())
        wrong = Style(color=Color.parse(self.app.theme_variables["text-error"]).rich_color, bold=True)
        last = sanitize_line(node.name.rpartition("/")[2])
        if isinstance(node, SavedFolder):
            label = Text.assemble((f"{last}/", "bold"), (f"  {node.count}", dim), no_wrap=True)
        else:
            method = node.method.lower()
            colour = self.app.theme_variables[f"method-{method}"] if method in METHODS else ""
            style = Style(color=Color.parse(colour).rich_color, bold=True) if colour else Style(bold=True)
            short = {"DELETE": "DEL"}.get(node.method, node.method)
            label = Text.assemble((f"{sanitize_line(short):<6}", style), last, no_wrap=True)
            if node.vendor:
                label.append(f"  {sanitize_line(node.vendor)}", dim)
            if node.side:
                label.append("  yours", wrong)
        if node.problem:
            label.append(f"  ✗ {sanitize_line(node.problem)}", wrong)
        return label

    def _blend(self) -> RichColor:
        variables = self.app.theme_variables
        ground, ink = Color.parse(variables["background"]), Color.parse(variables["foreground"])
        return ground.blend(ink, 0.65).rich_color

    # --- what happens ------------------------------------------------------------------------------------------------

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Node]) -> None:
        """Tell of the row."""
        event.stop()
        self.post_message(self.Looked(event.node.data))

    def on_tree_node_collapsed(self, event: Tree.NodeCollapsed[Node]) -> None:
        """Remember what was folded."""
        if event.node.data is not None:
            self._folded.add(event.node.data.name)

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Node]) -> None:
        """Remember what was unfolded."""
        if event.node.data is not None:
            self._folded.discard(event.node.data.name)

    def action_unfold(self) -> None:
        """Unfold the folder."""
        node = self.cursor_node
        if node is not None and node.allow_expand:
            node.expand()
