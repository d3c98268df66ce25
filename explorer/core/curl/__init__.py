"""A pasted curl line, read as a shell and curl would, and found again in the catalog (``importing``)."""
