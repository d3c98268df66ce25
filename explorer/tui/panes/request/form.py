"""The form: every field of an endpoint, by the place where its value travels."""

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
    from collections.abc import Iterator, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from explorer.core.catalog.model import Endpoint, Parameter
    from explorer.errors import Problem

SECTIONS: Final = {
    "path": "Path",
    "query": "Query",
    "form": "Body, as a form",
    "json": "Body, as JSON",
    "multipart": "Body, as multipart",
    "header": "Headers",
}


class Form(VerticalScroll, TextEntryScope, can_focus=False):
    """The fields of one endpoint. Made anew for every endpoint and every set of readings."""

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
        """Something in the form is another; floods are merged."""

        def can_replace(self, message: Message) -> bool:
            """Only the last of a row counts."""
            return isinstance(message, Form.Changed)

    @dataclass
    class FileWanted(Message):
        """A file is to be picked for the field of that name."""

        name: str

    @dataclass
    class Visited(Message):
        """The focus went into a field: what is known of it."""

        about: Content

    def __init__(
        self,
        endpoint: Endpoint,
        entries: Sequence[Entry],
        extra: Sequence[tuple[str, str]],
        doubted: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """*doubted*: parameters about which the document contradicts itself, with the keys of the readings."""
        self.endpoint = endpoint
        self.ambiguous_params = doubted or {}
        self._by_param, self._others = _sorted(endpoint, entries)
        self._extra = tuple(extra)
        self._parts: list[FieldRow | RepeatBox] = []
        super().__init__()

    def compose(self) -> ComposeResult:
        """Sections in the catalog's order, then what the catalog does not know."""
        seen = ""
        if not self.endpoint.params:
            yield Static("This call takes no parameters.", classes="form-none", markup=False)
        for location, part in self._make():
            if location != seen:
                seen = location
                yield Static(SECTIONS[location], classes="form-section", markup=False)
            self._parts.append(part)
            yield part
        if self._others:
            names = ", ".join(entry.name for entry in self._others)
            yield Static(f"Kept, though the catalog does not know them: {names}", classes="form-none", markup=False)
        self._pairs = PairsBox("Undocumented query parameters", self._extra)
        yield self._pairs

    def _make(self) -> Iterator[tuple[str, FieldRow | RepeatBox]]:
        params = list(self.endpoint.params.values())
        order = list(SECTIONS)
        done: set[str] = set()
        for param in sorted(params, key=lambda one: order.index(one.location)):
            given = self._by_param.get(param.name, [])
            key = param.group
            if key is not None:
                if key not in done:
                    done.add(key)
                    yield param.location, self._group(key, [one for one in params if one.group == key])
            elif param.repeat == "append":
                yield param.location, ListBox(param, given)
            elif param.repeat == "key":
                yield param.location, MapBox(param, given)
            else:
                yield param.location, FieldRow(param, param.name, given[0] if given else None)

    def _group(self, key: str, members: list[Parameter]) -> GroupBox:
        given = [entry for member in members for entry in self._by_param.get(member.name, [])]
        return GroupBox(key, self.endpoint.groups.get(key), members, given)

    # --- what it holds -----------------------------------------------------------------------------------------------

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is set, in the order of the form."""
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
        """Names of what was added and left empty, so that a call has nothing of it."""
        boxes = [part for part in self._parts if isinstance(part, RepeatBox)]
        return [name for box in (*boxes, self._pairs) for name in box.unsent]

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Put each problem to its field; those of a whole group to its heading."""
        rows = {row.field_name: row for row in self.query(FieldRow)}
        by_row: dict[str, list[Problem]] = {}
        by_box: dict[RepeatBox, list[Problem]] = {}
        for one in problems:
            if one.field in rows:
                by_row.setdefault(one.field, []).append(one)
            elif (box := self._box_of(one.field)) is not None:
                by_box.setdefault(box, []).append(one)
        for name, row in rows.items():
            row.show_problems(by_row.get(name, []))
        for part in self._parts:
            if isinstance(part, RepeatBox):
                part.show_problems(by_box.get(part, []))

    def _box_of(self, name: str) -> RepeatBox | None:
        found = find_parameter(self.endpoint, name)
        param = found[0] if found else self.endpoint.params.get(name)
        for part in self._parts:
            if isinstance(part, GroupBox) and (part.key == name or (param is not None and param.group == part.key)):
                return part
            if isinstance(part, ListBox | MapBox) and part.param is param:
                return part
        return None

    def focus_field(self, name: str) -> bool:
        """Put the focus into the field of that name (or a part of it); False where there is none."""
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
        """Put the focus into the first required field that is blank, or else the first field."""
        rows = list(self.query(FieldRow))
        chosen = next((row for row in rows if row.param.required and row.blank), rows[0] if rows else None)
        if chosen is not None:
            chosen.focus_control()
        return chosen is not None

    def fill_examples(self) -> int:
        """Put the catalog's examples into blank fields that are required or that a rule asks for; how many."""
        count = 0
        for row in self.query(FieldRow):
            if (row.param.required or row.has_problem) and row.blank and row.param.example and row.param.type != "file":
                row.fill(Entry(name=row.field_name, value=row.param.example))
                count += 1
        return count

    def fill(self, name: str, entry: Entry) -> None:
        """Put an entry into the field of that name."""
        for row in self.query(FieldRow):
            if row.field_name == name:
                row.fill(entry)
                row.focus_control()
                return

    def action_next_field(self) -> None:
        """Go to the next field."""
        self._step(1)

    def action_previous_field(self) -> None:
        """Go to the field before."""
        self._step(-1)

    async def action_other_value(self) -> None:
        """Type a value that is not among the choices of the field with the focus."""
        row = nearest_ancestor(self.screen.focused, FieldRow)
        if row is not None:
            await row.switch_to_text()

    def _step(self, step: int) -> None:
        """Move among the controls, leaving out marks and buttons; the ends are ends."""
        chain = [one for one in self.screen.focus_chain if one in self.walk_children()]
        focused = self.screen.focused
        at = chain.index(focused) if focused in chain else -1
        stops = range(at + 1, len(chain)) if step > 0 else range(at - 1, -1, -1)
        for number in stops:
            if isinstance(chain[number], Input | Select | ChoiceLine):
                self.screen.set_focus(chain[number])
                return

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._step(1)

    # --- adding and removing -----------------------------------------------------------------------------------------

    async def add_at(self, widget: Widget | None) -> bool:
        """Add one more to the repeated thing that *widget* is in; False where it is in none."""
        box = nearest_ancestor(widget, RepeatBox)
        if box is None:
            return False
        await box.add()
        return True

    async def remove_at(self, widget: Widget | None) -> bool:
        """Remove the item that *widget* is in."""
        item = (
            nearest_ancestor(widget, RepeatItem)
            or nearest_ancestor(widget, ValueRow)
            or nearest_ancestor(widget, PairRow)
        )
        box = nearest_ancestor(item, RepeatBox)
        if item is None or box is None:
            return False
        await box.remove_item(item)
        return True

    @on(HeadingBar.Pressed)
    async def _bar(self, event: HeadingBar.Pressed) -> None:
        event.stop()
        if isinstance(event.bar.parent, RepeatItem):
            await self.remove_at(event.bar)
        else:
            await self.add_at(event.bar)

    @on(Button.Pressed)
    async def _minus(self, event: Button.Pressed) -> None:
        event.stop()
        await self.remove_at(event.button)

    # --- what happens ------------------------------------------------------------------------------------------------

    @on(PairRow.Removed)
    async def _unpair(self, event: PairRow.Removed) -> None:
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
        """Tell what is known of the field that was entered."""
        row = nearest_ancestor(event.widget, FieldRow)
        self.post_message(self.Visited(row.about if row is not None else Content("")))


def _sorted(endpoint: Endpoint, entries: Sequence[Entry]) -> tuple[dict[str, list[Entry]], list[Entry]]:
    """The entries by the parameter that they belong to, and those that belong to none."""
    known: dict[str, list[Entry]] = {}
    others: list[Entry] = []
    for entry in entries:
        found = find_parameter(endpoint, entry.name)
        if found is None:
            others.append(entry)
        else:
            known.setdefault(found[0].name, []).append(entry)
    return known, others
