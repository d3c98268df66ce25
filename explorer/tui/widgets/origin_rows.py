"""The parts of a request as rows, each with its origin in a column before it.

    environment   GET /sandbox/vendor
    catalog       /orders/
    you           42
    auth          Authorization: Bearer ••••••

What belongs on one line of the wire is copied as one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.core.provenance import PART_ORIGINS
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_size
from explorer.tui.widgets.lines_view import Row, Span, span_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
