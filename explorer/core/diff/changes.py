"""Results of a comparison: changes, aligned blocks of lines, and parts."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.core.body.lexer import Token


ChangeKind = Literal["added", "removed", "changed", "moved"]
Side = Literal["request", "response"]

MAX_CHANGES: Final = 20_000
"""Most changes stored with their values; of further ones only the count and the lines are stored."""
MAX_VALUE_LENGTH: Final = 200
"""Most characters of a value in a change."""
TICK: Final = 512
"""Steps of a walk between two calls of ``tick``."""

EQUAL: Final = 0
CHANGED: Final = 1
ADDED: Final = 2
REMOVED: Final = 3
MOVED: Final = 4
MASKED: Final = 5
_CODES: Final[dict[ChangeKind, int]] = {"changed": CHANGED, "added": ADDED, "removed": REMOVED, "moved": MOVED}
_WIDTH: Final = 6


class ComparisonCancelled(Exception):
    """The comparison was cancelled."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``left`` and ``right`` are values as sent, truncated; empty on the side without one."""

    path: str
    """Readable path: ``data[3].name``, ``/order/item[2]/@id``, or the name of a header or a parameter."""
    kind: ChangeKind
    left: str
    right: str
    masked: bool = False
    """Whether the value is volatile."""
    left_at: str = ""
    """Position on the left: a JSON Pointer (RFC 6901), an XPath, or a number; empty if it has none."""
    right_at: str = ""
    pattern: str = ""
    """Volatile pattern that masks this change and similar ones (``volatile.parse_patterns``)."""


class Block(NamedTuple):
    """Aligned lines: *left_lines* from line *left* on, and those on the right. *change* is a number from 1, or 0."""

    kind: int
    left: int
    left_lines: int
    right: int
    right_lines: int
    change: int


class Record:
    """Changes and blocks of one part. Another thread may read them while the walk adds more.

    *tick* is called every 512 steps, and may raise ``ComparisonCancelled``.
    """

    def __init__(self, tick: Callable[[], None] = lambda: None) -> None:
        self.changes: list[Change] = []
        """The first ``MAX_CHANGES`` changes, including masked ones."""
        self.counts: dict[ChangeKind, int] = {"changed": 0, "added": 0, "removed": 0, "moved": 0}
        """Number of changes by kind, without masked ones."""
        self.masked = 0
        self.left = 0
        """The next line of the left side."""
        self.right = 0
        self._blocks = array("I")
        self._tick, self._steps = tick, 0

    @property
    def found(self) -> int:
        """Number of changes that are not masked."""
        return sum(self.counts.values())

    @property
    def block_count(self) -> int:
        """Number of blocks; the last one may still grow."""
        return len(self._blocks) // _WIDTH

    def block(self, n: int) -> Block:
        """Return block *n*."""
        return Block(*self._blocks[n * _WIDTH : (n + 1) * _WIDTH])

    def packed(self, first: int, last: int) -> bytes:
        """Return blocks *first* to *last* (exclusive) in native byte order for ``extend``."""
        return self._blocks[first * _WIDTH : last * _WIDTH].tobytes()

    def extend(self, changes: list[Change], blocks: bytes, counts: dict[ChangeKind, int], masked: int) -> None:
        """Add changes and blocks from another process, and set the totals."""
        self.changes.extend(changes)
        self._blocks.frombytes(blocks)
        self.counts, self.masked = counts, masked

    def step(self) -> None:
        """Count a step of the walk, and call ``tick`` when it is due."""
        self._steps += 1
        if self._steps % TICK == 0:
            self._tick()

    def equal(self, lines: int) -> None:
        """Add *lines* that are equal on both sides."""
        if not lines:
            return
        blocks = self._blocks
        if (
            not blocks
            or blocks[-6] != EQUAL
            or blocks[-5] + blocks[-4] != self.left
            or blocks[-3] + blocks[-2] != self.right
        ):
            self.put(EQUAL, lines, lines)
            return
        blocks[-4] += lines
        blocks[-2] += lines
        self.left += lines
        self.right += lines

    def put(self, code: int, left_lines: int, right_lines: int, change: int = 0) -> None:
        """Add a block of the next lines on both sides."""
        self._blocks.extend((code, self.left, left_lines, self.right, right_lines, change))
        self.left += left_lines
        self.right += right_lines

    def change(self, change: Change, left_lines: int, right_lines: int) -> None:
        """Add a change and its lines."""
        code = MASKED if change.masked else _CODES[change.kind]
        self.put(code, left_lines, right_lines, self.note(change))

    def count(self, kind: ChangeKind, masked: bool, left_lines: int, right_lines: int) -> None:
        """Count a change that is not stored because there are too many, and add its lines."""
        if masked:
            self.masked += 1
        else:
            self.counts[kind] += 1
        self.put(MASKED if masked else _CODES[kind], left_lines, right_lines)

    @property
    def is_full(self) -> bool:
        """Whether no further changes are stored."""
        return len(self.changes) >= MAX_CHANGES

    def note(self, change: Change) -> int:
        """Add a change without lines, and return its number from 1, or 0 if it is not stored."""
        if change.masked:
            self.masked += 1
        else:
            self.counts[change.kind] += 1
        if len(self.changes) >= MAX_CHANGES:
            return 0
        self.changes.append(change)
        return len(self.changes)


def truncate(text: str) -> str:
    """Truncate *text* to ``MAX_VALUE_LENGTH`` characters."""
    return text if len(text) <= MAX_VALUE_LENGTH else text[: MAX_VALUE_LENGTH - 1] + "…"


class LinesSource(Protocol):
    """Interface of lines to show."""

    @property
    def line_count(self) -> int:
        """Number of lines."""

    def tokens(self, n: int) -> list[Token]:
        """Return line *n* as sanitized ``(kind, text)`` tokens."""

    def line(self, n: int) -> str:
        """Return line *n*, sanitized."""

    def window(self, n: int, left: int, width: int) -> tuple[int, list[Token]]:
        """Return the first cell and the tokens of line *n* that are visible in *width* cells from cell *left*."""


class PairLines:
    """Names and values as lines."""

    def __init__(self, pairs: Sequence[tuple[str, str]], between: str) -> None:
        self._pairs, self._between = pairs, between

    @property
    def line_count(self) -> int:
        """Number of pairs."""
        return len(self._pairs)

    def tokens(self, n: int) -> list[Token]:
        """Return pair *n* as tokens."""
        name, value = self._pairs[n]
        if not name:
            return [("text", sanitize_line(value))]
        return [("key", sanitize_line(name)), ("punctuation", self._between), ("string", sanitize_line(value))]

    def line(self, n: int) -> str:
        """Return pair *n* as a string."""
        return "".join(text for _, text in self.tokens(n))

    def window(self, n: int, left: int, width: int) -> tuple[int, list[Token]]:  # noqa: ARG002 - interface of Document
        """Return the whole pair *n*."""
        return 0, self.tokens(n)


@dataclass
class DiffPart:
    """Part of a request or a response: the lines of both sides and the record of their differences."""

    name: str
    """``request``, ``query``, ``headers``, ``status``, ``body``."""
    side: Side
    left: LinesSource
    right: LinesSource
    record: Record
    note: str = ""
    """Note for the user about how it was compared, or empty."""
    done: bool = True
    """Whether the comparison is complete."""

    @property
    def is_same(self) -> bool:
        """Whether there are no differences, not even volatile ones."""
        return not self.record.found and not self.record.masked
