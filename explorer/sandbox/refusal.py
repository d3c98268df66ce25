"""Refusals: the check that failed, the parameter, and the expected value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from explorer.core.catalog.sandbox import FailureKind

_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_MAX_LENGTH = 1_500


@dataclass(frozen=True)
class Violation:
    """One error in a request. ``param`` is the concrete name (``item7_size``), empty for the whole request."""

    check: str
    kind: FailureKind
    message: str
    param: str = ""
    expected: str = ""
    got: str = ""
    limit: Any = None
    """The exceeded limit, for the vendor's message."""

    @property
    def sentence(self) -> str:
        """The message with what was expected and sent."""
        text = self.message
        if self.expected:
            text += f"; expected {self.expected}"
        if self.got:
            text += f"; got {self.got}"
        return text


@dataclass
class Refused(Exception):
    """The vendor refuses a request. The first of its ``violations``, at least one, selects the response."""

    violations: tuple[Violation, ...]
    hint: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=())

    @property
    def first(self) -> Violation:
        """The violation that selects the response."""
        return self.violations[0]

    @property
    def reason(self) -> str:
        """What failed, what was expected and sent, and the reading that would explain it."""
        texts = [violation.sentence for violation in self.violations[:6]]
        if self.hint:
            texts.append(self.hint)
        return ". ".join(texts)


def make_refusal(kind: FailureKind, check: str, message: str, **more: Any) -> Refused:
    """Return a refusal with one violation."""
    return Refused((Violation(check=check, kind=kind, message=message, **more),))


def header_text(text: str) -> str:
    """Encode *text* for a header: percent-encoded UTF-8, printable ASCII other than ``%`` unchanged."""
    shown = text if len(text) <= _MAX_LENGTH else text[:_MAX_LENGTH] + " …"
    return quote(shown, safe=_PLAIN)


def quote_value(value: Any) -> str:
    """Quote a value for a refusal, shortened to 80 characters."""
    text = value if isinstance(value, str) else repr(value)
    return repr(text if len(text) <= 80 else text[:79] + "…") if isinstance(value, str) else text[:80]
