"""A step of a run as rows: what was expected, what was sent, what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.widgets.lines_view import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.saved.report import RunStep

_COLORS: Final = {
    "key": "name",
    "tag": "name",
    "string": "in",
    "number": "warn",
    "constant": "out",
    "punctuation": "dim",
}
"""Kind of a token of a body → kind of a span."""
_LINES: Final = 200
"""Lines of a body that are shown; the history has all of it."""
_BODY: Final = 300_000
"""Bytes of a body that are laid out here."""


def step_rows(step: RunStep) -> Iterator[Row]:
    """What there is to say of a step: what was expected, what was sent, what came."""
    where = f" in {step.environment}" if step.environment else ""
    yield Row((("strong", sanitize_line(step.name)), ("dim", sanitize_line(f"  {step.address}{where}"))))
    if step.needed_by:
        yield Row((("dim", sanitize_line(f"run because {step.needed_by} needs its answer")),))
    if step.message:
        yield Row((("bad" if step.outcome == "error" else "dim", sanitize_line(step.message)),))
    for one in step.results:
        yield Row(
            (("text" if one.held else "bad", sanitize_line(str(one))),),
            gutter=(("good", "✓ ") if one.held else ("bad", "✗ "),),
        )
    if step.exchange is None:
        return
    request, response = step.exchange.request, step.exchange.response
    yield Row()
    yield Row((("out", f"{sanitize_line(request.method)} "), ("url", sanitize_line(request.url))))
    if response is None:
        return
    yield Row((("in", sanitize_line(f"{response.http_version} {response.status} {response.reason}")),))
    if len(response.body) > _BODY:
        yield Row((("dim", f"{len(response.body):,} bytes; enter shows them"),))
        return
    from explorer.core.document.document import Document

    document = Document(response.body[:], response.header("content-type"))
    for number in range(min(_LINES, document.line_count)):
        yield Row(tuple((_COLORS.get(kind, "text"), text) for kind, text in document.tokens(number)), hanging_indent=2)
    if document.line_count > _LINES:
        yield Row((("dim", f"… {document.line_count - _LINES:,} more lines; enter shows them"),))
