"""A dialog to choose a file from a tree or by its path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import DirectoryTree, Input, Static

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import ClosingScreen

if TYPE_CHECKING:
    from rich.style import Style
    from rich.text import Text
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widgets._directory_tree import DirEntry
    from textual.widgets.tree import TreeNode


class FileTree(DirectoryTree):
    """A tree of folders and files. File names are sanitized. The icons are single-width, so that columns align in every
    terminal."""

    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "
    ICON_FILE = "  "
    BINDINGS: ClassVar[list[BindingType]] = bindings("files_tree")

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        """Return the label of *node* without terminal control sequences."""
        label = super().render_label(node, base_style, style)
        label.plain = sanitize_line(label.plain)
        return label


class FilePickerDialog(ModalScreen[str | None], ClosingScreen[str | None]):
    """Returns the path of a file, or None. *start* is the initial folder."""

    DEFAULT_CSS = """
    FilePickerDialog {
        align: center middle;
        & > Vertical {
            width: 84; max-width: 94%; height: 80%; padding: 0 1; border: round $border; background: $surface;
        }
        & Input { background: $foreground 8%; margin: 0 0 1 0; }
        & FileTree { height: 1fr; background: transparent; scrollbar-size-vertical: 1; }
        & #files-hint { height: auto; color: $text-muted; }
        & #files-problem { height: auto; color: $text-error; display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("files")

    def __init__(self, start: str | Path = ".", *, title: str = "Choose a file") -> None:
        folder = Path(start).expanduser()
        self._start = (folder if folder.is_dir() else folder.parent).absolute()
        self._title = sanitize_line(title)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content(sanitize_line(str(self._start)))
            yield Input(placeholder="type a path, or choose below", compact=True)
            yield Static(id="files-problem", markup=False)
            yield FileTree(self._start)
            yield Static(Content("enter Choose · backspace Parent folder · esc Cancel"), id="files-hint")

    def on_mount(self) -> None:
        self.query_one(FileTree).focus()

    @on(DirectoryTree.FileSelected)
    def _selected(self, event: DirectoryTree.FileSelected) -> None:
        event.stop()
        self.dismiss(str(event.path))

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip():
            return
        path = Path(event.value.strip()).expanduser()
        path = path if path.is_absolute() else self.query_one(FileTree).path / path
        if path.is_file():
            self.dismiss(str(path))
        elif path.is_dir():
            self._go(path)
            event.input.clear()
        else:
            self._say(f"✗ No such file: {sanitize_line(str(path))}")

    def action_up(self) -> None:
        """Go to the parent folder."""
        self._go(Path(self.query_one(FileTree).path).parent)

    def _go(self, folder: Path) -> None:
        tree = self.query_one(FileTree)
        tree.path = folder.resolve()
        tree.focus()
        self.query_one(Vertical).border_subtitle = Content(sanitize_line(str(tree.path)))
        self._say("")

    def _say(self, text: str) -> None:
        problem = self.query_one("#files-problem", Static)
        problem.update(Content(text))
        problem.display = bool(text)
