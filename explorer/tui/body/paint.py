"""Paints the rows of a body: tokens in theme colors, with matches, links, selection and cursor on top."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from rich.segment import Segment
from textual.cache import LRUCache
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.style import Style

    from explorer.core.body.document import Document
    from explorer.core.body.lexer import Token
    from explorer.core.body.search import Hit
    from explorer.core.body.table import RecordTable
    from explorer.core.body.wrapping import WrappedRows

KINDS = (
    *("key", "string", "number", "constant", "punctuation", "tag", "attribute", "comment", "text", "error", "offset"),
    *("match", "current", "folded", "link"),
)
Span = tuple[int, int, str]
_VALUE = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*": )?("[^"]*"|[^\s{}\[\],"<>]+),?\s*|\s*<[^<>]+>([^<>]*)</[^<>]*>\s*')
_CHILDREN_COUNTED = 1 << 16
"""Bytes of a fold up to which its items are counted, not only its lines."""


class SearchMarks(Protocol):
    """What painting needs from a search."""

    def spans(self, line: int, text: str) -> list[tuple[int, int]]:
        """Return start and end of the matches in *text*, which is all or part of *line*."""


class Painter:
    """Strips of the rows of one document. *style_of* returns the style of a kind; ``forget`` when styles change."""

    def __init__(
        self, document: Document | RecordTable, rows: WrappedRows | None, style_of: Callable[[str], Style]
    ) -> None:
        self.document = document
        self.rows = rows
        self.search: SearchMarks | None = None
        self.hit: Hit | None = None
        self.linked: Callable[[int], bool] | None = None
        """Returns whether the value on a line can be followed, and is marked as a link."""
        self._style_of = style_of
        self._strips: LRUCache[int, Strip] = LRUCache(2000)

    def forget(self, line: int | None = None) -> None:
        """Discard the cached strip of *line*, or all of them."""
        if line is None:
            self._strips.clear()
        else:
            self._strips.discard(line)

    def strip(
        self, row: int, left: int, width: int, style: Style, *, selected: tuple[int, int] | None, cached: bool
    ) -> Strip:
        """Return row *row* from cell *left* on, *width* cells wide; *cached*: *style* is the default one."""
        line, part = self.rows.at(row) if self.rows else (row, 0)
        stop = None
        if self.rows is not None and self.rows.width:
            starts = self.rows.starts(line)
            left = starts[part] if part < len(starts) else 0
            stop = starts[part + 1] if part + 1 < len(starts) else None
        if self.document.is_long(line):
            first, tokens = self.document.window(line, left, width)
            strip = self._painted(tokens, self._spans(line, tokens, first), style)
            low = max(left - first, 0)
        else:
            strip, low = self._whole(line, style, cached=cached), left
        high = low + width if stop is None else min(low + width, low + stop - left)
        strip = strip.crop(low, high)
        if selected is not None:
            strip = self._selected(strip, selected[0] - left, selected[1] - left if selected[1] >= 0 else width)
        return strip.extend_cell_length(width, style)

    def header(self, tokens: list[Token], left: int, width: int, style: Style) -> Strip:
        """Return the header line of a table."""
        return self._painted(tokens, [], style).crop_extend(left, left + width, style)

    def _selected(self, strip: Strip, low: int, high: int) -> Strip:
        low, high, length = max(low, 0), max(high, 0), strip.cell_length
        if low >= min(high, length):
            return strip
        over = self._style_of("selection")
        middle = Strip(Segment.apply_style(strip.crop(low, high), post_style=over))
        return Strip.join([strip.crop(0, low), middle, strip.crop(high, length)])

    def _whole(self, line: int, style: Style, *, cached: bool) -> Strip:
        strip = self._strips.get(line) if cached else None
        if strip is None:
            tokens = self.document.tokens(line)
            spans = self._spans(line, tokens, 0)
            strip = self._painted([*tokens, *self._folded(line)], spans, style)
            if cached:
                self._strips[line] = strip
        return strip

    def _folded(self, line: int) -> list[Token]:
        """Return the tokens after the header of a fold: number of hidden items and lines, and the closing line."""
        if self.rows is None or not len(self.rows.folds):
            return []
        end = self.rows.folds.end_of(line)
        if end is None:
            return []
        count = f"{end - line:,} line{'' if end == line + 1 else 's'}"
        if (items := count_children(self.rows.document, line, end)) is not None:
            count = f"{items:,} item{'' if items == 1 else 's'}, {count}"
        return [("folded", f" … {count} … "), ("punctuation", self.document.line(end).strip())]

    def _spans(self, line: int, tokens: list[Token], start: int) -> list[Span]:
        """Return the character spans of links and matches in the shown text, which begins at cell *start*."""
        text = "".join(part for _, part in tokens)
        spans: list[Span] = _link(text) if start == 0 and self.linked is not None and self.linked(line) else []
        if self.search is None:
            return spans
        spans += [(low, high, "match") for low, high in self.search.spans(line, text)]
        hit = self.hit
        if hit is not None and hit.line == line:
            low = hit.column if start == 0 else self.document.cell_of(line, hit.column) - start
            spans.append((low, low + hit.length, "current"))
        return spans

    def _painted(self, tokens: Iterable[Token], spans: list[Span], style: Style) -> Strip:
        parts = _overlay_spans(tokens, spans) if spans else tokens
        return Strip([Segment(text, style + self._kind(kind)) for kind, text in parts if text])

    def _kind(self, kind: str) -> Style:
        below, plus, above = kind.partition("+")
        return self._style_of(below) + self._style_of(above) if plus else self._style_of(kind)


def _link(text: str) -> list[Span]:
    """Return the span of the value on a line that can be followed."""
    match = _VALUE.fullmatch(text)
    return [(match.start(number), match.end(number), "link") for number in (1, 2) if match and match[number]]


def count_children(document: Document, line: int, end: int) -> int | None:
    """Return the number of direct children in lines *line* to *end*; None if the range is too large to count."""
    start, stop = document.span(line)[0], document.span(end)[0]
    if stop - start > _CHILDREN_COUNTED:
        return None
    text = document.data[start:stop]
    indent = b"\n" + b" " * (len(text) - len(text.lstrip(b" ")) + 2)
    parts = text.split(indent)[1:]
    return sum(1 for part in parts if part[:1] not in (b" ", b"}", b"]") and part[:2] != b"</")


def _overlay_spans(tokens: Iterable[Token], spans: list[Span]) -> list[Token]:
    """Split *tokens* at the edges of *spans*. A piece in a span has the kind ``below+above``; the last span wins."""
    edges = sorted({edge for low, high, _ in spans for edge in (low, high)})
    parts: list[Token] = []
    at = 0
    for kind, text in tokens:
        end = at + len(text)
        cuts = [at, *(edge for edge in edges if at < edge < end), end]
        for low, high in pairwise(cuts):
            above = next((name for start, stop, name in reversed(spans) if start <= low and high <= stop), "")
            parts.append((f"{kind}+{above}" if above else kind, text[low - at : high - at]))
        at = end
    return parts
