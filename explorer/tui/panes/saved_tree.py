"""The tree of saved requests, and a preview of the selected file as highlighted TOML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.color import Color
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.kit.lines_view import LinesView, Row, Span
from explorer.tui.kit.static_widgets import FoldingTree
from explorer.tui.panes.title_bar import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.color import Color as RichColor
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widgets import Tree
    from textual.widgets.tree import TreeNode

    from explorer.errors import CatalogProblem
    from explorer.store.saved_files import SavedLibrary


@dataclass(frozen=True)
class SavedLeaf:
    """One request in the tree."""

    name: str
    method: str
    vendor: str
    description: str = ""
    problem: str = ""
    side: bool = False
    """Whether it is the user's side of a conflict."""

    @property
    def search_text(self) -> str:
        """The text that the filter searches."""
        return f"{self.name} {self.method} {self.vendor} {self.description}".lower()


@dataclass(frozen=True)
class SavedFolder:
    """A folder of requests; the empty name is the root."""

    name: str
    count: int
    problem: str = ""


Node = SavedFolder | SavedLeaf


class SavedTree(FoldingTree[Node]):
    """Shows saved requests in the order in which they run."""

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
        """Name of the row for the cursor, applied after layout."""
        super().__init__("saved", id=id)
        self.show_root = False
        self.guide_depth = 3
        self.auto_expand = False

    # --- content -----------------------------------------------------------------------------------------------------

    def show(self, leaves: Sequence[SavedLeaf], folders: dict[str, str]) -> None:
        """Show *leaves*, and *folders*: folder → problem of its options. Keeps the cursor position."""
        if tuple(leaves) != self._leaves or folders != self._folders:
            self._leaves, self._folders = tuple(leaves), dict(folders)
            self._rebuild()

    def filter(self, text: str) -> None:
        """Show the requests that contain every word of *text*."""
        if text != self._text:
            self._text = text
            self._rebuild()

    @property
    def found(self) -> tuple[SavedLeaf, ...]:
        """The requests that match the filter."""
        words = self._text.lower().split()
        return tuple(leaf for leaf in self._leaves if all(word in leaf.search_text for word in words))

    @property
    def current(self) -> Node | None:
        """The request or folder under the cursor."""
        return self.cursor_node.data if self.cursor_node is not None else None

    @property
    def folder(self) -> str:
        """The folder at or around the cursor."""
        node = self.current
        if isinstance(node, SavedLeaf):
            return node.name.rpartition("/")[0]
        return node.name if node is not None else ""

    def _rebuild(self) -> None:
        current = self.current
        self._wanted = self._wanted or (current.name if current is not None else "")
        line = self.cursor_line
        with self.app.batch_update():
            self.root.remove_children()
            nodes: dict[str, TreeNode[Node]] = {"": self.root}
            for leaf in self.found:
                parent = self._folder_node(leaf.name.rpartition("/")[0], nodes)
                parent.add_leaf(self._label(leaf), leaf)
            self.root.expand()
        self.call_after_refresh(self._restore_cursor, line)

    def _folder_node(self, name: str, nodes: dict[str, TreeNode[Node]]) -> TreeNode[Node]:
        if name not in nodes:
            parent = self._folder_node(name.rpartition("/")[0], nodes)
            count = sum(leaf.name.startswith(f"{name}/") for leaf in self.found)
            data = SavedFolder(name, count, self._folders.get(name, ""))
            expand = bool(self._text) or name not in self._folded
            nodes[name] = parent.add(self._label(data), data, expand=expand)
        return nodes[name]

    def _restore_cursor(self, line: int) -> None:
        name, self._wanted = self._wanted, ""
        nodes = (self.get_node_at_line(number) for number in range(self.last_line + 1))
        names = [node.data.name if node is not None and node.data is not None else "" for node in nodes]
        if name in names:
            self.cursor_line = names.index(name)
        elif name or self.cursor_node is None:
            self.cursor_line = max(0, min(line, self.last_line))
        self.post_message(self.Looked(self.current))

    def point(self, name: str) -> None:
        """Put the cursor on a request."""
        self._wanted = name
        self.call_after_refresh(self._restore_cursor, self.cursor_line)

    def _label(self, node: Node) -> Text:
        dim = Style(color=self._blend())
        error = Style(color=Color.parse(self.app.theme_variables["text-error"]).rich_color, bold=True)
        last = sanitize_line(node.name.rpartition("/")[2])
        if isinstance(node, SavedFolder):
            label = Text.assemble((f"{last}/", "bold"), (f"  {node.count}", dim), no_wrap=True)
        else:
            method = node.method.lower()
            color = self.app.theme_variables[f"method-{method}"] if method in METHODS else ""
            style = Style(color=Color.parse(color).rich_color, bold=True) if color else Style(bold=True)
            short = {"DELETE": "DEL"}.get(node.method, node.method)
            label = Text.assemble((f"{sanitize_line(short):<6}", style), last, no_wrap=True)
            if node.vendor:
                label.append(f"  {sanitize_line(node.vendor)}", dim)
            if node.side:
                label.append("  your version", error)
        if node.problem:
            label.append(f"  ✗ {sanitize_line(node.problem)}", error)
        return label

    def _blend(self) -> RichColor:
        variables = self.app.theme_variables
        ground, ink = Color.parse(variables["background"]), Color.parse(variables["foreground"])
        return ground.blend(ink, 0.65).rich_color

    # --- messages ----------------------------------------------------------------------------------------------------

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Node]) -> None:
        """Report the row under the cursor."""
        event.stop()
        self.post_message(self.Looked(event.node.data))

    def on_tree_node_collapsed(self, event: Tree.NodeCollapsed[Node]) -> None:
        """Remember a collapsed folder."""
        if event.node.data is not None:
            self._folded.add(event.node.data.name)

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Node]) -> None:
        """Remember an expanded folder."""
        if event.node.data is not None:
            self._folded.discard(event.node.data.name)

    def action_unfold(self) -> None:
        """Expand the folder."""
        node = self.cursor_node
        if node is not None and node.allow_expand:
            node.expand()


_PLACEHOLDER: Final = re.compile(r"(?<!\$)\$\{[^}]*\}")
_KINDS: Final = (
    ("Token.Comment", "dim"),
    ("Token.Keyword.Constant", "warn"),
    ("Token.Keyword", "strong"),
    ("Token.Name", "name"),
    ("Token.Literal.String", "in"),
    ("Token.Literal", "warn"),
    ("Token.Punctuation", "dim"),
    ("Token.Operator", "dim"),
)


def toml_rows(text: str, bad_line: int = 0) -> list[Row]:
    """Return a numbered row per line of *text*; line *bad_line* (from 1) is marked."""
    lines: list[list[Span]] = [[]]
    for kind, piece in _tokens(text):
        first, *others = piece.split("\n")
        lines[-1] += _spans(kind, first)
        lines += [_spans(kind, line) for line in others]
    if lines and not lines[-1]:
        lines.pop()
    width = len(str(len(lines)))
    return [
        Row(
            tuple(spans),
            gutter=(
                ("bad" if number == bad_line else "dim", f"{'▸' if number == bad_line else ' '}{number:>{width}} "),
            ),
            hanging_indent=2,
        )
        for number, spans in enumerate(lines, 1)
    ]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    from pygments.lexers.configs import TOMLLexer

    for _, kind, piece in TOMLLexer().get_tokens_unprocessed(text.replace("\r\n", "\n")):
        name = str(kind)
        yield next((span_kind for prefix, span_kind in _KINDS if name.startswith(prefix)), "text"), piece


def _spans(kind: str, text: str) -> list[Span]:
    spans: list[Span] = []
    at = 0
    for placeholder in _PLACEHOLDER.finditer(text) if kind == "in" else ():
        spans += [(kind, sanitize_line(text[at : placeholder.start()])), ("out", sanitize_line(placeholder[0]))]
        at = placeholder.end()
    spans.append((kind, sanitize_line(text[at:])))
    return [span for span in spans if span[1]]


class SavedPreview(Vertical):
    """Preview of a file or folder: its problems, requirements and text."""

    def compose(self) -> ComposeResult:
        yield Static(id="saved-problems", markup=False)
        yield LinesView(id="saved-preview")

    def show_file(self, text: str, problems: tuple[CatalogProblem, ...], facts: list[tuple[str, str]]) -> None:
        """Show a file with its problems and *facts* (kind and text)."""
        self._show_problems([f"✗ {sanitize_line(_full_message(problem))}" for problem in problems])
        line = _line_of(problems[0]) if problems else 0
        rows = [Row(((kind, sanitize_line(fact)),)) for kind, fact in facts]
        self.query_one(LinesView).show([*rows, *([Row()] if rows else []), *toml_rows(text, line)])

    def show_folder(self, library: SavedLibrary, name: str) -> None:
        """Show the requests of a folder in the order in which they run."""
        options = library.options.get(name)
        problems = library.folder_problems.get(name, ())
        self._show_problems([f"✗ {sanitize_line(_full_message(problem))}" for problem in problems])
        rows = [Row((("strong", sanitize_line(f"{name}/")), ("dim", "  runs in this order")))]
        if options is not None and options.description:
            rows.append(Row((("text", sanitize_line(options.description)),)))
        rows.append(Row())
        for number, path in enumerate(library.sequence(name), 1):
            request = library.files[path].request
            about = request.description.split("\n", 1)[0] if request else "invalid file"
            rows.append(
                Row((("dim", f"{number:>3}  "), ("name", sanitize_line(path)), ("dim", f"  {sanitize_line(about)}")))
            )
        self.query_one(LinesView).show(rows)

    def _show_problems(self, lines: list[str]) -> None:
        box = self.query_one("#saved-problems", Static)
        box.update(Content("\n".join(lines)))
        box.display = bool(lines)


def short_problem(problem: CatalogProblem) -> str:
    """Return the message of a problem, without its file."""
    return f"{problem.path}: {problem.message}" if problem.path and problem.path != "(file)" else problem.message


def _full_message(problem: CatalogProblem) -> str:
    message = short_problem(problem)
    message += f"; {problem.expected}" if problem.expected else ""
    return message + (f"; did you mean {problem.near!r}?" if problem.near else "")


def _line_of(problem: CatalogProblem) -> int:
    number = problem.path.removeprefix("line ").partition(",")[0]
    return int(number) if problem.path.startswith("line ") and number.isdigit() else 0
