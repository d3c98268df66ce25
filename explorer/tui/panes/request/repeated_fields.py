"""Repeated fields: indexed groups, lists of values, maps with free keys, and name-value pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input

from explorer.core.catalog.model import Group, Parameter
from explorer.core.model import Entry
from explorer.core.text.sanitize import sanitize_line
from explorer.tui.kit.static_widgets import CachedStatic
from explorer.tui.panes.request.field_row import FieldInput, FieldRow, TextEntryScope
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from explorer.errors import Problem


@dataclass
class RepeatsChanged(Message):
    """An item was added or removed."""


class HeadingBar(Horizontal):
    """A heading with a button on the right."""

    DEFAULT_CSS = """
    HeadingBar {
        height: 1; width: 1fr; padding: 0 1; background: $foreground 6%;
        & > CachedStatic { width: 1fr; height: 1; text-overflow: ellipsis; text-wrap: nowrap; }
        & > Button { width: auto; min-width: 8; }
    }
    """

    @dataclass
    class Pressed(Message):
        """The button was pressed."""

        bar: HeadingBar

    def __init__(self, text: Content, button: str) -> None:
        self._text = text
        self._button = button
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield text and button."""
        yield CachedStatic(self._text)
        yield Button(Content(self._button), compact=True)

    def update(self, text: Content) -> None:
        """Change the text."""
        self._text = text
        if self.is_mounted:
            self.query_one(CachedStatic).update(text)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Pressed(self))


class RepeatItem(Vertical):
    """One item of an indexed group."""

    DEFAULT_CSS = "RepeatItem { height: auto; width: 1fr; }"

    def __init__(self, index: int, title: str, rows: Sequence[FieldRow]) -> None:
        self.index = index
        self._title = title
        self._rows = tuple(rows)
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield heading and fields."""
        yield HeadingBar(Content.styled(f"  {sanitize_line(self._title)}", MUTED), "− remove")
        yield from self._rows


class RepeatBox(Vertical, TextEntryScope):
    """Base of repeated fields: a heading with an add button, and items that can be removed."""

    DEFAULT_CSS = "RepeatBox { height: auto; width: 1fr; margin: 0 0 0 0; }"

    def __init__(self, title: str) -> None:
        self.repeat_title = title
        self._problems: tuple[Problem, ...] = ()
        super().__init__()

    def rows(self) -> Iterator[FieldRow]:
        """Yield the fields in it, in order."""
        yield from self.query(FieldRow)

    @property
    def entries(self) -> list[Entry]:
        """The values that are set in it."""
        return [entry for row in self.rows() if (entry := row.entry) is not None]

    @property
    def unsent(self) -> list[str]:
        """Names of the items that were added but are empty."""
        return []

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show problems of the group as a whole in the heading."""
        self._problems = tuple(problems)
        self._retitle()

    def heading(self) -> Content:
        """Return the heading with its problems."""
        title = Content.styled(sanitize_line(self.repeat_title), "bold")
        messages = (f"✗ {sanitize_line(f'{problem.message} ({problem.expected})')}" for problem in self._problems)
        return Content("  ").join([title, *(Content.styled(message, "$text-error") for message in messages)])

    def _retitle(self) -> None:
        if self.is_mounted:
            self.query(HeadingBar).first().update(self.heading())

    async def add(self) -> None:
        """Add an item and focus it."""
        raise NotImplementedError

    async def remove_item(self, item: Widget) -> None:
        """Remove an item."""
        neighbors = [child for child in self.children if child is not item]
        await item.remove()
        self._retitle()
        if self.screen.focused is None and neighbors:
            self.screen.set_focus(next(iter(neighbors[-1].query("Input, Button"))))
        self.post_message(RepeatsChanged())


class GroupBox(RepeatBox):
    """A group of parameters with an index in their names."""

    def __init__(self, key: str, group: Group | None, members: Sequence[Parameter], given: Sequence[Entry]) -> None:
        self.key = key
        self.group = group or Group()
        self.members = tuple(members)
        self._given = {entry.name: entry for entry in given}
        title = f"{key}  {self.group.title}" if self.group.title else key
        super().__init__(title)

    def compose(self) -> ComposeResult:
        """Yield the items with entries, and at least as many as are required."""
        indexes = self._first_indexes()
        yield HeadingBar(self._heading_for(len(indexes)), "+ add")
        for index in indexes:
            yield self._item(index)

    def _first_indexes(self) -> list[int]:
        used = sorted({index for name in self._given if (index := self._index_in(name)) is not None})
        number = self.group.start
        while len(used) < self.group.min:
            if number not in used:
                used.append(number)
            number += 1
        return sorted(used)

    def _index_in(self, name: str) -> int | None:
        before, _, after = self.key.partition("#")
        if not name.startswith(before):
            return None
        digits = name[len(before) :]
        length = len(digits) - len(digits.lstrip("0123456789"))
        return int(digits[:length]) if length and digits[length:].startswith(after) else None

    def _item(self, index: int) -> RepeatItem:
        rows = []
        for param in self.members:
            name = param.name.replace("#", str(index), 1)
            rows.append(FieldRow(param, name, self._given.pop(name, None)))
        return RepeatItem(index, self.key.replace("#", str(index), 1), rows)

    @property
    def items(self) -> list[RepeatItem]:
        """The items in order."""
        return list(self.query(RepeatItem))

    @property
    def unsent(self) -> list[str]:
        """The items without any value."""
        blank = [item for item in self.items if all(row.entry is None for row in item.query(FieldRow))]
        return [self.key.replace("#", str(item.index), 1) for item in blank]

    def heading(self) -> Content:
        """Return title, problems and number of items."""
        return Content.assemble(super().heading(), "  ", self._count(len(self.items)))

    def _heading_for(self, count: int) -> Content:
        return Content.assemble((sanitize_line(self.repeat_title), "bold"), "  ", self._count(count))

    def _count(self, count: int) -> Content:
        group = self.group
        limits = f", at least {group.min}" if group.min else ""
        limits += f", at most {group.max}" if group.max is not None else ""
        return Content.styled(f"{count}{limits}", MUTED)

    async def add(self) -> None:
        """Add an item with the next index."""
        indexes = [item.index for item in self.items]
        index = max(indexes) + 1 if indexes else self.group.start
        item = self._item(index)
        await self.mount(item)
        self._retitle()
        next(iter(item.query(FieldRow))).focus_control()
        self.post_message(RepeatsChanged())


class ValueRow(Horizontal):
    """A field and a button to remove it."""

    DEFAULT_CSS = """
    ValueRow {
        height: auto; width: 1fr;
        & > Button { width: 3; min-width: 3; margin: 0 1 0 0; }
    }
    """

    def __init__(self, row: FieldRow) -> None:
        self.row = row
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield field and button."""
        yield self.row
        yield Button(Content("−"), compact=True)


class ListBox(RepeatBox):
    """A parameter with several values: ``filter[brands][]``."""

    def __init__(self, param: Parameter, given: Sequence[Entry]) -> None:
        self.param = param
        self._first = [self._line(entry) for entry in given]
        if not self._first and param.required:
            self._first = [self._line(None)]
        super().__init__(param.name)

    def _line(self, entry: Entry | None) -> ValueRow:
        return ValueRow(FieldRow(self.param, self.param.name, entry))

    def compose(self) -> ComposeResult:
        """Yield a heading and a field for each value."""
        yield HeadingBar(self.heading(), "+ add")
        yield from self._first

    @property
    def unsent(self) -> list[str]:
        """Names of the fields without a value."""
        lines = list(self.query(ValueRow))
        return [f"{self.param.name} {number}" for number, line in enumerate(lines, 1) if line.row.entry is None]

    async def add(self) -> None:
        """Add a value."""
        line = self._line(None)
        await self.mount(line)
        line.row.focus_control()
        self.post_message(RepeatsChanged())


class PairRow(Horizontal):
    """A free name and value."""

    DEFAULT_CSS = """
    PairRow {
        height: 1; width: 1fr; padding: 0 1;
        & > Input { width: 2fr; background: $surface; margin: 0 1 0 0; }
        & > Input.-value { width: 3fr; }
        & > Input:focus { background: $boost; background-tint: $foreground 10%; }
        & > Button { width: 3; min-width: 3; }
    }
    """

    @dataclass
    class Changed(Message):
        """Name or value changed."""

    @dataclass
    class Removed(Message):
        """The user wants to remove the pair."""

        pair_line: PairRow

    def __init__(self, name: str = "", value: str = "", *, hint: tuple[str, str] = ("name", "value")) -> None:
        self._start = (name, value)
        self._hint = hint
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield two inputs and a button."""
        name, value = self._start
        yield FieldInput(name, placeholder=self._hint[0], compact=True, select_on_focus=False)
        yield FieldInput(value, placeholder=self._hint[1], compact=True, select_on_focus=False, classes="-value")
        yield Button(Content("−"), compact=True)

    @property
    def pair(self) -> tuple[str, str]:
        """Name and value."""
        if not self.is_mounted or not self.children:
            return self._start
        name, value = (line.value for line in self.query(Input))
        return name, value

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Removed(self))


class PairsBox(RepeatBox):
    """Free pairs: undocumented parameters or custom headers."""

    def __init__(
        self, title: str, pairs: Sequence[tuple[str, str]] = (), *, hint: tuple[str, str] = ("name", "value")
    ) -> None:
        self._first = [PairRow(*pair, hint=hint) for pair in pairs]
        self._hint = hint
        super().__init__(title)

    def compose(self) -> ComposeResult:
        """Yield a heading and a row for each pair."""
        yield HeadingBar(self.heading(), "+ add")
        yield from self._first

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs that have a name."""
        lines = [line.pair for line in self.query(PairRow)] if self.is_mounted else [line.pair for line in self._first]
        return tuple((name.strip(), value) for name, value in lines if name.strip())

    @property
    def unsent(self) -> list[str]:
        """Descriptions of the pairs without a name."""
        lines = enumerate(self.query(PairRow), 1)
        return [f"{self.repeat_title}: name {number}" for number, line in lines if not line.pair[0].strip()]

    async def add(self) -> None:
        """Add an empty pair."""
        line = PairRow(hint=self._hint)
        await self.mount(line)
        self.screen.set_focus(line.query(Input).first())
        self.post_message(RepeatsChanged())


class MapBox(PairsBox):
    """A parameter with free keys: ``filter[*]``."""

    def __init__(self, param: Parameter, given: Sequence[Entry]) -> None:
        self.param = param
        self._prefix = param.name[:-3]
        pairs = [(entry.name[len(self._prefix) + 1 : -1], entry.value) for entry in given]
        super().__init__(f"{self._prefix}[…]", pairs, hint=("key", sanitize_line(param.example) or "value"))

    @property
    def entries(self) -> list[Entry]:
        """One entry per key."""
        return [Entry(name=f"{self._prefix}[{key}]", value=value) for key, value in self.pairs]
