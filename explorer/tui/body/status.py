"""The words below a body: what it is, where the cursor is, how a search or a filter goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from explorer.core.document.table import RecordTable
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_size
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from explorer.core.document.document import Document
    from explorer.tui.body.view import BodyView

_HINTS = {"json": "JMESPath, such as data[?price > `9`].id", "xml": "XPath such as //item[1]/name, or words"}


def status_text(
    document: Document | RecordTable,
    line: int,
    *,
    path: str,
    filtered: bool,
    folded: int,
    wrapped: bool,
    said: str,
    arriving: bool = False,
) -> Content:
    """One line: kind, size, charset, place, path, and what was last *said*."""
    count = document.line_count
    more = "" if document.complete else " …"
    unit = "record" if isinstance(document, RecordTable) else "row" if document.kind == "hex" else "line"
    raw = (
        not isinstance(document, RecordTable) and document.view == "raw" and document.kind not in ("text", "csv", "hex")
    )
    parts = [
        sanitize_line(document.title) + (" raw" if raw else "") + (" filtered" if filtered else ""),
        format_size(document.size),
        document.charset if document.charset != "utf-8" else "",
        f"{unit} {min(line + 1, count):,} of {count:,}{more}",
        "" if document.complete else "receiving" if arriving else "formatting",
        f"{folded:,} folded" if folded else "",
        "wrapped" if wrapped else "",
    ]
    text = Content.styled(" · ".join(part for part in parts if part), MUTED)
    if path:
        text = text + Content.styled(f"  {sanitize_line(path)}", "$text-primary bold")
    return text + Content.styled(f"  {sanitize_line(said)}", "$text-success") if said else text


def search_state(event: BodyView.SearchMoved) -> tuple[str, str]:
    """How a search stands, and its problem."""
    if event.problem:
        return "", event.problem
    if event.count == 0:
        return "no match" if event.complete else "searching …", ""
    text = f"{event.current or '?'} of {event.count:,}{'' if event.complete else '+'}"
    return text + (" (went round)" if event.wrapped else ""), ""


def filter_hint(kind: str) -> str:
    """What can be typed into the filter's box."""
    return _HINTS.get(kind, "words: lines that hold them stay")
