"""The box that a search of the history is typed into; below it stands what may come next, or what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from explorer.core.history_search import EXAMPLES, FilterNames, complete_search
from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

SEARCH_DELAY: Final = 0.12
"""Seconds after the last key until the search is told."""


class _WordSuggester(Suggester):
    """Completes the last word of a search."""

    def __init__(self) -> None:
        self.names = FilterNames()
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The text with its last word made whole."""
        return complete_search(value, self.names).completed or None


class _SearchInput(Input):
    BINDINGS: ClassVar[list[BindingType]] = bindings("history_line")

    def action_complete(self) -> None:
        """Take what is offered; on to the rows where nothing is."""
        if self._suggestion and self._suggestion != self.value:
            self.value = self._suggestion
            self.cursor_position = len(self.value)
        else:
            self.screen.focus_next()


class HistorySearch(Vertical):
    """Tells what was typed after a short pause, and at once when enter is pressed."""

    DEFAULT_CSS = """
    HistorySearch {
        height: auto;
        & > Input { margin: 0 1; background: $foreground 8%; }
        & > Static { height: auto; max-height: 2; padding: 0 1; margin: 0 1; color: $text-muted; display: none; }
        &:focus-within { height: auto; }  /* without a rule of its own, what is inside is not looked at again */
        &:focus-within > Static, &.-wrong > Static { display: block; }
        &.-wrong > Static { color: $text-error; max-height: 3; }
    }
    """

    @dataclass
    class Changed(Message):
        """The search is another one; ``done`` where enter was pressed."""

        text: str
        done: bool = False

    def __init__(self) -> None:
        self._timer: Timer | None = None
        self._completing = _WordSuggester()
        self._problem = ""
        super().__init__()

    def compose(self) -> ComposeResult:
        """The box and the line below it."""
        line = _SearchInput(placeholder="/ search what was sent and received", compact=True, suggester=self._completing)
        line.cursor_blink = False
        yield line
        yield Static(self._hint(""), markup=False)

    @property
    def line(self) -> Input:
        """The box."""
        return self.query_one(Input)

    @property
    def text(self) -> str:
        """What is typed."""
        return self.line.value.strip()

    @property
    def names(self) -> FilterNames:
        """What filters may hold."""
        return self._completing.names

    @names.setter
    def names(self, names: FilterNames) -> None:
        self._completing.names = names

    def show_problem(self, problem: str) -> None:
        """Say what is wrong with the search; an empty text takes it back."""
        self._problem = problem
        self.set_class(bool(problem), "-wrong")
        self._show_hint()

    def _show_hint(self) -> None:
        text = Content(f"✗ {sanitize_line(self._problem)}") if self._problem else self._hint(self.line.value)
        self.query_one(Static).update(text)

    def _hint(self, text: str) -> Content:
        found = complete_search(text, self.names)
        if found.words:
            words = [sanitize_line(one) for one in found.words]
            return Content.assemble(("tab ", f"bold {MUTED}"), (words[0], "bold"), ("  " + "  ".join(words[1:]), MUTED))
        examples = [one for name, one in EXAMPLES.items() if f"{name}:" not in text]
        return Content.styled("words, and " + "  ".join(examples), MUTED)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SEARCH_DELAY, self._tell)
        if not self._problem:
            self._show_hint()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._tell(done=True)

    def _tell(self, *, done: bool = False) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.post_message(self.Changed(self.text, done))
