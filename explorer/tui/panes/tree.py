"""The tree of vendors, groups and endpoints, with a filter.

Branches are filled when first expanded. An endpoint matches if its vendor, group, title, id, path or method contain
every word of the filter. If none does, the letters in order are enough. The best match is first.
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
from explorer.tui.match_rank import match_rank
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
    """A vendor, or one of its groups."""

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

    @property
    def changes_data(self) -> bool:
        """Whether the call changes something at the vendor."""
        return self.endpoint.effect not in ("read", "session")


def count_effective_readings(endpoint: Endpoint) -> int:
    """Return how many readings change the request."""
    return sum(reading.changes_request for reading in endpoint.readings.values())


def searchable_text(leaf: Leaf) -> str:
    """Return the text that the filter searches."""
    vendor, endpoint = leaf.vendor, leaf.endpoint
    parts = (vendor.title, leaf.address, endpoint.group, endpoint.title, endpoint.path, *endpoint.methods)
    return " ".join(parts).lower()


def match_leaves(leaves: Iterable[Leaf], text: str, vendor_id: str = "") -> list[Leaf]:
    """Return the endpoints that match *text*, the best first, grouped by vendor.

    Among equally good matches, the vendor *vendor_id* is first, then calls that change nothing.
    """
    words = text.lower().split()
    indexed = [(leaf, searchable_text(leaf)) for leaf in leaves]
    matches = [leaf for leaf, haystack in indexed if all(word in haystack for word in words)]
    matches = matches or [leaf for leaf, haystack in indexed if _is_subsequence("".join(words), haystack)]
    ranked = sorted(matches, key=lambda leaf: (leaf_rank(leaf, text), leaf.vendor.id != vendor_id, leaf.changes_data))
    vendors = list(dict.fromkeys(leaf.vendor.id for leaf in ranked))
    return sorted(ranked, key=lambda leaf: vendors.index(leaf.vendor.id))


def leaf_rank(leaf: Leaf, text: str) -> int:
    """Return how well the title or the id of *leaf* matches *text*; 0 is best."""
    return match_rank(text, (leaf.endpoint.title, leaf.endpoint.id, leaf.address))


def _is_subsequence(letters: str, haystack: str) -> bool:
    at = -1
    for letter in letters:
        at = haystack.find(letter, at + 1)
        if at < 0:
            return False
    return True


def leaves_of(catalog: Catalog) -> Iterator[Leaf]:
    """Yield every endpoint of the catalog."""
    for vendor in catalog.vendors.values():
        for endpoint in vendor.endpoints.values():
            yield Leaf(vendor, endpoint)


Node = Branch | Leaf


class _Tree(FoldingTree[Node]):
    """The tree without its filter."""

    DEFAULT_CSS = """
    _Tree { background: transparent; height: 1fr; padding: 0; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("tree")]

    def __init__(self) -> None:
        self._colors: dict[str, Style] = {}
        super().__init__("catalog")

    def notify_style_update(self) -> None:
        """Discard the colors of the previous theme."""
        self._colors = {}
        super().notify_style_update()

    def get_label_width(self, node: TreeNode[Node]) -> int:
        """Return the cells of a label, limited to the available width so that nothing scrolls sideways."""
        data = node.data
        if isinstance(data, Leaf):
            width = sum(cell_len(text) for text, _ in _leaf_parts(data))
        else:
            width = cell_len(str(node.label)) + 2 + len(_INFERRED)
        room = self._room(node)
        return min(width, room) if room > 0 else width

    def _room(self, node: TreeNode[Node]) -> int:
        """Return the cells available to the label of *node*."""
        depth, parent = 0, node.parent
        while parent is not None and parent is not self.root:
            depth, parent = depth + 1, parent.parent
        return self.scrollable_content_region.width - depth * self.guide_depth

    def render_label(self, node: TreeNode[Node], base_style: Style, style: Style) -> Text:
        """Return method, title and badges of an endpoint; vendors are bold."""
        data = node.data
        if isinstance(data, Leaf):
            plain = node is self.cursor_node
            texts = _truncate(_leaf_parts(data), self._room(node))
            parts = ((text, style if plain else style + self._color_of(name)) for text, name in texts)
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
        """Return the theme's color of a method or of ``dim`` text; an empty style for an empty name."""
        color = self._colors.get(name)
        if color is None:
            variables = self.app.theme_variables
            if name == "dim":
                ground, ink = Color.parse(variables["background"]), Color.parse(variables["foreground"])
                color = Style(color=ground.blend(ink, 0.65).rich_color)
            elif name:
                color = Style(color=Color.parse(variables[f"method-{name}"]).rich_color, bold=True)
            else:
                color = Style.null()
            self._colors[name] = color
        return color

    def action_unfold(self) -> None:
        """Expand the branch, or go to its first child."""
        node = self.cursor_node
        if node is None or not node.allow_expand:
            return
        if not node.is_expanded:
            node.expand()
        elif node.children:
            self.move_cursor(node.children[0])


def _leaf_parts(leaf: Leaf) -> list[tuple[str, str]]:
    """Return the texts of an endpoint's label with the names of their colors."""
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


def _truncate(parts: list[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    """Return the parts of a label with the title truncated so that all fit."""
    excess = sum(cell_len(text) for text, _ in parts) - room
    if excess <= 0 or room <= 0:
        return parts
    method, (title, color), *badges = parts
    left = max(1, cell_len(title) - excess)
    return [method, (f"{set_cell_size(title, left - 1).rstrip()}…", color), *badges]


def _short(method: str) -> str:
    return {"DELETE": "DEL", "OPTIONS": "OPT"}.get(method, method)[:5]


class EndpointTree(Vertical):
    """The endpoint pane: filter and tree."""

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
        """The user chose an endpoint."""

        address: str

    def __init__(self, catalog: Catalog, *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._catalog = catalog
        self._timer: Timer | None = None
        self._applied = ""
        self.vendor_id = ""
        """The open vendor, whose endpoints are preferred among equally good matches."""
        super().__init__(id=id)
        self.border_title = "Endpoints"

    def on_mount(self) -> None:
        """Highlight the border while the focus is inside."""
        follow_focus(self)

    def compose(self) -> ComposeResult:
        """Yield the filter and the tree, with vendors expanded."""
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
        """The tree below the filter."""
        return self.query_one(_Tree)

    def focus_filter(self) -> None:
        """Focus the filter and select its text, so that typing replaces it."""
        line = self.query_one(Input)
        line.focus()
        line.select_all()

    def focus_tree(self) -> None:
        """Focus the tree."""
        self.listing.focus()

    # --- content -----------------------------------------------------------------------------------------------------

    def _fill(self, tree: Tree[Node]) -> None:
        for vendor in self._catalog.vendors.values():
            node = tree.root.add(Text(sanitize_line(vendor.title)), Branch(vendor), expand=True)
            for group in dict.fromkeys(endpoint.group for endpoint in vendor.endpoints.values()):
                node.add(Text(sanitize_line(group)), Branch(vendor, group))

    def _fill_group(self, node: TreeNode[Node]) -> None:
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
                self._show_matches(tree, match_leaves(leaves_of(self._catalog), text, self.vendor_id))
            else:
                self.border_subtitle = ""
                self._fill(tree)

    def _show_matches(self, tree: Tree[Node], matches: list[Leaf]) -> None:
        nodes: dict[str, TreeNode[Node]] = {}
        for leaf in matches:
            vendor = leaf.vendor
            if vendor.id not in nodes:
                nodes[vendor.id] = tree.root.add(Text(sanitize_line(vendor.title)), Branch(vendor), expand=True)
            nodes[vendor.id].add_leaf(Text(sanitize_line(leaf.endpoint.title)), leaf)
        self.border_subtitle = f"{len(matches)} found" if matches else "no match"
        if matches:
            first = tree.root.children[0].children[0]
            self.call_after_refresh(tree.move_cursor, first)

    # --- messages ----------------------------------------------------------------------------------------------------

    @on(Tree.NodeExpanded)
    def _expanded(self, event: Tree.NodeExpanded[Node]) -> None:
        event.stop()
        self._fill_group(event.node)

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
        """Move the focus from the filter to the tree."""
        if self.query_one(Input).has_focus:
            self.focus_tree()
