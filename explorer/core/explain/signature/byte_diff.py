"""Byte-by-byte comparison of two strings, with invisible characters made visible."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, Literal

from explorer.core.text.cell_width import cells
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Iterator


SPACE: Final = "·"
"""Shown for a space."""
_INVISIBLE: Final = "⍰"
_SYMBOLS: Final = {" ": SPACE, "\t": "→", "\n": "␊", "\r": "␍", "\u00a0": "⍽"}


def make_visible(text: str) -> str:
    """Return *text* on one line with the same number of characters.

    A space becomes ``·``, a newline ``␊``, any other control character its picture; other kinds of space and
    zero-width characters become ``⍰``.
    """
    if text.isascii() and text.isprintable():
        return text.replace(" ", SPACE)
    return sanitize_line("".join(_symbol(character) for character in text))


def _symbol(character: str) -> str:
    if character in _SYMBOLS:
        return _SYMBOLS[character]
    return _INVISIBLE if unicodedata.category(character) in ("Zs", "Cf", "Cn", "Co") else character


def character_name(character: str) -> str:
    """Return a readable name: ``a space``, ``a newline``, ``U+200B ZERO WIDTH SPACE``, or the character itself."""
    plain = {" ": "a space", "\n": "a newline", "\r": "a carriage return", "\t": "a tab"}
    if character in plain:
        return plain[character]
    if character.isascii() and character.isprintable():
        return character
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


Change = Literal["same", "changed", "added", "removed"]
GAP: Final = "░"
"""Shown where only the other string has a character."""
_CONTEXT_BYTES: Final = 8
_MAX_FINE_LENGTH: Final = 1_200
"""Longest middle, in characters, that is compared character by character; longer ones are compared by parameter."""


@dataclass(frozen=True, slots=True)
class DiffSegment:
    """A segment of both strings with one kind of change."""

    change: Change
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class ByteDiff:
    """Comparison of two strings. ``first`` is the byte offset of the first difference, or -1; ``left_hex`` and
    ``right_hex`` are the bytes from there, ``before_hex`` those before it."""

    pieces: tuple[DiffSegment, ...]
    first: int = -1
    before_hex: str = ""
    left_hex: str = ""
    right_hex: str = ""
    summary: str = ""
    """The first difference in words, as in ``byte 4: a space / +``."""

    @property
    def same(self) -> bool:
        """Whether the strings are equal."""
        return self.first < 0


@dataclass(frozen=True, slots=True)
class AlignedRow:
    """A row of both strings, equally wide. ``marks`` has ``^`` under each difference; ``offset`` is the byte offset in
    the left string."""

    offset: int
    left: str
    marks: str
    right: str


def diff_bytes(left: str, right: str) -> ByteDiff:
    """Compare two strings. Lone surrogates represent bytes that are not UTF-8."""
    if left == right:
        return ByteDiff((DiffSegment("same", left, right),) if left else ())
    raw_left, raw_right = _bytes(left), _bytes(right)
    pairs = enumerate(zip(raw_left, raw_right, strict=False))
    first = next((at for at, (ours, theirs) in pairs if ours != theirs), min(len(raw_left), len(raw_right)))
    return ByteDiff(
        pieces=tuple(_pieces(left, right)),
        first=first,
        before_hex=raw_left[max(0, first - _CONTEXT_BYTES) : first].hex(" "),
        left_hex=raw_left[first : first + _CONTEXT_BYTES].hex(" "),
        right_hex=raw_right[first : first + _CONTEXT_BYTES].hex(" "),
        summary=_describe_difference(raw_left, raw_right, first),
    )


def _describe_difference(left: bytes, right: bytes, first: int) -> str:
    characters = (_character_at(left, first), _character_at(right, first))
    left_name, right_name = (character_name(character) if character else "the end" for character in characters)
    return f"byte {first}: {left_name} / {right_name}"


def _character_at(raw: bytes, at: int) -> str:
    while at > 0 and at < len(raw) and raw[at] & 0xC0 == 0x80:
        at -= 1
    return raw[at : at + 4].decode("utf-8", "replace")[:1]


def _pieces(left: str, right: str) -> Iterator[DiffSegment]:
    head = _common_prefix(left, right)
    tail = _common_prefix(left[head:][::-1], right[head:][::-1])
    if head:
        yield DiffSegment("same", left[:head], right[:head])
    middle_left, middle_right = left[head : len(left) - tail], right[head : len(right) - tail]
    yield from _diff_middle(middle_left, middle_right)
    if tail:
        yield DiffSegment("same", left[len(left) - tail :], right[len(right) - tail :])


def _diff_middle(left: str, right: str) -> Iterator[DiffSegment]:
    ours, theirs = list(left), list(right)
    if max(len(ours), len(theirs)) > _MAX_FINE_LENGTH:
        ours, theirs = _split_parameters(left), _split_parameters(right)
        if len(ours) == len(theirs) or max(len(ours), len(theirs)) > _MAX_FINE_LENGTH:
            yield from _pair_parameters(ours, theirs)
            return
    changes: dict[str, Change] = {"equal": "same", "replace": "changed", "insert": "added", "delete": "removed"}
    for kind, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        yield DiffSegment(changes[kind], "".join(ours[a:b]), "".join(theirs[c:d]))


def _pair_parameters(ours: list[str], theirs: list[str]) -> Iterator[DiffSegment]:
    """Pair the parameters by position, without detecting moves."""
    for left, right in zip_longest(ours, theirs, fillvalue=""):
        change: Change = "changed" if left and right else "removed" if left else "added"
        yield DiffSegment("same" if left == right else change, left, right)


def _split_parameters(text: str) -> list[str]:
    return re.findall(r"[^&=?]*[&=?]?", text)


def _common_prefix(left: str, right: str) -> int:
    shorter = min(len(left), len(right))
    return next((at for at in range(shorter) if left[at] != right[at]), shorter)


def align_rows(diff: ByteDiff, width: int) -> list[AlignedRow]:
    """Return both strings in rows of *width* cells, with invisible characters made visible."""
    columns: list[tuple[str, str, str]] = []
    for piece in diff.pieces:
        mark = " " if piece.change == "same" else "^"
        length = max(len(piece.left), len(piece.right))
        left, right = make_visible(piece.left).ljust(length, "\0"), make_visible(piece.right).ljust(length, "\0")
        columns += [(ours, mark, theirs) for ours, theirs in zip(left, right, strict=True)]
    raw = "".join(piece.left for piece in diff.pieces)
    rows: list[AlignedRow] = []
    at = offset = 0
    while at < len(columns):
        row, used, end = ["", "", ""], 0, at
        while end < len(columns):
            ours, mark, theirs = columns[end]
            column_width = max(cells(ours.replace("\0", GAP)), cells(theirs.replace("\0", GAP)), 1)
            if used + column_width > width and used:
                break
            for index, cell in enumerate((ours, mark, theirs)):
                cell = GAP if cell == "\0" else cell
                fill = mark if index == 1 else GAP if cell == GAP else " "
                row[index] += cell + fill * (column_width - cells(cell))
            used += column_width
            end += 1
        rows.append(AlignedRow(offset, *row))
        length = sum(ours != "\0" for ours, _, _ in columns[at:end])
        offset += len(_bytes(raw[:length]))
        raw = raw[length:]
        at = end
    return rows


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
