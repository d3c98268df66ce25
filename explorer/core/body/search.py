"""Search in a whole body in bounded steps."""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from explorer.core.text.data import Data


STEP = 1 << 18
"""Approximate bytes per step."""
_COUNT_BLOCK = 1 << 20
"""Bytes per step that only counts."""
_MAX_MATCH = 1 << 20


class Searchable(Protocol):
    """Interface of a document that a search uses."""

    @property
    def data(self) -> Data:
        """The bytes to search."""

    @property
    def search_encoding(self) -> str:
        """``utf-8``, or ``latin-1`` to search bytes."""

    def place(self, offset: int, end: int) -> tuple[int, int, int]:
        """Return line, column and length in shown characters of the bytes from *offset* to *end*."""

    def span(self, n: int) -> tuple[int, int]:
        """Return start and end of line *n* in ``data``."""


class Hit(NamedTuple):
    """Match at bytes ``offset`` to ``end``, shown in ``line`` at character ``column`` for ``length`` characters."""

    offset: int
    end: int
    line: int
    column: int
    length: int


class BodySearch:
    """Search for one needle in one document.

    Raises:
        re.error: the *regex* is invalid.
        ValueError: the needle is empty.
    """

    def __init__(self, document: Searchable, needle: str, *, regex: bool = False, case: bool | None = None) -> None:
        if not needle:
            raise ValueError("an empty needle matches nothing")
        self.needle = needle
        self.count = 0
        """Matches that ``scan`` has counted so far."""
        self.complete = False
        """Whether ``scan`` has finished."""
        self._document = document
        self._latin = document.search_encoding == "latin-1"
        fold = needle == needle.lower() if case is None else not case
        source = needle if regex else re.escape(needle)
        if self._latin and not regex:
            source = re.escape(needle.encode("utf-8", "replace").decode("latin-1"))
        self._pattern = re.compile(source, re.MULTILINE | (re.IGNORECASE if fold else 0))
        # Plain words are searched in the bytes. Lowercasing those is ten times faster than a case-insensitive pattern.
        self._fold = fold
        self._byte_pattern = None
        if not regex and (not fold or needle.isascii()):
            self._byte_pattern = re.compile(re.escape(needle.encode("utf-8", "replace")))
        self._overlap = 0 if regex else len(needle.encode("utf-8", "replace"))
        self._counts: list[tuple[int, int]] = []
        """Start of each scanned block, and the number of matches before it."""

    def scan(self) -> Iterator[int]:
        """Count all matches in steps, and yield the count so far."""
        start, size = 0, len(self._document.data)
        while start < size:
            self._counts.append((start, self.count))
            end = self._block_end(start, _COUNT_BLOCK)
            self.count += self._count_block(start, end)
            start = end
            yield self.count
        self.complete = True

    def _count_block(self, start: int, end: int) -> int:
        """Return the number of matches that start in the block."""
        if self._byte_pattern is None:
            return sum(1 for _ in self._matches(start, end))
        data, stop = self._document.data, end + self._overlap - 1
        if self._fold:
            return len(self._byte_pattern.findall(data[start:stop].lower()))
        return len(self._byte_pattern.findall(data, start, min(stop, len(data))))

    def seek(self, offset: int, *, forward: bool = True) -> Iterator[Hit | None]:
        """Yield the matches from *offset* on (or backward), wrapping around, and None after each step without one."""
        size = len(self._document.data)
        yield from self._forward(offset) if forward else self._backward(offset)
        yield from self._forward(0) if forward else self._backward(size)

    def _forward(self, offset: int) -> Iterator[Hit | None]:
        start = self._block_start(offset)
        while start < len(self._document.data):
            end = self._block_end(start)
            span = next((span for span in self._matches(start, end) if span[0] >= offset), None)
            yield self._hit(*span) if span else None
            start = end

    def _backward(self, offset: int) -> Iterator[Hit | None]:
        high = offset
        while high > 0:
            start = self._block_start(max(0, high - STEP))
            span = deque(self._matches(start, high), maxlen=1)
            yield self._hit(*span[0]) if span else None
            high = start

    def hits(self, offset: int = 0) -> Iterator[Hit]:
        """Yield all matches from *offset* on in order."""
        start = self._block_start(offset)
        while start < len(self._document.data):
            end = self._block_end(start)
            for low, high in self._matches(start, end):
                if low >= offset:
                    yield self._hit(low, high)
            start = end

    def ordinal(self, hit: Hit) -> int:
        """Return the number of *hit*, from 1; 0 if the scan has not reached it."""
        i = bisect_right(self._counts, hit.offset, key=itemgetter(0)) - 1
        if i < 0 or (not self.complete and i == len(self._counts) - 1):
            return 0
        start, before = self._counts[i]
        return before + sum(1 for low, _ in self._matches(start, hit.offset + 1) if low <= hit.offset)

    def spans(self, line: int, text: str) -> list[tuple[int, int]]:  # noqa: ARG002 - other searches need the line
        """Return start and end of the matches in *text*, which is (part of) the shown *line*."""
        return [match.span() for match in self._pattern.finditer(text) if match.end() > match.start()]

    def blocks(self) -> Iterator[array[int]]:
        """Yield the starts and ends of all matches as one array per step."""
        start, size = 0, len(self._document.data)
        while start < size:
            end = self._block_end(start)
            yield array("Q", [edge for span in self._matches(start, end) for edge in span])
            start = end

    def _hit(self, offset: int, end: int) -> Hit:
        return Hit(offset, end, *self._document.place(offset, end))

    def _block_start(self, offset: int) -> int:
        data = self._document.data
        if not self._latin:
            start = data.rfind(b"\n", max(0, offset - _MAX_MATCH), offset) + 1
            if start or offset <= _MAX_MATCH:
                return start
        return self._character(max(0, offset - self._overlap))

    def _block_end(self, start: int, step: int = STEP) -> int:
        data, longest = self._document.data, max(_MAX_MATCH, 2 * step)
        end = -1 if self._latin else data.find(b"\n", start + step, start + longest)
        return end + 1 if end >= 0 else self._character(min(start + (step if self._latin else longest), len(data)))

    def _character(self, offset: int) -> int:
        """Return *offset* advanced to the start of a character."""
        data = self._document.data
        while not self._latin and offset < len(data) and data[offset] & 0xC0 == 0x80:
            offset += 1
        return offset

    def _matches(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the byte spans of the matches that start in the block; a plain needle may extend beyond its end."""
        if self._byte_pattern is not None:
            yield from self._byte_matches(self._byte_pattern, start, end)
            return
        raw = self._document.data[start : self._character(min(end + self._overlap, len(self._document.data)))]
        text = raw.decode(self._document.search_encoding, "replace")
        plain = self._latin or raw.isascii()
        at, bytes_before = 0, start
        for match in self._pattern.finditer(text):
            low, high = match.span()
            if low == high:
                continue
            if plain:
                span = (start + low, start + high)
            else:
                bytes_before += len(text[at:low].encode())
                at = low
                span = (bytes_before, bytes_before + len(match[0].encode()))
            if span[0] >= end:
                return
            yield span

    def _byte_matches(self, pattern: re.Pattern[bytes], start: int, end: int) -> Iterator[tuple[int, int]]:
        data, stop = self._document.data, end + self._overlap - 1
        if not self._fold:
            for match in pattern.finditer(data, start, min(stop, len(data))):
                yield match.span()
            return
        for match in pattern.finditer(data[start:stop].lower()):
            yield start + match.start(), start + match.end()


class RemoteSearch:
    """Counterpart of ``BodySearch`` whose matches another process finds, since a regular expression may never end."""

    def __init__(self, document: Searchable, needle: str) -> None:
        self.needle = needle
        self.complete = False
        self._document = document
        self._starts = array("Q")
        self._ends = array("Q")

    @property
    def count(self) -> int:
        """Number of matches so far."""
        return len(self._starts)

    def extend(self, edges: bytes) -> None:
        """Add starts and ends from ``BodySearch.blocks``."""
        numbers = array("Q")
        numbers.frombytes(edges)
        self._starts += numbers[::2]
        self._ends += numbers[1::2]

    def seek(self, offset: int, *, forward: bool = True) -> Iterator[Hit | None]:
        """Yield the nearest match from *offset* on (or before it), wrapping around; None while it may still arrive."""
        while True:
            i = bisect_left(self._starts, offset)
            if forward and i < len(self._starts):
                yield self._hit(i)
            elif not forward and i > 0:
                yield self._hit(i - 1)
            elif self.complete:
                if self._starts:
                    yield self._hit(0 if forward else len(self._starts) - 1)
                return
            else:
                yield None

    def ordinal(self, hit: Hit) -> int:
        """Return the number of *hit*, from 1."""
        return bisect_right(self._starts, hit.offset)

    def spans(self, line: int, text: str) -> list[tuple[int, int]]:
        """Return start and end of the matches in *text*; none in partially shown lines."""
        start, end = self._document.span(line)
        low, high = bisect_left(self._starts, start), bisect_left(self._starts, end)
        if high - low > len(text) or end - start > 1 << 14:
            return []
        places = (self._document.place(self._starts[i], self._ends[i]) for i in range(low, high))
        return [(column, column + length) for _, column, length in places]

    def _hit(self, i: int) -> Hit:
        start, end = self._starts[i], self._ends[i]
        return Hit(start, end, *self._document.place(start, end))


class _Bytes:
    """Searchable bytes without lines."""

    def __init__(self, data: Data, encoding: str) -> None:
        self.data = data
        self.search_encoding = encoding

    def place(self, offset: int, end: int) -> tuple[int, int, int]:  # noqa: ARG002 - never called
        return 0, 0, 0

    def span(self, n: int) -> tuple[int, int]:  # noqa: ARG002 - never called
        return 0, len(self.data)


def worker_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Read one line of JSON (``pattern``, ``encoding``, ``size``) and a body; write the matches of the pattern."""
    head = json.loads(source.readline())
    write_matches(source.read(head["size"]), head["pattern"], head["encoding"], answers)


def write_matches(data: Data, pattern: str, encoding: str, answers: BinaryIO) -> None:
    """Write the matches of *pattern* in *data*, in a process that can be killed at any time.

    Each block is its length (8 bytes in native order) and that many bytes of ``BodySearch.blocks``. A length of all
    ones ends the output.
    """
    for block in BodySearch(_Bytes(data, encoding), pattern, regex=True).blocks():
        edges = block.tobytes()
        answers.write(array("Q", [len(edges)]).tobytes() + edges)
        answers.flush()
    answers.write(b"\xff" * 8)
    answers.flush()


SCAN_STEP = 1 << 18
"""Bytes per step."""


def find(data: Data, needle: bytes, start: int) -> Generator[None, None, int]:
    """Return the offset of the first *needle* from *start* on, or -1, in steps."""
    size = len(data)
    while start < size:
        at = data[start : start + SCAN_STEP + len(needle) - 1].find(needle)
        if at >= 0:
            return start + at
        start += SCAN_STEP
        yield
    return -1


def find_last(data: Data, needles: tuple[bytes, ...], low: int, high: int) -> Generator[None, None, int]:
    """Return the offset of the last of *needles* that starts between *low* and *high*, or -1; the first steps are
    small."""
    step, reach = 1 << 12, max(map(len, needles)) - 1
    while high > low:
        start = max(low, high - step)
        part = data[start : high + reach]
        at = max(part.rfind(needle, 0, high - start + len(needle) - 1) for needle in needles)
        if at >= 0:
            return start + at
        high, step = start, min(2 * step, SCAN_STEP)
        yield
    return -1


def find_pattern(
    data: Data, pattern: re.Pattern[bytes], low: int, high: int, reach: int
) -> Iterator[re.Match[bytes] | None]:
    """Yield the matches of *pattern* (of at most *reach* bytes) from *low* to *high*, and None after each step."""
    for start in range(low, high, SCAN_STEP):
        stop = min(start + SCAN_STEP, high)
        for match in pattern.finditer(data, start, min(stop + reach, len(data))):
            if match.start() >= stop:
                break
            yield match
        yield None
