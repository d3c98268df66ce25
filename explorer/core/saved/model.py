"""A saved request as a value, and what is expected of its answer."""

from __future__ import annotations

from typing import Any, Final, Literal

from explorer.core.model import Call, FrozenStruct
from explorer.core.text.units import format_duration

Operator = Literal[
    "equals",
    "not",
    "contains",
    "matches",
    "above",
    "at_least",
    "below",
    "at_most",
    "exists",
    "type",
    "length",
]
OPERATORS: Final[dict[str, str]] = {
    "equals": "is",
    "not": "is not",
    "contains": "contains",
    "matches": "matches",
    "above": "is above",
    "at_least": "is at least",
    "below": "is below",
    "at_most": "is at most",
    "exists": "is there",
    "type": "is of the type",
    "length": "has the length",
}
"""Operator → how it is said."""
TYPES: Final = ("string", "number", "boolean", "array", "object", "null")
VERDICTS: Final = ("OK", "FAILED", "PARTIAL", "UNKNOWN", "any")


class Assertion(FrozenStruct, frozen=True, kw_only=True):
    """One thing that is expected of a value: *value* is a JSON value (text in it may hold placeholders)."""

    operator: Operator
    value: Any = None


Expected = tuple[str, tuple[Assertion, ...]]
"""A JMESPath or the name of a header, and what is expected of what it gives."""


class Expectations(FrozenStruct, frozen=True, kw_only=True):
    """What must be true of an answer."""

    verdict: str = ""
    """One of ``VERDICTS``; empty: ``OK``, unless the status that is expected is no success."""
    status: tuple[str, ...] = ()
    """Alternatives: ``201``, ``2xx``, ``>=400``, ``200-299``; none: any."""
    within: float | None = None
    """Seconds that the whole exchange may take."""
    headers: tuple[Expected, ...] = ()
    body: tuple[Expected, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.verdict or self.status or self.within is not None or self.headers or self.body)


RerunMode = Literal["missing", "never", "always", "older"]


class RerunRule(FrozenStruct, frozen=True):
    """When a request is run again whose answer is needed: ``missing`` (there is no answer of it yet), ``never`` (take
    the answer that there is), ``always`` (once in each run), ``older`` (than *seconds*)."""

    when: RerunMode = "missing"
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"older than {format_duration(self.seconds)}" if self.when == "older" else self.when


class SavedRequest(FrozenStruct, frozen=True, kw_only=True):
    """What one file says. The texts of *call* hold placeholders; its environment is empty where the file names none."""

    call: Call
    description: str = ""
    again: dict[str, RerunRule] = {}
    """Name of a request, as it stands in a placeholder → when it is run again."""
    expect: Expectations = Expectations()


class FolderOptions(FrozenStruct, frozen=True, kw_only=True):
    """What ``_folder.toml`` says of a folder that is run as a sequence."""

    description: str = ""
    order: tuple[str, ...] = ()
    """Names that come first, in this order; the others follow by their names, numbers as numbers."""
    go_on: bool = True
    """Whether a sequence goes on after a step that failed: with those that do not need its response."""


class VariableSet(FrozenStruct, frozen=True, kw_only=True):
    """What ``environments/NAME.toml`` says."""

    description: str = ""
    variables: dict[str, str] = {}
    environments: dict[str, str] = {}
    """Vendor → the environment of its calls whose files name none."""
