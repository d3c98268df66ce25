"""Find the mistakes that turn one signature into another: alone, in pairs, and of the clock."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from explorer.core.auth.signature_recipe import SignatureParameter
from explorer.core.explain.signature.mistakes import BY_ID, MISTAKES, DescribedMistake, Mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.explain.signature.case import SearchContext, SigningCase
    from explorer.core.explain.signature.mistakes import MistakeVariant
    from explorer.core.explain.signature.pasted_text import Kind, OtherClientInput


class TimestampMistake(Mistake, ABC):
    """Another moment in the place of the timestamp. Such mistakes are searched for apart, since there are thousands."""

    @abstractmethod
    def stamps(self, stamp: str) -> Iterator[str]:
        """Every timestamp that could stand for *stamp*, the likeliest first."""

    @abstractmethod
    def detail(self, stamp: str, other: str) -> str:
        """What lies between the two, in words."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        stamp = case.value(known.timestamp_param) or ""
        if stamp.isdigit() and len(stamp) < 12:
            for other in self.stamps(stamp):
                yield case.with_value(known.timestamp_param, other), self.detail(stamp, other)


@dataclass(frozen=True)
class ClockSkewMistake(TimestampMistake):
    """Seconds that a clock is off."""

    offsets: tuple[int, ...] = ()

    def stamps(self, stamp: str) -> Iterator[str]:
        at = int(stamp)
        return (str(at + offset) for offset in self.offsets)

    def detail(self, stamp: str, other: str) -> str:
        return format_offset(int(other) - int(stamp))


class FractionalSecondMistake(TimestampMistake):
    """Milliseconds that are no whole second."""

    def stamps(self, stamp: str) -> Iterator[str]:
        return (f"{stamp}{one:03}" for one in range(1, 1000))

    def detail(self, stamp: str, other: str) -> str:  # noqa: ARG002 - the other says it all
        return f"{other} was signed"


def format_offset(offset: float) -> str:
    """``3,600 seconds (1 h) ahead``."""
    seconds = abs(round(offset))
    hours = f" ({seconds / 3600:g} h)" if seconds >= 3600 and seconds % 900 == 0 else ""
    unit = "second" if seconds == 1 else "seconds"
    return f"{seconds:,} {unit}{hours} {'ahead' if offset > 0 else 'behind'}"


_AN_HOUR: Final = range(-3600, 3601)
_HALF_HOURS: Final = (halves * 1800 + one for halves in range(-28, 29) for one in range(-60, 61))
_DAYS: Final = (days * 86400 + one for days in range(-7, 8) for one in range(-30, 31))
SKEW: Final = ClockSkewMistake(
    "clock",
    "its clock is another than yours",
    "The time is signed, and the vendor compares it with its own.",
    "Set the clock by a time server, and take the time when the request is sent.",
    tuple(sorted({*_AN_HOUR, *_HALF_HOURS, *_DAYS} - {0}, key=abs)),
)
"""Any second within an hour; half hours up to fourteen hours (a wrong time zone) and whole days up to a week, each give
or take what passed between the two signatures."""
NEAR: Final = ClockSkewMistake(
    "moment",
    "it was signed at another moment",
    "A signature holds for the moment that is signed with it.",
    "Give that moment, to compare the same with the same.",
    tuple(sorted(set(range(-60, 61)) - {0}, key=abs)),
)
FRACTIONAL_SECOND: Final = FractionalSecondMistake(
    "milliseconds", *(getattr(BY_ID["milliseconds"], name) for name in ("title", "why", "fix"))
)


MAX_TRIALS: Final = 8_000
"""Pairs of mistakes that are tried at most; fewer where a request has many parameters."""
_MAX_WORK: Final = 100_000
"""Parameters that are joined at most, over all pairs."""
MAX_KEYS: Final = 24
_MIN_LIKENESS: Final = 0.5
"""Share of a base string that must be the same for a mistake to be called the nearest."""
_MAX_NAMES: Final = 20
_MAX_ALTERNATIVES: Final = 4
"""Other explanations that are given at most."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A mistake, and what exactly was done."""

    mistake: DescribedMistake
    detail: str = ""

    @property
    def text(self) -> str:
        """Both in one line."""
        return f"{self.mistake.title}: {self.detail}" if self.detail else self.mistake.title


@dataclass(frozen=True)
class Diagnosis:
    """``ours`` is the base string as it should be for what was pasted; ``theirs`` the one that was pasted, or the one
    that the causes lead to (empty where that is not known)."""

    kind: Kind
    same: bool = False
    causes: tuple[Cause, ...] = ()
    also: tuple[tuple[Cause, ...], ...] = ()
    """Other mistakes that would give the very same."""
    nearest: Cause | None = None
    """The mistake that comes nearest where none fits."""
    nearest_base: str = ""
    notes: tuple[str, ...] = ()
    our_base: str = ""
    their_base: str = ""
    our_signature: str = ""
    their_signature: str = ""
    tried: int = 0

    @property
    def known(self) -> bool:
        """Whether the difference is explained."""
        return bool(self.causes)

    @property
    def verdict(self) -> str:
        """The answer in a sentence."""
        if self.kind == "nothing":
            return "nothing was pasted"
        if self.same:
            return "the same"
        if self.causes:
            return "not the same: " + "; and ".join(cause.text for cause in self.causes)
        if self.nearest is not None:
            return f"not the same, and no known mistake fits; the nearest: {self.nearest.text}"
        return "not the same, and no known mistake fits"


@dataclass
class _MistakeSearch:
    """One search: what a case gives (*outcome*), and what it should give."""

    known: SearchContext
    outcome: Callable[[SigningCase], str]
    wanted: str
    right: str
    tried: int = 0
    single_trials: list[tuple[Mistake, SigningCase, str, str]] = field(default_factory=list)
    """Mistake, case with it, detail, what it gives: those that make a difference."""

    def single_mistakes(self, case: SigningCase) -> list[tuple[Cause, ...]]:
        """Single mistakes that explain it."""
        for mistake in MISTAKES:
            for other, detail in mistake.variants(case, self.known):
                self.tried += 1
                given = self.outcome(other)
                if given != self.right:
                    self.single_trials.append((mistake, other, detail, given))
        return [(Cause(one, detail),) for one, _, detail, given in self.single_trials if given == self.wanted]

    def mistake_pairs(self, changes: Callable[[SigningCase], object]) -> list[tuple[Cause, ...]]:
        """Pairs of mistakes that explain it, of which each makes a difference of its own by *changes*."""
        found: list[tuple[Cause, ...]] = []
        most = 0
        for first, case, detail, _ in self.single_trials:
            most = most or min(MAX_TRIALS, _MAX_WORK // max(8, len(case.material.parts)))
            before = changes(case)
            for second in MISTAKES[MISTAKES.index(first) + 1 :]:
                for other, more in second.variants(case, self.known):
                    if self.tried >= most:
                        return found
                    self.tried += 1
                    if self.outcome(other) == self.wanted and changes(other) != before:
                        found.append((Cause(first, detail), Cause(second, more)))
        return found


def diagnose(case: SigningCase, pasted: OtherClientInput, known: SearchContext) -> Diagnosis:
    """Compare *pasted* with *case*, which is signed as it should be."""
    known = replace(known, keys=known.keys[:MAX_KEYS])
    if pasted.kind == "nothing":
        return Diagnosis("nothing", our_base=case.base, our_signature=case.sign(case.base))
    if pasted.kind == "signature":
        return _signature(case, pasted, known, ())
    if pasted.kind == "base":
        return _base(case, pasted, known)
    return _request(case, pasted, known)


# --- a request -------------------------------------------------------------------------------------------------------


def _request(case: SigningCase, pasted: OtherClientInput, known: SearchContext) -> Diagnosis:
    """A signed request: what it holds is what should have been signed."""
    if pasted.material is None:
        return Diagnosis("request", notes=pasted.notes)
    notes = [*pasted.notes, *_other_parameters(case, pasted)]
    own_id = case.value(known.id_param) or ""
    theirs = replace(case, material=pasted.material)
    seen: list[Cause] = []
    their_id = theirs.value(known.id_param)
    if their_id and their_id != own_id and their_id == own_id.replace("@", ""):
        seen.append(Cause(BY_ID["lost_at"], f"{their_id} was sent for {own_id}"))
        theirs = theirs.with_value(known.id_param, own_id)
    elif their_id and their_id != own_id:
        notes.append(f"it is signed for {known.id_param}={their_id}, you hold {own_id}")
    seen += _timestamp_causes(theirs.value(known.timestamp_param) or "", known)
    if not pasted.signature:
        base = theirs.base
        return Diagnosis(
            "request", causes=tuple(seen), notes=tuple(notes), our_base=base, our_signature=theirs.sign(base)
        )
    found = _signature(theirs, pasted, replace(known, at=None), tuple(seen))
    return replace(found, kind="request", notes=(*notes, *found.notes))


def _other_parameters(case: SigningCase, pasted: OtherClientInput) -> Iterator[str]:
    """How the parameters of a request differ from those of the call."""
    if pasted.material is None:
        return
    mine = {part.name: part for part in case.material.parts if part.place in ("query", "body")}
    theirs = {part.name: part for part in pasted.material.parts if part.place in ("query", "body")}
    if not mine:
        return  # no call was made up to compare with: only the path was named
    for name in [*mine, *(one for one in theirs if one not in mine)]:
        if name not in theirs:
            yield f"it has no {name}; your call has"
        elif name not in mine:
            yield f"it has {name}; your call has not"
        elif mine[name].value != theirs[name].value:
            yield f"its {name} has another value than that of your call"


def _timestamp_causes(stamp: str, known: SearchContext) -> list[Cause]:
    """What can be read off a timestamp."""
    if re.fullmatch(r"[0-9]{12,16}", stamp, re.ASCII):
        return [Cause(BY_ID["milliseconds"], f"{known.timestamp_param}={stamp}")]
    if known.at is None or not re.fullmatch(r"[0-9]{1,11}", stamp, re.ASCII):
        return []
    offset = int(stamp) - known.at
    return [Cause(SKEW, format_offset(offset))] if abs(offset) > known.tolerance else []


# --- a signature -----------------------------------------------------------------------------------------------------


def _signature(case: SigningCase, pasted: OtherClientInput, known: SearchContext, seen: tuple[Cause, ...]) -> Diagnosis:
    base = case.base
    right, wanted = case.sign(base), pasted.signature
    result = Diagnosis("signature", causes=seen, our_base=base, our_signature=right, their_signature=wanted)
    if right == wanted:
        notes = ("the signature itself is right for what was sent",) if seen else ()
        return replace(result, same=not seen, their_base=base, notes=notes)
    search = _MistakeSearch(known, lambda one: one.sign(one.base), wanted, right)
    found = search.single_mistakes(case)
    if not found and (moment := _moment_cause(case, wanted, known)) is not None:
        return _wrong_moment(result, case, moment, known)
    found = found or search.mistake_pairs(lambda one: one.sign(one.base)) or _nearby_causes(search, wanted, known)
    if not found:
        return replace(result, notes=_shape(wanted, right), tried=search.tried)
    theirs = _apply_causes(case, found[0], known)
    more = _alternative_causes(found)
    return replace(result, causes=(*seen, *found[0]), also=more, their_base=theirs.base, tried=search.tried)


def _wrong_moment(result: Diagnosis, case: SigningCase, moment: Cause, known: SearchContext) -> Diagnosis:
    """A signature that is right but for its moment; one that is near enough is the same."""
    theirs = _apply_causes(case, (moment,), known)
    stamp, own = (one.value(known.timestamp_param) or "0" for one in (theirs, case))
    result = replace(result, their_base=theirs.base)
    if moment.mistake is SKEW and abs(int(stamp) - int(own)) <= known.tolerance:
        note = f"it is of another moment, {moment.detail}; the vendor allows {known.tolerance:g} seconds"
        return replace(
            result, same=not result.causes, our_base=theirs.base, our_signature=result.their_signature, notes=(note,)
        )
    return replace(result, causes=(*result.causes, moment))


def _moment_cause(case: SigningCase, wanted: str, known: SearchContext) -> Cause | None:
    """The moment that the signature is of, if it is right otherwise."""
    for mistake in (SKEW, FRACTIONAL_SECOND):
        found = _moment_of(case, mistake, wanted, known)
        if found is not None:
            return found
    return None


def _moment_of(case: SigningCase, mistake: TimestampMistake, wanted: str, known: SearchContext) -> Cause | None:
    """The moment of *mistake* that gives the signature. It is put into the base string as text, since there are
    thousands of them."""
    stamp, base = case.value(known.timestamp_param) or "", case.base
    spelled = f"{known.timestamp_param}={stamp}"
    if not stamp.isdigit() or len(stamp) > 11 or base.count(spelled) != 1:
        return None
    head, _, tail = base.partition(spelled)
    head += f"{known.timestamp_param}="
    for other in mistake.stamps(stamp):
        if case.sign(f"{head}{other}{tail}") == wanted:
            return Cause(mistake, mistake.detail(stamp, other))
    return None


def _nearby_causes(search: _MistakeSearch, wanted: str, known: SearchContext) -> list[tuple[Cause, ...]]:
    """A single mistake in a signature that was made shortly before or after."""
    for mistake, case, detail, given in search.single_trials:
        if len(given) != len(wanted):
            continue
        found = _moment_of(case, NEAR, wanted, known)
        if found is not None:
            return [(Cause(mistake, detail), found)]
    return []


def _alternative_causes(found: list[tuple[Cause, ...]]) -> tuple[tuple[Cause, ...], ...]:
    """The other explanations, each by other mistakes than those before it."""
    kept: dict[frozenset[str], tuple[Cause, ...]] = {}
    for causes in found:
        kept.setdefault(frozenset(cause.mistake.id for cause in causes), causes)
    return tuple(kept.values())[1 : 1 + _MAX_ALTERNATIVES]


def _apply_causes(case: SigningCase, causes: tuple[Cause, ...], known: SearchContext) -> SigningCase:
    """The case with the mistakes of *causes* in it."""
    for cause in causes:
        if not isinstance(cause.mistake, Mistake):
            continue
        case = next(other for other, detail in cause.mistake.variants(case, known) if detail == cause.detail)
    return case


def _shape(wanted: str, right: str) -> tuple[str, ...]:
    if len(wanted) != len(right):
        return (f"it has {len(wanted)} characters, a signature of this recipe has {len(right)}",)
    return ("a signature tells nothing about how near it is: paste the base string to see where they part",)


# --- a base string ---------------------------------------------------------------------------------------------------


def _base(case: SigningCase, pasted: OtherClientInput, known: SearchContext) -> Diagnosis:
    wanted = pasted.base
    case, seen, notes = _at_their_timestamp(case, wanted, known)
    case = _with_their_signature(case, wanted)
    base = case.base
    result = Diagnosis(
        "base",
        causes=seen,
        notes=notes,
        our_base=base,
        their_base=wanted,
        our_signature=case.sign(base),
        their_signature="",
    )
    if any(cause.mistake.id == "milliseconds" for cause in seen):
        in_seconds = (case.value(known.timestamp_param) or "")[:-3]
        result = replace(result, our_base=case.with_value(known.timestamp_param, in_seconds).base)
    if base == wanted:
        return replace(result, same=not seen)
    search = _MistakeSearch(known, lambda one: one.base, wanted, base)
    found = search.single_mistakes(case) or search.mistake_pairs(lambda one: one.base)
    if found:
        more = _alternative_causes(found)
        return replace(result, causes=(*seen, *found[0]), also=more, tried=search.tried)
    return _unexplained(replace(result, causes=(), tried=search.tried), search, seen)


def _at_their_timestamp(
    case: SigningCase, base: str, known: SearchContext
) -> tuple[SigningCase, tuple[Cause, ...], tuple[str, ...]]:
    """The case with the timestamp of *base*, so that only other differences are left."""
    found = re.search(rf"(?<![^?&]){re.escape(known.timestamp_param)}=([0-9]+)(?![0-9.])", base)
    own = case.value(known.timestamp_param)
    if not known.timestamp_param or found is None or own is None or found[1] == own:
        return case, (), ()
    seen = tuple(_timestamp_causes(found[1], known))
    notes = () if seen else (f"it is of another moment ({found[1]}, yours {own}), which is taken over",)
    return case.with_value(known.timestamp_param, found[1]), seen, notes


def _with_their_signature(case: SigningCase, base: str) -> SigningCase:
    """The case that knows which signature stands in *base*, for the mistake of signing it."""
    name = case.recipe.signature_param
    found = re.search(rf"(?<![^?&]){re.escape(name)}=([^&]*)", base)
    if found is None:
        return case
    parts = (*case.material.parts, SignatureParameter(name, found[1], "auth"))
    return replace(case, material=replace(case.material, parts=parts))


def _unexplained(result: Diagnosis, search: _MistakeSearch, seen: tuple[Cause, ...]) -> Diagnosis:
    """No mistake fits: the nearest one, and the parameters that differ."""
    best, score = None, max(_MIN_LIKENESS, _likeness(result.our_base, result.their_base))
    for mistake, other, detail, given in search.single_trials:
        likeness = _likeness(given, result.their_base)
        if likeness > score:
            best, score = (Cause(mistake, detail), other.base), likeness
    notes = (*result.notes, *_differing_parameters(result.our_base, result.their_base))
    nearest, base = best if best is not None else (None, "")
    return replace(result, causes=seen, nearest=nearest, nearest_base=base, notes=notes)


def _likeness(one: str, other: str) -> float:
    """How much of the longer text is a common beginning or end, from 0 to 1."""
    shorter = min(len(one), len(other))
    head = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    rest = shorter - head
    tail = next((at for at in range(rest) if one[-1 - at] != other[-1 - at]), rest)
    return (head + tail) / max(len(one), len(other), 1)


def _differing_parameters(ours: str, theirs: str) -> Iterator[str]:
    mine, other = _pairs(ours), _pairs(theirs)
    if not other:
        return
    names = [one for one in other if one not in mine and re.fullmatch(r"[\w.%\[\]-]{1,60}", one)]
    for name in [*mine, *names][:_MAX_NAMES]:
        if name not in other:
            yield f"{name} is missing in it"
        elif name not in mine:
            yield f"it has {name}, and yours has not"
        elif mine[name] != other[name]:
            yield f"{name} has another value in it"


def _pairs(base: str) -> dict[str, str]:
    query = base.partition("?")[2]
    return {name: value for name, _, value in (one.partition("=") for one in query.split("&"))} if query else {}
