"""History rows grouped by day; only visible lines are rendered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit

from rich.cells import cell_len, set_cell_size
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.visual import Visual

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_elapsed, format_size
from explorer.tui.actions import bindings
from explorer.tui.kit.cursor_view import CursorView
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.binding import BindingType

    from explorer.store.history import HistoryRow


REPLAY: Final = "↻"
"""Marks an entry that is a replay of another."""
_SIGNS: Final = {"OK": ("✓", "$text-success"), "FAILED": ("✗", "$text-error"), "PARTIAL": ("◐", "$text-warning")}
_UNKNOWN: Final = ("?", "$text-warning")
_NO_STATUS: Final = {"sent": "…", "failed": "–––", "interrupted": "–––", "done": "–––"}
_FIRST: Final = 22
"""Cells for time, sign, status and method."""
_ADDRESS: Final = 22
"""Minimum cells for the endpoint before another column is added."""
_COLUMNS: Final = (
    *(("mark", 2), ("env", 11), ("tags", 16), ("took", 9), ("size", 9)),
    *(("address", 10), ("note", 24), ("path", 30)),
)
"""Optional columns and their cells by priority; ``address`` widens the endpoint before the least important ones."""


def day_text(day: date, today: date) -> str:
    """Return ``Today``, ``Yesterday``, or the date with its weekday."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A, %d %B %Y}"


def fit_columns(width: int) -> dict[str, int]:
    """Return the columns that fit in *width* cells, each with its cells.

    ``address`` takes the remaining cells, and shares them with ``path`` if that fits.
    """
    room = width - _FIRST - _ADDRESS
    columns: dict[str, int] = {}
    for name, cells in _COLUMNS:
        if room < cells:
            break
        columns[name] = cells
        room -= cells
    extra = room // 2 if "path" in columns else 0
    if extra:
        columns["path"] += extra
    columns["address"] = _ADDRESS + columns.get("address", 0) + max(room, 0) - extra
    return columns


def row_text(row: HistoryRow, clock: str, width: int = 200) -> Content:
    """Return one row of *width* cells, the most important columns first."""
    sign, style = _SIGNS.get(row.outcome, _UNKNOWN)
    status = str(row.status) if row.status is not None else _NO_STATUS[row.state]
    if row.state != "done":
        sign, style = ("⇅", MUTED) if row.state == "sent" else ("✗", "$text-error")
    parts: list[tuple[str, str]] = [
        (f" {clock} ", MUTED),
        (f"{sign} {_cell(status, 3)} ", f"bold {style}"),
        (f"{_cell(row.method, 6)} ", "bold"),
    ]
    columns = fit_columns(width)
    texts = _texts(row)
    for name in ("address", "path", "mark", "env", "tags", "note", "took", "size"):
        if name in columns:
            cells = columns[name]
            text = texts[name].rjust(cells - 1) if name in ("took", "size") else _cell(texts[name], cells - 1)
            parts.append((f"{text} ", _STYLES.get(name, "")))
    return Content.assemble(*parts)


_STYLES: Final = {"mark": "$text-accent", "tags": "$text-accent", "env": MUTED, "took": MUTED, "size": MUTED}
_STYLES.update(path=MUTED, note="italic")


def _texts(row: HistoryRow) -> dict[str, str]:
    url = urlsplit(row.url) if "://" in row.url[:12] else None
    finished = row.state != "sent"
    return {
        "address": row.address,
        "path": f"{url.path}?{url.query}" if url and url.query else url.path if url else row.url,
        "mark": REPLAY if row.origin else "",
        "env": row.environment,
        "tags": " ".join(f"#{tag}" for tag in row.tag_names),
        "note": row.note,
        "took": format_elapsed(row.seconds) if finished else "",
        "size": format_size(row.size) if finished else "",
    }


def _cell(text: str, cells: int) -> str:
    """Return *text* in exactly *cells* cells, truncated with an ellipsis."""
    line = sanitize_line(text[:500])
    return f"{set_cell_size(line, cells - 1).rstrip()}…".ljust(cells) if cell_len(line) > cells else _pad(line, cells)


def _pad(line: str, cells: int) -> str:
    return line + " " * (cells - cell_len(line))


AHEAD: Final = 60
"""Lines before the end at which more rows are requested."""


class HistoryList(CursorView):
    """A list whose cost per frame does not depend on the number of rows.

    The keys of a row are bound here, so that they do not fire while the search is typed.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"history--day", "history--cursor", "history--row"}
    DEFAULT_CSS = """
    HistoryList {
        height: 1fr; background: transparent; scrollbar-size-vertical: 1; overflow-x: hidden;
        & .history--day { color: $foreground; text-style: bold; background: $boost; }
        & .history--cursor { background: $boost; }
        &:focus .history--cursor { background: $primary 35%; text-style: bold; }
    }
    """
    OVERLAP = 2
    BINDINGS: ClassVar[list[BindingType]] = bindings("history")

    @dataclass
    class Asked(Message):
        """A key for the highlighted row or the list was pressed."""

        what: str

    @dataclass
    class Moved(Message):
        """Another row is highlighted."""

    @dataclass
    class EndNeared(Message):
        """More rows are needed, if there are any."""

    def __init__(self) -> None:
        self._painted: LRUCache[tuple[int, int, bool, bool, bool], Strip] = LRUCache(1000)
        """Painted lines by everything that affects them."""
        self.marked = 0
        """The entry marked for comparison, or 0."""
        self.rows: list[HistoryRow] = []
        self.today = date.min
        self._lines: list[int | date] = []
        """Each line: the day of a heading, or the index of a row."""
        self._line_of: list[int] = []
        """Index of a row → its line."""
        self._clocks: list[str] = []
        super().__init__()

    # --- content ---------------------------------------------------------------------------------------------------

    def show(self, rows: Sequence[HistoryRow], today: date) -> None:
        """Show *rows*, newest first; keep the highlighted row and its position if it is among them."""
        selected = self.selected
        above = self._line_of[self.cursor] - self.scroll_offset.y if self.rows else 0
        self.rows, self.today = [], today
        self._painted.clear()
        self._lines, self._line_of, self._clocks, self.cursor = [], [], [], 0
        self.add(rows)
        for index, row in enumerate(self.rows if selected is not None else ()):
            if row.id == selected:
                self.cursor = index
                self.scroll_to(y=max(0, self._line_of[index] - above), animate=False, immediate=True)
                break
        else:
            self.scroll_home(animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def add(self, rows: Sequence[HistoryRow]) -> None:
        """Append older rows."""
        day = next((line for line in reversed(self._lines) if isinstance(line, date)), None)
        for row in rows:
            started = datetime.fromtimestamp(row.started_at, tz=UTC).astimezone()
            if started.date() != day:
                day = started.date()
                self._lines.append(day)
            self._line_of.append(len(self._lines))
            self._lines.append(len(self.rows))
            self._clocks.append(f"{started:%H:%M:%S}")
            self.rows.append(row)
        self.virtual_size = Size(0, len(self._lines))
        self.refresh()

    def put(self, row: HistoryRow) -> None:
        """Replace the row of the same entry."""
        for index, current in enumerate(self.rows):
            if current.id == row.id:
                self.rows[index] = row
                self._painted.clear()
                self.refresh()

    @property
    def selected(self) -> int | None:
        """The id of the highlighted entry."""
        return self.rows[self.cursor].id if self.rows else None

    def select(self, number: int) -> bool:
        """Highlight an entry; return False if it is not among the rows."""
        for index, row in enumerate(self.rows):
            if row.id == number:
                self.move_cursor_to(index)
                return True
        return False

    def notify_style_update(self) -> None:
        """Discard lines painted in the colors of the previous theme."""
        self._painted.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Return a heading or a row for the current width; painted lines are cached."""
        at, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if not 0 <= at < len(self._lines) or width <= 0:
            return Strip.blank(width, self.rich_style)
        line = self._lines[at]
        here = isinstance(line, int) and line == self.cursor
        marked = isinstance(line, int) and self.rows[line].id == self.marked
        key = (at, width, here, marked, here and self.has_focus)
        strip = self._painted.get(key)
        if strip is None:
            strip = self._painted[key] = self._paint(line, width, here=here, marked=marked)
        return strip

    def _paint(self, line: int | date, width: int, *, here: bool, marked: bool) -> Strip:
        if isinstance(line, int):
            name = "history--cursor" if here else "history--row"
            content = row_text(self.rows[line], self._clocks[line], width)
            if marked:
                content = Content.assemble(("◆", "bold $text-accent"), content[1:])
        else:
            name, content = "history--day", Content(f" {day_text(line, self.today)}")
        style = self.get_visual_style(name)
        strips = Visual.to_strips(self, content, width, 1, style, apply_selection=False)
        return strips[0].adjust_cell_length(width, style.rich_style) if strips else Strip.blank(width, style.rich_style)

    # --- cursor ----------------------------------------------------------------------------------------------------

    @property
    def row_count(self) -> int:
        return len(self.rows)

    def scroll_into_view(self, row: int, margin: tuple[int, int]) -> None:  # noqa: ARG002 - the base class's
        """Scroll to the row and the heading right above it."""
        if not self.rows:
            return
        line = self._line_of[row]
        top = line - 1 if line and not isinstance(self._lines[line - 1], int) else line
        self.scroll_to_region(Region(0, top, 1, line - top + 1), animate=False, immediate=True, force=True)

    def cursor_moved(self) -> None:
        if not self.rows:
            return
        self.post_message(self.Moved())
        if self._line_of[self.cursor] + AHEAD >= len(self._lines):
            self.post_message(self.EndNeared())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Request more rows when scrolling nears the end."""
        super().watch_scroll_y(old_value, new_value)
        if self._lines and new_value + self.size.height + AHEAD >= len(self._lines):
            self.post_message(self.EndNeared())

    def action_top(self) -> None:
        """Go to the newest row, loading it if necessary."""
        self.post_message(self.Asked("newest"))
        super().action_top()

    def action_ask(self, what: str) -> None:
        """Request an action on the highlighted row."""
        self.post_message(self.Asked(what))

    def row_at(self, line: int) -> int | None:
        """Return the row on a line; None for a heading."""
        row = self._lines[line] if 0 <= line < len(self._lines) else None
        return row if isinstance(row, int) else None

    def row_clicked(self, row: int, event: events.Click) -> None:
        """Highlight the row; open it on a double click."""
        super().row_clicked(row, event)
        if event.chain > 1:
            self.action_ask("open")
