"""The core: pure functions and generators over values, without I/O."""
