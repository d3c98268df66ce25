"""One field of the form: mark, name, control, rule and problems; and the scope in which letters are text."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from textual import events, on
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Select

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.kit.static_widgets import CachedStatic
from explorer.tui.panes.request.auth_view import ONE_OF
from explorer.tui.panes.request.field_state import MARKS, ChoiceLine, FieldState, rule_text, state_of
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult

    from explorer.core.catalog.model import Parameter
    from explorer.core.model import Entry
    from explorer.errors import Problem


SHORT_CHOICE: Final = 26
"""Cells up to which choices are shown on one line; wider ones open a list."""
NAME_ROOM: Final = 30
"""Cells of a row taken by its name, gutters and padding."""
OTHER: Final = "\0other"
"""The choice to type another value. No real value begins with NUL."""


class FieldMark(CachedStatic):
    """The mark and name of a field. Space or a click cycles its state."""

    @dataclass
    class Cycled(Message):
        """The user wants the next state."""

    def key_space(self) -> None:
        """Request the next state."""
        self.post_message(self.Cycled())

    def on_click(self, event: events.Click) -> None:
        """Request the next state."""
        event.stop()
        self.post_message(self.Cycled())


class FieldInput(Input):
    """A text input whose cursor does not blink, so that an idle form repaints nothing."""

    def on_mount(self) -> None:
        """Stop the cursor from blinking."""
        self.cursor_blink = False

    def on_paste(self, event: events.Paste) -> None:
        """Insert every line of a pasted text; ``Input`` would insert only the first."""
        event.prevent_default()
        event.stop()
        text = joined_lines(self, event.text)
        if text:
            self.replace(text, *self.selection)


def joined_lines(widget: Widget, text: str) -> str:
    """Return a pasted *text* as one line for the field around *widget*; notify the user if it had several lines.

    A list is joined with commas, anything else with spaces, which do not change the meaning of JSON.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return "".join(lines)
    row = nearest_ancestor(widget, FieldRow)
    is_list = row is not None and row.param.comma
    if row is None or row.param.type != "object":
        widget.notify(f"Pasted {len(lines)} lines as one, joined with {'commas' if is_list else 'spaces'}.")
    if is_list:
        return ",".join(line.strip().rstrip(",") for line in lines)
    return " ".join(line.strip() for line in lines)


class FieldRow(Widget):
    """The field of one parameter, with indexes in its name filled in."""

    DEFAULT_CSS = """
    FieldRow {
        layout: grid; grid-size: 3; grid-columns: 26 1fr 1fr; grid-rows: auto; grid-gutter: 0 1;
        height: auto; width: 1fr; padding: 0 1;
        & > FieldMark { width: 1fr; height: 1; text-overflow: ellipsis; text-wrap: nowrap; }
        & > FieldMark:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
        & Input { background: $surface; }
        & Input:focus { background: $boost; background-tint: $foreground 10%; }
        & Input.-bad { background: $error 20%; }
        & Select { height: 1; }
        & Select > SelectCurrent { background: $surface; }
        & Select:focus > SelectCurrent { background: $boost; background-tint: $foreground 10%; }
        & > .field-note { height: auto; color: $text-muted; }
        &.-long { grid-size: 2; grid-columns: 26 1fr; }
        &.-long > .field-note { column-span: 2; padding: 0 0 0 27; }
        & > Horizontal { height: 1; }
        & > Horizontal > Input { width: 1fr; }
        & > Horizontal > Button { width: 8; min-width: 8; margin: 0 0 0 1; }
        &:focus-within { background: $foreground 4%; }
    }
    """

    @dataclass
    class Changed(Message):
        """The value changed."""

        row: FieldRow

    @dataclass
    class FileWanted(Message):
        """The user wants to pick a file."""

        row: FieldRow

    def __init__(self, param: Parameter, name: str, entry: Entry | None = None) -> None:
        self.param = param
        self.field_name = name
        self.field_state = state_of(entry)
        self._problems: tuple[Problem, ...] = ()
        self._as_text = self._is_custom()
        """Whether a parameter with choices is shown as a text input."""
        self._prefix = ""
        """The characters typed so far to select a choice."""
        self._changing = asyncio.Lock()
        super().__init__()

    # --- controls ----------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Yield mark, control and note."""
        mark = FieldMark(self._mark_text())
        mark.can_focus = not self.param.required
        yield mark
        yield self._control()
        yield CachedStatic(self._note_text(), classes="field-note")

    @property
    def _choices(self) -> list[str]:
        """The values to choose from; empty for a text input."""
        param = self.param
        if param.comma or not (param.type == "boolean" or param.enum):
            return []
        return list(dict.fromkeys([*(param.enum or ("true", "false")), *param.also]))

    @property
    def has_choices(self) -> bool:
        """Whether the field lists values to choose from."""
        return bool(self._choices)

    def _is_custom(self) -> bool:
        """Return whether the value is not among the choices."""
        value = self._choice()
        return bool(value) and value not in self._choices

    def _control(self) -> Widget:
        param, choices = self.param, self._choices
        if choices and not self._as_text:
            absent = "absent" if param.prefill is None else param.prefill
            if sum(len(choice) + 3 for choice in choices) + len(absent) + 3 <= SHORT_CHOICE:
                others = [(choice, choice) for choice in choices if choice != param.prefill]
                return ChoiceLine([("", absent), *others], self._choice(), more=OTHER)
            return self._select(choices, absent)
        line = FieldInput(
            self.field_state.shown,
            placeholder=self._placeholder(),
            password=param.secret,
            compact=True,
            select_on_focus=False,
        )
        if param.type == "file":
            return Horizontal(line, Button("Pick…", compact=True))
        return line

    async def switch_to_text(self) -> bool:
        """Replace the choices with a text input, so that undocumented values can be sent too.

        Return False if the field has no choices.
        """
        if not self._choices:
            return False
        if not self._as_text:
            await self._swap(free=True)
            self.focus_control()
        return True

    async def type_text(self, text: str) -> None:
        """Handle *text* typed while the field's mark, choices or button had the focus.

        It is appended to a text input, or selects the choice that begins with it. If no choice does, the choices are
        replaced with a text input.
        """
        if not self.query(Input):
            prefix = self._prefix + text
            values = (choice for choice in self._choices if choice.lower().startswith(prefix.lower()))
            if (value := next(values, None)) is not None:
                self._prefix = prefix
                self._set_state(FieldState() if value == self.param.prefill else FieldState().typed(value))
                self.post_message(self.Changed(self))
                return
            self._prefix = ""
            await self.switch_to_text()
            self.query_one(Input).value = ""
            text = prefix
        self.focus_control()
        for line in self.query(Input):
            line.cursor_position = len(line.value)
            line.insert_text_at_cursor(text)

    async def _swap(self, *, free: bool) -> None:
        """Switch between choices and a text input (*free*)."""
        async with self._changing:
            if free == self._as_text or not self.is_mounted:
                return
            self._as_text = free
            with self.app.batch_update():
                await self.children[1].remove()
                await self.mount(self._control(), after=0)

    def _choice(self) -> str:
        """Return the choice for the current value; booleans may be written as ``1``, ``yes`` and so on."""
        shown = self.field_state.shown
        if self.param.type != "boolean":
            return shown
        return {"1": "true", "yes": "true", "on": "true", "0": "false", "no": "false", "off": "false"}.get(
            shown.lower(), shown
        )

    def _select(self, choices: Sequence[str], absent: str) -> Widget:
        from rich.text import Text

        options = [(Text(sanitize_line(choice)), choice) for choice in choices]
        select: Select[str] = Select([*options, (Text("other…"), OTHER)], prompt=absent, allow_blank=True, compact=True)
        if self._choice():
            select.value = self._choice()
        return select

    def _placeholder(self) -> str:
        param = self.param
        if self.field_state.kind == "empty":
            return "sent empty"
        if self.field_state.kind == "null":
            return "sent as null"
        if param.prefill is not None:
            return sanitize_line(param.prefill)
        return f"e.g. {sanitize_line(param.example)}" if param.example and not param.secret else ""

    # --- value -------------------------------------------------------------------------------------------------------

    @property
    def entry(self) -> Entry | None:
        """The entry of a call, or None if the field is absent.

        Reads the input directly: its ``Changed`` message may still be queued when a call is sent or the app closes.
        """
        line = next(iter(self.query(FieldInput)), None)
        state = self.field_state
        if line is not None and line.value != state.shown:
            state = state.typed(line.value)
        return state.entry(self.param, self.field_name)

    @property
    def blank(self) -> bool:
        """Whether nothing would be sent for it."""
        return self.field_state.kind == "absent" and self.param.prefill is None

    @property
    def has_problem(self) -> bool:
        """Whether it has an error."""
        return any(problem.level == "error" for problem in self._problems)

    def fill(self, entry: Entry | None) -> None:
        """Set the value, as if it had been typed."""
        self._set_state(state_of(entry))
        self.post_message(self.Changed(self))

    def _set_state(self, state: FieldState) -> None:
        self.field_state = state
        for line in self.query(Input):
            with self.prevent(Input.Changed):
                line.value = state.shown
            line.placeholder = self._placeholder()
        for choice in self.query(ChoiceLine):
            choice.value = self._choice()
        for select in self.query(Select):
            with self.prevent(Select.Changed):
                select.value = self._choice() if self._choice() in self._choices else Select.NULL
        self._repaint()
        if self._choices and self._is_custom() != self._as_text:
            self.call_later(self._swap, free=self._is_custom())

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show the problems of the field."""
        if tuple(problems) == self._problems:
            return
        self._problems = tuple(problems)
        self._repaint()

    def focus_control(self) -> None:
        """Focus the control."""
        for kind in (Input, ChoiceLine, Select):
            for control in self.query(kind):
                self.screen.set_focus(control)
                return

    @property
    def ambiguities(self) -> Sequence[str]:
        """Keys of the readings that change this field, from the surrounding form."""
        for node in self.ancestors:
            params: Mapping[str, Sequence[str]] | None = getattr(node, "ambiguous_params", None)
            if params is not None:
                return params.get(self.param.name, ())
        return ()

    @property
    def about(self) -> Content:
        """The description of the field, for the line below the form."""
        param = self.param
        where = f"{param.location} · " + ("required · " if param.required else "")
        more = "  · or type another value" if self._choices else ""
        ambiguity = f"  ◆ {', '.join(map(sanitize_line, self.ambiguities))}: B tries both" if self.ambiguities else ""
        title = Content.assemble(
            (sanitize_line(self.field_name), "bold"),
            f"  {where}{sanitize_line(rule_text(param))}{more}",
            (ambiguity, "$accent"),
        )
        return Content.assemble(title, "\n", sanitize_line(param.note)) if param.note else title

    # --- painting ----------------------------------------------------------------------------------------------------

    def _repaint(self) -> None:
        if not self.is_mounted:
            return
        self.query_one(FieldMark).update(self._mark_text())
        self.query_one(".field-note", CachedStatic).update(self._note_text())
        self._fit()
        invalid = any(problem.level == "error" and not _is_missing(problem) for problem in self._problems)
        for line in self.query(Input):
            line.set_class(invalid, "-bad")

    def on_resize(self) -> None:
        """Place the note for the new width."""
        self._fit()

    def _fit(self) -> None:
        """Place a note below the control if it is too long to fit next to it."""
        room = (self.size.width - NAME_ROOM) // 2
        if room > 0:
            self.set_class(any(line.cell_length > room for line in self._note_text().split("\n")), "-long")

    def _mark_text(self) -> Content:
        kind = self.field_state.kind
        mark = "◐" if kind == "absent" and self.param.prefill is not None else MARKS[kind]
        style = {"set": "$success", "absent": MUTED}.get(kind, "$accent")
        star = ("*", "$error bold") if self.param.required else ""
        ambiguity = (" ◆", "$accent") if self.ambiguities else ""
        return Content.assemble((mark, style), " ", sanitize_line(self.field_name), star, ambiguity)

    def _note_text(self) -> Content:
        parts: list[Content] = []
        for problem in self._problems:
            expected = f" ({sanitize_line(problem.expected)})" if problem.expected else ""
            if problem.message.startswith(ONE_OF):
                parts.append(Content.styled(f"• {sanitize_line(problem.message)}", "$text-warning"))
            elif _is_missing(problem):
                rule = sanitize_line(rule_text(self.param))
                parts.append(Content.assemble(("• required", "$text-warning"), f" · {rule}"))
            else:
                sign, style = ("✗", "$text-error") if problem.level == "error" else ("!", "$text-warning")
                parts.append(Content.styled(f"{sign} {sanitize_line(problem.message)}{expected}", style))
        if self.field_state.kind in ("empty", "null"):
            parts.append(
                Content.styled("sent empty" if self.field_state.kind == "empty" else "sent as null", "$accent")
            )
        if not parts or not any(problem.level == "error" for problem in self._problems):
            parts.append(Content(sanitize_line(rule_text(self.param))))
        return Content("\n").join(parts)

    # --- messages ----------------------------------------------------------------------------------------------------

    @on(FieldMark.Cycled)
    def _cycled(self, event: FieldMark.Cycled) -> None:
        event.stop()
        self._set_state(self.field_state.cycled(self.param))
        self.post_message(self.Changed(self))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._set(event.value)

    @on(ChoiceLine.Changed)
    async def _chosen(self, event: ChoiceLine.Changed) -> None:
        event.stop()
        self._prefix = ""
        if event.value == OTHER:
            await self.switch_to_text()
        else:
            self._set(event.value)

    @on(Select.Changed)
    async def _selected(self, event: Select.Changed) -> None:
        event.stop()
        self._prefix = ""
        if event.value == OTHER:
            await self.switch_to_text()
        else:
            self._set("" if event.value is Select.NULL else str(event.value))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Return from the text input to the choices when the value left in it is one of them."""
        self._prefix = ""
        if isinstance(event.widget, Input) and self._as_text and self._choices and not self._is_custom():
            self.call_later(self._swap, free=False)

    @on(Button.Pressed)
    def _pick(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.FileWanted(self))

    def _set(self, text: str) -> None:
        if text == self.field_state.shown and self.field_state.kind in ("set", "absent"):
            return
        self.field_state = self.field_state.typed(text)
        self._repaint()
        self.post_message(self.Changed(self))


def _is_missing(problem: Problem) -> bool:
    """Return whether the problem is a required value that is blank."""
    return problem.message == "is required" or problem.message.startswith(ONE_OF)


Kind = TypeVar("Kind", bound=Widget)


class TextEntryScope(Widget):
    """A part of the screen in which printable keys are text for the focused field.

    Textual looks up bindings after a key event has passed all ancestors of the focused widget. Stopping the event here
    therefore shields every binding of the widgets inside, the pane and the screen.
    """

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Return whether outer bindings cannot use *key*."""
        return key != "space" and character is not None and character.isprintable()

    async def on_key(self, event: events.Key) -> None:
        """Type a character that the focused widget did not handle; space still acts on choices and marks."""
        if not event.is_printable or event.character is None:
            return
        focused = self.screen.focused
        if event.key == "space":
            if not isinstance(focused, ChoiceLine | Select):
                event.stop()
            return
        event.stop()
        row = nearest_ancestor(focused, FieldRow)
        if row is not None:
            await row.type_text(event.character)

    async def on_paste(self, event: events.Paste) -> None:
        """Insert a pasted text into the focused field."""
        event.stop()
        row = nearest_ancestor(self.screen.focused, FieldRow)
        if row is not None and (text := joined_lines(row, event.text)):
            await row.type_text(text)


def nearest_ancestor(widget: Widget | None, kind: type[Kind]) -> Kind | None:
    """Return *widget* or its nearest ancestor of type *kind*; None if there is none."""
    node = widget
    while node is not None:
        if isinstance(node, kind):
            return node
        node = node.parent if isinstance(node.parent, Widget) else None
    return None
