"""Sizes and durations as people read them."""

from __future__ import annotations


def size_text(size: int) -> str:
    """*size* in bytes as ``512 B``, ``1.2 kB``, ``34 MB`` (units of 1000)."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            break
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def seconds_text(seconds: float) -> str:
    """*seconds* as ``0.4 ms``, ``173 ms``, ``1.23 s``, ``12.3 s``, ``2 min 05 s``."""
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
