"""Learn, debug and replay vendors' HTTP APIs in the terminal."""

__version__ = "0.1.0"
