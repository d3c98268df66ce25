"""Styles for text that is put together in code. They are resolved against the theme when it is painted."""

from __future__ import annotations

from typing import Final

MUTED: Final = "$foreground 65%"
"""Less important text. ``$text-muted`` is for style sheets only: in content it comes out at full strength."""
