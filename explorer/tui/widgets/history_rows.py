"""A row of the history as text, in as many columns as there is room for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_elapsed, format_size
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from explorer.history import HistoryRow

REPLAY: Final = "↻"
"""The mark of an entry that is a replay of another."""
_SIGNS: Final = {"OK": ("✓", "$text-success"), "FAILED": ("✗", "$text-error"), "PARTIAL": ("◐", "$text-warning")}
_UNKNOWN: Final = ("?", "$text-warning")
_NO_ANSWER: Final = {"sent": "…", "failed": "–––", "interrupted": "–––", "done": "–––"}
_FIRST: Final = 22
"""Cells of clock, sign, status and method."""
_ADDRESS: Final = 22
"""Cells that the endpoint has at least before another column is put beside it."""
_COLUMNS: Final = (
    *(("mark", 2), ("env", 11), ("tags", 16), ("took", 9), ("size", 9)),
    *(("address", 10), ("note", 24), ("path", 30)),
)
"""The columns behind the endpoint and their cells, those first that come first where there is little room; the endpoint
itself gets more before what is only nice to have."""


def day_text(day: date, today: date) -> str:
    """``Today``, ``Yesterday``, or the date with its weekday."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A, %d %B %Y}"


def fit_columns(width: int) -> dict[str, int]:
    """The columns that fit into *width* cells beside the fixed ones and their cells; ``address`` has what is left, and
    shares it with ``path`` where there is much."""
    room = width - _FIRST - _ADDRESS
    found: dict[str, int] = {}
    for name, cells in _COLUMNS:
        if room < cells:
            break
        found[name] = cells
        room -= cells
    extra = room // 2 if "path" in found else 0
    if extra:
        found["path"] += extra
    found["address"] = _ADDRESS + found.get("address", 0) + max(room, 0) - extra
    return found


def row_text(row: HistoryRow, clock: str, width: int = 200) -> Content:
    """One row of *width* cells; what matters most stands first."""
    sign, style = _SIGNS.get(row.outcome, _UNKNOWN)
    word = str(row.status) if row.status is not None else _NO_ANSWER[row.state]
    if row.state != "done":
        sign, style = ("⇅", MUTED) if row.state == "sent" else ("✗", "$text-error")
    parts: list[tuple[str, str]] = [
        (f" {clock} ", MUTED),
        (f"{sign} {_cell(word, 3)} ", f"bold {style}"),
        (f"{_cell(row.method, 6)} ", "bold"),
    ]
    fitting = fit_columns(width)
    texts = _texts(row)
    for name in ("address", "path", "mark", "env", "tags", "note", "took", "size"):
        if name in fitting:
            right = name in ("took", "size")
            cells = fitting[name]
            text = texts[name].rjust(cells - 1) if right else _cell(texts[name], cells - 1)
            parts.append((f"{text} ", _STYLES.get(name, "")))
    return Content.assemble(*parts)


_STYLES: Final = {"mark": "$text-accent", "tags": "$text-accent", "env": MUTED, "took": MUTED, "size": MUTED}
_STYLES.update(path=MUTED, note="italic")


def _texts(row: HistoryRow) -> dict[str, str]:
    url = urlsplit(row.url) if "://" in row.url[:12] else None
    answered = row.state != "sent"
    return {
        "address": row.address,
        "path": f"{url.path}?{url.query}" if url and url.query else url.path if url else row.url,
        "mark": REPLAY if row.origin else "",
        "env": row.environment,
        "tags": " ".join(f"#{tag}" for tag in row.tag_names),
        "note": row.note,
        "took": format_elapsed(row.seconds) if answered else "",
        "size": format_size(row.size) if answered else "",
    }


def _cell(text: str, cells: int) -> str:
    """*text* in exactly that many cells, with an ellipsis where something is cut."""
    line = sanitize_line(text[:500])
    return f"{set_cell_size(line, cells - 1).rstrip()}…".ljust(cells) if cell_len(line) > cells else _pad(line, cells)


def _pad(line: str, cells: int) -> str:
    return line + " " * (cells - cell_len(line))
