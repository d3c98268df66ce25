"""JSON formatter that keeps every token as sent (RFC 8259): whole, in pieces, and while the body arrives."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from explorer.core.text.lenient_json import ONLY_BRACKETS, STEP, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.text.data import Data


INDENT = 2
DEEPEST_INDENT = 32
"""Most levels that our own formatter indents."""
PIECE_DEPTH = 128
"""Most levels to indent in a piece of a truncated body."""
SLOW_LIMIT = 8_000_000
"""Largest body in bytes for our own formatter."""

_POSITION = re.compile(r"(.*?)\s*\(byte (\d+)\)$")
_LITERAL = re.compile(rb"(?<![a-z])[tfn][a-z]{0,3}\Z")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class FormattedJson(NamedTuple):
    """Formatted JSON; ``note`` is the reason if it is as sent instead."""

    data: bytes
    note: str = ""


class InvalidJson(NamedTuple):
    """Byte offset and message of the first error in invalid JSON."""

    position: int
    message: str


def format_json(data: bytes) -> FormattedJson | InvalidJson:
    """Format *data* (UTF-8). Never raises."""
    if _is_indent_explosive(data):
        return format_in_python(data)
    try:
        return FormattedJson(msgspec.json.format(data, indent=INDENT))
    except RecursionError:
        return format_in_python(data)
    except msgspec.DecodeError as error:
        if has_surrogate(data):
            return format_in_python(data)
        match = _POSITION.match(str(error))
        if match:
            message = match[1].removeprefix("JSON is malformed: ")
            return InvalidJson(_error_offset(data, int(match[2]), message), message)
        return InvalidJson(len(data), "it ends too early")


def truncation_error(data: bytes) -> InvalidJson | None:
    """Return the error if *data* is valid JSON that only ends too early, otherwise None."""
    try:
        msgspec.json.format(data, indent=0)
    except RecursionError:
        return None
    except msgspec.DecodeError as error:
        if _POSITION.match(str(error)) is None and not has_surrogate(data):
            return InvalidJson(len(data), "it ends too early")
    return None


def _error_offset(data: bytes, position: int, message: str) -> int:
    """Return the offset of the first wrong byte. The formatter reports the byte after it for trailing characters, and
    the middle of a bad literal."""
    if message == "trailing characters":
        return position - 1
    # A control character is only invalid inside a string, where letters are not a literal.
    if message != "invalid character" or data[position : position + 1] < b" ":
        return position
    literal = _LITERAL.search(data, max(0, position - 8), position)
    return literal.start() if literal else position


def _is_indent_explosive(data: bytes) -> bool:
    """Return whether indentation alone could take eight times the size of the body."""
    brackets = data.translate(None, ONLY_BRACKETS)
    if len(brackets) <= 2 * DEEPEST_INDENT:
        return False
    deepest = max(accumulate(map(STEP.__getitem__, brackets)))
    if deepest <= DEEPEST_INDENT:
        return False
    return (len(brackets) + data.count(b",")) * deepest * INDENT > 8 * len(data) + 1_000_000


def has_surrogate(data: bytes) -> bool:
    """Return whether *data* may contain an escaped surrogate. The fast formatter rejects a lone one."""
    return _SURROGATE.search(data) is not None


def format_in_python(data: bytes) -> FormattedJson | InvalidJson:
    """Format *data* with our own formatter, or return it with a ``note`` if it is too large."""
    if len(data) > SLOW_LIMIT:
        return FormattedJson(data, "too large to format at this nesting depth or with lone surrogates; shown as sent")
    return _JsonFormatter(data).run()


def format_invalid(data: bytes) -> bytes:
    """Format *data* as far as it is valid JSON, and append the rest as sent."""
    formatter = _JsonFormatter(data, deepest=PIECE_DEPTH)
    rest = data[formatter.walk() :].strip(b" \t\n\r")
    return formatter.result(rest)


# The next expected token; the indexes are the states of ``_JsonFormatter``.
_EXPECTED = ("a value", "a value or ]", "a key", "a key or }", "a colon", "comma or end of container", "nothing more")
_VALUE, _VALUE_OR_END, _KEY, _KEY_OR_END, _COLON, _COMMA, _END = range(len(_EXPECTED))
_STRING, _OPENING, _CLOSING, _COMMA_SIGN, _COLON_SIGN = 1, 3, 4, 5, 6
"""Groups of ``TOKEN``; group 2 is any other scalar."""


class _JsonFormatter:
    """Formatter in one pass over the tokens with an explicit stack; indents up to *deepest* levels."""

    def __init__(self, data: bytes, deepest: int = DEEPEST_INDENT) -> None:
        self.data = data
        self.out: list[bytes] = []
        self._stack: list[bytes] = []
        self._state = _VALUE
        self._breaks = [b"\n" + b" " * (INDENT * depth) for depth in range(deepest + 1)]

    def run(self) -> FormattedJson | InvalidJson:
        """Format the whole document."""
        end = len(self.data.rstrip(b" \t\n\r"))
        position = self.walk()
        if position < end:
            match = TOKEN.match(self.data, position, end)
            start = match.start(match.lastindex or 0) if match else self._skip_space(position)
            return InvalidJson(start, "invalid character" if match is None else f"expected {_EXPECTED[self._state]}")
        if self._state != _END:
            return InvalidJson(end, "it ends too early")
        return FormattedJson(b"".join(self.out))

    def _skip_space(self, position: int) -> int:
        return len(self.data) - len(self.data[position:].lstrip(b" \t\n\r"))

    def result(self, rest: bytes) -> bytes:
        """Return the formatted bytes, followed by *rest* at the position of the next token."""
        if rest and self._state in (_VALUE_OR_END, _KEY_OR_END):
            self.out.append(self._breaks[min(len(self._stack), len(self._breaks) - 1)])
        return b"".join(self.out) + rest

    def walk(self) -> int:
        """Format tokens, and return the offset of the first invalid or unexpected one."""
        # A single loop without calls, for millions of tokens.
        stack, state, add, breaks = self._stack, self._state, self.out.append, self._breaks
        depth, deepest, position = len(stack), len(breaks) - 1, 0
        following = TOKEN.scanner(self.data, 0, len(self.data.rstrip(b" \t\n\r"))).match  # type: ignore[attr-defined]  # missing in typeshed
        while (match := following()) is not None:
            kind = match.lastindex
            token = match[kind]
            if kind <= _OPENING and state <= _VALUE_OR_END:
                add(breaks[min(depth, deepest)] + token if state == _VALUE_OR_END else token)
                if kind == _OPENING:
                    stack.append(token)
                    depth += 1
                    state = _KEY_OR_END if token == b"{" else _VALUE_OR_END
                else:
                    state = _COMMA if depth else _END
            elif kind == _STRING and state in (_KEY, _KEY_OR_END):
                add(breaks[min(depth, deepest)] + token if state == _KEY_OR_END else token)
                state = _COLON
            elif kind == _COLON_SIGN and state == _COLON:
                add(b": ")
                state = _VALUE
            elif kind == _COMMA_SIGN and state == _COMMA:
                add(b"," + breaks[min(depth, deepest)])
                state = _KEY if stack[-1] == b"{" else _VALUE
            elif kind == _CLOSING and depth and _fits(stack[-1], token, state):
                stack.pop()
                depth -= 1
                add(breaks[min(depth, deepest)] + token if state == _COMMA else token)
                state = _COMMA if depth else _END
            else:
                break
            position = match.end()
        self._state = state
        return position


def _fits(opening: bytes, closing: bytes, state: int) -> bool:
    """Return whether *closing* is allowed in *state*, in a container that started with *opening*."""
    if opening == b"{":
        return closing == b"}" and state in (_COMMA, _KEY_OR_END)
    return closing == b"]" and state in (_COMMA, _VALUE_OR_END)


FIRST_PIECE = 1 << 15
"""Bytes of the first piece: many screens."""
PIECE = 1 << 18
"""Approximate bytes of each further piece."""
DEEPEST = 64
"""Most levels of nesting in a piece, and most open containers at the end of one."""
_ONLY_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_CLOSERS = {ord("{"): b"}", ord("["): b"]"}


class NotSplittable(Exception):
    """The body is not JSON, or its shape requires formatting it as a whole."""


class IncrementalJsonLayout:
    """Incremental formatter, also for JSON that is still arriving: formatted lines never change."""

    def __init__(self, first: int = FIRST_PIECE, others: int = PIECE) -> None:
        self.start = 0
        """Bytes formatted so far, including the comma after them."""
        self._stack = b""
        self._wanted = first
        self._others = others
        self._enough = 0
        """Bytes that must have arrived before the next search for the end of a piece."""

    def lay_out(self, data: Data, *, whole: bool) -> Iterator[bytes]:
        """Yield the lines of *data* in pieces, continuing after the previous call.

        They end at the last comma outside of strings, or with *whole* at the end. *data* must start with the previous
        data.

        Raises:
            NotSplittable: see there.
        """
        size = len(data)
        while whole or size >= self._enough:
            piece_end = _piece_end(data, self.start, self._wanted, whole=whole)
            if piece_end is None:
                self._enough = self.start + (size - self.start) * 3 // 2
                return
            end, outside = piece_end
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
        """Return the rest of truncated *data*: formatted as far as it is valid, the remainder as sent."""
        opened = _opening_json(self._stack)
        text = format_invalid(opened + data[self.start :])
        lines = text[_head(self._stack) :] if self._stack else text
        return (b",\n" if self.start else b"") + lines


def split_json(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Split *data* into pieces that are each valid JSON.

    Yields the containers that were open before the piece, as opening brackets from the outermost in, and the piece,
    which reopens them. An object that is reopened for another container has an empty key.

    Raises:
        NotSplittable: see there.
    """
    start, stack, last = 0, b"", False
    while not last:
        end, outside = _piece_end(data, start, PIECE, whole=True) or (len(data), b"")
        last = end == len(data)
        after = _stack_after(stack, outside, end - start)
        yield stack, _close_piece(data[start:end], stack, after, last=last)
        start, stack = end + 1, after


def _piece_end(data: Data, start: int, wanted: int, *, whole: bool) -> tuple[int, bytes] | None:
    """Return the offset of a comma outside of strings (or the end), and all bytes outside of strings before it. Return
    None if there is no such comma and the end has not arrived."""
    while True:
        stop = min(start + wanted, len(data))
        block = data[start:stop]
        if b"\\" in block:
            # Same length, so that offsets do not change; a final backslash belongs to the next block.
            block = block.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        parts = block.split(b'"')
        if stop == len(data) and whole:
            return stop, b"".join(parts[::2])
        # The last part may be inside an unfinished string, and so may an escape that is cut in two.
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
    """Return the containers that are open after a piece, as opening brackets from the outermost in."""
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
    # Indentation alone must not multiply the size of the body.
    if lines * deepest * INDENT > 16 * length + 1_000_000:
        raise NotSplittable
    return brackets


def _lay_out(piece: bytes, stack: bytes, after: bytes, *, last: bool) -> bytes:
    """Return the lines of *piece*, which starts inside *stack* and ends inside *after*."""
    text = _format(_close_piece(piece, stack, after, last=last))
    tail = sum(INDENT * i + 2 for i in range(len(after)))
    return text[_head(stack) : len(text) - tail]


def _close_piece(piece: bytes, stack: bytes, after: bytes, *, last: bool) -> bytes:
    """Return *piece* with the open containers opened before it and closed after it."""
    if stack and piece.lstrip(b" \t\r\n")[:1] in (b"", b"]", b"}", b",", b":"):
        raise NotSplittable
    if last == bool(after) or (not last and piece.rstrip(b" \t\r\n")[-1:] in (b"", b"[", b"{")):
        raise NotSplittable
    closed = b"".join(_CLOSERS[bracket] for bracket in reversed(after))
    return _opening_json(stack) + piece + closed


def _opening_json(stack: bytes) -> bytes:
    """Return JSON that opens the containers of *stack*."""
    return b"".join(
        b'{"":' if bracket == 0x7B and i < len(stack) - 1 else bytes((bracket,)) for i, bracket in enumerate(stack)
    )


def _head(stack: bytes) -> int:
    """Return the length of the formatted ``_opening_json``."""
    return sum(INDENT * i + len(_opening_line(stack, i)) for i in range(len(stack)))


def _opening_line(stack: bytes, i: int) -> bytes:
    """Return the formatted line that opens container *i*, without its indent and with its newline."""
    return (b'"": ' if i and stack[i - 1] == 0x7B else b"") + b"{\n"


def _format(text: bytes) -> bytes:
    try:
        return msgspec.json.format(text, indent=INDENT)
    except (msgspec.DecodeError, RecursionError):
        if has_surrogate(text):
            result = format_in_python(text)
            if isinstance(result, FormattedJson) and not result.note:
                return result.data
        raise NotSplittable from None
