"""Compare two strings byte by byte, and make invisible characters visible."""

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
"""Stands for a space."""
_INVISIBLE: Final = "⍰"
_SIGNS: Final = {" ": SPACE, "\t": "→", "\n": "␊", "\r": "␍", "\u00a0": "⍽"}


def make_visible(text: str) -> str:
    """*text* on one line with as many characters: spaces as ``·``, line ends as ``␊``, other control characters as
    their pictures, spaces of other kinds and signs without width as ``⍰``."""
    if text.isascii() and text.isprintable():
        return text.replace(" ", SPACE)
    return sanitize_line("".join(_sign(one) for one in text))


def _sign(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    return _INVISIBLE if unicodedata.category(character) in ("Zs", "Cf", "Cn", "Co") else character


def character_name(character: str) -> str:
    """What a character is called, for one that differs: ``space``, ``newline``, ``U+200B ZERO WIDTH SPACE``."""
    plain = {" ": "a space", "\n": "a newline", "\r": "a carriage return", "\t": "a tab"}
    if character in plain:
        return plain[character]
    if character.isascii() and character.isprintable():
        return character
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


Change = Literal["same", "changed", "added", "removed"]
GAP: Final = "░"
"""Fills a column that the other text does not have."""
_AROUND: Final = 8
_FINE: Final = 1_200
"""Characters up to which the middle is compared sign by sign; longer ones by parameters."""


@dataclass(frozen=True, slots=True)
class DiffSegment:
    """A stretch of both texts."""

    change: Change
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class ByteDiff:
    """``first`` is the offset in bytes of the first difference, or -1; ``left_hex`` and ``right_hex`` are the bytes
    from there, ``before_hex`` those before it."""

    pieces: tuple[DiffSegment, ...]
    first: int = -1
    before_hex: str = ""
    left_hex: str = ""
    right_hex: str = ""
    told: str = ""
    """The first difference in words."""

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return self.first < 0


@dataclass(frozen=True, slots=True)
class AlignedRow:
    """A row of both texts, as many cells each; ``marks`` has ``^`` below each difference, ``offset`` is that of the
    left text in bytes."""

    offset: int
    left: str
    marks: str
    right: str


def diff_bytes(left: str, right: str) -> ByteDiff:
    """Compare two texts; lone surrogates stand for bytes that are no UTF-8."""
    if left == right:
        return ByteDiff((DiffSegment("same", left, right),) if left else ())
    raw_left, raw_right = _bytes(left), _bytes(right)
    first = next((at for at, (one, other) in enumerate(zip(raw_left, raw_right, strict=False)) if one != other), None)
    first = min(len(raw_left), len(raw_right)) if first is None else first
    return ByteDiff(
        pieces=tuple(_pieces(left, right)),
        first=first,
        before_hex=raw_left[max(0, first - _AROUND) : first].hex(" "),
        left_hex=raw_left[first : first + _AROUND].hex(" "),
        right_hex=raw_right[first : first + _AROUND].hex(" "),
        told=_describe_difference(raw_left, raw_right, first),
    )


def _describe_difference(left: bytes, right: bytes, first: int) -> str:
    ours, theirs = _sign_at(left, first), _sign_at(right, first)
    left_name, right_name = (character_name(sign) if sign else "the end" for sign in (ours, theirs))
    return f"byte {first}: {left_name} / {right_name}"


def _sign_at(raw: bytes, at: int) -> str:
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
    if max(len(ours), len(theirs)) > _FINE:
        ours, theirs = _words(left), _words(right)
        if len(ours) == len(theirs) or max(len(ours), len(theirs)) > _FINE:
            yield from _pair_parameters(ours, theirs)
            return
    changes: dict[str, Change] = {"equal": "same", "replace": "changed", "insert": "added", "delete": "removed"}
    for kind, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        yield DiffSegment(changes[kind], "".join(ours[a:b]), "".join(theirs[c:d]))


def _pair_parameters(ours: list[str], theirs: list[str]) -> Iterator[DiffSegment]:
    """Parameter beside parameter, without looking for what moved."""
    for one, other in zip_longest(ours, theirs, fillvalue=""):
        yield DiffSegment(
            "same" if one == other else "changed" if one and other else "removed" if one else "added", one, other
        )


def _words(text: str) -> list[str]:
    return re.findall(r"[^&=?]*[&=?]?", text)


def _common_prefix(left: str, right: str) -> int:
    shorter = min(len(left), len(right))
    return next((at for at in range(shorter) if left[at] != right[at]), shorter)


def align_rows(diff: ByteDiff, width: int) -> list[AlignedRow]:
    """The texts in rows of *width* cells, one below the other, everything in them visible."""
    columns: list[tuple[str, str, str]] = []
    for piece in diff.pieces:
        mark = " " if piece.change == "same" else "^"
        length = max(len(piece.left), len(piece.right))
        left, right = make_visible(piece.left).ljust(length, "\0"), make_visible(piece.right).ljust(length, "\0")
        columns += [(one, mark, other) for one, other in zip(left, right, strict=True)]
    raw = "".join(piece.left for piece in diff.pieces)
    rows: list[AlignedRow] = []
    at = offset = 0
    while at < len(columns):
        row, used, taken = ["", "", ""], 0, at
        while taken < len(columns):
            one, mark, other = columns[taken]
            room = max(cells(one.replace("\0", GAP)), cells(other.replace("\0", GAP)), 1)
            if used + room > width and used:
                break
            for index, sign in enumerate((one, mark, other)):
                sign = GAP if sign == "\0" else sign
                row[index] += sign + (GAP if index != 1 and sign == GAP else mark if index == 1 else " ") * (
                    room - cells(sign)
                )
            used += room
            taken += 1
        rows.append(AlignedRow(offset, *row))
        kept = sum(one != "\0" for one, _, _ in columns[at:taken])
        offset += len(_bytes(raw[:kept]))
        raw = raw[kept:]
        at = taken
    return rows


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
