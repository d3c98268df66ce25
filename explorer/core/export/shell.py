"""Words of a shell command, quoted for every byte but NUL, which none can carry.

``'…'`` where everything can be seen, ``$'…'`` (bash, zsh, ksh, POSIX 2024) where a control sign or a byte that is no
UTF-8 stands, and ``"…$NAME…"`` where a variable does.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from explorer.core.export.recipe import Hole
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.core.export.recipe import Text

_ENCODERS = {"url": "urlencode", "json": "jsonencode"}
HELPERS = {
    "url": """urlencode() { printf %s "$1" | od -An -v -tx1 | tr -d ' \\n' | sed 's/../%&/g'; }""",
    "json": """jsonencode() { printf %s "$1" | sed 's/[\\\\"]/\\\\&/g'; }""",
}
"""Functions that fill a hole in a URL or form, and in a JSON text; they need nothing but POSIX tools."""
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'", "\\": "\\\\"}
_PLAIN_IN_DOUBLE = re.compile(r'[^"$`\\!]*')
"""Text that means itself between double quotes, in an interactive shell too."""


def quote(text: str) -> str:
    """*text* as one word.

    Raises:
        UsageError: it holds a NUL.
    """
    if "\0" in text:
        raise UsageError(
            "it holds a NUL byte, which no word of a command line can carry", hint="Export it as python or as http."
        )
    if sanitize_line(text) == text and _encodable(text):
        return shlex.quote(text)
    return "$'" + "".join(_escaped(sign) for sign in text) + "'"


def word(text: Text) -> str:
    """*text* as one word, its holes filled by the shell.

    Raises:
        UsageError: it holds a NUL.
    """
    if not any(isinstance(piece, Hole) for piece in text):
        return quote("".join(str(piece) for piece in text))
    literals = [piece for piece in text if isinstance(piece, str)]
    if all(_PLAIN_IN_DOUBLE.fullmatch(one) and quote(one)[:2] != "$'" for one in literals):
        return '"' + "".join(_quote_parts(text)) + '"'
    return "".join(quote(piece) if isinstance(piece, str) else f'"{_fill_hole(piece)}"' for piece in text)


def _quote_parts(text: Text) -> list[str]:
    pieces = []
    for number, piece in enumerate(text):
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        following = text[number + 1] if number + 1 < len(text) else ""
        joined = isinstance(following, str) and bool(re.match(r"[A-Za-z0-9_\[]", following))
        pieces.append(f"${{{piece.name}}}" if joined and piece.code == "raw" else _fill_hole(piece))
    return pieces


def _fill_hole(hole: Hole) -> str:
    return f"${hole.name}" if hole.code == "raw" else f'$({_ENCODERS[hole.code]} "${hole.name}")'


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(sign: str) -> str:
    if sign in _NAMED:
        return _NAMED[sign]
    if sign.isprintable() and sanitize_line(sign) == sign:
        return sign
    return "".join(f"\\x{byte:02x}" for byte in to_bytes(sign))


def to_bytes(text: str) -> bytes:
    """The bytes that *text* stands for: UTF-8, with lone surrogates as the bytes that they came from."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
