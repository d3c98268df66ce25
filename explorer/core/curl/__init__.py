"""Import of curl commands: parsed as a shell and curl would, and matched with the catalog (``importing``)."""
