"""The Body tab: the body and everything to read it with, or in words why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from explorer.core.text.media_type import JSON
from explorer.core.text.sanitize import sanitize_line
from explorer.tui.body.panel import BodyPanel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from explorer.core.exchange import Exchange, ReceivedResponse
    from explorer.core.links import Links


class BodyTab(Vertical):
    """Shows the body of a response, which has been redacted by the caller."""

    DEFAULT_CSS = """
    BodyTab {
        height: 1fr;
        & > #body-cut { height: auto; max-height: 3; padding: 0 1; color: $text-warning; text-style: bold; }
        & > #body-words {
            height: 1fr; padding: 0 2; content-align: center middle; text-align: center; color: $text-muted;
        }
        & > #body-cut, & > BodyPanel, & > #body-words { display: none; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="body-cut", markup=False)
        yield BodyPanel()
        yield Static(id="body-words", markup=False)

    def show(self, response: ReceivedResponse, links: Links | None = None) -> None:
        """Show the body of *response*; ids of *links* in it lead on."""
        self.query_one("#body-cut", Static).update(Content(f"✂ not whole: {sanitize_line(response.truncated)}"))
        self.panel.links = links
        content_type = response.header("content-type")
        (self.panel.finish if self.panel.arriving else self.panel.show)(response.body, content_type)
        self._enter(shown=True, cut=bool(response.truncated))

    def grow(self, more: bytes, records: Sequence[bytes] | None = None) -> None:
        """Show more of JSON that is still to come; with its *records*, which grow with it, from its beginning anew.
        ``show`` shows the whole in its place."""
        if records is not None:
            self.panel.begin(JSON)
            self.panel.coming = records
            self._enter(shown=True)
        if self.panel.arriving:
            self.panel.feed(more)

    def begin(self, response: ReceivedResponse) -> None:
        """The body of *response* begins to arrive: ``feed`` it, then ``show`` it."""
        self.panel.links = None
        self.panel.begin(response.header("content-type"))
        self._enter(shown=True)

    def feed(self, data: bytes) -> None:
        """More of the body has come."""
        self.panel.feed(data)

    def show_nothing(self, exchange: Exchange) -> None:
        """Say why *exchange* has no body."""
        self.panel.clear()
        self.query_one("#body-words", Static).update(Content(no_body(exchange)))
        self._enter(shown=False)

    @property
    def focus_target(self) -> Widget | None:
        """What takes keys here; None while there is no body."""
        return self.panel.view if self.panel.document is not None else None

    @property
    def panel(self) -> BodyPanel:
        """What reads the body."""
        return self.query_one(BodyPanel)

    def _enter(self, *, shown: bool, cut: bool = False) -> None:
        self.panel.display = shown
        self.query_one("#body-cut").display = cut
        self.query_one("#body-words").display = not shown


def no_body(exchange: Exchange) -> str:
    """Why there is no body, in words."""
    response = exchange.response
    if response is None:
        return "Nothing arrived. The Wire tab shows what was sent."
    if response.truncated:
        return f"No body arrived: {sanitize_line(response.truncated)}."
    status = f"{response.status} {sanitize_line(response.reason)}".rstrip()
    if exchange.request.method.upper() == "HEAD":
        return f"{status}: the answer to HEAD has headers and no body."
    return f"{status}: the answer has no body."
