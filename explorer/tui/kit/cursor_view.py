"""Views that paint only visible lines: ``LineView`` without a cursor, ``CursorView`` with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.scroll_view import ScrollView

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events


class LineView(ScrollView, can_focus=True):
    """Lines that a subclass paints in ``render_line``.

    ``PREFIX`` is the prefix of its component classes (``lines`` for ``lines--dim``).
    """

    PREFIX: ClassVar[str] = ""

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - textual's name
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        # Set before super().__init__, which calls notify_style_update.
        self._styles: dict[str, Style] = {}
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)

    def notify_style_update(self) -> None:
        """Discard styles of the previous theme or focus."""
        super().notify_style_update()
        self._styles.clear()

    def style_of(self, kind: str) -> Style:
        """Return the style of a component class, cached until the theme changes."""
        style = self._styles.get(kind)
        if style is None:
            style = self._styles[kind] = self.blend(kind, self.get_component_rich_style(f"{self.PREFIX}--{kind}"))
        return style

    def blend(self, kind: str, style: Style) -> Style:  # noqa: ARG002 - for subclasses
        """Return the part of *style* that is painted over the line's own style."""
        return style


class CursorView(LineView):
    """Rows, one of them under the cursor. A subclass defines ``row_count``."""

    OVERLAP: ClassVar[int] = 1
    """Rows that stay visible after moving by a page."""

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - textual's name
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        self.cursor = 0
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)

    @property
    def row_count(self) -> int:
        """Number of rows."""
        raise NotImplementedError

    @property
    def rows_seen(self) -> int:
        """Number of visible rows."""
        return self.size.height

    def move_cursor_to(self, row: int, *, margin: tuple[int, int] = (0, 0), quiet: bool = False) -> None:
        """Put the cursor on *row*, clamped to the rows, and scroll it into view.

        *margin*: rows that must be visible above and below it. *quiet*: do not report the move.
        """
        before, self.cursor = self.cursor, max(0, min(row, self.row_count - 1))
        self.scroll_into_view(self.cursor, margin)
        self.repaint_rows(before, self.cursor)
        if not quiet:
            self.cursor_moved()

    def scroll_into_view(self, row: int, margin: tuple[int, int]) -> None:
        """Scroll just enough to show *row*; with a *margin*, put it a third of the way down."""
        above, below = margin
        top, height = self.scroll_offset.y, max(self.rows_seen, 1)
        if top + above <= row < top + height - below:
            return
        if above or below:
            self.scroll_to_row(max(row - height // 3, 0))
        else:
            self.scroll_to_row(row if row < top else row - height + 1)

    def scroll_to_row(self, row: int) -> None:
        """Put *row* at the top, without an animation, which would paint each page many times."""
        self.scroll_to(y=row, animate=False)

    def repaint_rows(self, before: int, now: int) -> None:  # noqa: ARG002 - for subclasses
        """Repaint the rows that the cursor left and entered."""
        self.refresh()

    def cursor_moved(self) -> None:
        """Report that the cursor moved."""

    @property
    def origin(self) -> int:
        """The row that steps are relative to."""
        return self.cursor

    def action_cursor(self, step: int) -> None:
        """Move the cursor by *step* rows."""
        self.move_cursor_to(self.origin + step)

    def action_page(self, step: int) -> None:
        """Move the cursor by *step* pages."""
        self.action_cursor(step * max(self.rows_seen - self.OVERLAP, 1))

    def action_top(self) -> None:
        """Go to the first row."""
        self.move_cursor_to(0)

    def action_bottom(self) -> None:
        """Go to the last row."""
        self.move_cursor_to(self.row_count - 1)

    def on_click(self, event: events.Click) -> None:
        """Handle a click on a row."""
        at = event.get_content_offset(self)
        row = self.row_at(at.y + self.scroll_offset.y) if at is not None else None
        if row is not None:
            self.row_clicked(row, event)

    def row_at(self, line: int) -> int | None:
        """Return the row on a line of the view, or None."""
        return line if 0 <= line < self.row_count else None

    def row_clicked(self, row: int, event: events.Click) -> None:  # noqa: ARG002 - for subclasses
        """Put the cursor on the clicked row."""
        self.move_cursor_to(row)
