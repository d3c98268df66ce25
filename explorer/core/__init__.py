"""What decides: pure functions and generators over values, no I/O."""
