"""The form: every field of an endpoint, grouped by where its value is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Select, Static

from explorer.core.form import find_parameter
from explorer.core.model import Entry
from explorer.tui.actions import bindings
from explorer.tui.panes.request.field_row import FieldRow, TextEntryScope, nearest_ancestor
from explorer.tui.panes.request.field_state import ChoiceLine
from explorer.tui.panes.request.repeated_fields import (
    GroupBox,
    HeadingBar,
    ListBox,
    MapBox,
    PairRow,
    PairsBox,
    RepeatBox,
    RepeatItem,
    RepeatsChanged,
    ValueRow,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from explorer.core.catalog.model import Endpoint, Parameter
    from explorer.errors import Problem

SECTIONS: Final = {
    "path": "Path",
    "query": "Query",
    "form": "Body (form)",
    "json": "Body (JSON)",
    "multipart": "Body (multipart)",
    "header": "Headers",
}


def item_of(widget: Widget | None) -> Widget | None:
    """Return the item of a repeated field around *widget*, None if there is none."""
    return (
        nearest_ancestor(widget, RepeatItem) or nearest_ancestor(widget, ValueRow) or nearest_ancestor(widget, PairRow)
    )


class Form(VerticalScroll, TextEntryScope, can_focus=False):
    """The fields of one endpoint. Built again for every endpoint and every set of readings."""

    DEFAULT_CSS = """
    Form {
        height: 1fr; scrollbar-size-vertical: 1;
        & > .form-section { color: $text-primary; text-style: bold; height: 1; padding: 0 1; }
        & > .form-none { color: $text-muted; height: auto; padding: 0 1; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("field")]

    @dataclass
    class Changed(Message):
        """A value changed. Queued messages are merged."""

        def can_replace(self, message: Message) -> bool:
            """Keep only the last of several queued changes."""
            return isinstance(message, Form.Changed)

    @dataclass
    class FileWanted(Message):
        """The user wants to pick a file for a field."""

        name: str

    @dataclass
    class Visited(Message):
        """A field got the focus; *about* describes it."""

        about: Content

    def __init__(
        self,
        endpoint: Endpoint,
        entries: Sequence[Entry],
        extra: Sequence[tuple[str, str]],
        ambiguous: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """*ambiguous*: parameters about which the docs contradict themselves → keys of the readings."""
        self.endpoint = endpoint
        self.ambiguous_params = ambiguous or {}
        self._by_param, self._others = _by_parameter(endpoint, entries)
        self._extra = tuple(extra)
        self._parts: list[FieldRow | RepeatBox] = []
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the sections in the catalog's order, then what the catalog does not know."""
        seen = ""
        if not self.endpoint.params:
            yield Static("This call takes no parameters.", classes="form-none", markup=False)
        for location, part in self._build_fields():
            if location != seen:
                seen = location
                yield Static(SECTIONS[location], classes="form-section", markup=False)
            self._parts.append(part)
            yield part
        if self._others:
            names = ", ".join(entry.name for entry in self._others)
            yield Static(f"Not in the catalog: {names}", classes="form-none", markup=False)
        self._pairs = PairsBox("Undocumented query parameters", self._extra)
        yield self._pairs

    def _build_fields(self) -> Iterator[tuple[str, FieldRow | RepeatBox]]:
        params = list(self.endpoint.params.values())
        order = list(SECTIONS)
        done: set[str] = set()
        for param in sorted(params, key=lambda param: order.index(param.location)):
            given = self._by_param.get(param.name, [])
            key = param.group
            if key is not None:
                if key not in done:
                    done.add(key)
                    yield param.location, self._group(key, [member for member in params if member.group == key])
            elif param.repeat == "append":
                yield param.location, ListBox(param, given)
            elif param.repeat == "key":
                yield param.location, MapBox(param, given)
            else:
                yield param.location, FieldRow(param, param.name, given[0] if given else None)

    def _group(self, key: str, members: list[Parameter]) -> GroupBox:
        given = [entry for member in members for entry in self._by_param.get(member.name, [])]
        return GroupBox(key, self.endpoint.groups.get(key), members, given)

    # --- values ------------------------------------------------------------------------------------------------------

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The values that are set, in the order of the form."""
        entries: list[Entry] = []
        for part in self._parts:
            if isinstance(part, RepeatBox):
                entries.extend(part.entries)
            elif (entry := part.entry) is not None:
                entries.append(entry)
        return (*entries, *self._others)

    @property
    def extra(self) -> tuple[tuple[str, str], ...]:
        """Undocumented query parameters."""
        return self._pairs.pairs

    @property
    def unsent(self) -> list[str]:
        """Names of items that were added but are empty, and so are not sent."""
        boxes = [part for part in self._parts if isinstance(part, RepeatBox)]
        return [name for box in (*boxes, self._pairs) for name in box.unsent]

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show each problem at its field, or at the heading of its group."""
        rows = {row.field_name: row for row in self.query(FieldRow)}
        by_row: dict[str, list[Problem]] = {}
        by_box: dict[RepeatBox, list[Problem]] = {}
        for problem in problems:
            if problem.field in rows:
                by_row.setdefault(problem.field, []).append(problem)
            elif (box := self._box_of(problem.field)) is not None:
                by_box.setdefault(box, []).append(problem)
        for name, row in rows.items():
            row.show_problems(by_row.get(name, []))
        for part in self._parts:
            if isinstance(part, RepeatBox):
                part.show_problems(by_box.get(part, []))

    def _box_of(self, name: str) -> RepeatBox | None:
        match = find_parameter(self.endpoint, name)
        param = match[0] if match else self.endpoint.params.get(name)
        for part in self._parts:
            if isinstance(part, GroupBox) and (part.key == name or (param is not None and param.group == part.key)):
                return part
            if isinstance(part, ListBox | MapBox) and part.param is param:
                return part
        return None

    def first_of(self, names: Collection[str]) -> str:
        """Return the one of *names* whose field or group is first in the form, empty if none is in it."""
        rows = {row.field_name for row in self.query(FieldRow)}
        boxes = {box: name for name in names if name not in rows and (box := self._box_of(name)) is not None}
        for widget in self.walk_children():
            if isinstance(widget, FieldRow) and widget.field_name in names:
                return widget.field_name
            if isinstance(widget, RepeatBox) and widget in boxes:
                return boxes[widget]
        return ""

    def focus_field(self, name: str) -> bool:
        """Focus the field of that name, or a part of it; return False if there is none."""
        rows = list(self.query(FieldRow))
        for row in rows:
            if row.field_name == name:
                row.focus_control()
                return True
        for row in rows:
            if row.param.name == name or row.field_name.endswith(f".{name}"):
                row.focus_control()
                return True
        box = self._box_of(name)
        if box is not None:
            self.screen.set_focus(box.query(Button).first())
        return box is not None

    def focus_first_field(self) -> bool:
        """Focus the first required field that is blank, or the first field; return False if there is none."""
        rows = list(self.query(FieldRow))
        target = next((row for row in rows if row.param.required and row.blank), rows[0] if rows else None)
        if target is not None:
            target.focus_control()
        return target is not None

    def fill_examples(self) -> int:
        """Fill blank fields that are required, by themselves or by a rule, with their examples; return how many."""
        count = 0
        for row in self.query(FieldRow):
            if (row.param.required or row.has_problem) and row.blank and row.param.example and row.param.type != "file":
                row.fill(Entry(name=row.field_name, value=row.param.example))
                count += 1
        return count

    def fill(self, name: str, entry: Entry) -> None:
        """Set the value of a field."""
        for row in self.query(FieldRow):
            if row.field_name == name:
                row.fill(entry)
                row.focus_control()
                return

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the key for another value in fields without choices."""
        if action == "other_value":
            row = nearest_ancestor(self.screen.focused, FieldRow)
            return row is not None and row.has_choices
        return super().check_action(action, parameters)

    def action_next_field(self) -> None:
        """Focus the next field."""
        self._step(1)

    def action_previous_field(self) -> None:
        """Focus the previous field."""
        self._step(-1)

    async def action_other_value(self) -> None:
        """Replace the choices of the focused field with a text input."""
        row = nearest_ancestor(self.screen.focused, FieldRow)
        if row is not None:
            await row.switch_to_text()

    def _step(self, step: int) -> None:
        """Focus the next or previous control; skip marks and buttons, and do not wrap around."""
        chain = [widget for widget in self.screen.focus_chain if widget in self.walk_children()]
        focused = self.screen.focused
        at = chain.index(focused) if focused in chain else -1
        candidates = range(at + 1, len(chain)) if step > 0 else range(at - 1, -1, -1)
        for number in candidates:
            if isinstance(chain[number], Input | Select | ChoiceLine):
                self.screen.set_focus(chain[number])
                return

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._step(1)

    # --- adding and removing -----------------------------------------------------------------------------------------

    async def add_at(self, widget: Widget | None) -> bool:
        """Add an item to the repeated field around *widget*; return False if there is none."""
        box = nearest_ancestor(widget, RepeatBox)
        if box is None:
            return False
        await box.add()
        return True

    async def remove_at(self, widget: Widget | None) -> bool:
        """Remove the item around *widget*; return False if there is none."""
        item = item_of(widget)
        box = nearest_ancestor(item, RepeatBox)
        if item is None or box is None:
            return False
        await box.remove_item(item)
        return True

    @on(HeadingBar.Pressed)
    async def _heading_pressed(self, event: HeadingBar.Pressed) -> None:
        event.stop()
        if isinstance(event.bar.parent, RepeatItem):
            await self.remove_at(event.bar)
        else:
            await self.add_at(event.bar)

    @on(Button.Pressed)
    async def _remove_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        await self.remove_at(event.button)

    # --- messages ----------------------------------------------------------------------------------------------------

    @on(PairRow.Removed)
    async def _pair_removed(self, event: PairRow.Removed) -> None:
        event.stop()
        await self.remove_at(event.pair_line)

    @on(FieldRow.Changed)
    @on(PairRow.Changed)
    @on(RepeatsChanged)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(FieldRow.FileWanted)
    def _file(self, event: FieldRow.FileWanted) -> None:
        event.stop()
        self.post_message(self.FileWanted(event.row.field_name))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Report the description of the focused field."""
        row = nearest_ancestor(event.widget, FieldRow)
        self.post_message(self.Visited(row.about if row is not None else Content("")))


def _by_parameter(endpoint: Endpoint, entries: Sequence[Entry]) -> tuple[dict[str, list[Entry]], list[Entry]]:
    """Return the entries by parameter name, and those without a parameter."""
    known: dict[str, list[Entry]] = {}
    others: list[Entry] = []
    for entry in entries:
        match = find_parameter(endpoint, entry.name)
        if match is None:
            others.append(entry)
        else:
            known.setdefault(match[0].name, []).append(entry)
    return known, others
