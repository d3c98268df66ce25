"""What the features of the main screen share: the base of their controllers, and the context that they work in.

MainScreen ── composes ──► controllers ── MainContext ──► session, workspace, layout, panes
    │ actions, messages       │ hooks (furnished, form_shown, send_ended …): the context calls them on each controller
    └─────────────────────────┘ verbs (form.open, sender.send, history.recall …): what one feature offers to others
"""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from explorer.tui.panes.title_bar import TitleBar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterator

    from textual.screen import Screen
    from textual.worker import Worker

    from explorer.core.model import Call, Exchange
    from explorer.core.paging import PageInfo
    from explorer.errors import ExplorerError, Problem
    from explorer.session.context import SessionContext
    from explorer.session.replay import Replay, ReplayMode
    from explorer.tui.app_base import AppBase
    from explorer.tui.drafts import Draft
    from explorer.tui.page_buffer import PageBuffer
    from explorer.tui.pane_layout import PaneLayout
    from explorer.tui.panes.history.pane import HistoryPanel
    from explorer.tui.panes.request.pane import RequestPane
    from explorer.tui.panes.response.pane import ResponsePane
    from explorer.tui.workspace import Workspace

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound="Controller")


def background(
    *, group: str, description: str, exclusive: bool = True
) -> Callable[[Callable[Concatenate[C, P], Coroutine[Any, Any, T]]], Callable[Concatenate[C, P], Worker[T]]]:
    """Run a controller's coroutine in a worker of the main screen. In an *exclusive* group the worker before it is
    cancelled; an error becomes a message on screen that names *description*."""

    def decorate(method: Callable[Concatenate[C, P], Coroutine[Any, Any, T]]) -> Callable[Concatenate[C, P], Worker[T]]:
        def start(self: C, /, *args: P.args, **kwargs: P.kwargs) -> Worker[T]:
            return self.main.screen.run_worker(
                partial(method, self, *args, **kwargs),
                group=group,
                exclusive=exclusive,
                exit_on_error=False,
                description=description,
            )

        update_wrapper(start, method)
        return start

    return decorate


class FormVerbs(Protocol):
    """What the form offers to other features."""

    def open(
        self, address: str, draft: Draft | None = None, origin: int = 0, *, followed: bool = False
    ) -> Worker[None]:
        """Open an endpoint, with its own draft unless one is given (from the entry *origin* of the history);
        *followed* where the trail of followed ids goes on."""

    async def show(self) -> None:
        """Build the form of the open endpoint anew."""

    def check(self) -> tuple[Problem, ...]:
        """Show the problems of the form; return those that are errors."""

    def keep_draft(self) -> None:
        """Take what the form holds into the workspace."""

    def show_title(self, url: str = "") -> None:
        """Update the title bar."""

    def schedule_preview(self) -> None:
        """Sign the preview again after a pause."""

    def look_up_credentials(self) -> Worker[None]:
        """Show where each credential comes from."""


class DraftVerbs(Protocol):
    """What saving drafts offers to other features."""

    def schedule_save(self) -> None:
        """Save the drafts after a pause."""

    def save(self) -> Worker[None]:
        """Save the drafts now, in the background."""

    async def write(self) -> None:
        """Save the drafts now; return when they are on disk."""


class SenderVerbs(Protocol):
    """What sending offers to other features."""

    sending: int

    def send(self, call: Call, replay: Replay | None = None) -> Worker[None]:
        """Send *call*, or what was made ready to be replayed."""

    def refuse(self, errors: tuple[Problem, ...]) -> None:
        """Show why nothing is sent, and go to the first field."""

    async def agreed(self, call: Call) -> bool:
        """Ask what the session wants to be asked before *call*; return the answer."""

    def begin(self) -> int:
        """Take the number of a new send; those before it show nothing any more."""

    def end(self, number: int) -> None:
        """End the send of that number, unless a newer one began."""

    def ended(self) -> None:
        """Show what the vendor complains about, and call ``send_ended`` on every controller."""


class ResponseVerbs(Protocol):
    """What showing responses offers to other features."""

    async def show_exchange(self, exchange: Exchange) -> None:
        """Show a single response."""

    async def show_stopped(self, exchange: Exchange | None, call: Call) -> None:
        """Show the partial response of a canceled send, if any of it arrived."""

    def show_error(self, error: ExplorerError) -> None:
        """Show why there is no response."""

    def page_of(self, exchange: Exchange) -> PageInfo | None:
        """Return what is known of the page in a response."""


class CollectionVerbs(Protocol):
    """What the collection of all pages offers to other features."""

    page_buffer: PageBuffer | None

    @property
    def active(self) -> bool:
        """Whether the collection is visible and planned, running or paused."""

    def is_visible(self, buffer: PageBuffer) -> bool:
        """Return whether *buffer* is the collection on screen."""

    def adopt(self, buffer: PageBuffer) -> None:
        """Replace the collection of this screen with *buffer*, and show it."""

    def show(self, buffer: PageBuffer) -> None:
        """Show the records received so far, and the progress."""

    def show_progress(self, buffer: PageBuffer) -> None:
        """Show the progress of *buffer* if it is visible."""

    def discard(self) -> None:
        """Stop and close the collection, if there is one."""


class HistoryVerbs(Protocol):
    """What the history offers to other features."""

    def show(self, *, focus: bool = False, begin: int = 0) -> Worker[None]:
        """Show the rows that fit the search, from the entry *begin* on where one is given."""

    def show_entry(self, number: int) -> Worker[None]:
        """Show an entry: what was sent and received."""

    def replay(self, number: int, how: ReplayMode) -> Worker[None]:
        """Send an entry again."""

    def load_into_form(self, number: int) -> Worker[None]:
        """Put the values of an entry into the form."""


class MainContext:
    """What the controllers of one main screen work with."""

    form: FormVerbs
    drafts: DraftVerbs
    sender: SenderVerbs
    response: ResponseVerbs
    history: HistoryVerbs
    collection: CollectionVerbs

    def __init__(
        self,
        screen: Screen[None],
        session: SessionContext,
        workspace: Workspace,
        layout: PaneLayout,
        ready: asyncio.Event,
    ) -> None:
        self.screen = screen
        self.session = session
        self.workspace = workspace
        self.layout = layout
        self.ready = ready
        """Set when the panes are made."""
        self.controllers: tuple[Controller, ...] = ()

    def has_missing_values(self) -> bool:
        """Return whether the call cannot be sent yet because a value of it is still unknown; says so then."""
        return any(controller.has_missing_values() for controller in self.controllers)


class Controller:
    """One feature. Methods named ``action_…`` are actions of the main screen; the hooks below do nothing here."""

    def __init__(self, main: MainContext) -> None:
        self.main = main

    def actions(self) -> Iterator[str]:
        """Yield the names of its action methods."""
        return (name for name in dir(self) if name.startswith("action_"))

    # --- shorthands --------------------------------------------------------------------------------------------------

    @property
    def app(self) -> AppBase:
        """The app."""
        app: AppBase = self.main.screen.app  # type: ignore[assignment]  # this screen has no other
        return app

    @property
    def session(self) -> SessionContext:
        """The session."""
        return self.main.session

    @property
    def workspace(self) -> Workspace:
        """What is open."""
        return self.main.workspace

    @property
    def layout(self) -> PaneLayout:
        """The panes: which are seen, which has the focus."""
        return self.main.layout

    @property
    def request_pane(self) -> RequestPane:
        """The request pane."""
        return self.layout.request_pane

    @property
    def response_pane(self) -> ResponsePane:
        """The response pane."""
        return self.layout.response_pane

    @property
    def history_panel(self) -> HistoryPanel:
        """The history pane."""
        return self.layout.history_panel

    @property
    def title_bar(self) -> TitleBar:
        """The title bar."""
        return self.main.screen.query_one(TitleBar)

    def tell(self, text: str, *, severity: str = "information") -> None:
        """Show a notification."""
        self.app.tell(text, severity=severity)

    def notify_error(self, error: ExplorerError, *, severity: str = "warning") -> None:
        """Show an error with its hint."""
        self.app.tell(error.sentence, severity=severity)

    def opened(self) -> bool:
        """Return whether an endpoint is open; says so where none is."""
        return self.layout.opened()

    def cancel_group(self, group: str) -> None:
        """Cancel the workers of a group."""
        self.main.screen.workers.cancel_group(self.main.screen, group)

    # --- hooks -------------------------------------------------------------------------------------------------------

    async def panes_ready(self) -> None:
        """The panes exist."""

    def opening(self) -> None:
        """An endpoint is opened from elsewhere than a followed id."""

    async def form_opening(self) -> None:
        """The form of the open endpoint is about to be built."""

    def form_shown(self) -> None:
        """The form was built."""

    def form_problems(self) -> tuple[Problem, ...] | None:
        """Return the problems of the form in place of the endpoint's own check; None for the latter."""
        return None

    def form_checked(self) -> None:
        """The problems of the form are shown."""

    async def may_send(self, call: Call, replay: Replay | None) -> bool:  # noqa: ARG002 - for those that need it
        """Return whether *call* (or its replay) may be sent; asks the user where that is due."""
        return True

    def handles_send(self, *, force: bool) -> bool:  # noqa: ARG002 - for those that need it
        """Send the form in a way of its own; return whether it did."""
        return False

    def has_missing_values(self) -> bool:
        """Return whether a value of the call is still unknown; says so then."""
        return False

    def cancel_running(self) -> bool:
        """Stop what is under way; return whether there was anything."""
        return False

    def exchange_opening(self, exchange: Exchange) -> None:
        """A single response is about to be shown."""

    def form_changed(self) -> None:
        """Something in the form changed."""

    async def show_last_response(self) -> bool:
        """Show what the open endpoint answered last; return whether it did."""
        return False

    def answered(self, exchange: Exchange, replay: Replay | None) -> None:
        """A send ended with *exchange*, which is shown."""

    def send_ended(self) -> None:
        """A send ended, whatever came of it."""

    def unmounted(self) -> None:
        """The screen is gone."""
