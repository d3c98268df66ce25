"""How far a person is with a track, and what a deed changes about that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from explorer.core.tracks.deed import Activity
from explorer.core.tracks.judging import WRONG_CALL, unmet_condition

if TYPE_CHECKING:
    from explorer.core.tracks.model import Track, TrackStep

_MAX_ACTIVITIES: Final = 300
"""Deeds that are remembered of a track."""


class TrackProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a track is: the steps done, each with when (Unix time, seconds), and what was done meanwhile."""

    done: dict[str, float] = {}
    deeds: tuple[Activity, ...] = ()


@dataclass(frozen=True)
class Feedback:
    """What a deed meant for the step under way."""

    kind: Literal["done", "finished", "missed", "back"]
    step: TrackStep
    text: str


def current_step(track: Track, standing: TrackProgress) -> TrackStep | None:
    """The first step that is not done; None where all are."""
    return next((step for step in track.steps if step.id not in standing.done), None)


def advance(track: Track, standing: TrackProgress, deed: Activity, now: float) -> tuple[TrackProgress, Feedback | None]:
    """The standing after *deed* (at *now*, Unix seconds), and what there is to say of it; None: it was about
    something else."""
    step = current_step(track, standing)
    if step is None:
        return standing, None
    why = unmet_condition(step.done, deed, standing.deeds)
    if not why:
        after = _with_activity(standing, msgspec.structs.replace(deed, ticked=step.id))
        after = msgspec.structs.replace(after, done={**standing.done, step.id: now})
        over = current_step(track, after) is None
        return after, Feedback("finished" if over else "done", step, track.ending if over else step.learned)
    after = _with_activity(standing, deed)
    for slip in step.slips:
        if not unmet_condition(slip.when, deed, standing.deeds):
            if slip.back:
                return _reopen(track, after, slip.back), Feedback("back", step, slip.text)
            return after, Feedback("missed", step, slip.text)
    if why == WRONG_CALL:
        return after, None
    return after, Feedback("missed", step, f"Not yet: {why}.")


def _with_activity(standing: TrackProgress, deed: Activity) -> TrackProgress:
    return msgspec.structs.replace(standing, deeds=(*standing.deeds, deed)[-_MAX_ACTIVITIES:])


def _reopen(track: Track, standing: TrackProgress, step_id: str) -> TrackProgress:
    names = [step.id for step in track.steps]
    open_again = set(names[names.index(step_id) :])
    return msgspec.structs.replace(standing, done={k: v for k, v in standing.done.items() if k not in open_again})
