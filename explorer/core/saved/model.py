"""Saved requests and the expectations of their responses, as values."""

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
    "exists": "exists",
    "type": "has type",
    "length": "has length",
}
"""Operator → its text."""
TYPES: Final = ("string", "number", "boolean", "array", "object", "null")
VERDICTS: Final = ("OK", "FAILED", "PARTIAL", "UNKNOWN", "any")


class Assertion(FrozenStruct, frozen=True, kw_only=True):
    """A comparison with a JSON *value*, whose strings can contain placeholders."""

    operator: Operator
    value: Any = None


Expected = tuple[str, tuple[Assertion, ...]]
"""A JMESPath or header name, and the assertions on its value."""


class Expectations(FrozenStruct, frozen=True, kw_only=True):
    """The expectations of a response."""

    verdict: str = ""
    """One of ``VERDICTS``; empty: ``any`` if only error statuses are expected, else ``OK``."""
    status: tuple[str, ...] = ()
    """Alternatives: ``201``, ``2xx``, ``>=400``, ``200-299``; none: any."""
    within: float | None = None
    """Maximum seconds of the whole exchange."""
    headers: tuple[Expected, ...] = ()
    body: tuple[Expected, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.verdict or self.status or self.within is not None or self.headers or self.body)


RerunMode = Literal["missing", "never", "always", "older"]


class RerunRule(FrozenStruct, frozen=True):
    """When to rerun a request whose response another request needs.

    ``missing``: if there is no response yet; ``never``: use the existing response; ``always``: once in each run;
    ``older``: if the response is older than *seconds*.
    """

    when: RerunMode = "missing"
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"older than {format_duration(self.seconds)}" if self.when == "older" else self.when


class SavedRequest(FrozenStruct, frozen=True, kw_only=True):
    """The content of a file. *call* can contain placeholders; its environment is empty if the file names none."""

    call: Call
    description: str = ""
    again: dict[str, RerunRule] = {}
    """Name of a request, as in a placeholder → when to rerun it."""
    expect: Expectations = Expectations()


class FolderOptions(FrozenStruct, frozen=True, kw_only=True):
    """The content of ``_folder.toml``: how the folder is run as a sequence."""

    description: str = ""
    order: tuple[str, ...] = ()
    """Names to run first, in this order. The others follow in natural sort order."""
    go_on: bool = True
    """Whether to continue after a failed step, with the steps that do not need its response."""


class VariableSet(FrozenStruct, frozen=True, kw_only=True):
    """The content of ``environments/NAME.toml``."""

    description: str = ""
    variables: dict[str, str] = {}
    environments: dict[str, str] = {}
    """Vendor → the environment of calls whose files name none."""
