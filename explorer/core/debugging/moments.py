"""Mistakes of the clock: the same request, signed at another moment or with another unit of time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from explorer.core.debugging.mistake import Mistake
from explorer.core.debugging.mistakes import BY_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.debugging.case import SearchContext, SigningCase
    from explorer.core.debugging.mistake import MistakeVariant


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
