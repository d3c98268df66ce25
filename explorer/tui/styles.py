"""Styles of content built in code. They are resolved against the theme when painted."""

from __future__ import annotations

from typing import Final

MUTED: Final = "$foreground 65%"
"""Less important text. ``$text-muted`` works in style sheets only: in content it has full strength."""
