"""The file at the cursor of the saved requests: what is wrong with it, what it needs, its text; or a folder's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.widgets.lines_view import LinesView, Row
from explorer.tui.widgets.toml_rows import toml_rows

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from explorer.errors import CatalogProblem
    from explorer.saved import SavedLibrary


class SavedPreview(Vertical):
    """The file at the cursor: what is wrong with it, what it needs, its text."""

    def compose(self) -> ComposeResult:
        yield Static(id="saved-problems", markup=False)
        yield LinesView(id="saved-preview")

    def show_file(self, text: str, problems: tuple[CatalogProblem, ...], facts: list[tuple[str, str]]) -> None:
        """Show a file."""
        said = [f"✗ {sanitize_line(_whole(one))}" for one in problems]
        self._say(said)
        line = _line_of(problems[0]) if problems else 0
        rows = [Row(((kind, sanitize_line(words)),)) for kind, words in facts]
        self.query_one(LinesView).show([*rows, *([Row()] if rows else []), *toml_rows(text, line)])

    def show_folder(self, library: SavedLibrary, name: str) -> None:
        """Show the order of a folder."""
        options = library.options.get(name)
        self._say([f"✗ {sanitize_line(_whole(one))}" for one in library.folder_problems.get(name, ())])
        rows = [Row((("strong", sanitize_line(f"{name}/")), ("dim", "  runs in this order")))]
        if options is not None and options.description:
            rows.append(Row((("text", sanitize_line(options.description)),)))
        rows.append(Row())
        for number, one in enumerate(library.sequence(name), 1):
            request = library.files[one].request
            about = request.description.split("\n", 1)[0] if request else "bad file"
            rows.append(
                Row((("dim", f"{number:>3}  "), ("name", sanitize_line(one)), ("dim", f"  {sanitize_line(about)}")))
            )
        self.query_one(LinesView).show(rows)

    def _say(self, lines: list[str]) -> None:
        box = self.query_one("#saved-problems", Static)
        box.update(Content("\n".join(lines)))
        box.display = bool(lines)


def short_problem(problem: CatalogProblem) -> str:
    """A problem without its file."""
    return f"{problem.path}: {problem.message}" if problem.path and problem.path != "(file)" else problem.message


def _whole(problem: CatalogProblem) -> str:
    said = short_problem(problem)
    said += f"; {problem.expected}" if problem.expected else ""
    return said + (f"; did you mean {problem.near!r}?" if problem.near else "")


def _line_of(problem: CatalogProblem) -> int:
    word = problem.path.removeprefix("line ").partition(",")[0]
    return int(word) if problem.path.startswith("line ") and word.isdigit() else 0
