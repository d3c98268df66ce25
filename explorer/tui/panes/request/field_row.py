"""One field: mark, name, control, rule and problem; letters typed in it are text."""

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
from explorer.tui.panes.request.field_state import MARKS, ChoiceLine, FieldState, rule_text, state_of
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult

    from explorer.core.catalog.model import Parameter
    from explorer.core.model import Entry
    from explorer.errors import Problem


SHORT_CHOICE: Final = 26
"""Cells that a choice may take to stand on one line; longer ones open a list."""
NAME_ROOM: Final = 30
"""Cells of a row that neither the control nor the note beside it has: name, gutters, padding."""
OTHER: Final = "\0other"
"""Stands for a value that is not among the choices, to be typed. No value begins with NUL by itself."""


class FieldMark(CachedStatic):
    """The mark and name of a field. Space or a click changes its state."""

    @dataclass
    class Cycled(Message):
        """The state is to change."""

    def key_space(self) -> None:
        """The next state."""
        self.post_message(self.Cycled())

    def on_click(self, event: events.Click) -> None:
        """The next state."""
        event.stop()
        self.post_message(self.Cycled())


class FieldInput(Input):
    """A line to type in; the form hears of enter and the arrows. Its cursor stands still: nothing is painted while
    nothing happens."""

    def on_mount(self) -> None:
        """No blinking."""
        self.cursor_blink = False


class FieldRow(Widget):
    """The field of one parameter under its concrete name."""

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
        """The field holds something else now."""

        row: FieldRow

    @dataclass
    class FileWanted(Message):
        """A file is to be picked for the field."""

        row: FieldRow

    def __init__(self, param: Parameter, name: str, entry: Entry | None = None) -> None:
        self.param = param
        self.field_name = name
        self.field_state = state_of(entry)
        self._problems: tuple[Problem, ...] = ()
        self._free = self._outside()
        self._prefix = ""
        """What was typed on the choices so far."""
        self._changing = asyncio.Lock()
        super().__init__()

    # --- making ------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Mark, control, note."""
        mark = FieldMark(self._mark_text())
        mark.can_focus = not self.param.required
        yield mark
        yield self._control()
        yield CachedStatic(self._note_text(), classes="field-note")

    @property
    def _words(self) -> list[str]:
        """What is to be chosen from; nothing where the value is typed."""
        param = self.param
        if param.comma or not (param.type == "boolean" or param.enum):
            return []
        return list(dict.fromkeys([*(param.enum or ("true", "false")), *param.also]))

    def _outside(self) -> bool:
        """Whether the field holds something that is not among its choices."""
        word = self._word()
        return bool(word) and word not in self._words

    def _control(self) -> Widget:
        param, words = self.param, self._words
        if words and not self._free:
            absent = "absent" if param.prefill is None else param.prefill
            if sum(len(word) + 3 for word in words) + len(absent) + 3 <= SHORT_CHOICE:
                others = [(word, word) for word in words if word != param.prefill]
                return ChoiceLine([("", absent), *others], self._word(), more=OTHER)
            return self._select(words, absent)
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
        """Put a line to type in in the place of the choices, since what is wrong must be sendable too; False where the
        field is no choice."""
        if not self._words:
            return False
        if not self._free:
            await self._swap(free=True)
            self.focus_control()
        return True

    async def type_text(self, text: str) -> None:
        """Take *text* that was typed while something other than a line of text had the focus: it goes to the end of
        the line, or chooses the value that begins with it; where none does, the choices give way to a line."""
        if not self.query(Input):
            prefix = self._prefix + text
            values = (word for word in self._words if word.lower().startswith(prefix.lower()))
            if (value := next(values, None)) is not None:
                self._prefix = prefix
                self._become(FieldState() if value == self.param.prefill else FieldState().typed(value))
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
        """Change the control: choices, or a line to type in."""
        async with self._changing:
            if free == self._free or not self.is_mounted:
                return
            self._free = free
            with self.app.batch_update():
                await self.children[1].remove()
                await self.mount(self._control(), after=0)

    def _word(self) -> str:
        """The word of a choice that stands for what the field holds: a boolean may have come as ``1``."""
        shown = self.field_state.shown
        if self.param.type != "boolean":
            return shown
        return {"1": "true", "yes": "true", "on": "true", "0": "false", "no": "false", "off": "false"}.get(
            shown.lower(), shown
        )

    def _select(self, words: Sequence[str], absent: str) -> Widget:
        from rich.text import Text

        options = [(Text(sanitize_line(word)), word) for word in words]
        select: Select[str] = Select([*options, (Text("other…"), OTHER)], prompt=absent, allow_blank=True, compact=True)
        if self._word():
            select.value = self._word()
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

    # --- what it holds -----------------------------------------------------------------------------------------------

    @property
    def entry(self) -> Entry | None:
        """The entry of a call, or None where the field is absent. What was typed counts at once: the line's message,
        which changes the state, may still be on its way when the app ends or a call is sent."""
        line = next(iter(self.query(FieldInput)), None)
        state = self.field_state
        if line is not None and line.value != state.shown:
            state = state.typed(line.value)
        return state.entry(self.param, self.field_name)

    @property
    def blank(self) -> bool:
        """Whether nothing is in it that would be sent."""
        return self.field_state.kind == "absent" and self.param.prefill is None

    @property
    def has_problem(self) -> bool:
        """Whether something is wrong with it."""
        return any(one.level == "error" for one in self._problems)

    def fill(self, entry: Entry | None) -> None:
        """Put something else in, as if it had been typed."""
        self._become(state_of(entry))
        self.post_message(self.Changed(self))

    def _become(self, state: FieldState) -> None:
        self.field_state = state
        for line in self.query(Input):
            with self.prevent(Input.Changed):
                line.value = state.shown
            line.placeholder = self._placeholder()
        for choice in self.query(ChoiceLine):
            choice.value = self._word()
        for select in self.query(Select):
            with self.prevent(Select.Changed):
                select.value = self._word() if self._word() in self._words else Select.NULL
        self._repaint()
        if self._words and self._outside() != self._free:
            self.call_later(self._swap, free=self._outside())

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong with it."""
        if tuple(problems) == self._problems:
            return
        self._problems = tuple(problems)
        self._repaint()

    def focus_control(self) -> None:
        """Put the focus on the control."""
        for kind in (Input, ChoiceLine, Select):
            for control in self.query(kind):
                self.screen.set_focus(control)
                return

    @property
    def ambiguities(self) -> Sequence[str]:
        """The readings of the document that change this field, as the form around it knows them."""
        for node in self.ancestors:
            known: Mapping[str, Sequence[str]] | None = getattr(node, "ambiguous_params", None)
            if known is not None:
                return known.get(self.param.name, ())
        return ()

    @property
    def about(self) -> Content:
        """All that is known of the field, for the line below the form."""
        param = self.param
        where = f"{param.location} · " + ("required · " if param.required else "")
        more = "  · type any other value" if self._words else ""
        doubt = f"  ◆ {', '.join(map(sanitize_line, self.ambiguities))}: B tries both" if self.ambiguities else ""
        title = Content.assemble(
            (sanitize_line(self.field_name), "bold"),
            f"  {where}{sanitize_line(rule_text(param))}{more}",
            (doubt, "$accent"),
        )
        return Content.assemble(title, "\n", sanitize_line(param.note)) if param.note else title

    # --- painting ----------------------------------------------------------------------------------------------------

    def _repaint(self) -> None:
        if not self.is_mounted:
            return
        self.query_one(FieldMark).update(self._mark_text())
        self.query_one(".field-note", CachedStatic).update(self._note_text())
        self._fit()
        wrong = any(one.level == "error" and not _missing(one) for one in self._problems)
        for line in self.query(Input):
            line.set_class(wrong, "-bad")

    def on_resize(self) -> None:
        """Another width has other room for the note."""
        self._fit()

    def _fit(self) -> None:
        """A note that is longer than its place beside the control goes below it, over the whole width."""
        room = (self.size.width - NAME_ROOM) // 2
        if room > 0:
            self.set_class(any(line.cell_length > room for line in self._note_text().split("\n")), "-long")

    def _mark_text(self) -> Content:
        kind = self.field_state.kind
        mark = "◐" if kind == "absent" and self.param.prefill is not None else MARKS[kind]
        style = {"set": "$success", "absent": MUTED}.get(kind, "$accent")
        star = ("*", "$error bold") if self.param.required else ""
        doubt = (" ◆", "$accent") if self.ambiguities else ""
        return Content.assemble((mark, style), " ", sanitize_line(self.field_name), star, doubt)

    def _note_text(self) -> Content:
        parts: list[Content] = []
        for one in self._problems:
            expected = f" ({sanitize_line(one.expected)})" if one.expected else ""
            if _missing(one):
                rule = sanitize_line(rule_text(self.param))
                parts.append(Content.assemble(("• required", "$text-warning"), f" · {rule}"))
            else:
                sign, style = ("✗", "$text-error") if one.level == "error" else ("!", "$text-warning")
                parts.append(Content.styled(f"{sign} {sanitize_line(one.message)}{expected}", style))
        if self.field_state.kind in ("empty", "null"):
            parts.append(
                Content.styled("sent empty" if self.field_state.kind == "empty" else "sent as null", "$accent")
            )
        if not parts or not any(one.level == "error" for one in self._problems):
            parts.append(Content(sanitize_line(rule_text(self.param))))
        return Content("\n").join(parts)

    # --- what happens ------------------------------------------------------------------------------------------------

    @on(FieldMark.Cycled)
    def _cycled(self, event: FieldMark.Cycled) -> None:
        event.stop()
        self._become(self.field_state.cycled(self.param))
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
        """A line that was left with nothing of its own in it becomes the choices again."""
        self._prefix = ""
        if isinstance(event.widget, Input) and self._free and self._words and not self._outside():
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


def _missing(problem: Problem) -> bool:
    """Whether the problem is only that nothing has been typed yet."""
    return problem.message == "is required"


Kind = TypeVar("Kind", bound=Widget)


class TextEntryScope(Widget):
    """A part of the screen in which printable keys are text for the field with the focus; no binding sees them.

    Bindings are looked up after a key has passed all ancestors of the focused widget, so that stopping it here covers
    every widget inside, and every command of the pane and of the screen.
    """

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Tell the library that bindings further out cannot have these keys."""
        return key != "space" and character is not None and character.isprintable()

    async def on_key(self, event: events.Key) -> None:
        """Type a character that the focused widget did not take; space keeps what it does on choices and marks."""
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
        """Put the first line of a pasted text into the field, as its own line of text does."""
        event.stop()
        row = nearest_ancestor(self.screen.focused, FieldRow)
        if row is not None and event.text:
            await row.type_text(event.text.splitlines()[0])


def nearest_ancestor(widget: Widget | None, kind: type[Kind]) -> Kind | None:
    """Return the innermost ancestor of *widget*, or itself, that is of that *kind*."""
    node = widget
    while node is not None:
        if isinstance(node, kind):
            return node
        node = node.parent if isinstance(node.parent, Widget) else None
    return None
