"""What a field holds (absent, empty, null or set), and the one-line choice among values."""

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
    """``text`` is what was typed last; it stays while the field is absent, empty or null, so that it can come back."""

    kind: Kind = "absent"
    text: str = ""

    def typed(self, text: str) -> FieldState:
        """After the text was changed to *text*."""
        return FieldState("set", text) if text else FieldState("absent", "")

    def cycled(self, param: Parameter) -> FieldState:
        """The next state in turn, of those that the parameter's place can carry."""
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
        """The text that stands in the field."""
        return self.text if self.kind == "set" else ""

    def entry(self, param: Parameter, name: str) -> Entry | None:
        """The entry of a call, or None where the field is absent."""
        if self.kind == "absent":
            return None
        if self.kind == "null":
            return Entry(name=name, kind="json", value="null")
        if self.kind == "empty":
            return Entry(name=name)
        return Entry(name=name, kind="file" if param.type == "file" else "text", value=self.text)


def state_of(entry: Entry | None) -> FieldState:
    """The state that a call's entry stands for; a JSON literal becomes the text that says the same."""
    if entry is None:
        return FieldState()
    if entry.kind != "json":
        return FieldState("set", entry.value) if entry.value else FieldState("empty")
    try:
        value = json.loads(entry.value)
    except ValueError:  # a value of a saved request that is still to be filled in
        return FieldState("set", entry.value)
    if value is None:
        return FieldState("null")
    text = value if isinstance(value, str) else entry.value
    return FieldState("set", text) if text else FieldState("empty")


def rule_text(param: Parameter) -> str:
    """The parameter's rule in a few words: ``integer · 1 to 100 · default: 20 (not sent)``."""
    parts = [_type_text(param)]
    parts.append(_limits(param))
    if param.also and not param.enum:
        parts.append(f"or {', '.join(param.also)}")
    if param.nullable:
        parts.append("may be null")
    if param.prefill is not None:
        parts.append(f"starts as {param.prefill} (sent)")
    elif param.default is not None and param.location == "path":
        parts.append(f"default: {param.default} (sent, it stands in the path)")
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
    words = {"string": param.format or "text", "integer": "integer", "number": "number", "boolean": "true or false"}
    return f"{words[param.type]}, comma-separated" if param.comma else words[param.type]


def date_hint(form: str) -> str:
    """A strftime pattern as people write it: ``yyyy-mm-dd``."""
    for code, word in (("%Y", "yyyy"), ("%m", "mm"), ("%d", "dd"), ("%H", "hh"), ("%M", "mm"), ("%S", "ss")):
        form = form.replace(code, word)
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
    """Words beside each other, one of them chosen. Arrow keys, space and a click choose."""

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
        """Another word was chosen by a person."""

        line: ChoiceLine
        value: str

        @property
        def control(self) -> ChoiceLine:
            """The line, for ``@on`` selectors."""
            return self.line

    def __init__(self, choices: Sequence[tuple[str, str]], value: str = "", *, more: str = "") -> None:
        """*choices* are (value, words shown). *more*, where given, is what a click on the ``…`` behind them chooses;
        the keys leave it out."""
        self._choices = tuple(choices)
        self._more = more
        super().__init__()
        self.set_reactive(ChoiceLine.value, value)

    @property
    def values(self) -> tuple[str, ...]:
        """What can be chosen."""
        return tuple(value for value, _ in self._choices)

    def render(self) -> Content:
        """The words; the chosen one in brackets and reversed, so that it is seen without colour."""
        parts: list[Content] = []
        for value, words in self._choices:
            text = sanitize_line(words)
            chosen = value == self.value
            style = "reverse bold" if chosen and self.has_focus else "bold" if chosen else MUTED
            parts.append(Content.styled(f"[{text}]" if chosen else f" {text} ", style))
        if self._more:
            parts.append(Content.styled("…", MUTED))
        return Content(" ").join(parts)

    def action_step(self, step: int) -> None:
        """Choose the next one or the one before, round the ends."""
        values = self.values
        at = values.index(self.value) if self.value in values else -1
        self._choose(values[(at + step) % len(values)])

    def on_click(self, event: events.Click) -> None:
        """Choose the word that was clicked."""
        event.stop()
        at = 0
        for value, words in self._choices:
            width = Content(sanitize_line(words)).cell_length + 2
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
    """A choice that is not the field of a parameter: a letter chooses the next value that begins with it."""

    def on_key(self, event: events.Key) -> None:
        """Take every letter, so that none is a command."""
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
    """Words below each other, one of them chosen; for choices that need a sentence."""

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
        """Another one was chosen by a person."""

        lines: OptionLines
        value: str

        @property
        def control(self) -> OptionLines:
            """The widget, for ``@on`` selectors."""
            return self.lines

    def __init__(self, key: str, choices: Sequence[tuple[str, Content]], value: str) -> None:
        """*choices* are (value, words shown); *key* is the caller's name for it."""
        self.key = key
        self._choices = tuple(choices)
        super().__init__()
        self.set_reactive(OptionLines.value, value)
        values = [one for one, _ in self._choices]
        self.set_reactive(OptionLines.cursor, values.index(value) if value in values else 0)

    def render(self) -> Content:
        """A line or more each; a filled circle before the chosen one."""
        lines = []
        for number, (value, words) in enumerate(self._choices):
            mark = "(●) " if value == self.value else "(○) "
            style = "reverse" if self.has_focus and number == self.cursor else "bold" if value == self.value else ""
            lines.append(Content.assemble((mark, style), words))
        return Content("\n").join(lines)

    def action_move(self, step: int) -> None:
        """Move the cursor; past the ends the focus goes on to the neighbour."""
        following = self.cursor + step
        if 0 <= following < len(self._choices):
            self.cursor = following
        elif step > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def action_choose(self) -> None:
        """Choose what the cursor is on."""
        value = self._choices[self.cursor][0]
        if value != self.value:
            self.value = value
            self.post_message(self.Changed(self, value))

    def on_click(self, event: events.Click) -> None:
        """Choose the line that was clicked; lines that wrap count as they are seen."""
        event.stop()
        at = 0
        width = max(1, self.size.width)
        for number, (_, words) in enumerate(self._choices):
            height = len(Content.assemble("(●) ", words).wrap(width))
            if at <= event.y < at + height:
                self.cursor = number
                self.action_choose()
                return
            at += height
