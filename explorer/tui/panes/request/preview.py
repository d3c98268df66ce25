"""The request as it would be sent: the Headers and Body tabs, and each part with its origin."""

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
"""Width in cells of the column of origins."""
DETAIL: Final = 24
DETAIL_FROM: Final = 110
"""Width in cells from which a second column describes the origin."""
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
NOTHING: Final = "You set nothing here."


def origin_rows(
    parts: Sequence[RequestPart], width: int, *, lead: tuple[Span, ...] = (), mine: bool = False
) -> Iterator[Row]:
    """Yield rows for *parts*, each after *lead*, for a view *width* cells wide; *mine*: only what the user set."""
    if mine:
        own = [part for part in parts if part.origin == "you"]
        for part in own:
            yield from _Rows(lead, width).of([part])
        if not own:
            yield Row(spans=(("dim", NOTHING),), gutter=lead)
        return
    yield from _Rows(lead, width).of(parts)


def origin_counts(parts: Sequence[RequestPart]) -> str:
    """Return the number of named parts per origin: ``3 set by you, 2 default, 1 auth``."""
    counts: dict[PartOrigin, int] = {}
    for part in parts:
        if part.place in ("query", "body", "header", "path") and part.name:
            counts[part.origin] = counts.get(part.origin, 0) + 1
    labels = {**PART_ORIGINS, "you": "set by you"}
    return ", ".join(f"{counts[origin]} {labels[origin]}" for origin in PART_ORIGINS if origin in counts)


class _Rows:
    """Arranges parts in rows: each part and each line of the wire begins a row."""

    def __init__(self, lead: tuple[Span, ...], width: int) -> None:
        self._lead = lead
        self._detail = DETAIL if width >= DETAIL_FROM else 0
        self._spans: list[Span] = []
        self._gutter: tuple[Span, ...] = (*lead, self._empty)
        self._joined = False
        self._lines = 0

    def of(self, parts: Sequence[RequestPart]) -> Iterator[Row]:
        """Yield the rows of *parts*; separators share the row of the field after or before them."""
        separator: RequestPart | None = None
        for part, following in zip(parts, (*parts[1:], None), strict=True):
            if self._lines > _LINES:
                yield Row(spans=(("dim", "… truncated"),), gutter=self._blank)
                return
            if part.place == "frame":
                if following is not None and following.place == "body" and b"\n" not in part.data:
                    separator = part
                else:
                    yield from self._put(part, "dim")
                continue
            if self._spans:
                yield self._flush(joined=True)
            self._gutter = self._label(part)
            if separator is not None:
                yield from self._put(separator, "dim")
                separator = None
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
    """Return the text of a part, or its size if it is binary or large."""
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
    """The Headers tab: custom headers, and the request head that will be sent."""

    DEFAULT_CSS = """
    HeadersTab {
        height: 1fr; scrollbar-size-vertical: 1;
        & > #sent-head { height: 1; padding: 0 1; }
        & > OriginsView { height: auto; padding: 0 1; margin: 0 0 1 0; }
    }
    """

    @dataclass
    class Changed(Message):
        """A custom header changed."""

    def __init__(self, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._headers = tuple(headers)
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the custom headers and the preview."""
        self._pairs = PairsBox("Custom headers", self._headers, hint=("Name", "value"))
        yield self._pairs
        yield Static("", id="sent-head", markup=False)
        yield OriginsView()

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The custom headers."""
        return self._pairs.pairs if self.is_mounted else self._headers

    def show_request(self, parts: Sequence[RequestPart]) -> None:
        """Show the head of the request, each part with its origin."""
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
    """Parts of a request with their origins; as high as its content."""

    DEFAULT_CSS = """
    OriginsView { min-height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("preview_origins")

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._parts: Sequence[RequestPart] = ()
        self._mine = False
        super().__init__(id=id)

    def show_parts(self, parts: Sequence[RequestPart]) -> None:
        """Show *parts* of a request."""
        self._parts = parts
        self.show_for(self._rows)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - textual's own
        """Return the number of lines."""
        return max(1, self.virtual_size.height)

    def _rows(self, width: int) -> list[Row]:
        return list(origin_rows(self._parts, width, mine=self._mine))

    def action_mine(self) -> None:
        """Show only what the user set, or everything."""
        self._mine = not self._mine
        self.show_for(self._rows)
        self.refresh(layout=True)


class BodyPreview(Vertical):
    """The Body tab: the fields of the body with their origins, or its bytes on the wire."""

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
        """Yield a summary and the two views of the body."""
        from explorer.tui.body.view import BodyView

        yield Static("", markup=False)
        yield OriginsView()
        yield BodyView()

    def show_request(self, request: SentRequest, parts: Sequence[RequestPart]) -> None:
        """Show the body of *request*, whose *parts* have origins."""
        from explorer.core.body.document import Document
        from explorer.tui.body.view import BodyView

        kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
        self.set_class(not request.body, "-empty")
        if not request.body:
            self.query_one(Static).update(Content("This request has no body."))
            return
        fields = [part for part in parts if part.place == "body"]
        inside = [part for at, part in enumerate(parts) if part.place == "body" or _in_body(parts, at)]
        about = f"{sanitize_line(kind)}, {len(request.body):,} bytes: {origin_counts(fields)}"
        self.query_one(Static).update(Content(about))
        self.query_one(OriginsView).show_parts(inside)
        self.query_one(BodyView).show(Document(request.body[:200_000], kind, view="raw"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - textual's own
        """Disable switching views without a body."""
        return action != "origins" or not self.has_class("-empty")

    def action_origins(self) -> None:
        """Switch between fields with origins and raw bytes."""
        from explorer.tui.body.view import BodyView

        self.toggle_class("-raw")
        (self.query_one(BodyView) if self.has_class("-raw") else self.query_one(OriginsView)).focus()


def _in_body(parts: Sequence[RequestPart], at: int) -> bool:
    """Return whether the frame at *at* belongs to the body: it follows the last header and the empty line."""
    heads = [number for number, part in enumerate(parts) if part.place == "header"]
    return parts[at].place == "frame" and at > (heads[-1] if heads else 0) + 1
