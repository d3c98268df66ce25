"""How far a person is with a track, and what a deed changes about that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from explorer.core.tracks.deed import Deed
from explorer.core.tracks.judging import ANOTHER_CALL, missed

if TYPE_CHECKING:
    from explorer.core.tracks.model import Step, Track

_KEPT: Final = 300
"""Deeds that are remembered of a track."""


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a track is: the steps done, each with when (Unix time, seconds), and what was done meanwhile."""

    done: dict[str, float] = {}
    deeds: tuple[Deed, ...] = ()


@dataclass(frozen=True)
class Heard:
    """What a deed meant for the step under way."""

    kind: Literal["done", "finished", "missed", "back"]
    step: Step
    text: str


def current_step(track: Track, standing: Standing) -> Step | None:
    """The first step that is not done; None where all are."""
    return next((step for step in track.steps if step.id not in standing.done), None)


def take(track: Track, standing: Standing, deed: Deed, now: float) -> tuple[Standing, Heard | None]:
    """The standing after *deed* (at *now*, Unix seconds), and what there is to say of it; None: it was about
    something else."""
    step = current_step(track, standing)
    if step is None:
        return standing, None
    why = missed(step.done, deed, standing.deeds)
    if not why:
        after = _with(standing, msgspec.structs.replace(deed, ticked=step.id))
        after = msgspec.structs.replace(after, done={**standing.done, step.id: now})
        over = current_step(track, after) is None
        return after, Heard("finished" if over else "done", step, track.ending if over else step.learned)
    after = _with(standing, deed)
    for slip in step.slips:
        if not missed(slip.when, deed, standing.deeds):
            if slip.back:
                return _back(track, after, slip.back), Heard("back", step, slip.text)
            return after, Heard("missed", step, slip.text)
    if why == ANOTHER_CALL:
        return after, None
    return after, Heard("missed", step, f"Not yet: {why}.")


def _with(standing: Standing, deed: Deed) -> Standing:
    return msgspec.structs.replace(standing, deeds=(*standing.deeds, deed)[-_KEPT:])


def _back(track: Track, standing: Standing, step_id: str) -> Standing:
    names = [step.id for step in track.steps]
    open_again = set(names[names.index(step_id) :])
    return msgspec.structs.replace(standing, done={k: v for k, v in standing.done.items() if k not in open_again})
