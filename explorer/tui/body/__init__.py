"""The body of a response: a panel (``panel``) with its view of lines, search, filter, copies and spool."""
