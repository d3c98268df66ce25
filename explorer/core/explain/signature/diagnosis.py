"""Search for the mistakes that turn one signature into another: single mistakes, pairs, and clock skew."""

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
    """Another timestamp than the expected one. There are thousands of candidates, so they are searched separately."""

    @abstractmethod
    def stamps(self, stamp: str) -> Iterator[str]:
        """Return every candidate for *stamp*, most likely first."""

    @abstractmethod
    def detail(self, stamp: str, other: str) -> str:
        """Describe the difference between the two timestamps."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:
        stamp = case.value(context.timestamp_param) or ""
        if stamp.isdigit() and len(stamp) < 12:
            for other in self.stamps(stamp):
                yield case.with_value(context.timestamp_param, other), self.detail(stamp, other)


@dataclass(frozen=True)
class ClockSkewMistake(TimestampMistake):
    """A clock that is off by one of ``offsets`` (seconds)."""

    offsets: tuple[int, ...] = ()

    def stamps(self, stamp: str) -> Iterator[str]:
        at = int(stamp)
        return (str(at + offset) for offset in self.offsets)

    def detail(self, stamp: str, other: str) -> str:
        return format_offset(int(other) - int(stamp))


class FractionalSecondMistake(TimestampMistake):
    """A timestamp in milliseconds that is not a whole second."""

    def stamps(self, stamp: str) -> Iterator[str]:
        return (f"{stamp}{milliseconds:03}" for milliseconds in range(1, 1000))

    def detail(self, stamp: str, other: str) -> str:  # noqa: ARG002 - not needed
        return f"{other} was signed"


def format_offset(offset: float) -> str:
    """Format an offset in seconds, as in ``3,600 seconds (1 h) ahead``."""
    seconds = abs(round(offset))
    hours = f" ({seconds / 3600:g} h)" if seconds >= 3600 and seconds % 900 == 0 else ""
    unit = "second" if seconds == 1 else "seconds"
    return f"{seconds:,} {unit}{hours} {'ahead' if offset > 0 else 'behind'}"


_AN_HOUR: Final = range(-3600, 3601)
_HALF_HOURS: Final = (halves * 1800 + seconds for halves in range(-28, 29) for seconds in range(-60, 61))
_DAYS: Final = (days * 86400 + seconds for days in range(-7, 8) for seconds in range(-30, 31))
SKEW: Final = ClockSkewMistake(
    "clock",
    "its clock differs from yours",
    "The timestamp is signed, and the vendor compares it with its own clock.",
    "Synchronize the clock (NTP), and read the time when you send the request.",
    tuple(sorted({*_AN_HOUR, *_HALF_HOURS, *_DAYS} - {0}, key=abs)),
)
"""Every second up to one hour, half hours up to fourteen hours (a wrong time zone), and days up to a week. The last two
allow for the time between the two signatures."""
NEAR: Final = ClockSkewMistake(
    "moment",
    "it was signed at another time",
    "A signature is valid only for its own timestamp.",
    "Use the same timestamp for the comparison.",
    tuple(sorted(set(range(-60, 61)) - {0}, key=abs)),
)
FRACTIONAL_SECOND: Final = FractionalSecondMistake(
    "milliseconds", *(getattr(BY_ID["milliseconds"], name) for name in ("title", "why", "fix"))
)


MAX_TRIALS: Final = 8_000
"""Most pairs of mistakes to try; fewer for a request with many parameters."""
_MAX_WORK: Final = 100_000
"""Most parameters to join, over all pairs."""
MAX_KEYS: Final = 24
_MIN_SIMILARITY: Final = 0.5
"""Share of a base string that must match before a mistake is reported as the nearest."""
_MAX_NAMES: Final = 20
_MAX_ALTERNATIVES: Final = 4
"""Most alternative explanations to report."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A mistake and its detail."""

    mistake: DescribedMistake
    detail: str = ""

    @property
    def text(self) -> str:
        """Title and detail on one line."""
        return f"{self.mistake.title}: {self.detail}" if self.detail else self.mistake.title


@dataclass(frozen=True)
class Diagnosis:
    """Result of a comparison.

    ``our_base`` is the correct base string for the other client's input. ``their_base`` is the one it gave, or the one
    that the causes produce (empty if unknown).
    """

    kind: Kind
    same: bool = False
    causes: tuple[Cause, ...] = ()
    also: tuple[tuple[Cause, ...], ...] = ()
    """Other mistakes with exactly the same result."""
    nearest: Cause | None = None
    """The closest mistake, if none explains the difference."""
    nearest_base: str = ""
    notes: tuple[str, ...] = ()
    our_base: str = ""
    their_base: str = ""
    our_signature: str = ""
    their_signature: str = ""
    tried: int = 0

    @property
    def verdict(self) -> str:
        """The result in one sentence."""
        if self.kind == "nothing":
            return "nothing to compare"
        if self.same:
            return "the same"
        if self.causes:
            return "different: " + "; and ".join(cause.text for cause in self.causes)
        if self.nearest is not None:
            return f"different, and no known mistake explains it; the nearest: {self.nearest.text}"
        return "different, and no known mistake explains it"


@dataclass
class _MistakeSearch:
    """Search for mistakes whose ``outcome`` is ``wanted`` instead of ``right``."""

    context: SearchContext
    outcome: Callable[[SigningCase], str]
    wanted: str
    right: str
    tried: int = 0
    single_trials: list[tuple[Mistake, SigningCase, str, str]] = field(default_factory=list)
    """Mistake, case with it, detail and outcome, for each mistake that changes the outcome."""

    def single_mistakes(self, case: SigningCase) -> list[tuple[Cause, ...]]:
        """Return the single mistakes that explain the difference."""
        for mistake in MISTAKES:
            for other, detail in mistake.variants(case, self.context):
                self.tried += 1
                outcome = self.outcome(other)
                if outcome != self.right:
                    self.single_trials.append((mistake, other, detail, outcome))
        return [
            (Cause(mistake, detail),) for mistake, _, detail, outcome in self.single_trials if outcome == self.wanted
        ]

    def mistake_pairs(self, changes: Callable[[SigningCase], object]) -> list[tuple[Cause, ...]]:
        """Return the pairs of mistakes that explain the difference. The second must change the result of *changes*."""
        pairs: list[tuple[Cause, ...]] = []
        most = 0
        for first, case, detail, _ in self.single_trials:
            most = most or min(MAX_TRIALS, _MAX_WORK // max(8, len(case.material.parts)))
            before = changes(case)
            for second in MISTAKES[MISTAKES.index(first) + 1 :]:
                for other, second_detail in second.variants(case, self.context):
                    if self.tried >= most:
                        return pairs
                    self.tried += 1
                    if self.outcome(other) == self.wanted and changes(other) != before:
                        pairs.append((Cause(first, detail), Cause(second, second_detail)))
        return pairs


def diagnose(case: SigningCase, pasted: OtherClientInput, context: SearchContext) -> Diagnosis:
    """Compare *pasted* with the correctly signed *case*."""
    context = replace(context, keys=context.keys[:MAX_KEYS])
    if pasted.kind == "nothing":
        return Diagnosis("nothing", our_base=case.base, our_signature=case.sign(case.base))
    if pasted.kind == "signature":
        return _compare_signature(case, pasted, context, ())
    if pasted.kind == "base":
        return _compare_base(case, pasted, context)
    return _compare_request(case, pasted, context)


# --- a request -------------------------------------------------------------------------------------------------------


def _compare_request(case: SigningCase, pasted: OtherClientInput, context: SearchContext) -> Diagnosis:
    """Compare a signed request with the signature that its own contents should have."""
    if pasted.material is None:
        return Diagnosis("request", notes=pasted.notes)
    notes = [*pasted.notes, *_other_parameters(case, pasted)]
    own_id = case.value(context.id_param) or ""
    theirs = replace(case, material=pasted.material)
    seen: list[Cause] = []
    their_id = theirs.value(context.id_param)
    if their_id and their_id != own_id and their_id == own_id.replace("@", ""):
        seen.append(Cause(BY_ID["lost_at"], f"{their_id} was sent instead of {own_id}"))
        theirs = theirs.with_value(context.id_param, own_id)
    elif their_id and their_id != own_id:
        notes.append(f"it is signed for {context.id_param}={their_id}; your key id is {own_id}")
    seen += _timestamp_causes(theirs.value(context.timestamp_param) or "", context)
    if not pasted.signature:
        base = theirs.base
        return Diagnosis(
            "request", causes=tuple(seen), notes=tuple(notes), our_base=base, our_signature=theirs.sign(base)
        )
    diagnosis = _compare_signature(theirs, pasted, replace(context, at=None), tuple(seen))
    return replace(diagnosis, kind="request", notes=(*notes, *diagnosis.notes))


def _other_parameters(case: SigningCase, pasted: OtherClientInput) -> Iterator[str]:
    """Yield how the parameters of the request differ from those of the call."""
    if pasted.material is None:
        return
    mine = {part.name: part for part in case.material.parts if part.place in ("query", "body")}
    theirs = {part.name: part for part in pasted.material.parts if part.place in ("query", "body")}
    if not mine:
        return  # the call has no values to compare with
    for name in [*mine, *(name for name in theirs if name not in mine)]:
        if name not in theirs:
            yield f"only your call has {name}"
        elif name not in mine:
            yield f"only their request has {name}"
        elif mine[name].value != theirs[name].value:
            yield f"{name} has a different value in your call"


def _timestamp_causes(stamp: str, context: SearchContext) -> list[Cause]:
    """Return the mistakes that a timestamp shows by itself."""
    if re.fullmatch(r"[0-9]{12,16}", stamp, re.ASCII):
        return [Cause(BY_ID["milliseconds"], f"{context.timestamp_param}={stamp}")]
    if context.at is None or not re.fullmatch(r"[0-9]{1,11}", stamp, re.ASCII):
        return []
    offset = int(stamp) - context.at
    return [Cause(SKEW, format_offset(offset))] if abs(offset) > context.tolerance else []


# --- a signature -----------------------------------------------------------------------------------------------------


def _compare_signature(
    case: SigningCase, pasted: OtherClientInput, context: SearchContext, seen: tuple[Cause, ...]
) -> Diagnosis:
    base = case.base
    right, wanted = case.sign(base), pasted.signature
    result = Diagnosis("signature", causes=seen, our_base=base, our_signature=right, their_signature=wanted)
    if right == wanted:
        notes = ("the signature itself is correct for the request",) if seen else ()
        return replace(result, same=not seen, their_base=base, notes=notes)
    search = _MistakeSearch(context, lambda other: other.sign(other.base), wanted, right)
    explanations = search.single_mistakes(case)
    if not explanations and (moment := _moment_cause(case, wanted, context)) is not None:
        return _wrong_moment(result, case, moment, context)
    explanations = (
        explanations
        or search.mistake_pairs(lambda other: other.sign(other.base))
        or _nearby_causes(search, wanted, context)
    )
    if not explanations:
        return replace(result, notes=_signature_notes(wanted, right), tried=search.tried)
    theirs = _apply_causes(case, explanations[0], context)
    more = _alternative_causes(explanations)
    return replace(result, causes=(*seen, *explanations[0]), also=more, their_base=theirs.base, tried=search.tried)


def _wrong_moment(result: Diagnosis, case: SigningCase, moment: Cause, context: SearchContext) -> Diagnosis:
    """Return the diagnosis of a signature that only differs in its timestamp: the same within the tolerance."""
    theirs = _apply_causes(case, (moment,), context)
    stamp, own = (signed.value(context.timestamp_param) or "0" for signed in (theirs, case))
    result = replace(result, their_base=theirs.base)
    if moment.mistake is SKEW and abs(int(stamp) - int(own)) <= context.tolerance:
        note = f"its timestamp is {moment.detail}; the vendor allows {context.tolerance:g} seconds"
        return replace(
            result, same=not result.causes, our_base=theirs.base, our_signature=result.their_signature, notes=(note,)
        )
    return replace(result, causes=(*result.causes, moment))


def _moment_cause(case: SigningCase, wanted: str, context: SearchContext) -> Cause | None:
    """Return the timestamp mistake that alone explains the signature, if any."""
    for mistake in (SKEW, FRACTIONAL_SECOND):
        cause = _moment_of(case, mistake, wanted, context)
        if cause is not None:
            return cause
    return None


def _moment_of(case: SigningCase, mistake: TimestampMistake, wanted: str, context: SearchContext) -> Cause | None:
    """Return the timestamp of *mistake* that gives the signature, if any.

    There are thousands of candidates, so each is inserted into the finished base string.
    """
    stamp, base = case.value(context.timestamp_param) or "", case.base
    pair = f"{context.timestamp_param}={stamp}"
    if not stamp.isdigit() or len(stamp) > 11 or base.count(pair) != 1:
        return None
    head, _, tail = base.partition(pair)
    head += f"{context.timestamp_param}="
    for other in mistake.stamps(stamp):
        if case.sign(f"{head}{other}{tail}") == wanted:
            return Cause(mistake, mistake.detail(stamp, other))
    return None


def _nearby_causes(search: _MistakeSearch, wanted: str, context: SearchContext) -> list[tuple[Cause, ...]]:
    """Return a single mistake in a signature that is up to a minute older or newer."""
    for mistake, case, detail, outcome in search.single_trials:
        if len(outcome) != len(wanted):
            continue
        moment = _moment_of(case, NEAR, wanted, context)
        if moment is not None:
            return [(Cause(mistake, detail), moment)]
    return []


def _alternative_causes(explanations: list[tuple[Cause, ...]]) -> tuple[tuple[Cause, ...], ...]:
    """Return the explanations after the first, one for each set of mistakes."""
    distinct: dict[frozenset[str], tuple[Cause, ...]] = {}
    for causes in explanations:
        distinct.setdefault(frozenset(cause.mistake.id for cause in causes), causes)
    return tuple(distinct.values())[1 : 1 + _MAX_ALTERNATIVES]


def _apply_causes(case: SigningCase, causes: tuple[Cause, ...], context: SearchContext) -> SigningCase:
    """Return the case with the mistakes of *causes* applied."""
    for cause in causes:
        if not isinstance(cause.mistake, Mistake):
            continue
        case = next(other for other, detail in cause.mistake.variants(case, context) if detail == cause.detail)
    return case


def _signature_notes(wanted: str, right: str) -> tuple[str, ...]:
    if len(wanted) != len(right):
        return (f"it has {len(wanted)} characters; this vendor's signatures have {len(right)}",)
    return ("a signature alone does not show what differs; paste the base string to compare",)


# --- a base string ---------------------------------------------------------------------------------------------------


def _compare_base(case: SigningCase, pasted: OtherClientInput, context: SearchContext) -> Diagnosis:
    wanted = pasted.base
    case, seen, notes = _at_their_timestamp(case, wanted, context)
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
        in_seconds = (case.value(context.timestamp_param) or "")[:-3]
        result = replace(result, our_base=case.with_value(context.timestamp_param, in_seconds).base)
    if base == wanted:
        return replace(result, same=not seen)
    search = _MistakeSearch(context, lambda other: other.base, wanted, base)
    explanations = search.single_mistakes(case) or search.mistake_pairs(lambda other: other.base)
    if explanations:
        more = _alternative_causes(explanations)
        return replace(result, causes=(*seen, *explanations[0]), also=more, tried=search.tried)
    return _unexplained(replace(result, causes=(), tried=search.tried), search, seen)


def _at_their_timestamp(
    case: SigningCase, base: str, context: SearchContext
) -> tuple[SigningCase, tuple[Cause, ...], tuple[str, ...]]:
    """Return the case with the timestamp of *base*, so that only other differences remain."""
    match = re.search(rf"(?<![^?&]){re.escape(context.timestamp_param)}=([0-9]+)(?![0-9.])", base)
    own = case.value(context.timestamp_param)
    if not context.timestamp_param or match is None or own is None or match[1] == own:
        return case, (), ()
    seen = tuple(_timestamp_causes(match[1], context))
    notes = () if seen else (f"compared at their timestamp {match[1]} (yours: {own})",)
    return case.with_value(context.timestamp_param, match[1]), seen, notes


def _with_their_signature(case: SigningCase, base: str) -> SigningCase:
    """Return the case with the signature parameter of *base*, for the mistake of signing it."""
    name = case.recipe.signature_param
    match = re.search(rf"(?<![^?&]){re.escape(name)}=([^&]*)", base)
    if match is None:
        return case
    parts = (*case.material.parts, SignatureParameter(name, match[1], "auth"))
    return replace(case, material=replace(case.material, parts=parts))


def _unexplained(result: Diagnosis, search: _MistakeSearch, seen: tuple[Cause, ...]) -> Diagnosis:
    """Add the nearest mistake and the differing parameters to a result that no mistake explains."""
    best, score = None, max(_MIN_SIMILARITY, _similarity(result.our_base, result.their_base))
    for mistake, other, detail, outcome in search.single_trials:
        similarity = _similarity(outcome, result.their_base)
        if similarity > score:
            best, score = (Cause(mistake, detail), other.base), similarity
    notes = (*result.notes, *_differing_parameters(result.our_base, result.their_base))
    nearest, base = best if best is not None else (None, "")
    return replace(result, causes=seen, nearest=nearest, nearest_base=base, notes=notes)


def _similarity(left: str, right: str) -> float:
    """Return the share of the longer string that is a common prefix or suffix, from 0 to 1."""
    shorter = min(len(left), len(right))
    head = next((at for at in range(shorter) if left[at] != right[at]), shorter)
    rest = shorter - head
    tail = next((at for at in range(rest) if left[-1 - at] != right[-1 - at]), rest)
    return (head + tail) / max(len(left), len(right), 1)


def _differing_parameters(ours: str, theirs: str) -> Iterator[str]:
    mine, other = _pairs(ours), _pairs(theirs)
    if not other:
        return
    names = [name for name in other if name not in mine and re.fullmatch(r"[\w.%\[\]-]{1,60}", name)]
    for name in [*mine, *names][:_MAX_NAMES]:
        if name not in other:
            yield f"only your base string has {name}"
        elif name not in mine:
            yield f"only their base string has {name}"
        elif mine[name] != other[name]:
            yield f"{name} has a different value in theirs"


def _pairs(base: str) -> dict[str, str]:
    query = base.partition("?")[2]
    return {name: value for name, _, value in (pair.partition("=") for pair in query.split("&"))} if query else {}
