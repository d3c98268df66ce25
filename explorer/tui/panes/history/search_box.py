"""The search box of the history, with completions or the problem of the search below it."""

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
"""Seconds after the last key until the search is reported."""
FAILED: Final = "verdict:failed"
"""A completion next to which the filter by status is offered: many look for failures by their status."""


class _WordSuggester(Suggester):
    """Completes the last word of a search."""

    def __init__(self) -> None:
        self.names = FilterNames()
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return the text with its last word completed."""
        return complete_search(value, self.names).completed or None


class _SearchInput(Input):
    BINDINGS: ClassVar[list[BindingType]] = bindings("history_line")

    def action_complete(self) -> None:
        """Accept the suggestion; without one, move to the rows."""
        if self._suggestion and self._suggestion != self.value:
            self.value = self._suggestion
            self.cursor_position = len(self.value)
        else:
            self.screen.focus_next()


class HistorySearch(Vertical):
    """Reports the search after a short pause, or at once on enter."""

    DEFAULT_CSS = """
    HistorySearch {
        height: auto;
        & > Input { margin: 0 1; background: $foreground 8%; }
        & > Static { height: auto; max-height: 2; padding: 0 1; margin: 0 1; color: $text-muted; display: none; }
        &:focus-within { height: auto; }  /* without a rule here, Textual does not update the styles inside */
        &:focus-within > Static, &.-wrong > Static { display: block; }
        &.-wrong > Static { color: $text-error; max-height: 3; }
    }
    """

    @dataclass
    class Changed(Message):
        """The search changed; ``done`` if enter was pressed."""

        text: str
        done: bool = False

    def __init__(self) -> None:
        self._timer: Timer | None = None
        self._suggester = _WordSuggester()
        self._problem = ""
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the input and the line below it."""
        line = _SearchInput(placeholder="/ search requests and responses", compact=True, suggester=self._suggester)
        line.cursor_blink = False
        yield line
        yield Static(self._hint(""), markup=False)

    @property
    def line(self) -> Input:
        """The input."""
        return self.query_one(Input)

    @property
    def text(self) -> str:
        """The search, without surrounding spaces."""
        return self.line.value.strip()

    @property
    def names(self) -> FilterNames:
        """Names that filters can be completed with."""
        return self._suggester.names

    @names.setter
    def names(self, names: FilterNames) -> None:
        self._suggester.names = names

    def show_problem(self, problem: str) -> None:
        """Show the problem of the search; an empty string clears it."""
        self._problem = problem
        self.set_class(bool(problem), "-wrong")
        self._show_hint()

    def _show_hint(self) -> None:
        text = Content(f"✗ {sanitize_line(self._problem)}") if self._problem else self._hint(self.line.value)
        self.query_one(Static).update(text)

    def _hint(self, text: str) -> Content:
        completion = complete_search(text, self.names)
        if completion.words:
            words = [sanitize_line(word) for word in completion.words]
            if FAILED in words and "status:" not in text:
                words.insert(words.index(FAILED) + 1, EXAMPLES["status"])
            return Content.assemble(("tab ", f"bold {MUTED}"), (words[0], "bold"), ("  " + "  ".join(words[1:]), MUTED))
        names = sorted(EXAMPLES, key=lambda name: name not in ("verdict", "status"))
        examples = [EXAMPLES[name] for name in names if f"{name}:" not in text]
        return Content.styled("words or filters: " + "  ".join(examples), MUTED)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SEARCH_DELAY, self._report)
        if not self._problem:
            self._show_hint()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._report(done=True)

    def _report(self, *, done: bool = False) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.post_message(self.Changed(self.text, done))
