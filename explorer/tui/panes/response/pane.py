"""The response to a call: verdict, and body, headers, wire and timing as tabs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual import on
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


_WORDS: Final = {
    "new": "all pages?",
    "running": "⇅ fetching all pages",
    "paused": "‖ fetching all pages, paused",
}


def answer_title(exchange: Exchange) -> Content:
    """Verdict, status, size and time."""
    response, failure, outcome = exchange.response, exchange.failure, exchange.verdict.outcome
    if failure is not None:
        verdict = Content.styled(f"✗ {sanitize_line(failure.title)}", "bold $text-error")
    else:
        verdict = Content.styled(f"{SIGNS[outcome]} {outcome}", f"bold $text-{COLORS[outcome]}")
    parts = [Content("Response"), verdict]
    if response is not None:
        parts.append(Content(f"{response.status} {sanitize_line(response.reason)}".rstrip()))
        parts.append(Content(format_size(len(response.body)) + (" (cut)" if response.truncated else "")))
    parts.append(Content(format_elapsed(exchange.timings.total)))
    return Content(" · ").join(parts)


def collection_title(collection: CollectionStatus, exchange: Exchange | None) -> Content:
    """While pages are fetched, and after that."""
    if collection.state in _WORDS:
        return Content(f"Response · {_WORDS[collection.state]}")
    outcome = collection.verdict.outcome
    parts = [Content("Response"), Content.styled(f"{SIGNS[outcome]} {outcome}", f"bold $text-{COLORS[outcome]}")]
    parts.append(Content(f"all pages · {collection.sums}"))
    if exchange is not None and exchange.response is not None:
        parts.append(Content(format_size(len(exchange.response.body))))
    return Content(" · ").join(parts)


State = Literal["idle", "sending", "arriving", "answer", "failure"]


class ResponsePane(Widget):
    """The response side of the main screen; see the module for its states."""

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
        """A person wants the send stopped."""

    @dataclass
    class PageRequested(Message):
        """A person wants another page: ``next``, ``previous``, ``first``, ``last``; empty: one by its number."""

        to: str

    @dataclass
    class GoOnRequested(Message):
        """A person wants the pages of a collection that failed or are still to come."""

    @dataclass
    class FieldRequested(Message):
        """A person wants to mend the field of that name."""

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
        self._rejected_field = 0
        """How often the key for a guilty field was pressed: each time it goes to the next one."""
        self.collecting = False
        """Whether it shows a collection of pages."""
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
        """The frame tells where the keys go."""
        follow_focus(self)

    # --- what it shows ---------------------------------------------------------------------------------------------

    @property
    def exchange(self) -> Exchange | None:
        """The exchange that is shown, or None."""
        return self._exchange

    def show_idle(self, text: str) -> None:
        """Show *text*, and nothing of an exchange."""
        self._forget()
        self.query_one("#response-idle", Static).update(Content(sanitize(text)))
        self._enter("idle", Content("Response"))

    def show_sending(self, started: float) -> None:
        """Show that a call is under way since *started*, a reading of the clock (``time.monotonic``)."""
        inside = self.has_focus_within
        self._forget()
        self.query_one(SendingView).start(started)
        self._enter("sending", Content("Response · sending"))
        if inside:
            self.query_one(SendingView).focus()

    def progress(self, progress: SendProgress) -> None:
        """Show how far the call is; ignored when none is under way."""
        if self.state == "sending":
            self.query_one(SendingView).progress(progress)
        elif self.state == "arriving":
            self.query_one(ArrivingView).progress(progress)

    def show_arriving(self, exchange: Exchange, started: float) -> None:
        """Show the head of the answer to a call that was *started*, a reading of the clock: the redacted *exchange*
        has no body yet. ``feed`` its body, then ``show_exchange``."""
        self._forget()
        response = exchange.response
        if response is None:
            return
        self.query_one(ArrivingView).start(response, started)
        self._tabs.show(exchange, self._trace)
        self._body.begin(response)
        self._enter("arriving", Content(f"Response · ⇅ {response.status} · receiving"))

    def feed(self, data: bytes) -> None:
        """More of the body has come, or a moment has gone by."""
        if self.state == "arriving":
            self.query_one(ArrivingView).tick()
            self._body.feed(data)

    def note(self, text: str) -> None:
        """Say what happened last while a call is under way."""
        if self.state == "sending":
            self.query_one(SendingView).note(text)

    def show_exchange(
        self, exchange: Exchange, page: PageInfo | None = None, refusal: str = "", *, writes: bool = False
    ) -> None:
        """Show a redacted *exchange*: which *page* it holds, and the *refusal* of the sandbox if it was one (decoded
        here from the response where it is not given)."""
        self._forget()
        self._exchange, self._page = exchange, page
        self.query_one(VerdictView).show_exchange(exchange, page, refusal or sandbox_reason(exchange), writes=writes)
        self._tabs.show(exchange, self._trace)
        self._enter("answer", answer_title(exchange))
        if page is not None and (page.has_next or page.has_previous):
            self.border_subtitle = Content("n next  p before  # page …  A all pages")
        self._lay_out(exchange)

    # --- all pages -------------------------------------------------------------------------------------------------

    def show_collection(self, exchange: Exchange, collection: CollectionStatus) -> None:
        """Show how a *collection* of pages stands, over the tabs of *exchange*: its first page, or all in one."""
        self.show_exchange(exchange)
        self._tabs.count("wire", 0)
        self.collecting = True
        self._part()
        self.update_collection(collection, exchange)

    def update_collection(self, collection: CollectionStatus, exchange: Exchange | None = None) -> None:
        """Show how the collection that is shown stands by now."""
        if not self.collecting:
            return
        view = self.query_one(CollectView)
        before, view.collection = view.collection.state, collection
        title = collection_title(collection, exchange or self._exchange)
        if exchange is not None or before != collection.state:
            self.border_title = title
            self.refresh_bindings()

    def grow_collection(self, more: bytes, records: Sequence[bytes] | None = None) -> None:
        """Show more of the collection while it comes; with all *records* so far, from the first anew."""
        if self.collecting and (more or records is not None):
            self._body.grow(more, records)

    @property
    def collection_focused(self) -> bool:
        """Whether the keys go to the collection."""
        return self.query_one(CollectView).has_focus_within

    def focus_collection(self) -> None:
        """Put the focus where the keys of a collection are."""
        self.query_one(CollectView).take_focus()

    def show_failure(self, title: str, message: str, hint: str) -> None:
        """Show why nothing was sent, or nothing came, and what to do next."""
        self._forget()
        self.query_one(VerdictView).show_failure(title, message, hint)
        self._enter("failure", Content(f"Response · ✗ {sanitize_line(title)}"))

    def explain(self, text: str) -> None:
        """Add an explanation below the verdict; an empty text takes it away."""
        self.query_one(VerdictView).explain(text)

    def focus_content(self) -> None:
        """Put the focus where keys are of use: the view of the open tab, a send's clock, or pages to be fetched."""
        if self.state == "sending":
            self.query_one(SendingView).focus()
        elif self.state in ("answer", "arriving"):
            if self.collecting and self._collection.state != "done":
                self.focus_collection()
            else:
                self._tabs.take_focus()

    def show_tab(self, tab: str) -> None:
        """Open the tab ``body``, ``headers``, ``wire`` or ``timing``; the focus follows if it was in another."""
        inside = self._tabs.has_focus_within and not isinstance(self.screen.focused, Tabs)
        self._tabs.active = tab
        if inside:
            self.call_after_refresh(self._tabs.take_focus)

    @property
    def _tabs(self) -> ResponseTabs:
        return self.query_one(ResponseTabs)

    @property
    def _body(self) -> BodyTab:
        return self._tabs.body

    def _forget(self) -> None:
        """What was shown belongs to the past."""
        self._exchange = self._page = None
        self._rejected_field = 0
        self.border_subtitle = ""
        self.collecting = False

    def _enter(self, state: State, title: Content) -> None:
        waited = self.screen.focused is self.query_one(SendingView)
        if state != "sending":
            self.query_one(SendingView).stop()
        self.border_title = title
        self.state = state
        self._part()
        self.refresh_bindings()
        if waited and state in ("answer", "arriving"):
            self.call_after_refresh(self._go_on)

    def _go_on(self) -> None:
        """From the clock of a send to its answer, unless the focus was moved meanwhile."""
        if self.screen.focused in (None, self.query_one(SendingView)):
            self.focus_content()

    def _part(self) -> None:
        """Which parts are seen; at first, as the styles say, the words that nothing was sent. No classes for that: with
        each, the styles of all that is within are reckoned anew."""
        state = self.state
        judged = state in ("answer", "failure") and not self.collecting
        for part, seen in (
            (self.query_one("#response-idle"), state == "idle"),
            (self.query_one(SendingView), state == "sending"),
            (self.query_one("#response-answer"), state in ("answer", "failure", "arriving")),
            (self.query_one(ArrivingView), state == "arriving"),
            (self.query_one(VerdictView), judged),
            (self.query_one(CollectView), self.collecting),
            (self._tabs, state != "failure"),
        ):
            part.display = seen

    @property
    def body_panel(self) -> BodyPanel:
        """What reads the body."""
        return self._body.panel

    # --- the body --------------------------------------------------------------------------------------------------

    def _lay_out(self, exchange: Exchange) -> None:
        body = self._body
        response = exchange.response
        if response is None or not response.body:
            body.show_nothing(exchange)
        else:
            body.show(response, self._links(exchange))

    # --- what a person does ----------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing are not offered."""
        if action == "cancel":
            return self.state in ("sending", "arriving") or (self.collecting and not self._collection.over)
        if action == "tab":
            return self.state in ("answer", "arriving")
        if action == "page":
            page = self._page
            if page is None:
                return False
            if parameters[0] in ("next", "last"):
                return page.has_next
            return page.has_previous or self._failed  # one must get back from a page that did not come
        if action == "page_number":
            return self._page is not None
        if action == "go_on":
            return self.collecting and self._collection.more
        if action == "guilty_field":
            return bool(self._rejected_fields)
        return True

    @property
    def _collection(self) -> CollectionStatus:
        return self.query_one(CollectView).collection

    @property
    def _failed(self) -> bool:
        return self._exchange is not None and self._exchange.verdict.outcome in ("FAILED", "UNKNOWN")

    @property
    def _rejected_fields(self) -> list[str]:
        return [one.name for one in self._exchange.verdict.fields] if self._exchange is not None else []

    def action_tab(self, step: int) -> None:
        """Open the tab *step* to the right."""
        self.show_tab(self._tabs.go(step))

    def action_page(self, to: str) -> None:
        """Ask for another page."""
        self.post_message(self.PageRequested(to))

    def action_page_number(self) -> None:
        """Ask for a page by its number."""
        self.post_message(self.PageRequested(""))

    def action_go_on(self) -> None:
        """Ask for the pages that are missing."""
        self.post_message(self.GoOnRequested())

    def action_guilty_field(self) -> None:
        """Go to the next field that the vendor complains about."""
        names = self._rejected_fields
        self.post_message(self.FieldRequested(names[self._rejected_field % len(names)]))
        self._rejected_field += 1

    def action_cancel(self) -> None:
        """Ask for the send to be stopped."""
        self.post_message(self.CancelRequested())

    @on(VerdictView.FieldChosen)
    def _field_chosen(self, event: VerdictView.FieldChosen) -> None:
        event.stop()
        self.post_message(self.FieldRequested(event.name))
