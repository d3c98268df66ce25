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
"""Result of ``unmet_condition`` for an activity that is unrelated to the condition."""


def unmet_condition(condition: Condition, activity: Activity, past: Sequence[Activity]) -> str:
    """Return why *activity* does not meet *condition*, or an empty string. *past* are the earlier activities, oldest
    first."""
    if condition.call and activity.address not in condition.call:
        return WRONG_CALL
    for clause in _CLAUSES:
        if text := clause(condition, activity, past):
            return text
    return ""


def _environment(_condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    return (
        ""
        if activity.environment == "sandbox"
        else f"it was sent to {activity.environment}; tracks count in the sandbox"
    )


def _values(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    given = dict(activity.values)
    for name, expected in condition.params.items():
        value = given.get(name, "")
        if not expected and name in given:
            return f"{name} must be left out"
        if expected == "*" and not value:
            return f"{name} was not given"
        if expected not in ("", "*") and value != expected:
            return f"{name} was {value or 'not given'}; it must be {expected}"
    return ""


def _readings(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    if condition.readings is None:
        return ""
    if not condition.readings:
        return "it was not sent with the default readings" if activity.readings else ""
    for key, choice in condition.readings.items():
        if activity.readings.get(key, "") != choice and not (choice == "*" and key in activity.readings):
            return f"the reading {key} was not changed" if choice == "*" else f"the reading {key} must be {choice}"
    return ""


def _file(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    return "no file was sent" if condition.file and not activity.file else ""


def _method(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    return _value_problem(condition.method, activity.method, "the method was")


def _fault(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    if condition.fault and not set(condition.fault) & set(activity.faults):
        return f"no fault was active; this step needs the fault {_join_alternatives(condition.fault)}"
    return ""


def _failure(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    if condition.failure and activity.failure not in condition.failure:
        return "the response was complete" if not activity.failure else f"it ended with {activity.failure}"
    return ""


def _status(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    return _value_problem(tuple(map(str, condition.status)), str(activity.status or "none"), "the status was")


def _check(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    if condition.check and activity.check not in condition.check:
        outcome = f"the check {activity.check} refused it" if activity.check else "the sandbox did not refuse it"
        return f"{outcome}; this step needs a refusal by the check {_join_alternatives(condition.check)}"
    return ""


def _outcome(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    text = _value_problem(condition.outcome, activity.outcome, "the verdict was")
    return f"{text} (the check {activity.check} refused it)" if text and activity.check else text


def _token(condition: Condition, activity: Activity, past: Sequence[Activity]) -> str:
    rule = condition.token
    if not rule:
        return ""
    if not activity.used:
        return "it was sent without a token"
    if rule == "fresh":
        known = {secret for earlier in past if earlier.address == activity.address for secret in earlier.used}
        if not known:
            return "it was the first send of this call; send it again"
        return "it was sent with the same token as before" if known & set(activity.used) else ""
    if rule == "same":
        known = {secret for earlier in past if earlier.vendor == activity.vendor for secret in earlier.used}
        return "" if known & set(activity.used) else "it was sent with another token than before"
    return ""


def _hops(condition: Condition, activity: Activity, _past: Sequence[Activity]) -> str:
    missing = [purpose for purpose in condition.hops if purpose not in activity.hops]
    return f"no {missing[0]} request was sent before it" if missing else ""


def _page(condition: Condition, activity: Activity, past: Sequence[Activity]) -> str:
    if not condition.page:
        return ""
    if activity.page is None:
        return "the response is not a page"
    fetched = [
        earlier
        for earlier in past
        if earlier.address == activity.address and earlier.pages == activity.pages and earlier.outcome == "OK"
    ]
    if condition.page == "next":
        is_next = any(earlier.page == activity.page - 1 for earlier in fetched)
        return "" if is_next else "it is not the page after one that you fetched"
    if condition.page == "last":
        return (
            ""
            if activity.page == activity.pages
            else f"it is page {activity.page} of {activity.pages or 'an unknown number'}"
        )
    if activity.pages is None:
        return "the vendor does not report the number of pages"
    last_step = max((index for index, earlier in enumerate(past) if earlier.ticked), default=-1)
    fetched = [earlier for earlier in fetched if earlier in past[last_step + 1 :]]
    pages = {page.page for page in (*fetched, activity)} & set(range(1, activity.pages + 1))
    return "" if len(pages) == activity.pages else f"{len(pages)} of {activity.pages} pages fetched"


def _same(condition: Condition, activity: Activity, past: Sequence[Activity]) -> str:
    if not condition.same_as:
        return ""
    earlier = next((item for item in reversed(past) if item.ticked == condition.same_as), None)
    if earlier is None or earlier.address != activity.address:
        return "it is not the same call as before"
    names = {**dict(earlier.values), **dict(activity.values)}
    changed = [name for name in names if _values_of(earlier, name) != _values_of(activity, name)]
    return f"{min(changed)} is not the same as before" if changed else ""


def _values_of(activity: Activity, name: str) -> list[str]:
    return [value for key, value in activity.values if key == name]


def _value_problem(expected: tuple[str, ...], value: str, label: str) -> str:
    if not expected or value in expected:
        return ""
    return f"{label} {value}; this step needs {_join_alternatives(expected)}"


def _join_alternatives(values: Sequence[str]) -> str:
    return " or ".join(values)


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
"""Most helpful message first."""


_MAX_ACTIVITIES: Final = 300
"""Activities stored for a track."""


class TrackProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Progress in a track: completed steps with their Unix time in seconds, and the activities."""

    done: dict[str, float] = {}
    deeds: tuple[Activity, ...] = ()


@dataclass(frozen=True)
class Feedback:
    """The result of an activity for the current step."""

    kind: Literal["done", "finished", "missed", "back"]
    step: TrackStep
    text: str


def current_step(track: Track, progress: TrackProgress) -> TrackStep | None:
    """Return the first incomplete step, or None."""
    return next((step for step in track.steps if step.id not in progress.done), None)


def advance(
    track: Track, progress: TrackProgress, activity: Activity, now: float
) -> tuple[TrackProgress, Feedback | None]:
    """Return the progress after *activity* at *now* (Unix seconds), and the feedback, None if it is unrelated."""
    step = current_step(track, progress)
    if step is None:
        return progress, None
    reason = unmet_condition(step.done, activity, progress.deeds)
    if not reason:
        after = _with_activity(progress, msgspec.structs.replace(activity, ticked=step.id))
        after = msgspec.structs.replace(after, done={**progress.done, step.id: now})
        is_last = current_step(track, after) is None
        return after, Feedback("finished" if is_last else "done", step, track.ending if is_last else step.learned)
    after = _with_activity(progress, activity)
    for mistake in step.slips:
        if not unmet_condition(mistake.when, activity, progress.deeds):
            if mistake.back:
                return _reopen(track, after, mistake.back), Feedback("back", step, mistake.text)
            return after, Feedback("missed", step, mistake.text)
    if reason == WRONG_CALL:
        return after, None
    return after, Feedback("missed", step, f"Not yet: {reason}.")


def _with_activity(progress: TrackProgress, activity: Activity) -> TrackProgress:
    return msgspec.structs.replace(progress, deeds=(*progress.deeds, activity)[-_MAX_ACTIVITIES:])


def _reopen(track: Track, progress: TrackProgress, step_id: str) -> TrackProgress:
    names = [step.id for step in track.steps]
    reopened = set(names[names.index(step_id) :])
    done = {name: time for name, time in progress.done.items() if name not in reopened}
    return msgspec.structs.replace(progress, done=done)
