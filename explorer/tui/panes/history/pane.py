"""The history: newest first, by day; search, replay, annotate, export, compare."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.core.text.units import format_local
from explorer.tui.actions import bindings
from explorer.tui.kit.static_widgets import follow_focus
from explorer.tui.panes.history.list import HistoryList
from explorer.tui.panes.history.search_box import HistorySearch
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from explorer.core.history_search import FilterNames
    from explorer.session.history import EntryDetails
    from explorer.store.history import HistoryRow


_MOST_LINKS = 50
HOW = {"again": "signed anew", "exact": "the same bytes", "form": "from the form", "": ""}
"""How a replay was made of its origin, in words."""


class HistoryDetails(Vertical):
    """Shown below the rows where there is room for it."""

    DEFAULT_CSS = """
    HistoryDetails {
        height: auto; max-height: 40%; border-top: solid $foreground 20%; display: none;
        & > VerticalScroll { height: auto; max-height: 8; scrollbar-size-vertical: 1; }
        & Static { padding: 0 1; height: auto; }
        & > OptionList {
            height: auto; max-height: 4; border: none; padding: 0; background: transparent; scrollbar-size-vertical: 1;
            text-wrap: nowrap; text-overflow: ellipsis; display: none;
            & > .option-list--option-highlighted { background: transparent; color: $foreground; text-style: none; }
            &:focus > .option-list--option-highlighted {
                background: $primary 35%; color: $foreground; text-style: bold;
            }
        }
        &.-links > OptionList { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("history_details")

    @dataclass
    class Followed(Message):
        """The entry of that number is wanted."""

        id: int

    def __init__(self) -> None:
        self._links: list[int] = []
        super().__init__()

    def compose(self) -> ComposeResult:
        """Text, and the links below it."""
        with VerticalScroll(can_focus=False):
            yield Static(markup=False)
        yield OptionList(markup=False, compact=True)

    def show(self, row: HistoryRow | None, details: EntryDetails | None) -> None:
        """Show what is known of *row*; *details* come later, since they are looked up."""
        self.query_one(Static).update(Content("") if row is None else _text(row, details))
        options: list[Content] = []
        self._links = []
        if row is not None and row.origin:
            how = HOW.get(details.replayed, "") if details is not None else ""
            options.append(Content(f"↻ replay of #{row.origin}{f', {how}' if how else ''}"))
            self._links.append(row.origin)
        for number in details.replays[:_MOST_LINKS] if details is not None else ():
            options.append(Content(f"→ replayed as #{number}"))
            self._links.append(number)
        listing = self.query_one(OptionList)
        listing.clear_options()
        listing.add_options([Option(one) for one in options])
        listing.highlighted = 0 if options else None
        self.set_class(bool(options), "-links")

    @on(OptionList.OptionSelected)
    def _followed(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Followed(self._links[event.option_index]))


def _text(row: HistoryRow, details: EntryDetails | None) -> Content:
    first = Content.assemble((f"#{row.id} ", "bold"), (sanitize_line(f"{row.method} {row.url}"[:2000]), ""))
    lines = [first, Content.styled(f"{format_local(row.started_at)} · {sanitize_line(row.environment)}", MUTED)]
    if row.tag_names:
        tags = " ".join(f"#{sanitize_line(tag)}" for tag in row.tag_names)
        lines.append(Content.assemble(("Tags: ", MUTED), (tags, "$text-accent")))
    if row.note:
        lines.append(Content.assemble(("Note: ", MUTED), sanitize(row.note)))
    if details is not None:
        lines += [Content.assemble(("Since: ", "$text-warning"), sanitize_line(one)) for one in details.changes]
        if not details.changes:
            lines.append(Content.styled("Nothing changed since: catalog, environment and credentials.", MUTED))
        lines += [Content.assemble(("Kept: ", "$text-warning"), sanitize_line(one)) for one in details.problems]
    return Content("\n").join(lines)


DETAIL_DELAY: Final = 0.15
"""Seconds that a row is highlighted before its details are looked up."""
ROOM: Final = 16
"""Lines that the panel must have for details to be shown."""


class HistoryPanel(Vertical):
    """A search box over a list of rows, and details below it."""

    DEFAULT_CSS = """
    HistoryPanel {
        border: round $foreground 30%;
        height: 1fr;
        width: 1fr;
        &.-inside { border: heavy $border; }
        & > #history-empty {
            display: none; height: 1fr; padding: 0 2; content-align: center middle; text-align: center;
            color: $text-muted;
        }
        &.-empty > #history-empty { display: block; }
        &.-empty > HistoryList { display: none; }
        &.-roomy > HistoryDetails { display: block; }
        &.-empty > HistoryDetails { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("history_panel")

    @dataclass
    class SearchChanged(Message):
        """The rows that hold *text* are wanted."""

        text: str

    @dataclass
    class MoreWanted(Message):
        """Rows below that number are wanted, for the same search."""

        before: int

    @dataclass
    class DetailsWanted(Message):
        """What there is to say of the entry of that number is wanted."""

        id: int

    @dataclass
    class Wanted(Message):
        """A key was pressed on the entry of that number: ``open``, ``again``, ``exact``, ``form``, ``annotate``,
        ``delete``; or on none (``storage``)."""

        what: str
        id: int

    @dataclass
    class CompareRequested(Message):
        """Two entries are to be compared; the older one is the left one."""

        left_id: int
        right_id: int

    @dataclass
    class Followed(Message):
        """The rows from that entry on are wanted; it is not among those that are there."""

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
        self._more = False
        """Whether there may be older rows than those that are there."""
        self._asked = 0
        """The number below which rows were asked for last."""
        self._from = 0
        """The entry that the rows begin with, where newer ones are left out; else 0."""
        self._timer: Timer | None = None
        super().__init__(id=id, classes=classes)
        self.border_title = "History"

    def on_mount(self) -> None:
        """The frame tells where the keys go."""
        follow_focus(self)

    def compose(self) -> ComposeResult:
        yield HistorySearch()
        yield HistoryList()
        yield Static(id="history-empty", markup=False)
        yield HistoryDetails()

    # --- what it shows ---------------------------------------------------------------------------------------------

    def show_rows(self, rows: Sequence[HistoryRow], *, more: bool = False, begin: int = 0) -> None:
        """Show *rows*, which are the newest first; *more*: there may be older ones; *begin*: the entry that they begin
        with where newer ones are left out. The highlighted one stays where it is still there."""
        inside = self.has_focus_within
        self._more, self._asked, self._from = more, 0, begin
        self._search.show_problem("")
        self.listing.show(rows, datetime.fromtimestamp(self._now(), tz=UTC).astimezone().date())
        searched = self._search.text
        words = f"Nothing in the history fits {searched!r}." if searched else "Nothing has been sent yet."
        self.query_one("#history-empty", Static).update(Content(sanitize_line(words)))
        self.set_class(not rows, "-empty")
        self._count()
        if inside and not rows:
            self._search.line.focus()

    def add_rows(self, rows: Sequence[HistoryRow], *, more: bool) -> None:
        """Put older rows below those that are there."""
        self._more = more
        self.listing.add(rows)
        self._count()

    def show_row(self, row: HistoryRow) -> None:
        """Show a row that has changed."""
        self.listing.put(row)
        if self.selected == row.id:
            self._highlighted()

    def show_details(self, number: int, details: EntryDetails) -> None:
        """Show what there is to say of an entry, if it is still the highlighted one."""
        if self.selected == number and self.row is not None:
            self._details.show(self.row, details)

    def show_problem(self, problem: str) -> None:
        """Say beside the search box why it finds nothing; the rows stay as they are."""
        self._search.show_problem(problem)

    def offer(self, names: FilterNames) -> None:
        """What filters may hold, for completing them."""
        self._search.names = names

    def _count(self) -> None:
        count = len(self.rows)
        words = f"History · {count:,}{'+' if self._more else ''}" if count else "History"
        if self._from:
            words = f"{words} · from #{self._from} on, g: newest"
        if self.listing.marked:
            words = f"{words} · #{self.listing.marked} marked, c at another compares"
        self.border_title = Content(words)

    @property
    def rows(self) -> Sequence[HistoryRow]:
        """The rows that are there."""
        return self.listing.rows

    @property
    def row(self) -> HistoryRow | None:
        """The highlighted row."""
        listing = self.listing
        return listing.rows[listing.cursor] if listing.rows else None

    @property
    def selected(self) -> int | None:
        """The number of the highlighted entry."""
        return self.listing.selected

    @property
    def search(self) -> str:
        """The search as it is typed."""
        return self._search.text

    def focus_content(self) -> None:
        """Put the focus on the rows, or on the search box while there are none."""
        (self.listing if self.rows else self._search.line).focus()

    def focus_search(self) -> None:
        """Put the focus into the search box."""
        self._search.line.focus()

    def clear_search(self) -> None:
        """Empty the search box without asking for rows."""
        with self.prevent(HistorySearch.Changed):
            self._search.line.value = ""

    @property
    def listing(self) -> HistoryList:
        """The rows."""
        return self.query_one(HistoryList)

    @property
    def _search(self) -> HistorySearch:
        return self.query_one(HistorySearch)

    @property
    def _details(self) -> HistoryDetails:
        return self.query_one(HistoryDetails)

    def on_resize(self, event: events.Resize) -> None:
        """Details are shown where there is room for them."""
        self.set_class(event.size.height >= ROOM, "-roomy")

    # --- what a person does ----------------------------------------------------------------------------------------

    @on(HistorySearch.Changed)
    def _searched(self, event: HistorySearch.Changed) -> None:
        event.stop()
        self.post_message(self.SearchChanged(event.text))
        if event.done and self.rows:
            self.listing.focus()

    @on(HistoryList.EndNeared)
    def _neared(self, event: HistoryList.EndNeared) -> None:
        event.stop()
        last = self.rows[-1].id if self.rows else 0
        if self._more and last and last != self._asked:
            self._asked = last
            self.post_message(self.MoreWanted(last))

    @on(HistoryList.Moved)
    def _moved(self, event: HistoryList.Moved) -> None:
        event.stop()
        self._highlighted()

    def _highlighted(self) -> None:
        self._details.show(self.row, None)
        if self._timer is not None:
            self._timer.stop()
        if self.selected is not None:
            self._timer = self.set_timer(DETAIL_DELAY, self._ask_details)

    def _ask_details(self) -> None:
        if self.selected is not None and self.display:
            self.post_message(self.DetailsWanted(self.selected))

    @on(HistoryDetails.Followed)
    def _followed(self, event: HistoryDetails.Followed) -> None:
        event.stop()
        self.listing.focus()
        if not self.listing.select(event.id):
            self.post_message(self.Followed(event.id))

    @on(HistoryList.Asked)
    def _asked_for(self, event: HistoryList.Asked) -> None:
        event.stop()
        if event.what == "search":
            self.focus_search()
        elif event.what == "newest":
            if self._from:
                self.post_message(self.SearchChanged(self.search))
        elif event.what == "storage":
            self.post_message(self.Wanted("storage", 0))
        elif event.what == "mark":
            self._mark()
        elif event.what == "compare":
            self._compare()
        elif (number := self.selected) is not None:
            self.post_message(self.Wanted(event.what, number))

    def _mark(self) -> None:
        """Mark the highlighted entry to be compared, or take its mark away."""
        listing = self.listing
        listing.marked = 0 if listing.marked == self.selected else self.selected or 0
        listing.refresh()
        self._count()

    def _compare(self) -> None:
        """The highlighted entry with the marked one, else with its origin; else it is marked."""
        row, listing = self.row, self.listing
        if row is None:
            return
        other = listing.marked if listing.marked not in (0, row.id) else row.origin
        if not other:
            self._mark()
            return
        listing.marked = 0
        listing.refresh()
        self._count()
        self.post_message(self.CompareRequested(min(other, row.id), max(other, row.id)))

    def action_list(self) -> None:
        """From the search to the rows."""
        if self._search.line.has_focus and self.rows:
            self.listing.focus()

    def action_back(self) -> None:
        """Out of the search box first (emptying it), out of the details to the rows, then out of the panel."""
        if self._search.line.has_focus and (self._search.line.value or self.rows):
            self._search.line.value = ""
            if self.rows:
                self.listing.focus()
        elif self._details.has_focus_within:
            self.listing.focus()
        else:
            self.post_message(self.Closed())
