"""A refusal: which check failed, on what, and what would have been right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from explorer.core.catalog.sandbox import FailureKind

_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_LONGEST = 1_500


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong with a request. ``param`` is the concrete name (``item7_size``), empty for the whole."""

    check: str
    kind: FailureKind
    message: str
    param: str = ""
    expected: str = ""
    got: str = ""
    limit: Any = None
    """The bound that was passed, for the vendor's own sentence."""

    @property
    def sentence(self) -> str:
        """Everything in one sentence."""
        text = self.message
        if self.expected:
            text += f"; expected {self.expected}"
        if self.got:
            text += f"; got {self.got}"
        return text


@dataclass
class Refused(Exception):
    """The vendor says no. ``flaws`` has at least one entry; the first gives the answer its check."""

    violations: tuple[Violation, ...]
    hint: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=())

    @property
    def first(self) -> Violation:
        """The flaw that the answer is chosen by."""
        return self.violations[0]

    @property
    def reason(self) -> str:
        """What failed, what was expected, what came; and which reading would explain it."""
        texts = [flaw.sentence for flaw in self.violations[:6]]
        if self.hint:
            texts.append(self.hint)
        return ". ".join(texts)


def make_refusal(kind: FailureKind, check: str, message: str, **more: Any) -> Refused:
    """A refusal with one flaw."""
    return Refused((Violation(check=check, kind=kind, message=message, **more),))


def header_text(text: str) -> str:
    """*text* for a header: percent-encoded UTF-8, printable ASCII other than ``%`` as it is."""
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
    return quote(shown, safe=_PLAIN)


def quote_value(value: Any) -> str:
    """A value as a refusal quotes it."""
    text = value if isinstance(value, str) else repr(value)
    return repr(text if len(text) <= 80 else text[:79] + "…") if isinstance(value, str) else text[:80]
