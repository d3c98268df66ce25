"""JSON laid out piece by piece, so that its first lines are there at once and no step holds up the program.

A piece ends before a comma that stands outside of strings. Whatever containers are open there are opened in front of
the next piece and closed behind this one, so that each piece is a JSON text of its own for the formatter; the lines
that were added come off again. What the pieces make together is what the whole would have made, byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.core.document.json_text import INDENT, FormattedJson, format_in_python, format_invalid, has_surrogate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.text.data import Data

FIRST_PIECE = 1 << 15
"""Bytes of the first piece: what a screen shows, many times over."""
PIECE = 1 << 18
"""Bytes of the others, more or less."""
DEEPEST = 64
"""Levels of nesting in a piece, and open containers at an end of a piece up to which the body is laid out in pieces."""
_ONLY_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_CLOSERS = {ord("{"): b"}", ord("["): b"]"}


class NotSplittable(Exception):
    """The text is no JSON, or of a shape that has to be looked at as a whole."""


class IncrementalJsonLayout:
    """Lays out JSON from its start on, also while more of it arrives: what is laid out stays as it is."""

    def __init__(self, first: int = FIRST_PIECE, others: int = PIECE) -> None:
        self.start = 0
        """Bytes that are laid out already, with the comma behind them."""
        self._stack = b""
        self._wanted = first
        self._others = others
        self._enough = 0
        """Bytes that must be there before it is worth to look for another end of a piece."""

    def lay_out(self, data: Data, *, whole: bool) -> Iterator[bytes]:
        """The lines of *data* from where an earlier call ended, a piece at a time: up to the last comma outside of
        strings, or with *whole* to the end. *data* begins with what it was before. Raises ``NotSplittable``."""
        size = len(data)
        while whole or size >= self._enough:
            found = _piece_end(data, self.start, self._wanted, whole=whole)
            if found is None:
                self._enough = self.start + (size - self.start) * 3 // 2
                return
            end, outside = found
            last = whole and end == size
            after = _stack_after(self._stack, outside, end - self.start)
            lines = _lay_out(data[self.start : end], self._stack, after, last=last)
            lines = (b",\n" if self.start else b"") + lines
            if not last:
                self.start, self._stack, self._wanted = end + 1, after, self._others
            yield lines
            if last:
                return

    def lay_out_rest(self, data: bytes) -> bytes:
        """What is left of *data*, which ends too early: laid out as far as it is whole, the rest of it as sent."""
        opened = _opening_json(self._stack)
        text = format_invalid(opened + data[self.start :])
        lines = text[_head(self._stack) :] if self._stack else text
        return (b",\n" if self.start else b"") + lines


def split_json(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The pieces of *data*, each a JSON text of its own: the containers that were open before it, as their opening
    brackets from the outermost in, and the text, which begins with those opened anew. In an object that is opened for
    another container the key is empty. Raises ``NotSplittable``."""
    start, stack, last = 0, b"", False
    while not last:
        end, outside = _piece_end(data, start, PIECE, whole=True) or (len(data), b"")
        last = end == len(data)
        after = _stack_after(stack, outside, end - start)
        yield stack, _close_piece(data[start:end], stack, after, last=last)
        start, stack = end + 1, after


def _piece_end(data: Data, start: int, wanted: int, *, whole: bool) -> tuple[int, bytes] | None:
    """The offset of a comma outside of strings (or the end), and what stands outside of strings up to there; None
    where there is no such comma and the end is yet to come."""
    while True:
        stop = min(start + wanted, len(data))
        block = data[start:stop]
        if b"\\" in block:
            # Two bytes for two, so that lengths stay; a backslash at the very end belongs to what follows.
            block = block.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        parts = block.split(b'"')
        if stop == len(data) and whole:
            return stop, b"".join(parts[::2])
        # The last part may be the inside of a string that goes on; a backslash cut in two is inside one as well.
        last = len(parts) - 1 - (len(parts) - 1) % 2
        after = sum(len(part) + 1 for part in parts[last + 1 :])
        for i in range(last, -1, -2):
            comma = parts[i].rfind(b",")
            if comma >= 0:
                outside = b"".join(parts[:i:2]) + parts[i][:comma]
                return stop - after - len(parts[i]) + comma, outside
            if i:
                after += len(parts[i]) + 1 + len(parts[i - 1]) + 1
        if stop == len(data):
            return None
        wanted *= 2


def _stack_after(stack: bytes, outside: bytes, length: int) -> bytes:
    """The containers that are open after a piece, as their opening brackets from the outermost in."""
    brackets = stack + outside.translate(None, _ONLY_BRACKETS)
    lines, deepest = len(brackets) + outside.count(b","), len(stack)
    for _ in range(DEEPEST):
        deepest += 1
        shorter = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    if len(brackets) > DEEPEST or b"}" in brackets or b"]" in brackets:
        raise NotSplittable
    # Indentation alone must not make a body many times as large.
    if lines * deepest * INDENT > 16 * length + 1_000_000:
        raise NotSplittable
    return brackets


def _lay_out(piece: bytes, stack: bytes, after: bytes, *, last: bool) -> bytes:
    """The lines of *piece*, which begins inside of *stack* and ends inside of *after*."""
    text = _format(_close_piece(piece, stack, after, last=last))
    tail = sum(INDENT * i + 2 for i in range(len(after)))
    return text[_head(stack) : len(text) - tail]


def _close_piece(piece: bytes, stack: bytes, after: bytes, *, last: bool) -> bytes:
    """*piece* with what is open opened before it and closed behind it."""
    if stack and piece.lstrip(b" \t\r\n")[:1] in (b"", b"]", b"}", b",", b":"):
        raise NotSplittable
    if last == bool(after) or (not last and piece.rstrip(b" \t\r\n")[-1:] in (b"", b"[", b"{")):
        raise NotSplittable
    closed = b"".join(_CLOSERS[bracket] for bracket in reversed(after))
    return _opening_json(stack) + piece + closed


def _opening_json(stack: bytes) -> bytes:
    """JSON that opens the containers of *stack*."""
    return b"".join(
        b'{"":' if bracket == 0x7B and i < len(stack) - 1 else bytes((bracket,)) for i, bracket in enumerate(stack)
    )


def _head(stack: bytes) -> int:
    """Bytes that the formatter makes of ``_opening_json``."""
    return sum(INDENT * i + len(_opening_line(stack, i)) for i in range(len(stack)))


def _opening_line(stack: bytes, i: int) -> bytes:
    """What the formatter made of the container that was opened for the piece, but for the indent, with its newline."""
    return (b'"": ' if i and stack[i - 1] == 0x7B else b"") + b"{\n"


def _format(text: bytes) -> bytes:
    try:
        return msgspec.json.format(text, indent=INDENT)
    except (msgspec.DecodeError, RecursionError):
        if has_surrogate(text):
            slow = format_in_python(text)
            if isinstance(slow, FormattedJson) and not slow.note:
                return slow.data
        raise NotSplittable from None
