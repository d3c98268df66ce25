"""The request as it would be sent, each part with its origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.provenance import PART_ORIGINS
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_size
from explorer.tui.actions import bindings
from explorer.tui.kit.lines_view import LinesView, Row, Span, span_width
from explorer.tui.panes.request.repeated_fields import HeadingBar, PairRow, PairsBox, RepeatsChanged
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.geometry import Size

    from explorer.core.model import SentRequest
    from explorer.core.provenance import PartOrigin, RequestPart


LABEL: Final = 14
"""Cells of the column of origins."""
DETAIL: Final = 24
DETAIL_FROM: Final = 110
"""Cells of width from which a second column says more of the origin."""
_TEXT_BYTES: Final = 32_768
_LINE: Final = 4_000
_LINES: Final = 200
_COLORS: Final[dict[PartOrigin, str]] = {
    "you": "good",
    "default": "name",
    "version": "url",
    "auth": "warn",
    "environment": "in",
    "unknown": "bad",
}
NOTHING: Final = "Nothing here is of your own."


def origin_rows(
    parts: Sequence[RequestPart], width: int, *, lead: tuple[Span, ...] = (), mine: bool = False
) -> Iterator[Row]:
    """Rows for *parts*, *lead* before each; with *mine* only what a person set."""
    if mine:
        chosen = [part for part in parts if part.origin == "you"]
        for part in chosen:
            yield from _Rows(lead, width).of([part])
        if not chosen:
            yield Row(spans=(("dim", NOTHING),), gutter=lead)
        return
    yield from _Rows(lead, width).of(parts)


def origin_counts(parts: Sequence[RequestPart]) -> str:
    """``3 of yours, 2 default, 1 auth``: how many parameters and fields there are of each origin."""
    counts: dict[PartOrigin, int] = {}
    for part in parts:
        if part.place in ("query", "body", "header", "path") and part.name:
            counts[part.origin] = counts.get(part.origin, 0) + 1
    words = {**PART_ORIGINS, "you": "of yours"}
    return ", ".join(f"{counts[origin]} {words[origin]}" for origin in PART_ORIGINS if origin in counts)


class _Rows:
    """Puts parts into rows: another part and another line of the wire each begin a row."""

    def __init__(self, lead: tuple[Span, ...], width: int) -> None:
        self._lead = lead
        self._detail = DETAIL if width >= DETAIL_FROM else 0
        self._spans: list[Span] = []
        self._gutter: tuple[Span, ...] = (*lead, self._empty)
        self._joined = False
        self._lines = 0

    def of(self, parts: Sequence[RequestPart]) -> Iterator[Row]:
        """The rows of *parts*: what holds fields together stands in the row of the field after it, or before it."""
        held: RequestPart | None = None
        for part, following in zip(parts, (*parts[1:], None), strict=True):
            if self._lines > _LINES:
                yield Row(spans=(("dim", "… cut here"),), gutter=self._blank)
                return
            if part.place == "frame":
                if following is not None and following.place == "body" and b"\n" not in part.data:
                    held = part
                else:
                    yield from self._put(part, "dim")
                continue
            if self._spans:
                yield self._flush(joined=True)
            self._gutter = self._label(part)
            if held is not None:
                yield from self._put(held, "dim")
                held = None
            yield from self._put(part, "text")
        if self._spans:
            yield self._flush(joined=False)

    def _put(self, part: RequestPart, kind: str) -> Iterator[Row]:
        for number, line in enumerate(_shown(part).split("\n")):
            if number:
                yield self._flush(joined=False)
            text = sanitize_line(line.removesuffix("\r"))
            if len(text) > _LINE:
                text = f"{text[:_LINE]}… {len(text) - _LINE:,} more characters"
            if text:
                self._spans += _spans(part, text, kind)

    def _flush(self, *, joined: bool) -> Row:
        row = Row(spans=tuple(self._spans), gutter=self._gutter, more=self._blank, joined=self._joined)
        self._spans, self._gutter, self._joined = [], (*self._lead, self._empty), joined
        self._lines += 1
        return row

    @property
    def _blank(self) -> tuple[Span, ...]:
        return (("text", " " * span_width(self._lead)), self._empty)

    @property
    def _empty(self) -> Span:
        return ("text", " " * (LABEL + self._detail))

    def _label(self, part: RequestPart) -> tuple[Span, ...]:
        label: Span = (_COLORS.get(part.origin, "dim"), f"{PART_ORIGINS[part.origin]:<{LABEL}}")
        detail = sanitize_line(part.detail)[: DETAIL - 1]
        return (*self._lead, label, *([("dim", f"{detail:<{DETAIL}}")] if self._detail else []))


def _shown(part: RequestPart) -> str:
    """The text of a part; of bytes that are no text, how many there are."""
    data = part.data
    if len(data) <= _TEXT_BYTES and b"\0" not in data:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    head, mark, body = data.partition(b"\r\n\r\n")
    if not mark:
        return f"({format_size(len(data))})"
    return f"{head.decode('utf-8', 'replace')}\n\n({format_size(len(body) - 2)}, not shown)\n"


def _spans(part: RequestPart, text: str, kind: str) -> list[Span]:
    if part.place == "header":
        name, colon, value = text.partition(":")
        return [("name", name), ("text", colon + value)]
    if part.place == "method":
        return [("strong", text)]
    if part.place in ("path", "query"):
        return [("url", text)]
    return [(kind, text)]


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
        from explorer.core.body.document import Document
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
