"""The rows of a body: cursor, folds, wrapping and scrolling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual.geometry import Size
from textual.message import Message

from explorer.core.body.structure import fold_around, fold_at, foldable, folds_at
from explorer.core.body.table import RecordTable
from explorer.core.body.wrapping import WrappedRows
from explorer.tui.body.find import Finder, SearchState, run_in_steps, run_to_end
from explorer.tui.body.paint import Painter
from explorer.tui.kit.cursor_view import CursorView

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator

    from rich.style import Style
    from textual.worker import Worker

    from explorer.core.body.document import Document
    from explorer.core.body.search import Hit

_AT_ONCE = 0.02
"""Seconds that a key press may take before its work continues in the background."""


class BodyRows(CursorView):
    """The rows of a ``Document`` or a ``RecordTable``; ``BodyView`` paints them and binds the keys.

    Only work in background steps depends on the size of the body: measuring, wrapping, folding a whole level.
    """

    @dataclass
    class About(Message):
        """A message about a view."""

        view: BodyRows

        @property
        def control(self) -> BodyRows:
            """The view, for ``@on`` selectors."""
            return self.view

    @dataclass
    class CursorMoved(About):
        """The cursor moved to another line."""

        line: int

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - textual's name
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        # Set before super().__init__, which calls notify_style_update.
        self._document: Document | RecordTable | None = None
        self._painter: Painter | None = None
        self._rows: WrappedRows | None = None
        self._known = (0, 0)
        self._to_end = False
        self._wrap = False
        self._finder = Finder(self._start, self._go_to, self._tell)
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]] | None, group: str) -> None:
        if not self.is_attached:
            return
        if work is None:
            self.workers.cancel_group(self, group)
        else:
            _: Worker[None] = self.run_worker(work, group=group, exclusive=True, exit_on_error=False, description=group)

    def _go_to(self, hit: Hit) -> None:
        raise NotImplementedError

    def _tell(self, state: SearchState) -> None:
        raise NotImplementedError

    def _style_of(self, kind: str) -> Style:
        raise NotImplementedError

    # -- content ---------------------------------------------------------------------------------------------------

    @property
    def document(self) -> Document | RecordTable | None:
        """The document that is shown."""
        return self._document

    def show(self, document: Document | RecordTable | None, *, keep_place: bool = False) -> None:
        """Show *document* from its top, or at the current position with *keep_place*; ends a search."""
        self._document = document
        self._rows = None if document is None or isinstance(document, RecordTable) else WrappedRows(document)
        self._painter = Painter(document, self._rows, self._style_of) if document is not None else None
        self._finder.end()
        self._known = (-1, 0)
        self._to_end = False
        if not keep_place:
            self.cursor = 0
        self.grown()
        if not keep_place:
            self._scroll(0, 0)
        self.refresh()
        self._moved()

    def grown(self) -> None:
        """Update the view after the document grew or its lines changed."""
        document, painter = self._document, self._painter
        if document is None or painter is None:
            self.virtual_size = Size(0, 0)
            return
        generation, count = self._known
        self._known = (document.generation, document.line_count)
        if generation != document.generation:
            painter.forget()
            if self._rows is not None:
                self._rows.folds.clear()
                self._rows.changed()
        elif count:
            painter.forget(count - 1)
        before = self.cursor
        self.cursor = max(min(self.cursor, self.row_count - 1), 0)
        self._resize()
        # Lines above the old end are unchanged; repainting them would delay keys while a body grows.
        bottom = self._line_of(self.scroll_offset.y + self.size.height)
        if generation != document.generation or count <= bottom or before != self.cursor:
            self.refresh()
        if document.complete:
            if self._finder.search is not None:
                self._finder.restart()
                painter.search = self._finder.search
            if self._wrap:
                self._rewrap()
            else:
                self._start(partial(self._measure, document), "measure")
            if self._to_end:
                self.to_end()

    @property
    def row_count(self) -> int:
        """Number of rows with current folds and wrapping."""
        if self._rows is not None:
            return self._rows.count
        return self._document.line_count if self._document else 0

    @property
    def folded(self) -> int:
        """Number of folds."""
        return len(self._rows.folds) if self._rows is not None else 0

    @property
    def hits(self) -> int:
        """Number of matches counted so far."""
        return self._finder.search.count if self._finder.search else 0

    @property
    def counted(self) -> bool:
        """Whether all matches are counted."""
        return self._finder.search is not None and self._finder.search.complete

    @property
    def searching(self) -> bool:
        """Whether a search is active."""
        return self._finder.search is not None

    @property
    def wrapped(self) -> bool:
        """Whether long lines are wrapped."""
        return self._wrap

    def _line_of(self, row: int) -> int:
        """Return the line at *row*, which may be past the end."""
        return self._rows.at(row)[0] if self._rows is not None else row

    def _resize(self) -> None:
        document = self._document
        if document is None:
            return
        width = 1 if self._rows is not None and self._rows.width else document.width
        size = Size(width, self.row_count + self._top)
        if self._shows_bars_for(size):
            # Only the scrollbar thumbs move: the screen needs no new layout.
            self.set_reactive(CursorView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
            self.horizontal_scrollbar.window_virtual_size = size.width
        else:
            self.virtual_size = size

    def _shows_bars_for(self, size: Size) -> bool:
        room = self.room
        vertical, horizontal = self.show_vertical_scrollbar, self.show_horizontal_scrollbar
        return vertical and size.height > room.height and horizontal is (size.width > room.width)

    @property
    def room(self) -> Size:
        """Size of the area without scrollbars."""
        return self.scrollable_content_region.size

    @property
    def _top(self) -> int:
        """Number of header rows."""
        return 1 if isinstance(self._document, RecordTable) else 0

    async def _measure(self, document: Document | RecordTable) -> None:
        await run_in_steps(document.measure())
        if document is self._document and document.width > self.virtual_size.width:
            self._resize()

    # -- the cursor ------------------------------------------------------------------------------------------------

    @property
    def cursor_line(self) -> int:
        """The line of the document under the cursor."""
        return self._rows.at(self.cursor)[0] if self._rows is not None else self.cursor

    def go_to_line(self, line: int, cell: int = 0, *, margin: int = 0) -> None:
        """Put the cursor on the row of *line* that shows *cell*, with *margin* rows around it; expand folds."""
        if self._rows is not None:
            header = self._rows.folds.header_over(line)
            if header is not None:
                self.unfold(header)
            line = self._rows.row_of(line, cell)
        self.move_cursor_to(line, margin=(margin, margin))

    @property
    def rows_seen(self) -> int:
        return self.room.height - self._top

    def scroll_to_row(self, row: int) -> None:
        self._scroll(y=row)

    def repaint_rows(self, before: int, now: int) -> None:
        for row in (before, now):
            self.refresh_line(row + self._top)

    def cursor_moved(self) -> None:
        self._moved()

    def _scroll(self, x: int | None = None, y: int | None = None) -> None:
        """Scroll immediately, even before the scrollbar is shown."""
        x, y = x if x is None else max(x, 0), y if y is None else max(y, 0)
        self.scroll_to(x, y, animate=False, force=True, immediate=True)

    def _moved(self) -> None:
        self.post_message(self.CursorMoved(self, self.cursor_line if self._document is not None else 0))

    def to_end(self) -> None:
        """Go to the last line, and again once a body in preparation is complete."""
        self._to_end = self._document is not None and not self._document.complete
        self.move_cursor_to(self.row_count - 1)

    @property
    def origin(self) -> int:
        """The cursor's row, or the nearest visible one if it was scrolled out of view."""
        top = self.scroll_offset.y
        return max(top, min(self.cursor, top + self.room.height - self._top - 1))

    def row_at(self, line: int) -> int | None:
        """Return the row on a line of the view; None for the header."""
        return line - self._top if line - self.scroll_offset.y >= self._top else None

    # -- folding and wrapping --------------------------------------------------------------------------------------

    def fold_level(self, depth: int) -> None:
        """Fold everything at *depth* (1 is right below the root), in the background."""
        if self._rows is not None:
            self._start(partial(self._fold_level, self._rows, depth), "fold")

    async def _fold_level(self, rows: WrappedRows, depth: int) -> None:
        folds: list[tuple[int, int]] = []

        def collect() -> Iterator[None]:
            for fold in folds_at(rows.document, depth):
                if fold is not None:
                    folds.append(fold)
                yield

        await run_in_steps(collect())
        if rows is self._rows:
            line = self.cursor_line
            rows.folds.replace(folds)
            self._folded(line)

    def unfold_all(self) -> None:
        """Show every line."""
        if self._rows is not None:
            line = self.cursor_line
            self._start(None, "fold")
            self._rows.folds.clear()
            self._folded(line)

    def fold(self, *, around: bool = False) -> None:
        """Fold what the cursor's line opens; otherwise, or with *around*, its parent."""
        rows, line = self._rows, self.cursor_line
        if rows is None:
            return
        if rows.folds.end_of(line) is not None or not foldable(rows.document, line):
            around = True
        steps = fold_around(rows.document, line) if around else fold_at(rows.document, line)
        until = monotonic() + _AT_ONCE
        try:
            while monotonic() < until:
                next(steps)
        except StopIteration as end:
            self._fold_lines(rows, end.value)
        else:
            self._start(partial(self._fold_slowly, rows, steps), "fold")

    async def _fold_slowly(self, rows: WrappedRows, steps: Generator[None, None, tuple[int, int] | None]) -> None:
        """Continue a slow fold in the background."""
        self._fold_lines(rows, await run_to_end(steps))

    def _fold_lines(self, rows: WrappedRows, fold: tuple[int, int] | None) -> None:
        if rows is self._rows and fold is not None:
            rows.folds.add(*fold)
            self._folded(fold[0])

    def unfold(self, header: int | None = None) -> None:
        """Unfold the line *header*, or the one under the cursor."""
        if self._rows is not None:
            header = self.cursor_line if header is None else header
            self._rows.folds.remove(header)
            self._folded(header)

    def _folded(self, line: int) -> None:
        """Update after folds changed; the cursor stays on *line* or the header that hides it."""
        if self._rows is not None and self._painter is not None:
            self._rows.changed()
            self._painter.forget()
            self._resize()
            self.move_cursor_to(self._rows.row_of(line))
            self.refresh()

    def _rewrap(self) -> None:
        if self._rows is not None:
            self._start(partial(self._wrap_rows, self._rows), "wrap")

    async def _wrap_rows(self, rows: WrappedRows) -> None:
        line = self.cursor_line

        def steps() -> Iterator[None]:
            if not self._wrap:
                rows.unwrap()
                return
            for _ in rows.wrap(self.room.width):
                if rows is not self._rows:
                    return
                self._resize()
                yield

        await run_in_steps(steps())
        if rows is self._rows:
            self._folded(line)

    def watch_show_vertical_scrollbar(self) -> None:
        """Adapt to the width of the scrollbar."""
        self.call_after_refresh(self.on_resize)

    def on_resize(self) -> None:
        """Wrap lines for the new width."""
        if self._wrap and self._rows is not None and self._rows.width != max(self.room.width, 8):
            self._rewrap()
        else:
            self._resize()
