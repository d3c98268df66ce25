"""What was sent before, newest first, by day; to open, replay or edit."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.sanitise import sanitise_line
from explorer.tui.numbers import seconds_text, size_text
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.timer import Timer

    from explorer.history import HistoryRow

SEARCH_DELAY: Final = 0.12
"""Seconds after the last key until the search is told."""
_SIGNS: Final = {"OK": ("✓", "$text-success"), "FAILED": ("✗", "$text-error"), "PARTIAL": ("◐", "$text-warning")}
_UNKNOWN: Final = ("?", "$text-warning")
_STATES: Final = {"sent": "…  ", "failed": "–––", "interrupted": "–––", "done": "–––"}


class HistoryList(OptionList):
    """The rows; the keys stand here, so that they do not fire while the search is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Open", id="history.open", tooltip="Show what was sent and received"),
        Binding("r", "replay", "Replay", id="history.replay", tooltip="Send it again, signed anew"),
        Binding("e", "edit", "Edit", id="history.edit", tooltip="Put its values into the form"),
        Binding("slash", "search", "Search", id="history.search", tooltip="Search the history"),
        Binding("j", "cursor_down", "Down", show=False, id="history.down", tooltip="The row below"),
        Binding("k", "cursor_up", "Up", show=False, id="history.up", tooltip="The row above"),
        Binding("g", "first", "First", show=False, id="history.first", tooltip="The newest row"),
        Binding("G", "last", "Last", show=False, id="history.last", tooltip="The oldest row"),
    ]

    @dataclass
    class Asked(Message):
        """A key was pressed on the highlighted row (or, for ``search``, on any)."""

        what: str

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether the action would do something."""
        if action in ("replay", "edit", "select"):
            return self.highlighted is not None
        return super().check_action(action, parameters)

    def action_replay(self) -> None:
        """Ask for the highlighted row to be sent again."""
        self.post_message(self.Asked("replay"))

    def action_edit(self) -> None:
        """Ask for the highlighted row to be put into the form."""
        self.post_message(self.Asked("edit"))

    def action_search(self) -> None:
        """Ask for the search box."""
        self.post_message(self.Asked("search"))


class HistoryPanel(Vertical):
    """A search box over a list of rows."""

    DEFAULT_CSS = """
    HistoryPanel {
        border: round $foreground 30%;
        height: 1fr;
        width: 1fr;
        &:focus-within { border: heavy $border; }
        & > Input { margin: 0 1; background: $foreground 8%; }
        & > HistoryList {
            height: 1fr; border: none; padding: 0; background: transparent; scrollbar-size-vertical: 1;
            text-wrap: nowrap; text-overflow: ellipsis;
            & > .option-list--option-highlighted { background: $boost; color: $foreground; }
            &:focus > .option-list--option-highlighted {
                background: $primary 35%; color: $foreground; text-style: bold;
            }
            & > .option-list--option-disabled { color: $foreground; text-style: bold; background: $boost; }
        }
        & > #history-empty {
            display: none; height: 1fr; padding: 0 2; content-align: center middle; text-align: center;
            color: $text-muted;
        }
        &.-empty > #history-empty { display: block; }
        &.-empty > HistoryList { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Close", id="history.close", tooltip="Leave the search, then close the history"),
    ]

    @dataclass
    class SearchChanged(Message):
        """The rows that hold *text* are wanted."""

        text: str

    @dataclass
    class Opened(Message):
        """What was sent and received under that number is wanted."""

        id: int

    @dataclass
    class ReplayRequested(Message):
        """The call of that number is to be sent again."""

        id: int

    @dataclass
    class EditRequested(Message):
        """The values of the call of that number are to be put into the form."""

        id: int

    @dataclass
    class Closed(Message):
        """The panel is to be closed."""

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        id: str | None = None,  # noqa: A002 - textual's own name
        classes: str | None = None,
    ) -> None:
        self._now = now
        self._timer: Timer | None = None
        self._rows: dict[int, int] = {}
        """Index of an option → number of its exchange."""
        super().__init__(id=id, classes=classes)
        self.border_title = "History"

    def compose(self) -> ComposeResult:
        yield Input(placeholder="/ search what was sent and received", compact=True)
        yield HistoryList(markup=False, compact=True)
        yield Static(id="history-empty", markup=False)

    # --- what it shows ---------------------------------------------------------------------------------------------

    def show_rows(self, rows: Sequence[HistoryRow]) -> None:
        """Show *rows*, which are the newest first; the highlighted one stays where it is still there."""
        before = self.selected
        listing, inside = self._list, self.has_focus_within
        options, self._rows = _options(rows, datetime.fromtimestamp(self._now(), tz=UTC).astimezone().date())
        listing.clear_options()
        listing.add_options(options)
        places = {number: index for index, number in self._rows.items()}
        first = next(iter(self._rows), None)
        listing.highlighted = first if before is None else places.get(before, first)
        searched = self._input.value.strip()
        words = f"Nothing in the history holds {searched!r}." if searched else "Nothing has been sent yet."
        self.query_one("#history-empty", Static).update(Content(sanitise_line(words)))
        self.border_title = Content(f"History · {len(rows):,}") if rows else "History"
        self.set_class(not rows, "-empty")
        if inside and not rows:
            self._input.focus()
        self.refresh_bindings()

    @property
    def selected(self) -> int | None:
        """The number of the highlighted exchange."""
        index = self._list.highlighted
        return None if index is None else self._rows.get(index)

    def focus_content(self) -> None:
        """Put the focus on the rows, or on the search box while there are none."""
        (self._list if self._rows else self._input).focus()

    @property
    def _list(self) -> HistoryList:
        return self.query_one(HistoryList)

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    # --- what a person does ----------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SEARCH_DELAY, self._tell_search)

    def _tell_search(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.post_message(self.SearchChanged(self._input.value.strip()))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self._timer is not None:
            self._tell_search()
        if self._rows:
            self._list.focus()

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        number = self._rows.get(event.option_index)
        if number is not None:
            self.post_message(self.Opened(number))

    @on(HistoryList.Asked)
    def _asked(self, event: HistoryList.Asked) -> None:
        event.stop()
        if event.what == "search":
            self._input.focus()
        elif (number := self.selected) is not None:
            self.post_message(self.ReplayRequested(number) if event.what == "replay" else self.EditRequested(number))

    def action_back(self) -> None:
        """Out of the search box first (emptying it), then out of the panel."""
        if self._input.has_focus and (self._input.value or self._rows):
            self._input.value = ""
            if self._rows:
                self._list.focus()
        else:
            self.post_message(self.Closed())


def _options(rows: Sequence[HistoryRow], today: date) -> tuple[list[Option], dict[int, int]]:
    """The rows with a heading before each day, and which option holds which exchange."""
    options: list[Option] = []
    numbers: dict[int, int] = {}
    day: date | None = None
    for row in rows:
        moment = datetime.fromtimestamp(row.started_at, tz=UTC).astimezone()
        if moment.date() != day:
            day = moment.date()
            options.append(Option(Content(day_text(day, today)), disabled=True))
        numbers[len(options)] = row.id
        options.append(Option(row_text(row, f"{moment:%H:%M:%S}")))
    return options, numbers


def day_text(day: date, today: date) -> str:
    """``Today``, ``Yesterday``, or the date with its weekday."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A, %d %B %Y}"


def row_text(row: HistoryRow, clock: str) -> Content:
    """One row; what matters most stands first, since narrow panels cut the end."""
    sign, style = _SIGNS.get(row.outcome, _UNKNOWN)
    word = str(row.status) if row.status is not None else _STATES[row.state]
    if row.state != "done":
        sign, style = ("⇅", MUTED) if row.state == "sent" else ("✗", "$text-error")
    parts: list[Content | tuple[str, str] | str] = [
        (f" {clock} ", MUTED),
        (f"{sign} {word} ", f"bold {style}"),
        (f"{sanitise_line(row.method):<6} ", "bold"),
        f"{sanitise_line(row.vendor)}.{sanitise_line(row.endpoint)}",
        (f" · {sanitise_line(row.environment)}", MUTED),
    ]
    if row.state != "sent":
        parts.append((f" · {seconds_text(row.seconds)} · {size_text(row.size)}", MUTED))
    return Content.assemble(*parts)
