"""The Body tab: a line of what one should know about the body, and the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from explorer.core.sanitise import sanitise_line
from explorer.tui.body_view import BodyView
from explorer.tui.numbers import size_text
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer
    from textual.widget import Widget

    from explorer.core.document import Document
    from explorer.core.exchange import Exchange, ReceivedResponse

SEARCH_DELAY: Final = 0.12
"""Seconds after the last key until the search starts."""


class ResponseBody(BodyView):
    """A body view that takes the keys of a search only while there is one, so that they can turn pages otherwise."""

    DEFAULT_CSS = """
    ResponseBody {
        scrollbar-size-vertical: 1;
        & > .body--punctuation, & > .body--comment, & > .body--offset { color: $foreground; }
    }
    """
    searching = False

    def show(self, document: Document | None, *, keep_place: bool = False) -> None:
        """Show *document*; a search that was on is ended."""
        self.searching = False
        super().show(document, keep_place=keep_place)

    def search(self, needle: str, *, regex: bool = False) -> None:
        """Look for *needle*; an empty one ends the search."""
        self.searching = bool(needle)
        super().search(needle, regex=regex)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether the action would do something."""
        if action in ("next_match", "previous_match"):
            return self.searching
        return super().check_action(action, parameters)


class SearchBar(Horizontal):
    """Where the needle is typed, and how many matches there are."""

    DEFAULT_CSS = """
    SearchBar {
        height: 1;
        background: $foreground 8%;
        & > Label { width: auto; padding: 0 1; color: $text-accent; }
        & > Input { width: 1fr; }
        & > #search-count { width: auto; min-width: 12; color: $text-muted; text-align: right; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Label("/", markup=False)
        yield Input(placeholder="search the whole body", compact=True)
        yield Label(id="search-count", markup=False)

    def tell(self, text: str) -> None:
        """Say how the search goes."""
        self.query_one("#search-count", Label).update(Content(text))


class BodyTab(Vertical):
    """Shows a laid-out body, or in words why there is none. ``/`` searches it: enter goes back to the body, ``n`` and
    ``N`` walk the matches, escape ends the search."""

    DEFAULT_CSS = """
    BodyTab {
        height: 1fr;
        & > #body-note { height: auto; max-height: 4; padding: 0 1; }
        & > #body-words {
            height: 1fr; padding: 0 2; content-align: center middle; text-align: center; color: $text-muted;
        }
        & > BodyView { height: 1fr; padding: 0 1; }
        & > * { display: none; }
        &.-shown > BodyView { display: block; }
        &.-shown > #body-note { display: block; }
        &.-shown.-search > SearchBar { display: block; }
        &.-words > #body-words { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "end_search", "End search", id="body.end_search", tooltip="Close the search box"),
    ]

    def __init__(self) -> None:
        self._typing: Timer | None = None
        super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(id="body-note", markup=False)
        yield ResponseBody()
        yield SearchBar()
        yield Static(id="body-words", markup=False)

    def show(self, document: Document, response: ReceivedResponse) -> None:
        """Show the body of *response*, laid out as *document*."""
        self._close_search()
        self._body.show(document)
        self.query_one("#body-note", Static).update(body_note(document, response))
        self._enter(shown=True)

    def show_formatting(self, size: int) -> None:
        """Show that a body of *size* bytes is being laid out."""
        self._words(f"formatting {size_text(size)} …")

    def show_nothing(self, exchange: Exchange) -> None:
        """Say why *exchange* has no body."""
        self._words(no_body(exchange))

    @property
    def focus_target(self) -> Widget | None:
        """What takes keys here; None while there is no body."""
        return self._body if self._body.document is not None else None

    @property
    def _body(self) -> ResponseBody:
        return self.query_one(ResponseBody)

    def _words(self, text: str) -> None:
        self._close_search()
        self._body.show(None)
        self.query_one("#body-words", Static).update(Content(text))
        self._enter(shown=False)

    def _enter(self, *, shown: bool) -> None:
        self.set_class(shown, "-shown")
        self.set_class(not shown, "-words")

    # --- search ----------------------------------------------------------------------------------------------------

    @on(BodyView.SearchWanted)
    def _open_search(self, event: BodyView.SearchWanted) -> None:
        event.stop()
        self.add_class("-search")
        needle = self.query_one(Input)
        needle.focus()
        needle.action_select_all()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(SEARCH_DELAY, self._search)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._search()
        self._body.focus()

    def _search(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None
        self.query_one(SearchBar).tell("")
        self._body.search(self.query_one(Input).value)

    @on(BodyView.SearchMoved)
    def _moved(self, event: BodyView.SearchMoved) -> None:
        event.stop()
        if event.problem:
            text = sanitise_line(event.problem)
        elif event.count == 0:
            text = "no match" if event.complete else "searching …"
        else:
            text = f"{event.current or '?'} of {event.count:,}{'' if event.complete else '+'}"
            text += " (went round)" if event.wrapped else ""
        self.query_one(SearchBar).tell(f"{text} ")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether the action would do something."""
        if action == "end_search":
            return self.has_class("-search")
        return super().check_action(action, parameters)

    def action_end_search(self) -> None:
        """Close the search box and take the marks away."""
        inside = self.has_focus_within
        self._close_search()
        self._body.search("")
        if inside:
            self._body.focus()

    def _close_search(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None
        self.remove_class("-search")
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self.query_one(SearchBar).tell("")


def body_note(document: Document, response: ReceivedResponse) -> Content:
    """What the body is, and whatever is wrong with it."""
    charset = f" · {document.charset}" if document.kind != "hex" else ""
    count = document.line_count
    lines = f" · {count:,} line{'' if count == 1 else 's'}" if document.kind != "hex" else ""
    parts = [Content.styled(f"{sanitise_line(document.title)}{charset}{lines}", MUTED)]
    if response.truncated:
        parts.append(Content.styled(f"✂ not whole: {sanitise_line(response.truncated)}", "bold $text-warning"))
    if document.note:
        parts.append(Content.styled(f"⚠ {sanitise_line(document.note)}", "$text-warning"))
    return Content("\n").join(parts)


def no_body(exchange: Exchange) -> str:
    """Why there is no body, in words."""
    response = exchange.response
    if response is None:
        return "Nothing arrived. The Wire tab shows what was sent."
    if response.truncated:
        return f"No body arrived: {sanitise_line(response.truncated)}."
    status = f"{response.status} {sanitise_line(response.reason)}".rstrip()
    if exchange.request.method.upper() == "HEAD":
        return f"{status}: the answer to HEAD has headers and no body."
    return f"{status}: the answer has no body."
