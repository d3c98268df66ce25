"""The headers of a response as an aligned list, in the order in which they arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.widgets.lines_view import LinesView, Row, span_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.exchange import Header

_WIDEST_NAME = 32


def header_rows(headers: Sequence[Header], width: int) -> list[Row]:
    """One row a header: names in a column, long values wrapped in theirs."""
    names = [sanitize_line(name) for name, _ in headers]
    column = min(
        max((span_width([("name", name)]) for name in names), default=0), _WIDEST_NAME, max(12, width * 2 // 5)
    )
    rows = []
    for name, (_, value) in zip(names, headers, strict=True):
        pad = " " * max(0, column - span_width([("name", name)]))
        text = sanitize_line(value)
        shown = ("text", text) if text else ("dim", "(empty)")
        rows.append(
            Row(spans=(("name", name), ("text", f"{pad}  "), shown), gutter=(("text", " "),), hanging_indent=column + 2)
        )
    return rows


class HeadersView(LinesView):
    """Shows header lines; long values are wrapped, never cut."""

    def show_headers(self, headers: Sequence[Header]) -> None:
        """Show *headers*, or that there are none."""
        if headers:
            self.show_for(lambda width: header_rows(headers, width))
        else:
            self.show([Row(spans=(("dim", " No response headers arrived."),))])
