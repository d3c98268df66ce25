"""JSON laid out over lines, with every token as it was sent (RFC 8259): numbers, key order, duplicate keys, escapes.

``msgspec.json.format`` does the work. Where it gives up on what the RFC allows (lone surrogates in ``\\u`` escapes,
deep nesting) or would blow up (deep nesting times many lines), our own slower formatter takes over.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import NamedTuple

import msgspec

from explorer.core.lenient_json import ONLY_BRACKETS, STEP, TOKEN

INDENT = 2
DEEPEST_INDENT = 32
"""Levels beyond this are not indented further by our own formatter."""
PIECE_DEPTH = 128
"""Levels that are indented where a piece of a body that is broken off is laid out."""
SLOW_LIMIT = 8_000_000
"""Bytes up to which our own formatter is used."""

_POSITION = re.compile(r"(.*?)\s*\(byte (\d+)\)$")
_LITERAL = re.compile(rb"(?<![a-z])[tfn][a-z]{0,3}\Z")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class FormattedJson(NamedTuple):
    """The laid-out text; ``note`` says why it is as sent in place of laid out, where it is."""

    data: bytes
    note: str = ""


class InvalidJson(NamedTuple):
    """Not JSON: the byte offset at which it goes wrong and what is wrong there."""

    position: int
    message: str


def format_json(data: bytes) -> FormattedJson | InvalidJson:
    """Lay out *data* (UTF-8). Never raises."""
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
    """What is wrong with *data* where nothing is but that it ends too early; None where it is something else."""
    try:
        msgspec.json.format(data, indent=0)
    except RecursionError:
        return None
    except msgspec.DecodeError as error:
        if _POSITION.match(str(error)) is None and not has_surrogate(data):
            return InvalidJson(len(data), "it ends too early")
    return None


def _error_offset(data: bytes, position: int, message: str) -> int:
    """The first byte that is wrong: the formatter tells of one further for a tail, of the middle of a bad literal."""
    if message == "trailing characters":
        return position - 1
    # A control character can only be wrong inside a string, where words are no literals.
    if message != "invalid character" or data[position : position + 1] < b" ":
        return position
    word = _LITERAL.search(data, max(0, position - 8), position)
    return word.start() if word else position


def _is_indent_explosive(data: bytes) -> bool:
    """Whether indentation alone could take eight times the body."""
    brackets = data.translate(None, ONLY_BRACKETS)
    if len(brackets) <= 2 * DEEPEST_INDENT:
        return False
    deepest = max(accumulate(map(STEP.__getitem__, brackets)))
    if deepest <= DEEPEST_INDENT:
        return False
    return (len(brackets) + data.count(b",")) * deepest * INDENT > 8 * len(data) + 1_000_000


def has_surrogate(data: bytes) -> bool:
    """Whether *data* may hold a surrogate as an escape, which the quick formatter refuses when it stands alone."""
    return _SURROGATE.search(data) is not None


def format_in_python(data: bytes) -> FormattedJson | InvalidJson:
    """Lay out *data* with our own formatter; a ``note`` where it is too large for that."""
    if len(data) > SLOW_LIMIT:
        return FormattedJson(data, "nested too deep or escaped too oddly to lay out at this size; shown as sent")
    return _JsonFormatter(data).run()


def format_invalid(data: bytes) -> bytes:
    """Lay out *data* as far as it is JSON; the rest of it as sent."""
    layout = _JsonFormatter(data, deepest=PIECE_DEPTH)
    rest = data[layout.walk() :].strip(b" \t\n\r")
    return layout.made(rest)


# What may come next; the places in this tuple are the states of ``_JsonFormatter``.
_WANTED = ("a value", "a value or ]", "a key", "a key or }", "a colon", "comma or end of container", "nothing more")
_VALUE, _VALUE_OR_END, _KEY, _KEY_OR_END, _COLON, _COMMA, _END = range(len(_WANTED))
_STRING, _OPENING, _CLOSING, _COMMA_SIGN, _COLON_SIGN = 1, 3, 4, 5, 6
"""Groups of ``TOKEN``; the second is any other scalar."""


class _JsonFormatter:
    """One pass over the tokens with an explicit stack; indents down to *deepest* levels."""

    def __init__(self, data: bytes, deepest: int = DEEPEST_INDENT) -> None:
        self.data = data
        self.out: list[bytes] = []
        self._stack: list[bytes] = []
        self._state = _VALUE
        self._breaks = [b"\n" + b" " * (INDENT * depth) for depth in range(deepest + 1)]

    def run(self) -> FormattedJson | InvalidJson:
        """Lay out all of it."""
        end = len(self.data.rstrip(b" \t\n\r"))
        position = self.walk()
        if position < end:
            match = TOKEN.match(self.data, position, end)
            start = match.start(match.lastindex or 0) if match else self._skip_space(position)
            return InvalidJson(start, "invalid character" if match is None else f"expected {_WANTED[self._state]}")
        if self._state != _END:
            return InvalidJson(end, "it ends too early")
        return FormattedJson(b"".join(self.out))

    def _skip_space(self, position: int) -> int:
        return len(self.data) - len(self.data[position:].lstrip(b" \t\n\r"))

    def made(self, rest: bytes) -> bytes:
        """What was laid out, and *rest* where the next token would stand."""
        if rest and self._state in (_VALUE_OR_END, _KEY_OR_END):
            self.out.append(self._breaks[min(len(self._stack), len(self._breaks) - 1)])
        return b"".join(self.out) + rest

    def walk(self) -> int:
        """Take all tokens; gives the offset of the first thing that is none, or that may not stand there."""
        # One loop without calls: it runs over millions of tokens.
        stack, state, add, breaks = self._stack, self._state, self.out.append, self._breaks
        depth, deepest, position = len(stack), len(breaks) - 1, 0
        following = TOKEN.scanner(self.data, 0, len(self.data.rstrip(b" \t\n\r"))).match  # type: ignore[attr-defined]  # the stubs do not know it
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
    """Whether *closing* may stand where *state* is, in a container that began with *opening*."""
    if opening == b"{":
        return closing == b"}" and state in (_COMMA, _KEY_OR_END)
    return closing == b"]" and state in (_COMMA, _VALUE_OR_END)
