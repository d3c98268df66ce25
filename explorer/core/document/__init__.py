"""Response bodies as lines to read: ``Document``.

    bytes ─ charset ─ media (what is it) ─ json_text | markup | form_text | as sent ─ lines ─ lexing ─ a widget
                                         └ binary (hex rows)                                   └ search

The laid-out bytes and an index of a few kilobytes are all that is kept; a line is cut, sanitised and lexed when asked
for.
"""

from explorer.core.document.document import Document, View
from explorer.core.document.lexing import Token
from explorer.core.document.media import Kind
from explorer.core.document.search import Hit, Search

__all__ = ["Document", "Hit", "Kind", "Search", "Token", "View"]
