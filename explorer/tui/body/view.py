"""The view of a response body of any size: sanitized, highlighted where visible, foldable and searchable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from explorer.core.body.search import RemoteSearch
from explorer.core.body.table import RecordTable
from explorer.tui.actions import bindings
from explorer.tui.body.paint import KINDS, Painter
from explorer.tui.body.rows import BodyRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.binding import BindingType
    from textual.selection import Selection

    from explorer.core.body.search import Hit
    from explorer.tui.body.find import SearchState

_COPY_LIMIT = 100_000
"""Maximum number of rows copied from a selection."""


class BodyView(BodyRows):
    """Shows a ``Document`` or a ``RecordTable``. ``show`` it, and call ``grown`` when it has grown.

    The caller prepares the document, in a thread if the body is large. Only work in background steps depends on its
    size: counting matches, measuring, wrapping, folding a whole level.
    """

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"body--{kind}" for kind in (*KINDS, "cursor", "header")}
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
        & > .body--folded { color: $text-accent; text-style: italic; }
        & > .body--link { text-style: underline; }
        & > .body--match { background: $warning-muted; text-style: underline; }
        & > .body--current { background: $warning; color: $background; text-style: bold; }
        & > .body--cursor { background: $foreground 12%; }
        & > .body--header { background: $boost; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("body_view")

    @dataclass
    class SearchWanted(BodyRows.About):
        """The search key was pressed: the parent shows an input and calls ``search``."""

    @dataclass
    class RowChosen(BodyRows.About):
        """Enter was pressed on a record of a table."""

        line: int

    @dataclass
    class ValueChosen(BodyRows.About):
        """Enter was pressed on a value that can be followed."""

        line: int

    @dataclass
    class SearchMoved(BodyRows.About):
        """The state of the search changed. See ``SearchState``."""

        needle: str
        count: int
        current: int
        complete: bool
        wrapped: bool = False
        problem: str = ""

    # -- links -----------------------------------------------------------------------------------------------------

    def link(self, linked: Callable[[int], bool] | None) -> None:
        """Mark the values that can be followed: those on lines for which *linked* returns true."""
        if self._painter is not None:
            self._painter.linked = linked
            self.repaint()

    def repaint(self) -> None:
        """Repaint every row."""
        if self._painter is not None:
            self._painter.forget()
            self.refresh()

    @property
    def cursor_on_link(self) -> bool:
        """Whether the value under the cursor can be followed."""
        painter = self._painter
        return painter is not None and painter.linked is not None and painter.linked(self.cursor_line)

    def action_follow(self) -> None:
        """Request to follow the value under the cursor."""
        self.post_message(self.ValueChosen(self, self.cursor_line))

    # -- search ----------------------------------------------------------------------------------------------------

    def search(self, needle: str, *, regex: bool = False) -> None:
        """Search for *needle* from the cursor on, wrapping around; an empty string ends the search."""
        document, painter = self._document, self._painter
        if document is None or painter is None:
            return
        if needle:
            self._finder.begin(document, needle, self._line_at(self.origin), regex=regex)
        else:
            self._finder.end()
        painter.search, painter.hit = self._finder.search, self._finder.hit
        painter.forget()
        self.refresh()
        self.refresh_bindings()

    def next_match(self) -> None:
        """Go to the next match, wrapping around."""
        self._finder.seek(self.cursor_line, forward=True)

    def previous_match(self) -> None:
        """Go to the previous match, wrapping around."""
        self._finder.seek(self.cursor_line, forward=False)

    def _line_at(self, row: int) -> int:
        return self._rows.at(row)[0] if self._rows is not None else row

    def _go_to(self, hit: Hit) -> None:
        """Show *hit*, scrolling as little as possible."""
        document, painter = self._document, self._painter
        if document is None or painter is None:
            return
        painter.forget(painter.hit.line if painter.hit else None)
        painter.forget(hit.line)
        painter.search, painter.hit = self._finder.search, hit
        first = document.cell_of(hit.line, hit.column)
        self.go_to_line(hit.line, first)
        if not (self._rows is not None and self._rows.width):
            self._show_cells(first, first + hit.length)
        self.refresh()

    def _show_cells(self, first: int, last: int) -> None:
        width, left = self.room.width, self.scroll_offset.x
        # The width may not be measured yet, and the view cannot scroll past it.
        if last > self.virtual_size.width:
            self.virtual_size = Size(last + 1, self.virtual_size.height)
        if not left <= first < last <= left + width:
            self.scroll_to(
                x=0 if last <= width else max(0, first - width // 4), animate=False, force=True, immediate=True
            )

    def _tell(self, state: SearchState) -> None:
        self.post_message(self.SearchMoved(self, *state))
        if self._painter is not None and state.complete and isinstance(self._finder.search, RemoteSearch):
            self._painter.forget()
            self.refresh()

    # -- painting --------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Return row *y* of the viewport. Never raises: a row that cannot be painted shows an error."""
        scroll_x, scroll_y = self.scroll_offset
        width, style = self.size.width, self.rich_style
        painter, row = self._painter, y + scroll_y - self._top
        try:
            if painter is None:
                return Strip.blank(width, style)
            if y < self._top:
                return self._header(painter, scroll_x, width)
            if not 0 <= row < self.row_count:
                return Strip.blank(width, style)
            selection = self.text_selection
            span = selection.get_span(row) if selection else None
            if row == self.cursor and self.has_focus:
                style += Style(bgcolor=self.get_component_rich_style("body--cursor").bgcolor)
                strip = painter.strip(row, scroll_x, width, style, selected=span, cached=False)
            else:
                strip = painter.strip(row, scroll_x, width, style, selected=span, cached=True)
            return strip.apply_offsets(scroll_x, row)
        except Exception as error:  # noqa: BLE001 - an exception here would end the app
            self.log.error(f"row {row} of a body could not be painted: {type(error).__name__}")
            text = f"(row {row + 1} could not be shown: {type(error).__name__})"
            return Strip([Segment(text, style)]).crop_extend(0, width, style)

    def _header(self, painter: Painter, left: int, width: int) -> Strip:
        style = self.get_component_rich_style("body--header")
        tokens = painter.document.header() if isinstance(painter.document, RecordTable) else []
        return painter.header(tokens, left, width, style)

    def _style_of(self, kind: str) -> Style:
        if kind == "selection":
            return self.screen.get_component_rich_style("screen--selection")
        style = self.get_component_rich_style(f"body--{kind}", partial=True)
        if style.color is not None:  # the partial style has no background to blend its color with
            style += Style(color=self.get_component_rich_style(f"body--{kind}").color)
        return style

    def notify_style_update(self) -> None:
        """Discard strips painted in the previous colors."""
        super().notify_style_update()
        if self._painter is not None:
            self._painter.forget()

    # -- selection -------------------------------------------------------------------------------------------------

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 - the base class's
        """Repaint; strips with a selection are not cached."""
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text as shown (at most 100 000 rows), without wrapped line breaks."""
        document = self._document
        if document is None:
            return None
        if selection.start is None and selection.end is None:
            return document.text(0, _COPY_LIMIT), "\n"
        first = max(selection.start.y if selection.start else 0, 0)
        last = selection.end.y if selection.end else self.row_count - 1
        text = ""
        for row in range(first, min(last, self.row_count - 1, first + _COPY_LIMIT) + 1):
            line, part = self._rows.at(row) if self._rows is not None else (row, 0)
            span = selection.get_span(row)
            if span is None:
                continue
            shown = document.line(line)
            if self._rows is not None and self._rows.width:
                starts = self._rows.starts(line)
                shown = shown[starts[part] : starts[part + 1] if part + 1 < len(starts) else None]
            between = "" if row == first or part else "\n"
            text += between + shown[span[0] : span[1] if span[1] >= 0 else None]
        return text, "\n"

    # -- actions: without animations, which would paint each page many times ----------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable search keys only during a search, since they turn pages otherwise."""
        if action in ("next_match", "previous_match"):
            return self.searching
        if action == "follow":
            return self.cursor_on_link
        return super().check_action(action, parameters)

    def action_page(self, step: int) -> None:
        """Move by *step* pages, minus one line of overlap."""
        by = step * max(self.room.height - self._top - 1, 1)
        row = self.origin + by
        self.scroll_to(
            y=max(0, min(self.scroll_offset.y + by, self.max_scroll_y)), animate=False, force=True, immediate=True
        )
        self.move_cursor_to(row)

    def action_sideways(self, cells: int) -> None:
        """Scroll sideways by *cells*."""
        self._scroll(x=self.scroll_offset.x + cells)

    def action_top(self) -> None:
        """Go to the first line and column."""
        self._to_end = False
        self._scroll(0, 0)
        self.move_cursor_to(0)

    def action_bottom(self) -> None:
        """Go to the last line; keep the column."""
        self.to_end()

    def action_line_start(self) -> None:
        """Go to the first column."""
        self._scroll(x=0)

    def action_line_end(self) -> None:
        """Go to the last column."""
        self._scroll(x=self.max_scroll_x)

    def action_toggle_fold(self) -> None:
        """Fold or unfold the line; on a record of a table, request the full record."""
        line = self.cursor_line
        if self._rows is None:
            self.post_message(self.RowChosen(self, line))
        elif self._rows.folds.end_of(line) is not None:
            self.unfold()
        else:
            self.fold()

    def action_fold(self) -> None:
        """Fold what the line opens, otherwise its parent."""
        self.fold()

    def action_unfold(self) -> None:
        """Unfold the line under the cursor."""
        self.unfold()

    def action_wrap(self) -> None:
        """Toggle wrapping of long lines."""
        if self._rows is not None:
            self._wrap = not self._wrap
            self._scroll(x=0)
            self._rewrap()

    def action_search(self) -> None:
        """Request a search."""
        self.post_message(self.SearchWanted(self))

    def action_next_match(self) -> None:
        """See ``next_match``."""
        self.next_match()

    def action_previous_match(self) -> None:
        """See ``previous_match``."""
        self.previous_match()
