"""Check an activity against a track's conditions, and advance the progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from explorer.core.tracks.activity import Activity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.core.tracks.model import Condition, Track, TrackStep


WRONG_CALL: Final = "another call"
"""What ``unmet_condition`` says of a deed that has nothing to do with the condition."""


def unmet_condition(condition: Condition, deed: Activity, past: Sequence[Activity]) -> str:
    """Why *deed* does not meet *condition*, or an empty text. *past*: the deeds before it, the oldest first."""
    if condition.call and deed.address not in condition.call:
        return WRONG_CALL
    for clause in _CLAUSES:
        if text := clause(condition, deed, past):
            return text
    return ""


def _environment(_condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    return "" if deed.environment == "sandbox" else f"it went to {deed.environment}; tracks count in the sandbox"


def _values(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    given = dict(deed.values)
    for name, wanted in condition.params.items():
        value = given.get(name, "")
        if not wanted and name in given:
            return f"{name} is to be left out"
        if wanted == "*" and not value:
            return f"{name} was not given"
        if wanted not in ("", "*") and value != wanted:
            return f"{name} was {value or 'not given'}, and is to be {wanted}"
    return ""


def _readings(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    if condition.readings is None:
        return ""
    if not condition.readings:
        return "it was sent under another reading than the usual one" if deed.readings else ""
    for key, choice in condition.readings.items():
        if deed.readings.get(key, "") != choice and not (choice == "*" and key in deed.readings):
            return f"the reading {key} was not changed" if choice == "*" else f"the reading {key} is to be {choice}"
    return ""


def _file(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    return "no file was sent" if condition.file and not deed.file else ""


def _method(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    return _value_problem(condition.method, deed.method, "the method was")


def _fault(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    if condition.fault and not set(condition.fault) & set(deed.faults):
        return f"the sandbox was honest; the fault {_join_alternatives(condition.fault)} is asked for"
    return ""


def _failure(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    if condition.failure and deed.failure not in condition.failure:
        return "the answer came whole" if not deed.failure else f"it ended as {deed.failure}"
    return ""


def _status(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    return _value_problem(tuple(map(str, condition.status)), str(deed.status or "none"), "the status was")


def _check(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    if condition.check and deed.check not in condition.check:
        came = f"it was refused by the check {deed.check}" if deed.check else "the sandbox did not refuse it"
        return f"{came}; this step wants it refused by the check {_join_alternatives(condition.check)}"
    return ""


def _outcome(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    text = _value_problem(condition.outcome, deed.outcome, "the verdict was")
    return f"{text} (refused by the check {deed.check})" if text and deed.check else text


def _token(condition: Condition, deed: Activity, past: Sequence[Activity]) -> str:
    wanted = condition.token
    if not wanted:
        return ""
    if not deed.used:
        return "no token went with it"
    if wanted == "fresh":
        before = {secret for one in past if one.address == deed.address for secret in one.used}
        if not before:
            return "it was the first send of this call; send it again"
        return "the same token went with it as before" if before & set(deed.used) else ""
    if wanted == "same":
        before = {secret for one in past if one.vendor == deed.vendor for secret in one.used}
        return "" if before & set(deed.used) else "another token went with it than before"
    return ""


def _hops(condition: Condition, deed: Activity, _past: Sequence[Activity]) -> str:
    lacking = [one for one in condition.hops if one not in deed.hops]
    return f"no request for {lacking[0]} went before it" if lacking else ""


def _page(condition: Condition, deed: Activity, past: Sequence[Activity]) -> str:
    if not condition.page:
        return ""
    if deed.page is None:
        return "the answer is no page of a list"
    alike = [one for one in past if one.address == deed.address and one.pages == deed.pages and one.outcome == "OK"]
    if condition.page == "next":
        return "" if any(one.page == deed.page - 1 for one in alike) else "it is not the page after one that you saw"
    if condition.page == "last":
        return "" if deed.page == deed.pages else f"it is page {deed.page} of {deed.pages or 'an unknown number'}"
    if deed.pages is None:
        return "the vendor does not tell how many pages there are"
    begun = max((at for at, one in enumerate(past) if one.ticked), default=-1)
    alike = [one for one in alike if one in past[begun + 1 :]]
    seen = {one.page for one in (*alike, deed)} & set(range(1, deed.pages + 1))
    return "" if len(seen) == deed.pages else f"{len(seen)} of {deed.pages} pages are here"


def _same(condition: Condition, deed: Activity, past: Sequence[Activity]) -> str:
    if not condition.same_as:
        return ""
    then = next((one for one in reversed(past) if one.ticked == condition.same_as), None)
    if then is None or then.address != deed.address:
        return "it is another call than before"
    differs = [name for name in {**dict(then.values), **dict(deed.values)} if _of(then, name) != _of(deed, name)]
    return f"{min(differs)} is not the same as before" if differs else ""


def _of(deed: Activity, name: str) -> list[str]:
    return [value for key, value in deed.values if key == name]


def _value_problem(wanted: tuple[str, ...], came: str, words: str) -> str:
    return f"{words} {came}; {_join_alternatives(wanted)} is asked for" if wanted and came not in wanted else ""


def _join_alternatives(words: Sequence[str]) -> str:
    return " or ".join(words)


_CLAUSES: Final[tuple[Callable[[Condition, Activity, Sequence[Activity]], str], ...]] = (
    _environment,
    _method,
    _values,
    _readings,
    _file,
    _fault,
    _failure,
    _check,
    _status,
    _outcome,
    _token,
    _hops,
    _page,
    _same,
)
"""In the order in which what they say helps most."""


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
