"""Marks: short words that stand for a hole while the encoders and auth schemes work on a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from explorer.core.export.recipe import SIGNATURE, TIMESTAMP, Hole

if TYPE_CHECKING:
    from explorer.core.export.recipe import Code, Text

_PUBLIC_MARKS = (TIMESTAMP, SIGNATURE)
"""Digits and letters only: written the same everywhere."""


class MarkGenerator:
    """Hands out words that no encoding spells otherwise and that do not occur in *taken*."""

    def __init__(self, taken: str) -> None:
        number = 0
        while f"Hole{number}q" in taken:
            number += 1
        self.stem = f"Hole{number}q"
        self._names: list[str] = []
        self._pattern = re.compile(rf"{self.stem}([0-9]+)z")

    def mark(self, name: str) -> str:
        """The word for the hole *name*; the same one each time."""
        if name not in self._names:
            self._names.append(name)
        return f"{self.stem}{self._names.index(name)}z"

    def split(self, text: str, code: Code = "raw") -> Text:
        """*text* with holes in place of marks."""
        pieces: list[str | Hole] = []
        for number, piece in enumerate(self._pattern.split(text)):
            if number % 2:
                name = self._names[int(piece)]
                pieces.append(Hole(name, "raw" if name in _PUBLIC_MARKS else code))
            elif piece:
                pieces.append(piece)
        return tuple(pieces)
