"""The response pane: the verdict, and tabs for body, headers, wire and timing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual import actions, on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static, Tabs

from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.core.text.units import format_elapsed, format_size
from explorer.tui.actions import bindings
from explorer.tui.kit.static_widgets import follow_focus
from explorer.tui.panes.response.pages_view import CollectionStatus, CollectView
from explorer.tui.panes.response.progress_view import ArrivingView, SendingView
from explorer.tui.panes.response.tabs import ResponseTabs
from explorer.tui.panes.response.verdict_view import COLORS, SIGNS, VerdictView, sandbox_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.links import Links
    from explorer.core.model import Exchange
    from explorer.core.paging import PageInfo
    from explorer.net.client import SendProgress
    from explorer.tui.body.panel import BodyPanel
    from explorer.tui.panes.response.tabs import BodyTab
    from explorer.tui.panes.response.wire_view import Trace


_COLLECTION_TITLES: Final = {
    "new": "all pages?",
    "running": "⇅ fetching all pages",
    "paused": "‖ fetching all pages (paused)",
}


def response_title(exchange: Exchange) -> Content:
    """Return verdict, status, size and time for the border."""
    response, failure, outcome = exchange.response, exchange.failure, exchange.verdict.outcome
    if failure is not None:
        verdict = Content.styled(f"✗ {sanitize_line(failure.title)}", "bold $text-error")
    else:
        verdict = Content.styled(f"{SIGNS[outcome]} {outcome}", f"bold $text-{COLORS[outcome]}")
    parts = [Content("Response"), verdict]
    if response is not None:
        parts.append(Content(f"{response.status} {sanitize_line(response.reason)}".rstrip()))
        parts.append(Content(format_size(len(response.body)) + (" (truncated)" if response.truncated else "")))
    parts.append(Content(format_elapsed(exchange.timings.total)))
    return Content(" · ").join(parts)


def collection_title(collection: CollectionStatus, exchange: Exchange | None) -> Content:
    """Return the border title of a collection of pages."""
    if collection.state in _COLLECTION_TITLES:
        return Content(f"Response · {_COLLECTION_TITLES[collection.state]}")
    outcome = collection.verdict.outcome
    parts = [Content("Response"), Content.styled(f"{SIGNS[outcome]} {outcome}", f"bold $text-{COLORS[outcome]}")]
    parts.append(Content(f"all pages · {collection.summary}"))
    if exchange is not None and exchange.response is not None:
        parts.append(Content(format_size(len(exchange.response.body))))
    return Content(" · ").join(parts)


_REASONS: Final = {
    "go_on": "no page is missing.",
    "guilty_field": "the vendor rejected no field.",
    "cancel": "nothing is running.",
}
"""Action → why it is not possible if ``check_action`` disables it."""
State = Literal["idle", "sending", "arriving", "response", "failure"]


class ResponsePane(Widget):
    """The response side of the main screen."""

    DEFAULT_CSS = """
    ResponsePane {
        border: round $foreground 30%;
        border-title-color: $foreground;
        height: 1fr;
        width: 1fr;
        &.-inside { border: heavy $border; }
        & > #response-idle {
            height: 1fr; padding: 0 2; content-align: center middle; text-align: center; color: $text-muted;
        }
        & #response-answer { height: 1fr; }
        & > SendingView, & > #response-answer, & ArrivingView, & CollectView { display: none; }
        & TabbedContent { height: 1fr; }
        & ContentSwitcher { height: 1fr; }
        & TabPane { height: 1fr; padding: 0; }
        & Tabs { height: 1; }
        & Tabs Underline { display: none; }
        & Tab { color: $text-muted; }
        & Tab.-active { color: $foreground; text-style: bold reverse; }
        & Tabs:focus Tab.-active {
            color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("response_pane"), *bindings("response")]

    state: reactive[State] = reactive("idle", init=False, bindings=True)

    @dataclass
    class CancelRequested(Message):
        """The user asked to stop the send."""

    @dataclass
    class PageRequested(Message):
        """The user asked for the ``next``, ``previous``, ``first`` or ``last`` page; empty: a page by number."""

        to: str

    @dataclass
    class ContinueRequested(Message):
        """The user asked for the failed and remaining pages of a collection."""

    @dataclass
    class FieldRequested(Message):
        """The user asked to go to a field of the form."""

        name: str

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        trace: Trace | None = None,
        links: Callable[[Exchange], Links | None] = lambda _exchange: None,
        id: str | None = None,  # noqa: A002 - textual's own name
        classes: str | None = None,
    ) -> None:
        self._clock = clock
        self._trace = trace
        self._links = links
        self._exchange: Exchange | None = None
        self._page: PageInfo | None = None
        self._next_rejected = 0
        """Position of the rejected field that the next key press goes to."""
        self.collecting = False
        """Whether a collection of pages is shown."""
        super().__init__(id=id, classes=classes)
        self.border_title = "Response"

    def compose(self) -> ComposeResult:
        yield Static("Nothing has been sent yet.", id="response-idle", markup=False)
        yield SendingView(self._clock)
        with Vertical(id="response-answer"):
            yield ArrivingView(self._clock)
            yield VerdictView()
            yield CollectView()
            yield ResponseTabs()

    def on_mount(self) -> None:
        """Highlight the border while the focus is inside."""
        follow_focus(self)

    # --- content ---------------------------------------------------------------------------------------------------

    @property
    def exchange(self) -> Exchange | None:
        """The exchange that is shown."""
        return self._exchange

    def show_idle(self, text: str) -> None:
        """Show *text* instead of an exchange."""
        self._reset()
        self.query_one("#response-idle", Static).update(Content(sanitize(text)))
        self._enter("idle", Content("Response"))

    def show_sending(self, started: float) -> None:
        """Show that a call was sent at *started*, a value of ``time.monotonic``."""
        focused = self.has_focus_within
        self._reset()
        self.query_one(SendingView).start(started)
        self._enter("sending", Content("Response · sending"))
        if focused:
            self.query_one(SendingView).focus()

    def progress(self, progress: SendProgress) -> None:
        """Show the progress of the call; ignored when none is in flight."""
        if self.state == "sending":
            self.query_one(SendingView).progress(progress)
        elif self.state == "arriving":
            self.query_one(ArrivingView).progress(progress)

    def show_arriving(self, exchange: Exchange, started: float) -> None:
        """Show the head of a response whose body is still arriving.

        *exchange* is redacted and has no body yet; *started* is a value of ``time.monotonic``. ``feed`` the body, then
        call ``show_exchange``.
        """
        self._reset()
        response = exchange.response
        if response is None:
            return
        self.query_one(ArrivingView).start(response, started)
        self._tabs.show(exchange, self._trace)
        self._body.begin(response)
        self._enter("arriving", Content(f"Response · ⇅ {response.status} · receiving"))

    def feed(self, data: bytes) -> None:
        """Append to the body and update the elapsed time; *data* may be empty."""
        if self.state == "arriving":
            self.query_one(ArrivingView).tick()
            self._body.feed(data)

    def note(self, text: str) -> None:
        """Show the latest event while a call is in flight."""
        if self.state == "sending":
            self.query_one(SendingView).note(text)

    def show_exchange(
        self, exchange: Exchange, page: PageInfo | None = None, refusal: str = "", *, writes: bool = False
    ) -> None:
        """Show a redacted *exchange*.

        *page* is its position in the pages. *refusal* is the reason why the sandbox refused the call; by default it is
        decoded from the response. *writes*: the call changes something at the vendor.
        """
        self._reset()
        self._exchange, self._page = exchange, page
        self.query_one(VerdictView).show_exchange(exchange, page, refusal or sandbox_reason(exchange), writes=writes)
        self._tabs.show(exchange, self._trace)
        self._enter("response", response_title(exchange))
        if page is not None and (page.has_next or page.has_previous):
            self.border_subtitle = Content("n next  p previous  # page…  A all pages")
        self._show_body(exchange)

    # --- all pages -------------------------------------------------------------------------------------------------

    def show_collection(self, exchange: Exchange, collection: CollectionStatus) -> None:
        """Show the state of *collection* above the tabs of *exchange*: its first page, or all pages combined."""
        self.show_exchange(exchange)
        self._tabs.count("wire", 0)
        self.collecting = True
        self._show_parts()
        self.update_collection(collection, exchange)

    def update_collection(self, collection: CollectionStatus, exchange: Exchange | None = None) -> None:
        """Update the state of the collection that is shown."""
        if not self.collecting:
            return
        view = self.query_one(CollectView)
        before, view.collection = view.collection.state, collection
        title = collection_title(collection, exchange or self._exchange)
        if exchange is not None or before != collection.state:
            self.border_title = title
            self.refresh_bindings()

    def grow_collection(self, more: bytes, records: Sequence[bytes] | None = None) -> None:
        """Append *more* to the collection; with *records*, all records so far, start again from the first."""
        if self.collecting and (more or records is not None):
            self._body.grow(more, records)

    @property
    def collection_focused(self) -> bool:
        """Whether the collection has the focus."""
        return self.query_one(CollectView).has_focus_within

    def focus_collection(self) -> None:
        """Focus the collection."""
        self.query_one(CollectView).take_focus()

    def show_failure(self, title: str, message: str, hint: str) -> None:
        """Show why nothing was sent or received, and what to do next."""
        self._reset()
        self.query_one(VerdictView).show_failure(title, message, hint)
        self._enter("failure", Content(f"Response · ✗ {sanitize_line(title)}"))

    def explain(self, text: str) -> None:
        """Show *text* below the verdict; an empty text removes it."""
        self.query_one(VerdictView).explain(text)

    def focus_content(self) -> None:
        """Focus the send in progress, an unfinished collection, or the view of the open tab."""
        if self.state == "sending":
            self.query_one(SendingView).focus()
        elif self.state in ("response", "arriving"):
            if self.collecting and self._collection.state != "done":
                self.focus_collection()
            else:
                self._tabs.take_focus()

    def show_tab(self, tab: str) -> None:
        """Open the tab ``body``, ``headers``, ``wire`` or ``timing``; a focus inside the tabs follows."""
        focused = self._tabs.has_focus_within and not isinstance(self.screen.focused, Tabs)
        self._tabs.active = tab
        if focused:
            self.call_after_refresh(self._tabs.take_focus)

    @property
    def _tabs(self) -> ResponseTabs:
        return self.query_one(ResponseTabs)

    @property
    def _body(self) -> BodyTab:
        return self._tabs.body

    def _reset(self) -> None:
        """Discard what was shown before."""
        self._exchange = self._page = None
        self._next_rejected = 0
        self.border_subtitle = ""
        self.collecting = False

    def _enter(self, state: State, title: Content) -> None:
        was_waiting = self.screen.focused is self.query_one(SendingView)
        if state != "sending":
            self.query_one(SendingView).stop()
        self.border_title = title
        self.state = state
        self._show_parts()
        self.refresh_bindings()
        if was_waiting and state in ("response", "arriving"):
            self.call_after_refresh(self._leave_progress)

    def _leave_progress(self) -> None:
        """Move the focus from the progress view to the response, unless it was moved meanwhile."""
        if self.screen.focused in (None, self.query_one(SendingView)):
            self.focus_content()

    def _show_parts(self) -> None:
        """Display the parts that belong to the state.

        Sets ``display`` rather than classes: a class change recomputes the styles of every descendant.
        """
        state = self.state
        has_verdict = state in ("response", "failure") and not self.collecting
        for part, visible in (
            (self.query_one("#response-idle"), state == "idle"),
            (self.query_one(SendingView), state == "sending"),
            (self.query_one("#response-answer"), state in ("response", "failure", "arriving")),
            (self.query_one(ArrivingView), state == "arriving"),
            (self.query_one(VerdictView), has_verdict),
            (self.query_one(CollectView), self.collecting),
            (self._tabs, state != "failure"),
        ):
            part.display = visible

    @property
    def body_panel(self) -> BodyPanel:
        """The panel that shows the body."""
        return self._body.panel

    # --- the body --------------------------------------------------------------------------------------------------

    def _show_body(self, exchange: Exchange) -> None:
        body = self._body
        response = exchange.response
        if response is None or not response.body:
            body.show_nothing(exchange)
        else:
            body.show(response, self._links(exchange))

    # --- actions and messages--------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys that have no effect now."""
        if action == "cancel":
            return self.state in ("sending", "arriving") or (self.collecting and not self._collection.over)
        if action == "tab":
            return self.state in ("response", "arriving")
        if action == "page":
            page = self._page
            if page is None:
                return False
            if parameters[0] in ("next", "last"):
                return page.has_next
            return page.has_previous or self._failed  # a failed page must not be a dead end
        if action == "page_number":
            return self._page is not None
        if action == "go_on":
            return self.collecting and self._collection.more
        if action == "guilty_field":
            return bool(self._rejected_fields)
        return True

    def unavailable(self, run: str) -> str:
        """Return why the action *run* of this pane or a widget inside is not possible now; empty if it is."""
        if self.state in ("sending", "arriving"):
            return "the response is not complete yet."
        if self.state == "idle":
            return "there is no response yet. Press F5 to send."
        if self.state == "failure":
            return "there is no response."
        _, action, parameters = actions.parse(run)
        if self.check_action(action, parameters):
            return ""
        if action in ("page", "page_number") and self._page is None:
            return "this response has no pages."
        if action == "page":
            return f"there is no {parameters[0]} page."
        return _REASONS.get(action, "")

    @property
    def _collection(self) -> CollectionStatus:
        return self.query_one(CollectView).collection

    @property
    def _failed(self) -> bool:
        return self._exchange is not None and self._exchange.verdict.outcome in ("FAILED", "UNKNOWN")

    @property
    def _rejected_fields(self) -> list[str]:
        return [field.name for field in self._exchange.verdict.fields] if self._exchange is not None else []

    def action_tab(self, step: int) -> None:
        """Open the tab *step* places to the right."""
        self.show_tab(self._tabs.neighbor(step))

    def action_page(self, to: str) -> None:
        """Request another page."""
        self.post_message(self.PageRequested(to))

    def action_page_number(self) -> None:
        """Request a page by number."""
        self.post_message(self.PageRequested(""))

    def action_go_on(self) -> None:
        """Request the missing pages of a collection."""
        self.post_message(self.ContinueRequested())

    def action_guilty_field(self) -> None:
        """Go to the next field that the vendor rejected."""
        names = self._rejected_fields
        self.post_message(self.FieldRequested(names[self._next_rejected % len(names)]))
        self._next_rejected += 1

    def action_cancel(self) -> None:
        """Request that the send stops."""
        self.post_message(self.CancelRequested())

    @on(VerdictView.FieldChosen)
    def _field_chosen(self, event: VerdictView.FieldChosen) -> None:
        event.stop()
        self.post_message(self.FieldRequested(event.name))
