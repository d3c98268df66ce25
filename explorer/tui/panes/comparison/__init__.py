"""The widgets of a comparison: the list of changes, and two sides line by line."""
