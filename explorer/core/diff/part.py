"""A part of two requests or two answers, as lines of either side and what was found between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.diff.record import Record, Side
    from explorer.core.document.lexing import Token


class LinesSource(Protocol):
    """Lines that can be shown."""

    @property
    def line_count(self) -> int:
        """How many."""

    def tokens(self, n: int) -> list[Token]:
        """Line *n* as ``(kind, text)``, sanitized."""

    def line(self, n: int) -> str:
        """Line *n*, sanitized."""

    def window(self, n: int, left: int, width: int) -> tuple[int, list[Token]]:
        """The tokens of line *n* that show in *width* cells from cell *left*, and the cell of the first."""


class PairLines:
    """Names and values, one line each."""

    def __init__(self, pairs: Sequence[tuple[str, str]], between: str) -> None:
        self._pairs, self._between = pairs, between

    @property
    def line_count(self) -> int:
        """Number of pairs."""
        return len(self._pairs)

    def tokens(self, n: int) -> list[Token]:
        """Pair *n* as tokens."""
        name, value = self._pairs[n]
        if not name:
            return [("text", sanitize_line(value))]
        return [("key", sanitize_line(name)), ("punctuation", self._between), ("string", sanitize_line(value))]

    def line(self, n: int) -> str:
        """Pair *n* as text."""
        return "".join(text for _, text in self.tokens(n))

    def window(self, n: int, left: int, width: int) -> tuple[int, list[Token]]:  # noqa: ARG002 - as of a document
        """All of pair *n*."""
        return 0, self.tokens(n)


@dataclass
class DiffPart:
    """A part of a request or a response: ``left`` and ``right`` as lines, and what is found between them."""

    name: str
    """``request``, ``query``, ``headers``, ``status``, ``body``."""
    side: Side
    left: LinesSource
    right: LinesSource
    record: Record
    note: str = ""
    """What a person should know of how it was compared, or empty."""
    done: bool = True
    """Whether it is compared to its end."""

    @property
    def is_same(self) -> bool:
        """Whether nothing differs, not even in what is volatile."""
        return not self.record.found and not self.record.masked
