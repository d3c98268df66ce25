"""Response bodies as lines to read: ``Document``.

    bytes ─ charset ─ media (what is it) ─ json_pieces | markup | form_text | as sent ─ lines ─ colouring ─ a widget
                                         └ binary (hex rows)                                  ├ search
             folding, wrapping (which rows show) · outline (paths) · records, table · filtering ┘

The laid-out bytes and an index of a few kilobytes are all that is kept; a line is cut, sanitized and lexed when asked
for. Modules load when their names are first used, so that a process that only searches or filters starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.core.document.document import Document, View
    from explorer.core.document.lexing import Token
    from explorer.core.document.media import Kind
    from explorer.core.document.search import Hit, Search

__all__ = ["Document", "Hit", "Kind", "Search", "Token", "View"]

_HOMES = {
    **dict.fromkeys(("Document", "View"), "document"),
    **dict.fromkeys(("Hit", "Search"), "search"),
    "Kind": "media",
    "Token": "lexing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
