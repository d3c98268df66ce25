"""Guided tracks: lessons as data, and what a person did against them. Nothing here reads a file or sends anything.

Track ─ steps ─ Condition           Exchange ── deed_of ──► Deed ── take ──► Standing, Heard
(a TOML file)                       (what was done)         (the step under way is done, missed or undone)
"""

from explorer.core.tracks.deed import Deed, deed_of
from explorer.core.tracks.going import Heard, Standing, current_step, take
from explorer.core.tracks.judging import missed
from explorer.core.tracks.model import Condition, Slip, Step, Track, decode_track, placeholders

__all__ = [
    "Condition",
    "Deed",
    "Heard",
    "Slip",
    "Standing",
    "Step",
    "Track",
    "current_step",
    "decode_track",
    "deed_of",
    "missed",
    "placeholders",
    "take",
]
