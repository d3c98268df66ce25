"""Views of lines that paint only what is seen: one without a cursor, and one whose cursor is always in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.scroll_view import ScrollView

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events


class LineView(ScrollView, can_focus=True):
    """Lines that a subclass paints in ``render_line``.

    ``PREFIX`` is what its component classes begin with (``lines`` for ``lines--dim``).
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
        # Before super().__init__: styles are notified while the base class is made.
        self._styles: dict[str, Style] = {}
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)

    def notify_style_update(self) -> None:
        """The theme or the focus changed: other colors."""
        super().notify_style_update()
        self._styles.clear()

    def style_of(self, kind: str) -> Style:
        """Return the style of a component class, worked out once for each theme."""
        style = self._styles.get(kind)
        if style is None:
            style = self._styles[kind] = self.blend(kind, self.get_component_rich_style(f"{self.PREFIX}--{kind}"))
        return style

    def blend(self, kind: str, style: Style) -> Style:  # noqa: ARG002 - for subclasses
        """Return what of the *style* of a kind is painted over the line's own."""
        return style


class CursorView(LineView):
    """Rows, one of them under the cursor. A subclass says how many there are."""

    OVERLAP: ClassVar[int] = 1
    """Rows that are still seen after a page, to go on reading at."""

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
        """Number of rows on the screen."""
        return self.size.height

    def move_cursor_to(self, row: int, *, margin: tuple[int, int] = (0, 0), quiet: bool = False) -> None:
        """Put the cursor on *row* or the nearest there is, and bring it in sight.

        *margin*: rows that must be seen above and below it. *quiet*: do not report it.
        """
        before, self.cursor = self.cursor, max(0, min(row, self.row_count - 1))
        self.scroll_into_view(self.cursor, margin)
        self.repaint_rows(before, self.cursor)
        if not quiet:
            self.cursor_moved()

    def scroll_into_view(self, row: int, margin: tuple[int, int]) -> None:
        """Scroll as little as brings *row* on the screen; with a *margin* it is put a third down."""
        above, below = margin
        top, height = self.scroll_offset.y, max(self.rows_seen, 1)
        if top + above <= row < top + height - below:
            return
        if above or below:
            self.scroll_to_row(max(row - height // 3, 0))
        else:
            self.scroll_to_row(row if row < top else row - height + 1)

    def scroll_to_row(self, row: int) -> None:
        """Put *row* at the top. At once: an animation would paint each page many times."""
        self.scroll_to(y=row, animate=False)

    def repaint_rows(self, before: int, now: int) -> None:  # noqa: ARG002 - for subclasses
        """Paint what the cursor left and where it is."""
        self.refresh()

    def cursor_moved(self) -> None:
        """Report that the cursor was moved."""

    @property
    def origin(self) -> int:
        """The row that a step is counted from."""
        return self.cursor

    def action_cursor(self, step: int) -> None:
        """Move some rows down or up."""
        self.move_cursor_to(self.origin + step)

    def action_page(self, step: int) -> None:
        """Move one page down or up."""
        self.action_cursor(step * max(self.rows_seen - self.OVERLAP, 1))

    def action_top(self) -> None:
        """Go to the first row."""
        self.move_cursor_to(0)

    def action_bottom(self) -> None:
        """Go to the last row."""
        self.move_cursor_to(self.row_count - 1)

    def on_click(self, event: events.Click) -> None:
        """Do with the row under the mouse what a click does."""
        at = event.get_content_offset(self)
        row = self.row_at(at.y + self.scroll_offset.y) if at is not None else None
        if row is not None:
            self.row_clicked(row, event)

    def row_at(self, line: int) -> int | None:
        """Return the row on a line of the view, or None where there is none."""
        return line if 0 <= line < self.row_count else None

    def row_clicked(self, row: int, event: events.Click) -> None:  # noqa: ARG002 - for subclasses
        """Put the cursor there."""
        self.move_cursor_to(row)
