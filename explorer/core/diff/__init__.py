"""Comparison of two exchanges: changes, their paths, and aligned lines.

    Exchange ─┬─ request line, query, headers ── pairs ─┐
              └─ body ── json | xml | lines ────────────┴─► Record (changes, blocks of lines) ─► DiffPart ─► Comparison

Bodies are compared as trees: members by name, array elements by identity (``align``), so that an inserted element is
one change. ``VolatileMask`` selects values that differ in every call; their changes are ``masked`` and counted apart.
The time is proportional to the size of the bodies.
"""

from __future__ import annotations

from explorer.core.diff.changes import Block, Change, ChangeKind, DiffPart, Record
from explorer.core.diff.exchange import BodyJob, Comparison
from explorer.core.diff.volatile import VolatileMask, parse_patterns

__all__ = [
    "Block",
    "BodyJob",
    "Change",
    "ChangeKind",
    "Comparison",
    "DiffPart",
    "Record",
    "VolatileMask",
    "parse_patterns",
]
