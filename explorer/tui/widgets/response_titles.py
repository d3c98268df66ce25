"""The border title over an answer, or over all pages of a call: words first, colour second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_elapsed, format_size
from explorer.tui.widgets.verdict_view import COLORS, SIGNS

if TYPE_CHECKING:
    from explorer.core.exchange import Exchange
    from explorer.tui.widgets.collect_view import CollectionStatus

_WORDS: Final = {
    "new": "all pages?",
    "running": "⇅ fetching all pages",
    "paused": "‖ fetching all pages, paused",
}


def answer_title(exchange: Exchange) -> Content:
    """Verdict, status, size and time."""
    response, failure, outcome = exchange.response, exchange.failure, exchange.verdict.outcome
    if failure is not None:
        verdict = Content.styled(f"✗ {sanitize_line(failure.title)}", "bold $text-error")
    else:
        verdict = Content.styled(f"{SIGNS[outcome]} {outcome}", f"bold $text-{COLORS[outcome]}")
    parts = [Content("Response"), verdict]
    if response is not None:
        parts.append(Content(f"{response.status} {sanitize_line(response.reason)}".rstrip()))
        parts.append(Content(format_size(len(response.body)) + (" (cut)" if response.truncated else "")))
    parts.append(Content(format_elapsed(exchange.timings.total)))
    return Content(" · ").join(parts)


def collection_title(collection: CollectionStatus, exchange: Exchange | None) -> Content:
    """While pages are fetched, and after that."""
    if collection.state in _WORDS:
        return Content(f"Response · {_WORDS[collection.state]}")
    outcome = collection.verdict.outcome
    parts = [Content("Response"), Content.styled(f"{SIGNS[outcome]} {outcome}", f"bold $text-{COLORS[outcome]}")]
    parts.append(Content(f"all pages · {collection.sums}"))
    if exchange is not None and exchange.response is not None:
        parts.append(Content(format_size(len(exchange.response.body))))
    return Content(" · ").join(parts)
