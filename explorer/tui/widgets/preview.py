"""The request as it would be sent: its headers and its body, each part with its origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.styles import MUTED
from explorer.tui.widgets.fields.repeats import HeadingBar, PairRow, PairsBox, RepeatsChanged
from explorer.tui.widgets.lines_view import LinesView, Row
from explorer.tui.widgets.origin_rows import origin_counts, origin_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.geometry import Size

    from explorer.core.exchange import SentRequest
    from explorer.core.provenance import RequestPart


class HeadersTab(VerticalScroll, can_focus=False):
    """What will be sent, and headers of one's own."""

    DEFAULT_CSS = """
    HeadersTab {
        height: 1fr; scrollbar-size-vertical: 1;
        & > #sent-head { height: 1; padding: 0 1; }
        & > OriginsView { height: auto; padding: 0 1; margin: 0 0 1 0; }
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
        yield Static("", id="sent-head", markup=False)
        yield OriginsView()

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The headers of one's own."""
        return self._pairs.pairs if self.is_mounted else self._headers

    def show_request(self, parts: Sequence[RequestPart]) -> None:
        """Show the head of what would be sent, each part with its origin."""
        head = [part for part in parts if part.place != "body"]
        while head and head[-1].place == "frame":  # brackets of a body, and the empty line before it
            head.pop()
        title = Content.styled("What will be sent", "bold $text-primary")
        self.query_one("#sent-head", Static).update(Content.assemble(title, (f"  {origin_counts(head)}", MUTED)))
        self.query_one(OriginsView).show_parts(head)

    @on(HeadingBar.Pressed)
    async def _add(self, event: HeadingBar.Pressed) -> None:
        event.stop()
        await self._pairs.add()

    @on(PairRow.Removed)
    async def _remove(self, event: PairRow.Removed) -> None:
        event.stop()
        await self._pairs.remove_item(event.pair_line)

    @on(PairRow.Changed)
    @on(RepeatsChanged)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed())


class OriginsView(LinesView):
    """Parts of a request with their origins; as high as they are."""

    DEFAULT_CSS = """
    OriginsView { min-height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("preview_origins")

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._parts: Sequence[RequestPart] = ()
        self._mine = False
        super().__init__(id=id)

    def show_parts(self, parts: Sequence[RequestPart]) -> None:
        """Show *parts*."""
        self._parts = parts
        self.show_for(self._rows)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - textual's own
        """As many lines as there are."""
        return max(1, self.virtual_size.height)

    def _rows(self, width: int) -> list[Row]:
        return list(origin_rows(self._parts, width, mine=self._mine))

    def action_mine(self) -> None:
        """Only what a person set, or everything."""
        self._mine = not self._mine
        self.show_for(self._rows)
        self.refresh(layout=True)


class BodyPreview(Vertical):
    """The body that will be sent: its fields with their origins, or as it goes over the wire."""

    DEFAULT_CSS = """
    BodyPreview {
        height: 1fr;
        & > Static { height: auto; padding: 0 1; color: $text-muted; }
        & > BodyView { height: 1fr; display: none; }
        & > OriginsView { height: 1fr; padding: 0 1; }
        &.-raw > BodyView { display: block; }
        &.-raw > OriginsView { display: none; }
        &.-empty > BodyView, &.-empty > OriginsView { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("preview_body")

    def compose(self) -> ComposeResult:
        """A line about it and the body itself."""
        from explorer.tui.body.view import BodyView

        yield Static("", markup=False)
        yield OriginsView()
        yield BodyView()

    def show_request(self, request: SentRequest, parts: Sequence[RequestPart]) -> None:
        """Show the body of *request*, which is cut into *parts*."""
        from explorer.core.document.document import Document
        from explorer.tui.body.view import BodyView

        kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
        self.set_class(not request.body, "-empty")
        if not request.body:
            self.query_one(Static).update(Content("This request has no body."))
            return
        fields = [part for part in parts if part.place == "body"]
        inside = [part for at, part in enumerate(parts) if part.place == "body" or _in_body(parts, at)]
        about = f"{sanitize_line(kind)}, {len(request.body):,} bytes, as it will be sent: {origin_counts(fields)}"
        self.query_one(Static).update(Content(about))
        self.query_one(OriginsView).show_parts(inside)
        self.query_one(BodyView).show(Document(request.body[:200_000], kind, view="raw"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's own
        """Where there is no body there is nothing to switch."""
        return action != "origins" or not self.has_class("-empty")

    def action_origins(self) -> None:
        """The fields with their origins, or the bytes as they are."""
        from explorer.tui.body.view import BodyView

        self.toggle_class("-raw")
        (self.query_one(BodyView) if self.has_class("-raw") else self.query_one(OriginsView)).focus()


def _in_body(parts: Sequence[RequestPart], at: int) -> bool:
    """Whether the frame at *at* is one of the body: behind the last header and the empty line."""
    heads = [number for number, part in enumerate(parts) if part.place == "header"]
    return parts[at].place == "frame" and at > (heads[-1] if heads else 0) + 1
