"""Response bodies as lines to read: ``Document``.

    bytes ─ charset ─ media (what is it) ─ json_pieces | markup | form_text | as sent ─ lines ─ colouring ─ a widget
                                         └ binary (hex rows)                                  ├ search
             folding, wrapping (which rows show) · outline (paths) · records, table · filtering ┘

The laid-out bytes and an index of a few kilobytes are all that is kept; a line is cut, sanitized and lexed when asked
for.
"""
