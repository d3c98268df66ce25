"""The gate for text that came from outside: nothing in it may act on the terminal or deceive the eye.

Every string from a server, a file, a catalog, an environment or an exception passes here before it reaches a widget or
standard output. What is copied or saved is the original, never this.

    C0 and DEL            the visible pictures of U+2400 (ESC becomes ␛)
    C1                    U+FFFD; terminals take U+009B for ``ESC [`` (ECMA-48, 5.3)
    bidi controls, BOM    U+FFFD; they reorder or hide what is read (Unicode TR 36, 3.2)
    line separators       U+FFFD; U+2028 and U+2029 break lines in some terminals
    lone surrogates       U+FFFD; they cannot be encoded for output
"""

from __future__ import annotations

import re

TAB = 4
"""Cells from one tab stop to the next."""

_UNSAFE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_IN_TEXT = re.compile(f"[{_UNSAFE}]")
_IN_LINE = re.compile(f"[\n{_UNSAFE}]")


def _control_picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def sanitize(text: str, *, newlines: bool = True) -> str:
    """*text* with the same number of characters and none that acts; tabs stay, and newlines where *newlines*."""
    if text.isascii() and text.isprintable():
        return text
    return (_IN_TEXT if newlines else _IN_LINE).sub(_control_picture, text)


def sanitize_line(text: str) -> str:
    """*text* as one line: newlines become pictures and tabs become spaces up to the next stop (every ``TAB``)."""
    text = sanitize(text, newlines=False)
    return text.expandtabs(TAB) if "\t" in text else text
