"""Response bodies as formatted, searchable lines: ``Document``.

    bytes ─ media (kind, charset) ─ layout: json_text | markup | form | as sent ─ lines ─ lexer ─ a widget
                                         └ hex rows                                └ search
            structure (folds, paths) · wrapping (visible rows) · records, table · filters

Only the formatted bytes and an index of a few kilobytes are stored. A line is cut, sanitized and lexed on demand.
"""
