"""A type for secrets, which prints a mask; the value requires an explicit ``reveal``."""

from __future__ import annotations

import hashlib
from typing import Final

MASK: Final = "••••••"


class Secret:
    """A string that must not be shown. ``str``, ``repr`` and formatting return a mask, ``reveal()`` the value."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the value. Call it only to send the secret, or when the user asks to see it."""
        return self._text

    def fingerprint(self) -> str:
        """Return eight hexadecimal digits that distinguish secrets and reveal nothing else (truncated SHA-256)."""
        return hashlib.sha256(self._text.encode()).hexdigest()[:8]

    def __repr__(self) -> str:
        return "Secret(••••••)"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled")
