"""A track as a value: ``Track → TrackStep → Condition``. Each class is a table of a track's TOML file.

In texts, ``{key:send}`` is the key of an action, ``{file:bag.png}`` the path of a practice file, and
``{demo:vendor.credential}`` the sandbox's demo value. See ``docs/TRACKS.md``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER: Final = re.compile(r"\{(key|file|demo):([^{}]+)\}")


class TrackTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of a track."""


class Condition(TrackTable, frozen=True, kw_only=True):
    """A condition on a send. Every given key must match; an array matches if one of its values does."""

    call: tuple[str, ...] = ()
    """Addresses, as ``vendor.endpoint``."""
    outcome: tuple[str, ...] = ()
    status: tuple[int, ...] = ()
    check: tuple[str, ...] = ()
    """The sandbox checks that refused it."""
    fault: tuple[str, ...] = ()
    """Kinds of sandbox faults that it encountered."""
    failure: tuple[str, ...] = ()
    """Error classes, such as ``TimedOut``."""
    method: tuple[str, ...] = ()
    params: dict[str, str] = {}
    """Name → value as typed; ``*`` is any non-empty value, an empty string means absent."""
    readings: dict[str, str] | None = None
    """Reading → choice, ``*`` for any choice; an empty table means only default readings."""
    token: Literal["", "used", "fresh", "same"] = ""
    """``used``: the request contained a secret of the scheme. ``fresh``: a new one, unlike in earlier sends of this
    call. ``same``: one that an earlier send to the vendor contained."""
    hops: tuple[str, ...] = ()
    """Purposes of the requests before it, such as ``auth``."""
    page: Literal["", "next", "last", "every"] = ""
    """``next``: the page after one that was fetched. ``every``: all pages were fetched since the previous step."""
    file: bool = False
    """Whether a file was sent."""
    same_as: str = ""
    """A step that was completed with the same call and values."""


class CommonMistake(TrackTable, frozen=True, kw_only=True):
    """A common mistake and its feedback. ``back`` is a step to reopen, together with all steps after it."""

    when: Condition
    text: str
    back: str = ""


class TrackStep(TrackTable, frozen=True, kw_only=True):
    """One step. ``brief`` is its one-line form, ``text`` the full form, ``learned`` is shown on completion."""

    id: str
    title: str
    brief: str
    done: Condition
    text: str = ""
    learned: str = ""
    open: str = ""
    """The endpoint to open; default: that of ``done.call``."""
    slips: tuple[CommonMistake, ...] = ()

    @property
    def address(self) -> str:
        """The endpoint to open, or an empty string."""
        return self.open or (self.done.call[0] if self.done.call else "")


class Track(TrackTable, frozen=True, kw_only=True):
    """A lesson. ``files`` are practice files: name → content as base64."""

    id: str
    title: str
    about: str
    steps: tuple[TrackStep, ...]
    order: int = 100
    minutes: int = 5
    ending: str = ""
    """Shown when the last step is completed."""
    files: dict[str, bytes] = {}

    def step(self, step_id: str) -> TrackStep | None:
        """Return the step with that id, or None."""
        return next((step for step in self.steps if step.id == step_id), None)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every call in the track, each once."""
        addresses = [address for step in self.steps for address in (step.address, *step.done.call) if address]
        return tuple(dict.fromkeys(addresses))


def decode_track(mapping: Mapping[str, Any]) -> Track:
    """Decode the track in *mapping*.

    Raises:
        ValueError: a key is missing, unknown or of the wrong type, or a step refers to an unknown step.
    """
    try:
        track = msgspec.convert(mapping, Track)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    names = [step.id for step in track.steps]
    if not names or len(set(names)) != len(names):
        raise ValueError("a track needs at least one step, and step ids must be unique")
    for index, step in enumerate(track.steps):
        backs = [slip.back for slip in step.slips if slip.back]
        conditions = (step.done, *(slip.when for slip in step.slips))
        for name in (*backs, *(condition.same_as for condition in conditions if condition.same_as)):
            if name not in names[: index + 1]:
                raise ValueError(f"step {step.id} refers to {name}, which is not this step or an earlier one")
    for name in track.files:
        if not re.fullmatch(r"[\w-][\w.-]*", name):
            raise ValueError(f"{name!r} is not a valid name for a practice file")
    return track


def fill_placeholders(text: str, values: Mapping[str, str]) -> str:
    """Return *text* with each ``{kind:name}`` replaced by ``values["kind:name"]``, or by ``name`` if that is
    missing."""
    return _PLACEHOLDER.sub(lambda match: values.get(f"{match[1]}:{match[2]}", match[2]), text)
