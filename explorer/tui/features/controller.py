"""The base class of the main screen's controllers, and the context they share.

MainScreen ── composes ──► controllers ── MainContext ──► session, workspace, layout, panes
    │ actions, messages       │ hooks (panes_ready, form_shown, send_ended …): called on every controller
    └─────────────────────────┘ verbs (form.open, sender.send, history.replay …): what one feature offers to others
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
    from explorer.tui.actions import Action
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
    """Run a controller's coroutine in a worker of the main screen.

    In an *exclusive* group, a new worker cancels the previous one. An error is shown to the user with *description*.
    """

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
        """Open an endpoint, with its own draft unless one is given.

        *origin* is the history entry that the draft comes from. *followed*: keep the trail of followed ids.
        """

    async def show(self) -> None:
        """Rebuild the form of the open endpoint."""

    def check(self) -> tuple[Problem, ...]:
        """Show the problems of the form. Return those that are errors."""

    def keep_draft(self) -> None:
        """Store the values of the form in the workspace."""

    def show_title(self, url: str = "") -> None:
        """Update the title bar."""

    def schedule_preview(self) -> None:
        """Sign the preview again after a pause."""

    def look_up_credentials(self) -> Worker[None]:
        """Show the source of each credential."""


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
        """Send *call*, or a prepared replay."""

    def refuse(self, errors: tuple[Problem, ...]) -> None:
        """Show why nothing is sent, and focus the first field with an error."""

    async def confirm(self, call: Call) -> bool:
        """Ask the user to confirm *call* if the session requires it. Return whether it may be sent."""

    def begin(self) -> int:
        """Return the number of a new send. Results of earlier sends are no longer shown."""

    def end(self, number: int) -> None:
        """End the send *number*, unless a newer one has started."""

    def ended(self) -> None:
        """Show the fields that the vendor rejected, and call ``send_ended`` on every controller."""


class ResponseVerbs(Protocol):
    """What showing responses offers to other features."""

    async def show_exchange(self, exchange: Exchange) -> None:
        """Show a single response."""

    async def show_stopped(self, exchange: Exchange | None, call: Call) -> None:
        """Show the partial response of a canceled send, if any of it arrived."""

    def show_error(self, error: ExplorerError) -> None:
        """Show why there is no response."""

    def page_of(self, exchange: Exchange) -> PageInfo | None:
        """Return the page information of a response, None if there is none."""


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
        """Show the rows that match the search, starting at the entry *begin* if it is given."""

    def show_entry(self, number: int) -> Worker[None]:
        """Show an entry: the request and its response."""

    def replay(self, number: int, how: ReplayMode) -> Worker[None]:
        """Send an entry again."""

    def load_into_form(self, number: int) -> Worker[None]:
        """Load the values of an entry into the form."""


class MainContext:
    """What the controllers of one main screen share."""

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
        """Set once the panes exist."""
        self.controllers: tuple[Controller, ...] = ()

    def has_missing_values(self) -> bool:
        """Return whether a value of the call is still unknown; if so, notify the user."""
        return any(controller.has_missing_values() for controller in self.controllers)


class Controller:
    """One feature. Methods named ``action_…`` become actions of the main screen; hooks do nothing by default."""

    def __init__(self, main: MainContext) -> None:
        self.main = main

    def actions(self) -> Iterator[str]:
        """Yield the names of the action methods."""
        return (name for name in dir(self) if name.startswith("action_"))

    # --- shortcuts ---------------------------------------------------------------------------------------------------

    @property
    def app(self) -> AppBase:
        """The app."""
        app: AppBase = self.main.screen.app  # type: ignore[assignment]  # the main screen belongs to this app
        return app

    @property
    def session(self) -> SessionContext:
        """The session."""
        return self.main.session

    @property
    def workspace(self) -> Workspace:
        """The open endpoint and its draft."""
        return self.main.workspace

    @property
    def layout(self) -> PaneLayout:
        """The panes: which are visible, and which has the focus."""
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

    def require_endpoint(self) -> bool:
        """Return whether an endpoint is open; if not, notify the user."""
        return self.layout.require_endpoint()

    def cancel_group(self, group: str) -> None:
        """Cancel the workers of a group."""
        self.main.screen.workers.cancel_group(self.main.screen, group)

    # --- hooks -------------------------------------------------------------------------------------------------------

    async def panes_ready(self) -> None:
        """Called when the panes exist."""

    def opening(self) -> None:
        """Called before an endpoint is opened in any way except by following an id."""

    def unavailable(self, action: Action) -> str:  # noqa: ARG002 - for overrides
        """Return why *action*, whose key nothing handled, is not possible now; empty if this feature does not know."""
        return ""

    async def form_opening(self) -> None:
        """Called before the form of the open endpoint is built."""

    def form_shown(self) -> None:
        """Called after the form was built."""

    def form_problems(self) -> tuple[Problem, ...] | None:
        """Return problems that replace the endpoint's own check, None to keep that check."""
        return None

    def form_checked(self) -> None:
        """Called after the problems of the form are shown."""

    async def may_send(self, call: Call, replay: Replay | None) -> bool:  # noqa: ARG002 - for overrides
        """Return whether *call* (or its replay) may be sent, after asking the user if necessary."""
        return True

    def handles_send(self, *, force: bool) -> bool:  # noqa: ARG002 - for overrides
        """Return whether this controller sends the form itself; if so, it has started to."""
        return False

    def has_missing_values(self) -> bool:
        """Return whether a value of the call is still unknown; if so, notify the user."""
        return False

    def cancel_running(self) -> bool:
        """Cancel running work. Return whether there was any."""
        return False

    def exchange_opening(self, exchange: Exchange) -> None:
        """Called before a single response is shown."""

    def form_changed(self) -> None:
        """Called when anything in the form changes."""

    async def show_last_response(self) -> bool:
        """Show the last response of the open endpoint. Return whether there was one."""
        return False

    def exchange_shown(self, exchange: Exchange, replay: Replay | None) -> None:
        """Called when the exchange of a send is shown."""

    def send_ended(self) -> None:
        """Called when a send ended, successfully or not."""

    def unmounted(self) -> None:
        """Called when the screen is gone."""
