"""The bars below a body: input boxes, a row of keys, and the status line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static

from explorer.core.body.table import RecordTable
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_size
from explorer.tui.actions import bindings
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from explorer.core.body.document import Document
    from explorer.tui.body.view import BodyView


DELAY = 0.15
"""Seconds after the last key until the text is reported."""


class TypeBar(Vertical):
    """An input with a sign on the left, its state on the right and a problem below.

    *switch* names an option that ctrl+r toggles, such as ``regex``.
    """

    DEFAULT_CSS = """
    TypeBar {
        height: auto;
        display: none;
        background: $boost;
        & > Horizontal { height: 1; }
        & Label { width: auto; padding: 0 1; color: $text-accent; }
        & Input { width: 1fr; }
        & .switch { color: $text-muted; }
        & .switch.-on { color: $text-warning; text-style: bold; }
        & .state { min-width: 12; color: $text-muted; text-align: right; }
        & > .problem { height: auto; max-height: 3; padding: 0 1; color: $text-error; display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("body_bar")

    @dataclass
    class Typed(Message):
        """The text changed; ``done`` if enter was pressed."""

        bar: TypeBar
        text: str
        done: bool

        @property
        def control(self) -> TypeBar:
            """The bar, for ``@on`` selectors."""
            return self.bar

    def __init__(self, sign: str, placeholder: str, *, switch: str = "", id: str) -> None:  # noqa: A002 - textual's
        self._sign = sign
        self._placeholder = placeholder
        self._switch = switch
        self._timer: Timer | None = None
        self.switched = False
        super().__init__(id=id)

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label(Content(self._sign))
            yield Input(placeholder=self._placeholder, compact=True)
            yield Label(Content(f"ctrl+r {self._switch}" if self._switch else ""), classes="switch")
            yield Label(classes="state", markup=False)
        yield Static(classes="problem", markup=False)

    @property
    def text(self) -> str:
        """The text of the input."""
        return self.query_one(Input).value

    def open(self, text: str | None = None) -> None:
        """Show and focus the input, with *text* or its previous text selected."""
        self.display = True
        box = self.query_one(Input)
        if text is not None:
            with self.prevent(Input.Changed):
                box.value = text
        box.focus()
        box.action_select_all()

    def hint(self, text: str) -> None:
        """Set the placeholder."""
        self.query_one(Input).placeholder = text

    def close(self) -> None:
        """Hide and clear the input."""
        self._stop()
        self.display = False
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self.tell("")

    def tell(self, state: str, problem: str = "") -> None:
        """Show the state and the problem."""
        self.query_one(".state", Label).update(Content(f"{state} "))
        line = self.query_one(".problem", Static)
        line.update(Content(sanitize_line(problem)))
        line.display = bool(problem)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._stop()
        self._timer = self.set_timer(DELAY, self._typed)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._stop()
        self.post_message(self.Typed(self, self.text, done=True))

    def _typed(self) -> None:
        self._timer = None
        self.post_message(self.Typed(self, self.text, done=False))

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the switch if there is none."""
        return bool(self._switch) if action == "switch" else super().check_action(action, parameters)

    def action_switch(self) -> None:
        """Toggle the switch."""
        self.switched = not self.switched
        self.query_one(".switch").set_class(self.switched, "-on")
        self._typed()


class ChoiceBar(Static, can_focus=True):
    """A row of keys: the next key chooses, any other closes it."""

    DEFAULT_CSS = """
    ChoiceBar { height: auto; max-height: 2; display: none; background: $boost; padding: 0 1; }
    """

    @dataclass
    class Chosen(Message):
        """A key was pressed: one of the choices, or empty for any other."""

        what: str
        key: str

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        self._what = ""
        self._keys: tuple[str, ...] = ()
        super().__init__(id=id)

    def open(self, what: str, choices: Sequence[tuple[str, str]], more: str = "") -> None:
        """Offer *choices* (key and label) for *what*; *more* are keys that are accepted as well."""
        self._what = what
        self._keys = (*(key for key, _ in choices), *more)
        parts = [Content.assemble((key, "$footer-key-foreground bold"), " ", label) for key, label in choices]
        self.update(Content("  ").join([Content.styled(what, MUTED), *parts, Content.styled("esc", MUTED)]))
        self.display = True
        self.focus()

    def on_key(self, event: events.Key) -> None:
        """Report the key and close."""
        event.stop()
        event.prevent_default()
        key = event.character if event.character in self._keys else ""
        self.display = False
        self.post_message(self.Chosen(self._what, key or ""))

    def on_blur(self) -> None:
        """Close without a choice."""
        self.display = False


_HINTS = {"json": "JMESPath, such as data[?price > `9`].id", "xml": "XPath, such as //item[1]/name, or words"}


def status_text(
    document: Document | RecordTable,
    line: int,
    *,
    path: str,
    filtered: bool,
    folded: int,
    wrapped: bool,
    message: str,
    arriving: bool = False,
) -> Content:
    """Return the status line: kind, size, charset, position, folds, path and *message*."""
    count = document.line_count
    more = "" if document.complete else " …"
    unit = "record" if isinstance(document, RecordTable) else "row" if document.kind == "hex" else "line"
    raw = (
        not isinstance(document, RecordTable) and document.view == "raw" and document.kind not in ("text", "csv", "hex")
    )
    parts = [
        sanitize_line(document.title) + (" raw" if raw else "") + (" filtered" if filtered else ""),
        format_size(document.size),
        document.charset if document.charset != "utf-8" else "",
        f"{unit} {min(line + 1, count):,} of {count:,}{more}",
        "" if document.complete else "receiving" if arriving else "formatting",
        f"{folded:,} folded" if folded else "",
        "wrapped" if wrapped else "",
    ]
    text = Content.styled(" · ".join(part for part in parts if part), MUTED)
    if path:
        text = text + Content.styled(f"  {sanitize_line(path)}", "$text-primary bold")
    return text + Content.styled(f"  {sanitize_line(message)}", "$text-success") if message else text


def search_state(event: BodyView.SearchMoved) -> tuple[str, str]:
    """Return the state of a search and its problem."""
    if event.problem:
        return "", event.problem
    if event.count == 0:
        return "no match" if event.complete else "searching …", ""
    text = f"{event.current or '?'} of {event.count:,}{'' if event.complete else '+'}"
    return text + (" (wrapped)" if event.wrapped else ""), ""


def filter_hint(kind: str) -> str:
    """Return the placeholder of the filter for a kind of document."""
    return _HINTS.get(kind, "words: show lines that contain them")
