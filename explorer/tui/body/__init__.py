"""The body of a response: the panel with its view, search, filter, copying and worker processes."""
