"""The state of a field (absent, empty, null or set), the text of its rule, and the widgets to choose a value."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from explorer.core.model import Entry
from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from explorer.core.catalog.model import Parameter


Kind = Literal["absent", "empty", "null", "set"]
MARKS: Final = {"absent": "○", "empty": "◌", "null": "∅", "set": "●"}


@dataclass(frozen=True, slots=True)
class FieldState:
    """``text`` is what was typed last. It is preserved while the field is absent, empty or null."""

    kind: Kind = "absent"
    text: str = ""

    def typed(self, text: str) -> FieldState:
        """Return the state after *text* was typed."""
        return FieldState("set", text) if text else FieldState("absent", "")

    def cycled(self, param: Parameter) -> FieldState:
        """Return the next of the states that the parameter's location supports."""
        kinds: list[Kind] = ["absent", "empty"]
        if param.type == "file":
            kinds = ["absent"]
        elif param.location == "json":
            kinds.append("null")
        if self.text:
            kinds.append("set")
        following = kinds[(kinds.index(self.kind) + 1) % len(kinds)] if self.kind in kinds else kinds[0]
        return replace(self, kind=following)

    @property
    def shown(self) -> str:
        """The text in the input."""
        return self.text if self.kind == "set" else ""

    def entry(self, param: Parameter, name: str) -> Entry | None:
        """Return the entry of a call, or None if the field is absent."""
        if self.kind == "absent":
            return None
        if self.kind == "null":
            return Entry(name=name, kind="json", value="null")
        if self.kind == "empty":
            return Entry(name=name)
        return Entry(name=name, kind="file" if param.type == "file" else "text", value=self.text)


def state_of(entry: Entry | None) -> FieldState:
    """Return the state for an entry; a JSON string literal becomes its plain text."""
    if entry is None:
        return FieldState()
    if entry.kind != "json":
        return FieldState("set", entry.value) if entry.value else FieldState("empty")
    try:
        value = json.loads(entry.value)
    except ValueError:  # a placeholder of a saved request
        return FieldState("set", entry.value)
    if value is None:
        return FieldState("null")
    text = value if isinstance(value, str) else entry.value
    return FieldState("set", text) if text else FieldState("empty")


def rule_text(param: Parameter) -> str:
    """Return the rule of a parameter: ``integer · 1 to 100 · default: 20 (not sent)``."""
    parts = [_type_text(param)]
    parts.append(_limits(param))
    if param.also and not param.enum:
        parts.append(f"or {', '.join(param.also)}")
    if param.nullable:
        parts.append("may be null")
    if param.prefill is not None:
        parts.append(f"prefilled: {param.prefill} (sent)")
    elif param.default is not None and param.location == "path":
        parts.append(f"default: {param.default} (sent, part of the path)")
    elif param.default is not None:
        parts.append(f"default: {param.default} (not sent)")
    if param.inferred:
        parts.append("inferred")
    return " · ".join(part for part in parts if part)


def _type_text(param: Parameter) -> str:
    if param.type == "date":
        return f"date {date_hint(param.date_format or '%Y-%m-%d')}"
    if param.type == "file":
        return f"file {param.accept}".strip()
    if param.type == "object":
        return "JSON"
    if param.enum and not param.comma:
        return "choice"
    kind = param.format or "string" if param.type == "string" else param.type
    return f"{kind}, comma-separated" if param.comma else kind


def date_hint(form: str) -> str:
    """Return a strftime pattern in common notation: ``yyyy-mm-dd``."""
    for code, letters in (("%Y", "yyyy"), ("%m", "mm"), ("%d", "dd"), ("%H", "hh"), ("%M", "mm"), ("%S", "ss")):
        form = form.replace(code, letters)
    return form


def _limits(param: Parameter) -> str:
    parts = []
    if param.min is not None and param.max is not None:
        parts.append(f"{param.min:g} to {param.max:g}")
    elif param.min is not None:
        parts.append(f"{param.min:g} or more")
    elif param.max is not None:
        parts.append(f"{param.max:g} or less")
    if param.min_length is not None and param.max_length is not None:
        parts.append(f"{param.min_length} to {param.max_length} characters")
    elif param.max_length is not None:
        parts.append(f"at most {param.max_length} characters")
    elif param.min_length is not None:
        parts.append(f"at least {param.min_length} characters")
    if param.pattern:
        parts.append(f"matches {param.pattern}")
    if param.comma and param.enum:
        parts.append(f"of {', '.join(param.enum)}")
    return " · ".join(parts)


class ChoiceLine(Widget, can_focus=True):
    """Values in a row, one of them chosen with arrow keys, space or a click."""

    DEFAULT_CSS = """
    ChoiceLine {
        height: auto; min-height: 1; width: 1fr; color: $foreground; background: transparent;
        &:focus { background: $boost; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("choice")
    value: reactive[str] = reactive("", init=False)

    @dataclass
    class Changed(Message):
        """The user chose another value."""

        line: ChoiceLine
        value: str

        @property
        def control(self) -> ChoiceLine:
            """The line, for ``@on`` selectors."""
            return self.line

    def __init__(self, choices: Sequence[tuple[str, str]], value: str = "", *, more: str = "") -> None:
        """*choices* are (value, label). *more* is the value chosen by a click on the ``…`` after them; keys skip it."""
        self._choices = tuple(choices)
        self._more = more
        super().__init__()
        self.set_reactive(ChoiceLine.value, value)

    @property
    def values(self) -> tuple[str, ...]:
        """The values to choose from."""
        return tuple(value for value, _ in self._choices)

    def render(self) -> Content:
        """Return the labels; the chosen one is in brackets and reversed, visible without color."""
        parts: list[Content] = []
        for value, label in self._choices:
            text = sanitize_line(label)
            chosen = value == self.value
            style = "reverse bold" if chosen and self.has_focus else "bold" if chosen else MUTED
            parts.append(Content.styled(f"[{text}]" if chosen else f" {text} ", style))
        if self._more:
            parts.append(Content.styled("…", MUTED))
        return Content(" ").join(parts)

    def action_step(self, step: int) -> None:
        """Choose the next or previous value, wrapping around."""
        values = self.values
        at = values.index(self.value) if self.value in values else -1
        self._choose(values[(at + step) % len(values)])

    def on_click(self, event: events.Click) -> None:
        """Choose the value that was clicked."""
        event.stop()
        at = 0
        for value, label in self._choices:
            width = Content(sanitize_line(label)).cell_length + 2
            if at <= event.x < at + width:
                self._choose(value)
                return
            at += width + 1
        if self._more and at <= event.x <= at + 1:
            self.post_message(self.Changed(self, self._more))

    def _choose(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.post_message(self.Changed(self, value))


class StandaloneChoice(ChoiceLine):
    """A choice that is not the field of a parameter: a letter chooses the next value beginning with it."""

    def on_key(self, event: events.Key) -> None:
        """Handle every letter, so that none runs a command."""
        if event.is_printable and event.character is not None and event.key != "space":
            event.stop()
            values = self.values
            at = values.index(self.value) + 1 if self.value in values else 0
            letter = event.character.lower()
            for value in (*values[at:], *values[:at]):
                if value.lower().startswith(letter):
                    self._choose(value)
                    return


class OptionLines(Widget, can_focus=True):
    """Choices in a column, one of them chosen; for labels that are sentences."""

    DEFAULT_CSS = """
    OptionLines {
        height: auto; width: 1fr; color: $foreground; background: transparent;
        &:focus { background: $boost; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("options")
    value: reactive[str] = reactive("", init=False, layout=True)
    cursor: reactive[int] = reactive(0, init=False)

    @dataclass
    class Changed(Message):
        """The user chose another value."""

        lines: OptionLines
        value: str

        @property
        def control(self) -> OptionLines:
            """The widget, for ``@on`` selectors."""
            return self.lines

    def __init__(self, key: str, choices: Sequence[tuple[str, Content]], value: str) -> None:
        """*choices* are (value, label); *key* identifies the widget to the caller."""
        self.key = key
        self._choices = tuple(choices)
        super().__init__()
        self.set_reactive(OptionLines.value, value)
        values = [name for name, _ in self._choices]
        self.set_reactive(OptionLines.cursor, values.index(value) if value in values else 0)

    def render(self) -> Content:
        """Return one or more lines per choice; a filled circle marks the chosen one."""
        lines = []
        for number, (value, label) in enumerate(self._choices):
            mark = "(●) " if value == self.value else "(○) "
            style = "reverse" if self.has_focus and number == self.cursor else "bold" if value == self.value else ""
            lines.append(Content.assemble((mark, style), label))
        return Content("\n").join(lines)

    def action_move(self, step: int) -> None:
        """Move the cursor; past an end, move the focus to the neighbor."""
        following = self.cursor + step
        if 0 <= following < len(self._choices):
            self.cursor = following
        elif step > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def action_choose(self) -> None:
        """Choose the value under the cursor."""
        value = self._choices[self.cursor][0]
        if value != self.value:
            self.value = value
            self.post_message(self.Changed(self, value))

    def on_click(self, event: events.Click) -> None:
        """Choose the value that was clicked; its label may wrap over several lines."""
        event.stop()
        at = 0
        width = max(1, self.size.width)
        for number, (_, label) in enumerate(self._choices):
            height = len(Content.assemble("(●) ", label).wrap(width))
            if at <= event.y < at + height:
                self.cursor = number
                self.action_choose()
                return
            at += height
