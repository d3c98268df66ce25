"""The history pane: list, search and details."""
