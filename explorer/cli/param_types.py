"""Values of options that click has no type for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from explorer.core.text.units import LAST_SECOND

if TYPE_CHECKING:
    from click import Context, Parameter

    _Number = click.ParamType[float]
else:
    _Number = click.ParamType


class UnixTime(_Number):
    """A moment in seconds since 1970 that can be a date."""

    name = "UNIX_TIME"

    def convert(self, value: str | float, param: Parameter | None, ctx: Context | None) -> float:
        """Return the seconds, or fail with a usage error."""
        try:
            seconds = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        if not math.isfinite(seconds) or not 0 <= seconds <= LAST_SECOND:
            self.fail(f"{value} is not between 0 and {LAST_SECOND} (the end of the year 9999).", param, ctx)
        return seconds


class Seconds(_Number):
    """A time limit in seconds, more than none and less than for ever."""

    name = "SECONDS"

    def convert(self, value: str | float, param: Parameter | None, ctx: Context | None) -> float:
        """Return the seconds, or fail with a usage error."""
        try:
            seconds = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        if not math.isfinite(seconds) or seconds <= 0:
            self.fail(f"{value} is not a number of seconds above 0.", param, ctx)
        return seconds
