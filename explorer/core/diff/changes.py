"""What a comparison reports, in order: changes, parts, and aligned blocks of lines."""

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
"""Changes that are kept with their texts; further ones are counted, and their lines are kept."""
MAX_VALUE_LENGTH: Final = 200
"""Characters of a value that a change tells."""
TICK: Final = 512
"""Steps of a walk between two ticks."""

EQUAL: Final = 0
CHANGED: Final = 1
ADDED: Final = 2
REMOVED: Final = 3
MOVED: Final = 4
MASKED: Final = 5
_CODES: Final[dict[ChangeKind, int]] = {"changed": CHANGED, "added": ADDED, "removed": REMOVED, "moved": MOVED}
_WIDTH: Final = 6


class ComparisonCancelled(Exception):
    """The one who waits for the comparison does not want it any more."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``left`` and ``right`` are texts as sent, cut after a while, empty on the side that has none."""

    path: str
    """As people write it: ``data[3].name``, ``/order/item[2]/@id``, the name of a header or a parameter."""
    kind: ChangeKind
    left: str
    right: str
    masked: bool = False
    """Whether it was to be expected: a volatile field."""
    left_at: str = ""
    """Where it stands on the left: a JSON pointer (RFC 6901), an XPath, or a number; empty where there is none."""
    right_at: str = ""
    pattern: str = ""
    """What to ignore so that this one and its like are masked (``volatile.parse_patterns``)."""


class Block(NamedTuple):
    """*left_lines* lines from line *left* on, beside those of the right; *change* counts from 1, 0 is none."""

    kind: int
    left: int
    left_lines: int
    right: int
    right_lines: int
    change: int


class Record:
    """Grows while two sides are walked; another thread may read what is there. *tick* is called now and then and may
    raise ``ComparisonCancelled``."""

    def __init__(self, tick: Callable[[], None] = lambda: None) -> None:
        self.changes: list[Change] = []
        """The first ``MAX_CHANGES``, masked ones among them."""
        self.counts: dict[ChangeKind, int] = {"changed": 0, "added": 0, "removed": 0, "moved": 0}
        """Of every change that is not masked."""
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
        """Number of blocks so far; the last one may still grow."""
        return len(self._blocks) // _WIDTH

    def block(self, n: int) -> Block:
        """Block *n*."""
        return Block(*self._blocks[n * _WIDTH : (n + 1) * _WIDTH])

    def packed(self, first: int, last: int) -> bytes:
        """Blocks *first* to *last* (not included) as ``extend`` takes them, on the same machine."""
        return self._blocks[first * _WIDTH : last * _WIDTH].tobytes()

    def extend(self, changes: list[Change], blocks: bytes, counts: dict[ChangeKind, int], masked: int) -> None:
        """Take in what was found elsewhere, with all counts so far."""
        self.changes.extend(changes)
        self._blocks.frombytes(blocks)
        self.counts, self.masked = counts, masked

    def step(self) -> None:
        """Count one step of the walk."""
        self._steps += 1
        if self._steps % TICK == 0:
            self._tick()

    def equal(self, lines: int) -> None:
        """The next *lines* are the same on both sides."""
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
        """The next lines of both sides belong together."""
        self._blocks.extend((code, self.left, left_lines, self.right, right_lines, change))
        self.left += left_lines
        self.right += right_lines

    def change(self, change: Change, left_lines: int, right_lines: int) -> None:
        """A change that takes the next lines."""
        code = MASKED if change.masked else _CODES[change.kind]
        self.put(code, left_lines, right_lines, self.note(change))

    def count(self, kind: ChangeKind, masked: bool, left_lines: int, right_lines: int) -> None:
        """A change that takes the next lines and is not kept: there are too many."""
        if masked:
            self.masked += 1
        else:
            self.counts[kind] += 1
        self.put(MASKED if masked else _CODES[kind], left_lines, right_lines)

    @property
    def is_full(self) -> bool:
        """Whether no further change is kept."""
        return len(self.changes) >= MAX_CHANGES

    def note(self, change: Change) -> int:
        """Take a change in without lines; its number from 1, or 0 where there are too many to keep."""
        if change.masked:
            self.masked += 1
        else:
            self.counts[change.kind] += 1
        if len(self.changes) >= MAX_CHANGES:
            return 0
        self.changes.append(change)
        return len(self.changes)


def truncate(text: str) -> str:
    """*text*, cut where it is long."""
    return text if len(text) <= MAX_VALUE_LENGTH else text[: MAX_VALUE_LENGTH - 1] + "…"


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
