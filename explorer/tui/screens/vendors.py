"""The comparison of vendors: how each does the same tasks.

VendorsScreen (tasks) ── enter ──► TaskScreen (one task, a block for each vendor) ── enter ──► that vendor's call
"""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.screens import ListScreen
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.vendor_comparison import ComparisonCell, Task

_FIRST: Final = 19
"""Width of the task column, in cells."""
_LEAST: Final = 18
"""Minimum width of a vendor's column; if it does not fit, vendors are listed below each other."""
_CSS: Final = """
    & .head { height: auto; background: $panel; }
    & OptionList {
        height: 1fr; border: none; padding: 0 1; background: transparent; scrollbar-size-vertical: 1;
        & > .option-list--option-highlighted, &:focus > .option-list--option-highlighted {
            background: $primary 30%; color: $foreground; text-style: none;
        }
    }
"""


class _ListScreen(ListScreen[str | None]):
    """A head, a list laid out for the width, and a footer."""

    def compose(self) -> ComposeResult:
        yield Static(classes="head", markup=False)
        yield OptionList(markup=False, compact=True)
        yield KeyBar()

    def on_mount(self) -> None:
        """Fill the list and focus it."""
        self._fill()
        self.listing.focus()

    def on_resize(self) -> None:
        """Lay out for the new width."""
        self._fill()

    @property
    def room(self) -> int:
        """Width of a line of the list, in cells."""
        return max(30, self.size.width - 4)

    def _fill(self) -> None:
        index = self.listing.highlighted or 0
        self.listing.clear_options()
        self.listing.add_options(Option(row) for row in self.rows())
        self.listing.highlighted = index
        self.query_one(".head", Static).update(self.head())

    def rows(self) -> Iterator[Content]:
        """Yield the rows of the list."""
        raise NotImplementedError

    def head(self) -> Content:
        """Return the text above the list."""
        raise NotImplementedError


class VendorsScreen(_ListScreen):
    """Lists all tasks. Returns the address of a call to open, or None."""

    TITLE = "Compare vendors"
    HELP = "The same tasks, and how each vendor does them. Press enter to see one task in full."
    DEFAULT_CSS = f"VendorsScreen {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("vendors"), *bindings("vendor_rows")]

    def __init__(self, tasks: Sequence[Task], titles: Mapping[str, str]) -> None:
        """Show *tasks*. *titles* maps vendor ids to their titles."""
        self._all_tasks, self._titles = tuple(tasks), dict(titles)
        super().__init__()

    def on_mount(self) -> None:
        """Show the keys."""
        self.show_keys(["vendors.look", "vendors.tasks"], "vendors.close")

    @property
    def _column(self) -> int:
        """Width of a vendor's column in cells, 0 if columns do not fit."""
        width = (self.room - _FIRST) // max(1, len(self._titles)) - 1
        return width if width >= _LEAST else 0

    def head(self) -> Content:
        """Return the vendors above their columns."""
        title = Content.assemble(("Compare vendors", "bold"), ("  from the catalog", MUTED))
        if not self._column:
            return title
        names = [_cut(name, self._column) for name in self._titles.values()]
        line = " " * _FIRST + " ".join(name.ljust(self._column) for name in names)
        return Content("\n").join([title, Content.styled(line, "bold $text-primary")])

    def rows(self) -> Iterator[Content]:
        """Yield one row per task."""
        for task in self._all_tasks:
            yield self._beside(task) if self._column else self._below(task)

    def _beside(self, task: Task) -> Content:
        cells = [_wrapped(cell, self._column) for cell in task.cells.values()]
        lines = []
        for number, parts in enumerate(zip_longest(*cells, fillvalue="")):
            first = Content.styled((task.title if not number else "").ljust(_FIRST), "bold")
            lines.append(Content.assemble(first, " ".join(part.ljust(self._column) for part in parts)))
        return Content("\n").join([*lines, Content("")])

    def _below(self, task: Task) -> Content:
        lines = [Content.styled(task.title, "bold $text-primary")]
        indent = max(len(name) for name in self._titles) + 3
        for name, cell in task.cells.items():
            text = textwrap.wrap(sanitize_line(cell.short), max(20, self.room - indent)) or [""]
            head = Content.styled(f"  {sanitize_line(name)}".ljust(indent), MUTED)
            lines.append(Content.assemble(head, ("\n" + " " * indent).join(text)))
        return Content("\n").join([*lines, Content("")])

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._show_task(event.option_index)

    def action_look(self) -> None:
        """Show the details of the selected task."""
        self._show_task(self.listing.highlighted or 0)

    @work(exclusive=True, exit_on_error=False, description="details of a task")
    async def _show_task(self, index: int) -> None:
        address = await self.app.push_screen_wait(TaskScreen(self._all_tasks, index, self._titles))
        if address:
            self.dismiss(address)


class TaskScreen(_ListScreen):
    """Shows one task with the details of each vendor. Returns the address of a call to open, or None."""

    TITLE = "Compare vendors: one task"
    HELP = "How each vendor does this task. Press enter to open the call of the selected vendor."
    DEFAULT_CSS = f"TaskScreen {{ {_CSS} }}"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("task"), *bindings("vendor_rows")]

    def __init__(self, tasks: Sequence[Task], index: int, titles: Mapping[str, str]) -> None:
        self._all_tasks, self._index, self._titles = tuple(tasks), index, dict(titles)
        super().__init__()

    @property
    def _current(self) -> Task:
        return self._all_tasks[self._index]

    def head(self) -> Content:
        """Return the question."""
        task = self._current
        where = f"   {self._index + 1} of {len(self._all_tasks)}"
        return Content.assemble((task.title, "bold"), "  ", task.question, (where, MUTED))

    def rows(self) -> Iterator[Content]:
        """Yield one row per vendor."""
        for name, cell in self._current.cells.items():
            yield Content("\n").join([*self._lines(name, cell), Content("")])

    def _lines(self, name: str, cell: ComparisonCell) -> Iterator[Content]:
        cited = f"  [{cell.lines}]" if cell.lines else ""
        yield Content.assemble((sanitize_line(self._titles[name]), "bold $text-primary"), (cited, MUTED))
        for point in cell.points:
            yield from _hanging_lines(f"  · {sanitize_line(point)}", self.room, 4)
        for detail in cell.details:
            for line in _hanging_lines(f"    {sanitize_line(detail)}", self.room, 4):
                yield line.stylize(MUTED)
        if cell.endpoint:
            yield Content.assemble(("    ⏎ open ", MUTED), (cell.endpoint, "$text-accent"))

    @on(OptionList.OptionHighlighted)
    def _show_keys(self) -> None:
        self.show_keys([*(["task.open"] if self._endpoint else []), "task.next", "task.previous"], "task.close")

    @property
    def _endpoint(self) -> str:
        index = self.listing.highlighted
        return list(self._current.cells.values())[index].endpoint if index is not None else ""

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Open the vendor's call for this task."""
        if self._endpoint:
            self.dismiss(self._endpoint)
        else:
            self.notify("This vendor has no call for the task.", markup=False)

    def action_turn(self, step: int) -> None:
        """Show another task, keeping the vendor."""
        self._index = (self._index + step) % len(self._all_tasks)
        self._fill()


def _wrapped(cell: ComparisonCell, width: int) -> list[str]:
    """Return the points of a cell wrapped to *width*, with a hanging indent."""
    return [
        line
        for point in cell.points
        for line in textwrap.wrap(sanitize_line(point), width, subsequent_indent=" ", break_long_words=True)
    ]


def _hanging_lines(text: str, width: int, indent: int) -> Iterator[Content]:
    for line in textwrap.wrap(text, width, subsequent_indent=" " * indent, drop_whitespace=True) or [""]:
        yield Content(line if line.startswith(" ") else " " * indent + line)


def _cut(text: str, width: int) -> str:
    text = sanitize_line(text)
    return text if len(text) <= width else f"{text[: width - 1]}…"
