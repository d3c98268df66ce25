"""JSON laid out over lines, with every token as it was sent (RFC 8259): numbers, key order, duplicate keys, escapes.

``msgspec.json.format`` does the work. Where it gives up on what the RFC allows (lone surrogates in ``\\u`` escapes,
deep nesting) or would blow up (deep nesting times many lines), our own slower formatter takes over.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import NamedTuple

import msgspec

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
_TOKEN = re.compile(
    rb"[ \t\n\r]*+(?:"
    rb'("[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")'
    rb"|(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)"
    rb"|([\[{])|([\]}])|(,)|(:))"
)
_ONLY_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = [1 if byte in b"[{" else -1 if byte in b"]}" else 0 for byte in range(256)]


class Formatted(NamedTuple):
    """The laid-out text; ``note`` says why it is as sent in place of laid out, where it is."""

    data: bytes
    note: str = ""


class Broken(NamedTuple):
    """Not JSON: the byte offset at which it goes wrong and what is wrong there."""

    position: int
    message: str


def format_json(data: bytes) -> Formatted | Broken:
    """Lay out *data* (UTF-8). Never raises."""
    if _would_blow_up(data):
        return format_slowly(data)
    try:
        return Formatted(msgspec.json.format(data, indent=INDENT))
    except RecursionError:
        return format_slowly(data)
    except msgspec.DecodeError as error:
        if has_surrogate(data):
            return format_slowly(data)
        match = _POSITION.match(str(error))
        if match:
            message = match[1].removeprefix("JSON is malformed: ")
            return Broken(_exact(data, int(match[2]), message), message)
        return Broken(len(data), "it ends too early")


def ends_early(data: bytes) -> Broken | None:
    """What is wrong with *data* where nothing is but that it ends too early; None where it is something else."""
    try:
        msgspec.json.format(data, indent=0)
    except RecursionError:
        return None
    except msgspec.DecodeError as error:
        if _POSITION.match(str(error)) is None and not has_surrogate(data):
            return Broken(len(data), "it ends too early")
    return None


def _exact(data: bytes, position: int, message: str) -> int:
    """The first byte that is wrong: the formatter tells of one further for a tail, of the middle of a bad literal."""
    if message == "trailing characters":
        return position - 1
    # A control character can only be wrong inside a string, where words are no literals.
    if message != "invalid character" or data[position : position + 1] < b" ":
        return position
    word = _LITERAL.search(data, max(0, position - 8), position)
    return word.start() if word else position


def _would_blow_up(data: bytes) -> bool:
    """Whether indentation alone could take eight times the body."""
    brackets = data.translate(None, _ONLY_BRACKETS)
    if len(brackets) <= 2 * DEEPEST_INDENT:
        return False
    deepest = max(accumulate(map(_STEP.__getitem__, brackets)))
    if deepest <= DEEPEST_INDENT:
        return False
    return (len(brackets) + data.count(b",")) * deepest * INDENT > 8 * len(data) + 1_000_000


def has_surrogate(data: bytes) -> bool:
    """Whether *data* may hold a surrogate as an escape, which the quick formatter refuses when it stands alone."""
    return _SURROGATE.search(data) is not None


def format_slowly(data: bytes) -> Formatted | Broken:
    """Lay out *data* with our own formatter; a ``note`` where it is too large for that."""
    if len(data) > SLOW_LIMIT:
        return Formatted(data, "nested too deep or escaped too oddly to lay out at this size; shown as sent")
    return _Layout(data).run()


def format_broken(data: bytes) -> bytes:
    """Lay out *data* as far as it is JSON; the rest of it as sent."""
    layout = _Layout(data, deepest=PIECE_DEPTH)
    rest = data[layout.walk() :].strip(b" \t\n\r")
    return layout.made(rest)


class _Layout:
    """One pass over the tokens with an explicit stack. ``expect`` holds what may come next."""

    def __init__(self, data: bytes, deepest: int = DEEPEST_INDENT) -> None:
        self.data = data
        self.out: list[bytes] = []
        self.stack: list[bytes] = []
        self.expect = "value"
        self._deepest = deepest

    def run(self) -> Formatted | Broken:
        end = len(self.data.rstrip(b" \t\n\r"))
        position = self.walk()
        if position < end:
            match = _TOKEN.match(self.data, position, end)
            start = match.start(match.lastindex or 0) if match else self._skip_space(position)
            return Broken(start, "invalid character" if match is None else f"expected {self._wanted()}")
        if self.expect != "end":
            return Broken(end, "it ends too early")
        return Formatted(b"".join(self.out))

    def made(self, rest: bytes) -> bytes:
        """What was laid out, and *rest* where the next token would stand."""
        if rest and self.expect.endswith((" or }", " or ]")):
            self._line_if(True)
        return b"".join(self.out) + rest

    def walk(self) -> int:
        """Take all tokens; gives the offset of the first thing that is none, or that may not stand there."""
        position, end, data, match_token = 0, len(self.data.rstrip(b" \t\n\r")), self.data, _TOKEN.match
        while position < end:
            match = match_token(data, position, end)
            if match is None or not self._take(match):
                return position
            position = match.end()
        return end

    def _skip_space(self, position: int) -> int:
        return len(self.data) - len(self.data[position:].lstrip(b" \t\n\r"))

    def _wanted(self) -> str:
        return {"end": "nothing more", "key or }": "a key or }", "value or ]": "a value or ]"}.get(
            self.expect, f"a {self.expect}" if self.expect in {"value", "key", "colon"} else self.expect
        )

    def _take(self, match: re.Match[bytes]) -> bool:
        string, scalar, opening, closing, comma, colon = match.groups()
        if string is not None and self.expect in {"key", "key or }"}:
            self._line_if(self.expect == "key or }")
            self.out.append(string)
            self.expect = "colon"
            return True
        if string is not None or scalar is not None or opening is not None:
            return self._value(string or scalar or opening, opens=opening is not None)
        if closing is not None:
            return self._close(closing)
        if comma is not None and self.expect == "comma or end of container":
            self.out.append(b",")
            self._line_if(True)
            self.expect = "key" if self.stack[-1] == b"{" else "value"
            return True
        if colon is not None and self.expect == "colon":
            self.out.append(b": ")
            self.expect = "value"
            return True
        return False

    def _value(self, token: bytes, *, opens: bool) -> bool:
        if self.expect not in {"value", "value or ]"}:
            return False
        self._line_if(self.expect == "value or ]")
        self.out.append(token)
        if opens:
            self.stack.append(token)
            self.expect = "key or }" if token == b"{" else "value or ]"
        else:
            self._after_value()
        return True

    def _close(self, token: bytes) -> bool:
        if not self.stack or self.stack[-1] != (b"{" if token == b"}" else b"["):
            return False
        if self.expect not in {"comma or end of container", "key or }" if token == b"}" else "value or ]"}:
            return False
        self.stack.pop()
        self._line_if(self.expect == "comma or end of container")
        self.out.append(token)
        self._after_value()
        return True

    def _after_value(self) -> None:
        self.expect = "comma or end of container" if self.stack else "end"

    def _line_if(self, wanted: bool) -> None:
        if wanted:
            self.out.append(b"\n" + b" " * (INDENT * min(len(self.stack), self._deepest)))
