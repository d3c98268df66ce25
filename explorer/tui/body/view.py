"""A response body on the screen: any size, sanitized, coloured where it is visible, folded, searched as a whole."""

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
"""Rows that a selection may be copied from at once."""


class BodyView(BodyRows):
    """Shows a ``Document`` or a ``RecordTable``. ``show`` it; ``grown`` when more of it is there; then ``search``,
    ``fold``.

    Making the document is the caller's work, in a thread where the body is large. Nothing here depends on its size
    but what goes on in steps between keys: counting matches, measuring, wrapping, folding a whole level.
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
        """The search key was pressed: whoever has room shows a box and calls ``search``."""

    @dataclass
    class RowChosen(BodyRows.About):
        """Enter was pressed on a record of a table."""

        line: int

    @dataclass
    class ValueChosen(BodyRows.About):
        """Enter was pressed on a value that leads on."""

        line: int

    @dataclass
    class SearchMoved(BodyRows.About):
        """The search went on: more matches were counted, or another one is current. See ``SearchState``."""

        needle: str
        count: int
        current: int
        complete: bool
        wrapped: bool = False
        problem: str = ""

    # -- links -----------------------------------------------------------------------------------------------------

    def link(self, linked: Callable[[int], bool] | None) -> None:
        """Mark the values that lead on: those on lines for which *linked* is true."""
        if self._painter is not None:
            self._painter.linked = linked
            self.repaint()

    def repaint(self) -> None:
        """Paint every row anew."""
        if self._painter is not None:
            self._painter.forget()
            self.refresh()

    @property
    def cursor_on_link(self) -> bool:
        """Whether the value under the cursor does."""
        painter = self._painter
        return painter is not None and painter.linked is not None and painter.linked(self.cursor_line)

    def action_follow(self) -> None:
        """Ask for what the value under the cursor leads to."""
        self.post_message(self.ValueChosen(self, self.cursor_line))

    # -- search ----------------------------------------------------------------------------------------------------

    def search(self, needle: str, *, regex: bool = False) -> None:
        """Look for *needle* from the cursor on, round the end; an empty one ends the search. See ``SearchMoved``."""
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
        """Go to the match after the current one, round the end."""
        self._finder.seek(self.cursor_line, forward=True)

    def previous_match(self) -> None:
        """Go to the match before the current one, round the beginning."""
        self._finder.seek(self.cursor_line, forward=False)

    def _line_at(self, row: int) -> int:
        return self._rows.at(row)[0] if self._rows is not None else row

    def _go_to(self, hit: Hit) -> None:
        """Show *hit*, scrolled as little as brings it on the screen with a few lines around it."""
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
        # The width may not be measured yet, and a place beyond it cannot be scrolled to.
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
        """Row *y* of the viewport. Total: what fails to paint shows as text that says so."""
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
                strip = painter.strip(row, scroll_x, width, style, selected=span, kept=False)
            else:
                strip = painter.strip(row, scroll_x, width, style, selected=span, kept=True)
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
        if style.color is not None:  # alone it knows no ground to be blended with, and would be white on every theme
            style += Style(color=self.get_component_rich_style(f"body--{kind}").color)
        return style

    def notify_style_update(self) -> None:
        """The theme or the focus changed: strips hold old colours."""
        super().notify_style_update()
        if self._painter is not None:
            self._painter.forget()

    # -- selection -------------------------------------------------------------------------------------------------

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 - the base class's
        """Another part is selected; strips with a selection are not kept, so painting anew is enough."""
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text as shown (at most 100 000 rows of it), without the breaks that wrapping made."""
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

    # -- actions: at once, an animation would paint each page many times -------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of a search work only while there is one, so that they can turn pages otherwise."""
        if action in ("next_match", "previous_match"):
            return self.searching
        if action == "follow":
            return self.cursor_on_link
        return super().check_action(action, parameters)

    def action_page(self, step: int) -> None:
        """One page down or up, less a line to go on reading at."""
        by = step * max(self.room.height - self._top - 1, 1)
        row = self.origin + by
        self.scroll_to(
            y=max(0, min(self.scroll_offset.y + by, self.max_scroll_y)), animate=False, force=True, immediate=True
        )
        self.move_cursor_to(row)

    def action_sideways(self, cells: int) -> None:
        """Some columns to the left or right."""
        self._scroll(x=self.scroll_offset.x + cells)

    def action_top(self) -> None:
        """To the first line and column."""
        self._to_end = False
        self._scroll(0, 0)
        self.move_cursor_to(0)

    def action_bottom(self) -> None:
        """To the last line; the column stays."""
        self.to_end()

    def action_line_start(self) -> None:
        """To the first column."""
        self._scroll(x=0)

    def action_line_end(self) -> None:
        """To the last column."""
        self._scroll(x=self.max_scroll_x)

    def action_toggle_fold(self) -> None:
        """Fold what the line opens, or unfold what is folded there; on a record of a table, ask for it."""
        line = self.cursor_line
        if self._rows is None:
            self.post_message(self.RowChosen(self, line))
        elif self._rows.folds.end_of(line) is not None:
            self.unfold()
        else:
            self.fold()

    def action_fold(self) -> None:
        """Fold what the line opens; where it opens nothing, what it is in."""
        self.fold()

    def action_unfold(self) -> None:
        """Unfold what is folded at the cursor."""
        self.unfold()

    def action_wrap(self) -> None:
        """Wrap long lines, or let them scroll."""
        if self._rows is not None:
            self._wrap = not self._wrap
            self._scroll(x=0)
            self._rewrap()

    def action_search(self) -> None:
        """Ask for a needle."""
        self.post_message(self.SearchWanted(self))

    def action_next_match(self) -> None:
        """See ``next_match``."""
        self.next_match()

    def action_previous_match(self) -> None:
        """See ``previous_match``."""
        self.previous_match()
