"""Guided tracks: lessons as data, and what a person did against them. Nothing here reads a file or sends anything.

Track ─ steps ─ Condition           Exchange ── deed_of ──► Deed ── take ──► Standing, Heard
(a TOML file)                       (what was done)         (the step under way is done, missed or undone)
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
