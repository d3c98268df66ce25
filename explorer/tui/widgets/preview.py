"""The request as it would be sent: its headers and its body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.sanitise import sanitise_line
from explorer.tui.widgets.fields.repeats import Bar, Pair, PairsBox, Rebuilt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from explorer.core.exchange import SentRequest


class HeadersTab(VerticalScroll, can_focus=False):
    """What will be sent, and headers of one's own."""

    DEFAULT_CSS = """
    HeadersTab {
        height: 1fr; scrollbar-size-vertical: 1;
        & > #sent-headers { height: auto; padding: 0 1; margin: 0 0 1 0; }
    }
    """

    @dataclass
    class Changed(Message):
        """A header of one's own is another."""

    def __init__(self, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._headers = tuple(headers)
        super().__init__()

    def compose(self) -> ComposeResult:
        """Text and pairs."""
        self._pairs = PairsBox("Headers of your own", self._headers, hint=("Name", "value"))
        yield self._pairs
        yield Static("", id="sent-headers", markup=False)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The headers of one's own."""
        return self._pairs.pairs if self.is_mounted else self._headers

    def show_request(self, request: SentRequest) -> None:
        """Show what would be sent."""
        lines = [
            Content.styled("What will be sent", "bold $text-primary"),
            Content.assemble((f"{request.method} ", "bold"), sanitise_line(request.url)),
        ]
        for name, value in request.headers:
            lines.append(Content.assemble((f"{sanitise_line(name)}: ", "$text-accent"), sanitise_line(value)))
        self.query_one("#sent-headers", Static).update(Content("\n").join(lines))

    @on(Bar.Pressed)
    async def _add(self, event: Bar.Pressed) -> None:
        event.stop()
        await self._pairs.add()

    @on(Pair.Removed)
    async def _remove(self, event: Pair.Removed) -> None:
        event.stop()
        await self._pairs.take_out(event.pair_line)

    @on(Pair.Changed)
    @on(Rebuilt)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed())


class BodyPreview(Vertical):
    """The body that will be sent."""

    DEFAULT_CSS = """
    BodyPreview {
        height: 1fr;
        & > Static { height: auto; padding: 0 1; color: $text-muted; }
        & > BodyView { height: 1fr; }
    }
    """

    def compose(self) -> ComposeResult:
        """A line about it and the body itself."""
        from explorer.tui.body.view import BodyView

        yield Static("", markup=False)
        yield BodyView()

    def show_request(self, request: SentRequest) -> None:
        """Show the body of *request*."""
        from explorer.core.document import Document
        from explorer.tui.body.view import BodyView

        kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
        view = self.query_one(BodyView)
        view.display = bool(request.body)
        if not request.body:
            self.query_one(Static).update(Content("This request has no body."))
            return
        self.query_one(Static).update(
            Content(f"{sanitise_line(kind)}, {len(request.body):,} bytes, as it will be sent")
        )
        view.show(Document(request.body[:200_000], kind, view="raw"))
