"""Guided tracks: lessons as data, checked against the user's activity. No I/O.

TOML ── decode_track ──► Track ─ steps ─ Condition ─┐
Exchange ── activity_of ──► Activity ───────────────┴─ advance ──► TrackProgress, Feedback
"""

from explorer.core.tracks.activity import Activity, activity_of
from explorer.core.tracks.model import CommonMistake, Condition, Track, TrackStep, decode_track, fill_placeholders
from explorer.core.tracks.progress import Feedback, TrackProgress, advance, current_step, unmet_condition

__all__ = [
    "Activity",
    "CommonMistake",
    "Condition",
    "Feedback",
    "Track",
    "TrackProgress",
    "TrackStep",
    "activity_of",
    "advance",
    "current_step",
    "decode_track",
    "fill_placeholders",
    "unmet_condition",
]
