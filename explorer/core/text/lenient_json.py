"""Parse JSON beyond the limits of machine types: deep nesting, numbers of thousands of digits, lone surrogates.

RFC 8259 sets no limit for these (section 9), so such a body is valid and must not be reported as broken. The parser
keeps its own stack and runs in linear time. It accepts nothing outside the RFC, such as ``NaN``.
"""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, Final

from explorer.core.checkpoint import checkpoint

DEEPEST: Final = 200
"""Levels that are decoded; deeper values are returned as strings."""
TOKEN: Final = re.compile(
    rb"[ \t\n\r]*+(?:"
    rb'("[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")'
    rb"|(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)"
    rb"|([\[{])|([\]}])|(,)|(:))"
)
"""One JSON token after whitespace: string, other scalar, opening, closing, comma, colon."""
ONLY_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
STEP: Final = [1 if byte in b"[{" else -1 if byte in b"]}" else 0 for byte in range(256)]
_DIGITS: Final = 4_000
"""Maximum digits of an integer that becomes an ``int``; Python rejects more than 4,300."""
_CHECKPOINT_INTERVAL: Final = 10_000
"""Tokens between two checkpoints."""
_STRING, _SCALAR, _OPENING, _CLOSING, _COMMA_SIGN = 1, 2, 3, 4, 5
"""Groups of ``TOKEN``; the sixth is a colon."""
_VALUE, _VALUE_OR_END, _KEY, _KEY_OR_END, _COLON, _COMMA, _END = range(7)
_WORDS: Final = {b"true": True, b"false": False, b"null": None}


def depth(data: bytes) -> int:
    """Return the maximum nesting depth of *data*; brackets in strings count too."""
    return max(accumulate(map(STEP.__getitem__, data.translate(None, ONLY_BRACKETS))), default=0)


def parse(data: bytes) -> Any:
    """Return the value of *data* (UTF-8).

    Numbers that fit no machine type, and values nested deeper than ``DEEPEST``, are returned as strings.

    Raises:
        ValueError: *data* is not JSON; the message states the position.
    """
    return _Parser(data).run()


class _Parser:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._opened = bytearray()
        """The open brackets."""
        self._containers: list[Any] = []
        """The containers down to ``DEEPEST``, and the current key of each."""
        self._keys: list[str] = []
        self._deep_start = 0
        self._result: Any = None

    def run(self) -> Any:
        end = len(self._data.rstrip(b" \t\n\r"))
        state, position = _VALUE, 0
        next_token = TOKEN.scanner(self._data, 0, end).match  # type: ignore[attr-defined]  # missing in the stubs
        count = 0
        while (match := next_token()) is not None:
            count += 1
            if count % _CHECKPOINT_INTERVAL == 0:
                checkpoint()
            kind = match.lastindex
            next_state = self._take(kind, match[kind], match.start(kind), state)
            if next_state is None:
                break
            state, position = next_state, match.end()
        if position < end:
            raise ValueError(f"unexpected character (byte {position})")
        if state != _END:
            raise ValueError("unexpected end")
        return self._result

    def _take(self, kind: int, token: bytes, start: int, state: int) -> int | None:
        """Process one token; return the next state, or None if the token is not allowed here."""
        if state <= _VALUE_OR_END and kind <= _OPENING:
            if kind == _OPENING:
                self._open(token, start)
                return _KEY_OR_END if token == b"{" else _VALUE_OR_END
            if len(self._opened) <= DEEPEST:
                self._put(_string(token) if kind == _STRING else _scalar(token))
            return self._after_value()
        if kind == _STRING and state in (_KEY, _KEY_OR_END):
            if len(self._opened) <= DEEPEST:
                self._keys[-1] = _string(token)
            return _COLON
        if token == b":" and state == _COLON:
            return _VALUE
        if kind == _COMMA_SIGN and state == _COMMA:
            return _KEY if self._opened[-1:] == b"{" else _VALUE
        if kind == _CLOSING and self._closes(token, state):
            self._close(start + 1)
            return self._after_value()
        return None

    def _after_value(self) -> int:
        return _COMMA if self._opened else _END

    def _closes(self, token: bytes, state: int) -> bool:
        opening = self._opened[-1:]
        return (opening == b"{" and token == b"}" and state in (_COMMA, _KEY_OR_END)) or (
            opening == b"[" and token == b"]" and state in (_COMMA, _VALUE_OR_END)
        )

    def _open(self, token: bytes, start: int) -> None:
        if len(self._opened) < DEEPEST:
            self._containers.append({} if token == b"{" else [])
            self._keys.append("")
        elif len(self._opened) == DEEPEST:
            self._deep_start = start
        self._opened += token

    def _close(self, end: int) -> None:
        self._opened.pop()
        if len(self._opened) < DEEPEST:
            self._keys.pop()
            self._put(self._containers.pop())
        elif len(self._opened) == DEEPEST:
            self._put(self._data[self._deep_start : end].decode("utf-8", "replace"))

    def _put(self, value: Any) -> None:
        if not self._containers:
            self._result = value
        elif isinstance(self._containers[-1], list):
            self._containers[-1].append(value)
        else:
            self._containers[-1][self._keys[-1]] = value


def _string(token: bytes) -> str:
    text: str = json.loads(token)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if b"\\u" in token else text


def _scalar(token: bytes) -> Any:
    if token in _WORDS:
        return _WORDS[token]
    text = token.decode("ascii")
    if text.lstrip("-").isdigit():
        return int(text) if len(text) <= _DIGITS else text
    number = float(text)
    return number if math.isfinite(number) else text
