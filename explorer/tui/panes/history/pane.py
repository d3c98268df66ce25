"""The history pane: search box, list of entries (newest first, by day) and details."""

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
HOW = {"again": "signed again", "exact": "exact bytes", "form": "from the form", "": ""}
"""Replay mode → how it differs from the original request."""


class HistoryDetails(Vertical):
    """Details of the highlighted entry, shown below the rows if there is room."""

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
        """The user chose a linked entry."""

        id: int

    def __init__(self) -> None:
        self._links: list[int] = []
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the text, and the links below it."""
        with VerticalScroll(can_focus=False):
            yield Static(markup=False)
        yield OptionList(markup=False, compact=True)

    def show(self, row: HistoryRow | None, details: EntryDetails | None) -> None:
        """Show *row*; *details* follow later, after they were loaded."""
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
        listing.add_options([Option(option) for option in options])
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
        lines += [Content.assemble(("Changed: ", "$text-warning"), sanitize_line(change)) for change in details.changes]
        if not details.changes:
            lines.append(Content.styled("Unchanged: catalog, environment, credentials.", MUTED))
        lines += [
            Content.assemble(("Stored: ", "$text-warning"), sanitize_line(problem)) for problem in details.problems
        ]
    return Content("\n").join(lines)


DETAIL_DELAY: Final = 0.15
"""Seconds that a row is highlighted before its details are loaded."""
ROOM: Final = 16
"""Height in lines from which the panel shows details."""


class HistoryPanel(Vertical):
    """A search box, a list of entries below it, and details of the highlighted one."""

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
        """The user searched for *text*."""

        text: str

    @dataclass
    class MoreWanted(Message):
        """Rows older than entry *before* are needed, for the same search."""

        before: int

    @dataclass
    class DetailsWanted(Message):
        """Details of an entry are needed."""

        id: int

    @dataclass
    class Wanted(Message):
        """A key was pressed on an entry (``open``, ``again``, ``exact``, ``form``, ``annotate``, ``delete``) or on none
        (``storage``)."""

        what: str
        id: int

    @dataclass
    class CompareRequested(Message):
        """The user wants to compare two entries; the older one is on the left."""

        left_id: int
        right_id: int

    @dataclass
    class Followed(Message):
        """The user chose a linked entry that is not loaded; rows from it on are needed."""

        id: int

    @dataclass
    class Closed(Message):
        """The user wants to close the panel."""

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        id: str | None = None,  # noqa: A002 - textual's own name
        classes: str | None = None,
    ) -> None:
        self._now = now
        self._more = False
        """Whether there may be older rows than those loaded."""
        self._requested = 0
        """The oldest entry for which more rows were requested."""
        self._begin = 0
        """The first entry if newer ones are omitted, else 0."""
        self._hidden = 0
        """The entry sent last if the search hides it, else 0."""
        self._timer: Timer | None = None
        super().__init__(id=id, classes=classes)
        self.border_title = "History"

    def on_mount(self) -> None:
        """Highlight the border while the focus is inside."""
        follow_focus(self)

    def compose(self) -> ComposeResult:
        yield HistorySearch()
        yield HistoryList()
        yield Static(id="history-empty", markup=False)
        yield HistoryDetails()

    # --- content ---------------------------------------------------------------------------------------------------

    def show_rows(self, rows: Sequence[HistoryRow], *, more: bool = False, begin: int = 0, hidden: int = 0) -> None:
        """Show *rows*, newest first; keep the highlighted one if it is among them.

        *more*: there may be older ones. *begin*: the first entry, if newer ones are omitted. *hidden*: the entry sent
        last, if the search hides it.
        """
        focused = self.has_focus_within
        self._more, self._requested, self._begin, self._hidden = more, 0, begin, hidden
        self._search.show_problem("")
        self.listing.show(rows, datetime.fromtimestamp(self._now(), tz=UTC).astimezone().date())
        search = self._search.text
        message = f"No history entry matches {search!r}." if search else "Nothing has been sent yet."
        self.query_one("#history-empty", Static).update(Content(sanitize_line(message)))
        self.set_class(not rows, "-empty")
        self._update_title()
        if focused and not rows:
            self._search.line.focus()

    def add_rows(self, rows: Sequence[HistoryRow], *, more: bool) -> None:
        """Append older rows."""
        self._more = more
        self.listing.add(rows)
        self._update_title()

    def show_row(self, row: HistoryRow) -> None:
        """Update a row that changed."""
        self.listing.put(row)
        if self.selected == row.id:
            self._show_selected()

    def show_details(self, number: int, details: EntryDetails) -> None:
        """Show the details of an entry, if it is still highlighted."""
        if self.selected == number and self.row is not None:
            self._details.show(self.row, details)

    def show_problem(self, problem: str) -> None:
        """Show why the search is invalid; the rows are unchanged."""
        self._search.show_problem(problem)

    def offer(self, names: FilterNames) -> None:
        """Set the names that filters can be completed with."""
        self._search.names = names

    def _update_title(self) -> None:
        count = len(self.rows)
        title = f"History · {count:,}{'+' if self._more else ''}" if count else "History"
        if self._hidden:
            title = f"{title} · search hides #{self._hidden}, the last sent"
        if self._begin:
            title = f"{title} · from #{self._begin}, g newest"
        if self.listing.marked:
            title = f"{title} · #{self.listing.marked} marked, c on another compares"
        self.border_title = Content(title)

    @property
    def rows(self) -> Sequence[HistoryRow]:
        """The loaded rows."""
        return self.listing.rows

    @property
    def row(self) -> HistoryRow | None:
        """The highlighted row."""
        listing = self.listing
        return listing.rows[listing.cursor] if listing.rows else None

    @property
    def selected(self) -> int | None:
        """The id of the highlighted entry."""
        return self.listing.selected

    @property
    def search(self) -> str:
        """The text of the search box."""
        return self._search.text

    def focus_content(self) -> None:
        """Focus the rows, or the search box if there are none."""
        (self.listing if self.rows else self._search.line).focus()

    def focus_search(self) -> None:
        """Focus the search box."""
        self._search.line.focus()

    def clear_search(self) -> None:
        """Clear the search box without requesting rows."""
        with self.prevent(HistorySearch.Changed):
            self._search.line.value = ""

    @property
    def listing(self) -> HistoryList:
        """The list of entries."""
        return self.query_one(HistoryList)

    @property
    def _search(self) -> HistorySearch:
        return self.query_one(HistorySearch)

    @property
    def _details(self) -> HistoryDetails:
        return self.query_one(HistoryDetails)

    def on_resize(self, event: events.Resize) -> None:
        """Show details if there is room for them."""
        self.set_class(event.size.height >= ROOM, "-roomy")

    # --- actions and messages --------------------------------------------------------------------------------------

    @on(HistorySearch.Changed)
    def _searched(self, event: HistorySearch.Changed) -> None:
        event.stop()
        self.post_message(self.SearchChanged(event.text))
        if event.done and self.rows:
            self.listing.focus()

    @on(HistoryList.EndNeared)
    def _end_neared(self, event: HistoryList.EndNeared) -> None:
        event.stop()
        last = self.rows[-1].id if self.rows else 0
        if self._more and last and last != self._requested:
            self._requested = last
            self.post_message(self.MoreWanted(last))

    @on(HistoryList.Moved)
    def _moved(self, event: HistoryList.Moved) -> None:
        event.stop()
        self._show_selected()

    def _show_selected(self) -> None:
        self._details.show(self.row, None)
        if self._timer is not None:
            self._timer.stop()
        if self.selected is not None:
            self._timer = self.set_timer(DETAIL_DELAY, self._request_details)

    def _request_details(self) -> None:
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
            if self._begin:
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
        """Mark the highlighted entry for comparison, or unmark it."""
        listing = self.listing
        listing.marked = 0 if listing.marked == self.selected else self.selected or 0
        listing.refresh()
        self._update_title()

    def _compare(self) -> None:
        """Compare the highlighted entry with the marked one or its origin; without either, mark it."""
        row, listing = self.row, self.listing
        if row is None:
            return
        other = listing.marked if listing.marked not in (0, row.id) else row.origin
        if not other:
            self._mark()
            return
        listing.marked = 0
        listing.refresh()
        self._update_title()
        self.post_message(self.CompareRequested(min(other, row.id), max(other, row.id)))

    def action_list(self) -> None:
        """Move the focus from the search to the rows."""
        if self._search.line.has_focus and self.rows:
            self.listing.focus()

    def action_back(self) -> None:
        """Clear and leave the search box, leave the details, or close the panel."""
        if self._search.line.has_focus and (self._search.line.value or self.rows):
            self._search.line.value = ""
            if self.rows:
                self.listing.focus()
        elif self._details.has_focus_within:
            self.listing.focus()
        else:
            self.post_message(self.Closed())
