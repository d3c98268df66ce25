"""Sanitize untrusted text so that it cannot control the terminal or deceive the reader.

Every string from a server, a file, a catalog, the environment or an exception is sanitized before it reaches a widget
or standard output. Copying and saving use the original.

    C0 and DEL            the visible symbols of U+2400 (ESC becomes ␛)
    C1                    U+FFFD; terminals interpret U+009B as ``ESC [`` (ECMA-48, 5.3)
    bidi controls, BOM    U+FFFD; they reorder or hide text (Unicode TR 36, 3.2)
    line separators       U+FFFD; U+2028 and U+2029 break lines in some terminals
    lone surrogates       U+FFFD; they cannot be encoded for output
"""

from __future__ import annotations

import re

TAB = 4
"""Cells between tab stops."""

_UNSAFE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_IN_TEXT = re.compile(f"[{_UNSAFE}]")
_IN_LINE = re.compile(f"[\n{_UNSAFE}]")


def _control_picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def sanitize(text: str, *, newlines: bool = True) -> str:
    """Return *text* with unsafe characters replaced one by one; tabs remain, and with *newlines* also newlines."""
    if text.isascii() and text.isprintable():
        return text
    return (_IN_TEXT if newlines else _IN_LINE).sub(_control_picture, text)


def sanitize_line(text: str) -> str:
    """Return *text* as one line: newlines become symbols, tabs become spaces up to the next stop (every ``TAB``)."""
    text = sanitize(text, newlines=False)
    return text.expandtabs(TAB) if "\t" in text else text
