"""Two exchanges compared: what differs, where, and which lines of the one stand beside which of the other.

    Exchange ─┬─ request line, query, headers ── pairs ─┐
              └─ body ── json | xml | text ─────────────┴─► Record (changes, blocks of lines) ─► Part ─► Comparison

Bodies are walked as trees: members by their name, elements of lists by their identity (``align``), so that an element
that was put in makes one change and no more. ``VolatileMask`` says what is expected to differ every time; such
differences are found and marked ``masked``, never counted as changes. All of it takes time in proportion to the bodies.
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
