"""A track as a value: ``Track → Step → Condition``. Each class is a kind of table of a track's TOML file.

In texts ``{key:send}`` stands for the key of an action, ``{file:bag.png}`` for the path of a practice file of the
track, and ``{demo:vendor.credential}`` for the value that the sandbox takes. ``docs/TRACKS.md`` is the manual.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE: Final = re.compile(r"\{(key|file|demo):([^{}]+)\}")


class TrackTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of a track."""


class Condition(TrackTable, frozen=True, kw_only=True):
    """What must be true of something that was sent. Every key that is given must hold; a list holds when one of its
    words does."""

    call: tuple[str, ...] = ()
    """Addresses, as ``vendor.endpoint``."""
    outcome: tuple[str, ...] = ()
    status: tuple[int, ...] = ()
    check: tuple[str, ...] = ()
    """Which check of the sandbox refused it."""
    fault: tuple[str, ...] = ()
    """Kinds of faults of the sandbox that it met."""
    failure: tuple[str, ...] = ()
    """Classes of the error tree, as ``TimedOut``."""
    method: tuple[str, ...] = ()
    params: dict[str, str] = {}
    """Name → value as typed; ``*`` is any value but an empty one, and an empty text means that it was not given."""
    readings: dict[str, str] | None = None
    """Reading → choice, ``*`` for any choice; an empty table means that none was chosen."""
    token: Literal["", "used", "fresh", "same"] = ""
    """``used``: a secret of the scheme stood in the request. ``fresh``: another one than in all earlier sends of this
    call, of which there is one. ``same``: one that an earlier send of the vendor's calls had."""
    hops: tuple[str, ...] = ()
    """Purposes of requests that went before it, as ``auth``."""
    page: Literal["", "next", "last", "every"] = ""
    """``next``: the page after one that was seen. ``every``: with this one, all pages have been seen since the
    step before was done."""
    file: bool = False
    """Whether a file was sent."""
    same_as: str = ""
    """A step, done with the same values in the same call."""


class CommonMistake(TrackTable, frozen=True, kw_only=True):
    """A wrong attempt that is worth a word. ``back``: a step that is open again after it, with all that follow."""

    when: Condition
    text: str
    back: str = ""


class TrackStep(TrackTable, frozen=True, kw_only=True):
    """One thing to do. ``brief`` is a line beside the work, ``text`` the whole of it, ``learned`` is said when done."""

    id: str
    title: str
    brief: str
    done: Condition
    text: str = ""
    learned: str = ""
    open: str = ""
    """The endpoint that it begins at; that of ``done.call`` unless told."""
    slips: tuple[CommonMistake, ...] = ()

    @property
    def address(self) -> str:
        """The endpoint to open for it, or an empty text."""
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
    """Said when the last step is done."""
    files: dict[str, bytes] = {}

    def step(self, step_id: str) -> TrackStep | None:
        """The step of that id, or None."""
        return next((one for one in self.steps if one.id == step_id), None)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every call that the track speaks of."""
        found = [address for step in self.steps for address in (step.address, *step.done.call) if address]
        return tuple(dict.fromkeys(found))


def decode_track(mapping: Mapping[str, Any]) -> Track:
    """The track in a mapping.

    Raises:
        ValueError: something is missing, unknown or of the wrong type, or a step is named that is not there.
    """
    try:
        track = msgspec.convert(mapping, Track)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    names = [step.id for step in track.steps]
    if not names or len(set(names)) != len(names):
        raise ValueError("a track has at least one step, and each an id of its own")
    for at, step in enumerate(track.steps):
        backs = [slip.back for slip in step.slips if slip.back]
        conditions = (step.done, *(slip.when for slip in step.slips))
        for name in (*backs, *(one.same_as for one in conditions if one.same_as)):
            if name not in names[: at + 1]:
                raise ValueError(f"step {step.id} names {name}, which is no step at or before it")
    for name in track.files:
        if not re.fullmatch(r"[\w-][\w.-]*", name):
            raise ValueError(f"{name} cannot be the name of a practice file")
    return track


def fill_placeholders(text: str, words: Mapping[str, str]) -> str:
    """*text* with each ``{kind:name}`` replaced by ``words["kind:name"]``; one that is not known leaves its name."""
    return _PLACE.sub(lambda found: words.get(f"{found[1]}:{found[2]}", found[2]), text)
