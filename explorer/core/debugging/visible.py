"""Text with everything in it that cannot be seen made visible, one sign for one."""

from __future__ import annotations

import unicodedata
from typing import Final

from explorer.core.text.sanitize import sanitize_line

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
