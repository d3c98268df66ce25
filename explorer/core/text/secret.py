"""A secret is a type: it prints as dots, and its text is had only by asking for it."""

from __future__ import annotations

import hashlib
from typing import Final

MASK: Final = "••••••"


class Secret:
    """A text that must not be shown. ``str``, ``repr`` and formatting give dots; ``reveal()`` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; call it only where the secret is put on the wire or a person asked to see it."""
        return self._text

    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell two secrets apart and say nothing else (SHA-256, cut)."""
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
        raise TypeError("a secret is not pickled")
