"""The tree of vendors, groups and endpoints, with a box that finds.

Branches are filled when they are first unfolded. Every word of the filter must stand somewhere in an endpoint's
vendor, group, title, id, path or method; where nothing has them all, letters in order are enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text
from textual import on
from textual.color import Color
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Tree

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.kit.static_widgets import FoldingTree, follow_focus
from explorer.tui.panes.title_bar import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer
    from textual.widgets.tree import TreeNode

    from explorer.core.catalog.model import Catalog, Endpoint, Vendor

_INFERRED = " inferred"
PAUSE = 0.1
"""Seconds without a key before the filter is applied."""


@dataclass(frozen=True)
class Branch:
    """A vendor, or a group of it."""

    vendor: Vendor
    group: str = ""


@dataclass(frozen=True)
class Leaf:
    """An endpoint."""

    vendor: Vendor
    endpoint: Endpoint

    @property
    def address(self) -> str:
        """``vendor.endpoint``."""
        return f"{self.vendor.id}.{self.endpoint.id}"


def count_effective_readings(endpoint: Endpoint) -> int:
    """How many readings change the request."""
    return sum(reading.changes_request for reading in endpoint.readings.values())


def searchable_text(leaf: Leaf) -> str:
    """What the filter looks at."""
    vendor, endpoint = leaf.vendor, leaf.endpoint
    parts = (vendor.title, leaf.address, endpoint.group, endpoint.title, endpoint.path, *endpoint.methods)
    return " ".join(parts).lower()


def match_leaves(leaves: Iterable[Leaf], text: str) -> list[Leaf]:
    """The endpoints that *text* finds, in the catalog's order."""
    words = text.lower().split()
    every = [(leaf, searchable_text(leaf)) for leaf in leaves]
    hits = [leaf for leaf, hay in every if all(word in hay for word in words)]
    return hits or [leaf for leaf, hay in every if _is_subsequence("".join(words), hay)]


def _is_subsequence(letters: str, hay: str) -> bool:
    at = -1
    for letter in letters:
        at = hay.find(letter, at + 1)
        if at < 0:
            return False
    return True


def leaves_of(catalog: Catalog) -> Iterator[Leaf]:
    """Every endpoint of the catalog."""
    for vendor in catalog.vendors.values():
        for endpoint in vendor.endpoints.values():
            yield Leaf(vendor, endpoint)


Node = Branch | Leaf


class _Tree(FoldingTree[Node]):
    """The tree itself."""

    DEFAULT_CSS = """
    _Tree { background: transparent; height: 1fr; padding: 0; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("tree")]

    def __init__(self) -> None:
        self._color_names: dict[str, Style] = {}
        super().__init__("catalog")

    def notify_style_update(self) -> None:
        """Another theme has other colours."""
        self._color_names = {}
        super().notify_style_update()

    def get_label_width(self, node: TreeNode[Node]) -> int:
        """Cells of a label, without painting it; never more than there is room for, so nothing scrolls sideways."""
        data = node.data
        if isinstance(data, Leaf):
            width = sum(cell_len(text) for text, _ in _leaf_parts(data))
        else:
            width = cell_len(str(node.label)) + 2 + len(_INFERRED)
        room = self._room(node)
        return min(width, room) if room > 0 else width

    def _room(self, node: TreeNode[Node]) -> int:
        """Cells that the label of *node* may take."""
        depth, above = 0, node.parent
        while above is not None and above is not self.root:
            depth, above = depth + 1, above.parent
        return self.scrollable_content_region.width - depth * self.guide_depth

    def render_label(self, node: TreeNode[Node], base_style: Style, style: Style) -> Text:
        """Method word, title and badges of an endpoint; vendors in bold."""
        data = node.data
        if isinstance(data, Leaf):
            plain = node is self.cursor_node
            fitting = _cut(_leaf_parts(data), self._room(node))
            parts = ((text, style if plain else style + self._color_of(name)) for text, name in fitting)
            return Text.assemble(*parts, no_wrap=True, end="")
        label = super().render_label(node, base_style, style)
        if isinstance(data, Branch) and not data.group:
            label.stylize("bold")
            if data.vendor.inferred:
                label.append(_INFERRED, style + self._color_of("dim"))
        if (room := self._room(node)) > 0:
            label.truncate(room, overflow="ellipsis")
        return label

    def _color_of(self, name: str) -> Style:
        """A method's colour, or that of less important text, under the theme; nothing for what has none."""
        found = self._color_names.get(name)
        if found is None:
            variables = self.app.theme_variables
            if name == "dim":
                ground, ink = Color.parse(variables["background"]), Color.parse(variables["foreground"])
                found = Style(color=ground.blend(ink, 0.65).rich_color)
            elif name:
                found = Style(color=Color.parse(variables[f"method-{name}"]).rich_color, bold=True)
            else:
                found = Style.null()
            self._color_names[name] = found
        return found

    def action_unfold(self) -> None:
        """Unfold the branch, or go to its first entry."""
        node = self.cursor_node
        if node is None or not node.allow_expand:
            return
        if not node.is_expanded:
            node.expand()
        elif node.children:
            self.move_cursor(node.children[0])


def _leaf_parts(leaf: Leaf) -> list[tuple[str, str]]:
    """The texts of an endpoint's label and the names of their colours."""
    endpoint = leaf.endpoint
    method = endpoint.method
    parts = [
        (f"{_short(method):<6}", method.lower() if method.lower() in METHODS else ""),
        (sanitize_line(endpoint.title), ""),
    ]
    count = count_effective_readings(endpoint)
    if count:
        parts.append((f" ◆{count}", "dim"))
    if endpoint.inferred and not leaf.vendor.inferred:
        parts.append((_INFERRED, "dim"))
    return parts


def _cut(parts: list[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    """The texts of a label with the title cut so that all of them fit."""
    over = sum(cell_len(text) for text, _ in parts) - room
    if over <= 0 or room <= 0:
        return parts
    method, (title, colour), *badges = parts
    left = max(1, cell_len(title) - over)
    return [method, (f"{set_cell_size(title, left - 1).rstrip()}…", colour), *badges]


def _short(method: str) -> str:
    return {"DELETE": "DEL", "OPTIONS": "OPT"}.get(method, method)[:5]


class EndpointTree(Vertical):
    """Filter and tree."""

    DEFAULT_CSS = """
    EndpointTree {
        border: round $border-blurred;
        border-title-color: $foreground;
        &.-inside { border: heavy $border; }
        & > Input { margin: 0 0 0 0; background: $surface; }
        & > Input:focus { background: $boost; }
    }
    """

    @dataclass
    class Chosen(Message):
        """An endpoint is to be opened."""

        address: str

    def __init__(self, catalog: Catalog, *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._catalog = catalog
        self._timer: Timer | None = None
        self._applied = ""
        super().__init__(id=id)
        self.border_title = "Endpoints"

    def on_mount(self) -> None:
        """The frame tells where the keys go."""
        follow_focus(self)

    def compose(self) -> ComposeResult:
        """The box and the tree, vendors unfolded to their groups."""
        line = Input(placeholder="find an endpoint", compact=True, select_on_focus=False)
        line.cursor_blink = False
        yield line
        tree = _Tree()
        tree.show_root = False
        tree.guide_depth = 2
        tree.auto_expand = True
        self._fill(tree)
        yield tree

    @property
    def listing(self) -> Tree[Node]:
        """The tree below the box."""
        return self.query_one(_Tree)

    def focus_filter(self) -> None:
        """Put the cursor into the box; what was looked for before is overwritten by typing."""
        line = self.query_one(Input)
        line.focus()
        line.select_all()

    def focus_tree(self) -> None:
        """Put the focus on the tree."""
        self.listing.focus()

    # --- filling -----------------------------------------------------------------------------------------------------

    def _fill(self, tree: Tree[Node]) -> None:
        for vendor in self._catalog.vendors.values():
            node = tree.root.add(Text(sanitize_line(vendor.title)), Branch(vendor), expand=True)
            for group in dict.fromkeys(endpoint.group for endpoint in vendor.endpoints.values()):
                node.add(Text(sanitize_line(group)), Branch(vendor, group))

    def _grow(self, node: TreeNode[Node]) -> None:
        branch = node.data
        if not isinstance(branch, Branch) or not branch.group or node.children:
            return
        for endpoint in branch.vendor.endpoints.values():
            if endpoint.group == branch.group:
                node.add_leaf(Text(sanitize_line(endpoint.title)), Leaf(branch.vendor, endpoint))

    def _apply(self) -> None:
        text = self.query_one(Input).value.strip()
        if text == self._applied:
            return
        self._applied = text
        tree = self.listing
        with self.app.batch_update():
            tree.root.remove_children()
            if text:
                self._show_hits(tree, match_leaves(leaves_of(self._catalog), text))
            else:
                self.border_subtitle = ""
                self._fill(tree)

    def _show_hits(self, tree: Tree[Node], hits: list[Leaf]) -> None:
        nodes: dict[str, TreeNode[Node]] = {}
        for leaf in hits:
            vendor = leaf.vendor
            if vendor.id not in nodes:
                nodes[vendor.id] = tree.root.add(Text(sanitize_line(vendor.title)), Branch(vendor), expand=True)
            nodes[vendor.id].add_leaf(Text(sanitize_line(leaf.endpoint.title)), leaf)
        self.border_subtitle = f"{len(hits)} found" if hits else "nothing found"
        if hits:
            first = tree.root.children[0].children[0]
            self.call_after_refresh(tree.move_cursor, first)

    # --- what happens ------------------------------------------------------------------------------------------------

    @on(Tree.NodeExpanded)
    def _expanded(self, event: Tree.NodeExpanded[Node]) -> None:
        event.stop()
        self._grow(event.node)

    @on(Tree.NodeSelected)
    def _selected(self, event: Tree.NodeSelected[Node]) -> None:
        event.stop()
        if isinstance(event.node.data, Leaf):
            self.post_message(self.Chosen(event.node.data.address))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._apply)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._apply()
        leaves = [node.data for branch in self.listing.root.children for node in branch.children]
        first = next((leaf for leaf in leaves if isinstance(leaf, Leaf)), None)
        if event.value.strip() and first is not None:
            self.post_message(self.Chosen(first.address))
        else:
            self.focus_tree()

    def key_down(self) -> None:
        """From the box into the tree."""
        if self.query_one(Input).has_focus:
            self.focus_tree()
