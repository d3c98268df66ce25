"""A response body on the screen: any size, sanitised, coloured where it is visible, searched as a whole."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import work
from textual.binding import Binding
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.style import Style
    from textual.binding import BindingType
    from textual.selection import Selection

    from explorer.core.document import Document, Hit, Search, Token

_KINDS = (
    *("key", "string", "number", "constant", "punctuation", "tag", "attribute", "comment", "text", "error", "offset"),
    *("match", "current"),
)
_PAUSE_EVERY = 0.008
"""Seconds of counting or measuring between two turns of the event loop."""
_SEEK_AT_ONCE = 0.02
"""Seconds that a key may look for a match before it goes on between other keys."""
_COPY_LIMIT = 100_000
"""Lines that a selection may be copied from at once."""

Span = tuple[int, int, str]


class BodyView(ScrollView, can_focus=True):
    """Shows a ``Document``. ``show`` it; then ``search``, ``next_match`` and ``previous_match`` find things in it.

    Making the document is the caller's work, in a thread where the body is large. Nothing here depends on its size
    but the counting of matches and the measuring of the width, which go on in steps between keys.
    """

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"body--{kind}" for kind in _KINDS}
    DEFAULT_CSS = """
    BodyView {
        background: $surface;
        color: $foreground;
        &:focus { background-tint: $foreground 3%; }
        & > .body--key { color: $text-primary; }
        & > .body--string { color: $text-success; }
        & > .body--number { color: $text-warning; }
        & > .body--constant { color: $text-accent; text-style: bold; }
        & > .body--punctuation { color: $text-muted; }
        & > .body--tag { color: $text-primary; }
        & > .body--attribute { color: $text-secondary; }
        & > .body--comment { color: $text-muted; text-style: italic; }
        & > .body--text { color: $foreground; }
        & > .body--error { color: $text-error; text-style: underline; }
        & > .body--offset { color: $text-muted; }
        & > .body--match { background: $warning-muted; text-style: underline; }
        & > .body--current { background: $warning; color: $background; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "Down", show=False, id="body.down", tooltip="One line down"),
        Binding("k,up", "scroll_up", "Up", show=False, id="body.up", tooltip="One line up"),
        Binding("h,left", "scroll_left", "Left", show=False, id="body.left", tooltip="Some columns to the left"),
        Binding("l,right", "scroll_right", "Right", show=False, id="body.right", tooltip="Some columns to the right"),
        Binding("pagedown,space", "page_down", "Page down", show=False, id="body.page_down", tooltip="One page down"),
        Binding("pageup,b", "page_up", "Page up", show=False, id="body.page_up", tooltip="One page up"),
        Binding("g,home", "scroll_home", "Top", show=False, id="body.top", tooltip="To the first line"),
        Binding("G,end", "scroll_end", "End", show=False, id="body.end", tooltip="To the last line"),
        Binding("0", "line_start", "Line start", show=False, id="body.line_start", tooltip="To the first column"),
        Binding("$,dollar_sign", "line_end", "Line end", show=False, id="body.line_end", tooltip="To the last column"),
        Binding("slash", "search", "Search", id="body.search", tooltip="Search the whole body"),
        Binding("n", "next_match", "Next match", show=False, id="body.next", tooltip="To the next match"),
        Binding("N", "previous_match", "Previous", show=False, id="body.previous", tooltip="To the match before"),
    ]

    @dataclass
    class SearchWanted(Message):
        """The search key was pressed: whoever has room shows a box and calls ``search``."""

        view: BodyView

        @property
        def control(self) -> BodyView:
            """The view, for ``@on`` selectors."""
            return self.view

    @dataclass
    class SearchMoved(Message):
        """The search went on: more matches were counted, or another one is current.

        ``current`` counts from 1 and is 0 while unknown; ``complete`` when all of the body was counted; ``wrapped``
        when the last step went round an end; ``problem`` when the needle cannot be searched for.
        """

        view: BodyView
        needle: str
        count: int
        current: int
        complete: bool
        wrapped: bool = False
        problem: str = ""

        @property
        def control(self) -> BodyView:
            """The view, for ``@on`` selectors."""
            return self.view

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - textual's name
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        # Before super().__init__: styles are notified while the base class is made.
        self._document: Document | None = None
        self._strips: LRUCache[int, Strip] = LRUCache(2000)
        self._search: Search | None = None
        self._hit: Hit | None = None
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)

    # -- content ---------------------------------------------------------------------------------------------------

    @property
    def document(self) -> Document | None:
        """What is shown."""
        return self._document

    def show(self, document: Document | None, *, keep_place: bool = False) -> None:
        """Show *document* from its top, or where the view stands with *keep_place*. A search that was on is ended."""
        self._document = document
        self._search = self._hit = None
        self._strips.clear()
        self._resize()
        if not keep_place:
            self.scroll_to(0, 0, animate=False, force=True)
        self.refresh()
        if document is not None:
            self._measure(document)

    @property
    def hits(self) -> int:
        """Matches counted so far."""
        return self._search.count if self._search else 0

    @property
    def hit(self) -> Hit | None:
        """The current match."""
        return self._hit

    def _resize(self) -> None:
        document = self._document
        self.virtual_size = Size(document.width, document.line_count) if document else Size(0, 0)

    @work(group="measure", exclusive=True, exit_on_error=False, description="measure a body")
    async def _measure(self, document: Document) -> None:
        await self._in_steps(document.measure())
        if document is self._document and document.width > self.virtual_size.width:
            self._resize()

    async def _in_steps(self, steps: Iterator[object]) -> None:
        """Run *steps* a few milliseconds at a time, so that keys are answered in between."""
        clock = asyncio.get_running_loop().time
        until = clock() + _PAUSE_EVERY
        for _ in steps:
            if clock() >= until:
                await asyncio.sleep(0.001)
                until = clock() + _PAUSE_EVERY

    # -- search ----------------------------------------------------------------------------------------------------

    def search(self, needle: str, *, regex: bool = False) -> None:
        """Look for *needle* from the first visible line on, round the end; an empty one ends the search.

        Goes to the first match at once; all are counted in steps. Both are told by ``SearchMoved``.
        """
        self._search = self._hit = None
        self._strips.clear()
        self.refresh()
        if self._document is None or not needle:
            return
        try:
            self._search = self._document.search(needle, regex=regex)
        except (re.error, ValueError, RecursionError, OverflowError) as error:
            self.post_message(self.SearchMoved(self, needle, 0, 0, complete=True, problem=str(error)))
            return
        self._tell()
        self._seek(forward=True)
        self._count(self._search)

    def next_match(self) -> None:
        """Go to the match after the current one, round the end."""
        self._seek(forward=True)

    def previous_match(self) -> None:
        """Go to the match before the current one, round the beginning."""
        self._seek(forward=False)

    def _seek(self, *, forward: bool) -> None:
        search, document = self._search, self._document
        if search is None or document is None:
            return
        start = document.line_offset(self.scroll_offset.y)
        if self._hit is not None:
            start = self._hit.end if forward else self._hit.offset
        steps = search.seek(start, forward=forward)
        until = monotonic() + _SEEK_AT_ONCE
        for hit in steps:
            if hit is not None:
                self._go_to(document, hit, wrapped=(hit.offset < start) is forward)
                return
            if monotonic() > until:
                self._seek_on(search, document, steps, start, forward)
                return

    @work(group="seek", exclusive=True, exit_on_error=False, description="seek a match in a body")
    async def _seek_on(
        self, search: Search, document: Document, steps: Iterator[Hit | None], start: int, forward: bool
    ) -> None:
        """Go on with a search that takes long, between keys."""
        for hit in steps:
            if search is not self._search:
                return
            if hit is not None:
                self._go_to(document, hit, wrapped=(hit.offset < start) is forward)
                return
            await asyncio.sleep(0.001)

    def _go_to(self, document: Document, hit: Hit, *, wrapped: bool) -> None:
        for touched in (self._hit, hit):
            if touched is not None:
                self._strips.discard(touched.line)
        self._hit = hit
        self._reveal(document, hit)
        self.refresh()
        self._tell(wrapped=wrapped)

    def _reveal(self, document: Document, hit: Hit) -> None:
        """Scroll as little as brings *hit* on the screen, with a few lines around it."""
        width, height = self.size
        left, top = self.scroll_offset
        first = document.cell_of(hit.line, hit.column)
        last = first + hit.length
        # The width may not be measured yet, and a place beyond it cannot be scrolled to.
        if last > self.virtual_size.width:
            self.virtual_size = Size(last + 1, document.line_count)
        if not left <= first < last <= left + width:
            left = 0 if last <= width else max(0, first - width // 4)
        if not top <= hit.line < top + height:
            top = max(0, hit.line - height // 3)
        self.scroll_to(left, top, animate=False)

    def _tell(self, *, wrapped: bool = False) -> None:
        search = self._search
        if search is not None:
            current = search.ordinal(self._hit) if self._hit else 0
            self.post_message(self.SearchMoved(self, search.needle, search.count, current, search.complete, wrapped))

    @work(group="count", exclusive=True, exit_on_error=False, description="count matches in a body")
    async def _count(self, search: Search) -> None:
        await self._in_steps(step for step in search.scan() if search is self._search)
        if search is self._search:
            self._tell()

    # -- painting --------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Row *y* of the viewport. Total: what fails to paint shows as text that says so."""
        scroll_x, scroll_y = self.scroll_offset
        width, style, n = self.size.width, self.rich_style, y + scroll_y
        if self._document is None or not 0 <= n < self._document.line_count:
            return Strip.blank(width, style)
        try:
            strip, start = self._strip(self._document, n, scroll_x, width, style)
            left = max(scroll_x - start, 0)
            return strip.crop_extend(left, left + width, style).apply_offsets(scroll_x, n)
        except Exception as error:  # noqa: BLE001 - an exception here would end the app
            self.log.error(f"line {n} of a body could not be painted: {type(error).__name__}")
            text = f"(line {n + 1} could not be shown: {type(error).__name__})"
            return Strip([Segment(text, style)]).crop_extend(0, width, style)

    def _strip(self, document: Document, n: int, left: int, width: int, style: Style) -> tuple[Strip, int]:
        """Line *n*, or the window of a long one, and the cell at which it begins."""
        selection = self.text_selection
        span = selection.get_span(n) if selection else None
        if document.is_long(n):
            start, tokens = document.window(n, left, width)
            return self._painted(tokens, self._spans(document, n, tokens, start), style), start
        strip = self._strips.get(n) if span is None else None
        if strip is None:
            tokens = document.tokens(n)
            spans = self._spans(document, n, tokens, 0)
            if span is not None:
                spans.append((span[0], span[1] if span[1] >= 0 else 1 << 40, "selection"))
            strip = self._painted(tokens, spans, style)
            if span is None:
                self._strips[n] = strip
        return strip, 0

    def _spans(self, document: Document, n: int, tokens: list[Token], start: int) -> list[Span]:
        """What of the shown text is a match: character spans in it. *start* is the cell at which it begins."""
        search, hit = self._search, self._hit
        if search is None:
            return []
        text = "".join(part for _, part in tokens)
        spans: list[Span] = [(low, high, "match") for low, high in search.spans(text)]
        if hit is not None and hit.line == n:
            low = hit.column if start == 0 else document.cell_of(n, hit.column) - start
            spans.append((low, low + hit.length, "current"))
        return spans

    def _painted(self, tokens: list[Token], spans: list[Span], style: Style) -> Strip:
        parts = _overlay(tokens, spans) if spans else tokens
        return Strip([Segment(text, style + self._style_of(kind)) for kind, text in parts if text])

    def _style_of(self, kind: str) -> Style:
        if "+" in kind:
            below, _, above = kind.partition("+")
            return self._style_of(below) + self._style_of(above)
        if kind == "selection":
            return self.screen.get_component_rich_style("screen--selection")
        return self.get_component_rich_style(f"body--{kind}", partial=True)

    def notify_style_update(self) -> None:
        """The theme or the focus changed: strips hold old colours."""
        super().notify_style_update()
        self._strips.clear()

    # -- selection -------------------------------------------------------------------------------------------------

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 - the base class's
        """Another part is selected; strips with a selection are not kept, so painting anew is enough."""
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text as shown (at most 100 000 lines of it)."""
        document = self._document
        if document is None:
            return None
        if selection.start is None and selection.end is None:
            return document.text(0, _COPY_LIMIT), "\n"
        first = selection.start.y if selection.start else 0
        last = selection.end.y if selection.end else document.line_count - 1
        last = min(last, document.line_count - 1, first + _COPY_LIMIT)
        parts = []
        for n in range(max(first, 0), last + 1):
            span = selection.get_span(n)
            if span is not None:
                parts.append(document.line(n)[span[0] : span[1] if span[1] >= 0 else None])
        return "\n".join(parts), "\n"

    # -- actions: at once, an animation would paint each page many times -------------------------------------------

    def action_scroll_down(self) -> None:
        """One line down."""
        self.scroll_relative(y=1, animate=False)

    def action_scroll_up(self) -> None:
        """One line up."""
        self.scroll_relative(y=-1, animate=False)

    def action_scroll_right(self) -> None:
        """Eight columns to the right."""
        self.scroll_relative(x=8, animate=False)

    def action_scroll_left(self) -> None:
        """Eight columns to the left."""
        self.scroll_relative(x=-8, animate=False)

    def action_page_down(self) -> None:
        """One page down, less a line to go on reading at."""
        self.scroll_relative(y=max(self.size.height - 1, 1), animate=False)

    def action_page_up(self) -> None:
        """One page up, less a line."""
        self.scroll_relative(y=-max(self.size.height - 1, 1), animate=False)

    def action_scroll_home(self) -> None:
        """To the first line and column."""
        self.scroll_to(0, 0, animate=False)

    def action_scroll_end(self) -> None:
        """To the last line; the column stays."""
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def action_line_start(self) -> None:
        """To the first column."""
        self.scroll_to(x=0, animate=False)

    def action_line_end(self) -> None:
        """To the last column."""
        self.scroll_to(x=self.max_scroll_x, animate=False)

    def action_search(self) -> None:
        """Ask for a needle."""
        self.post_message(self.SearchWanted(self))

    def action_next_match(self) -> None:
        """See ``next_match``."""
        self.next_match()

    def action_previous_match(self) -> None:
        """See ``previous_match``."""
        self.previous_match()


def _overlay(tokens: Iterable[Token], spans: list[Span]) -> list[Token]:
    """*tokens* cut at the edges of *spans*; a piece inside one has the kind ``below+above``, the last span winning."""
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
