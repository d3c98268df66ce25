"""Rank catalog entries and commands by how well a search matches them, best first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

EXACT, PREFIX, WORD_STARTS, WORDS, ELSEWHERE = range(5)
"""Rank of a match: the whole title or id; a prefix of it; a start of a word for each searched word; anywhere in the
title or id; only in other text."""
_WORD: Final = re.compile(r"[a-z0-9]+")


def match_rank(text: str, names: Iterable[str]) -> int:
    """Return the rank of the best of *names*, the title and ids of an entry, for a search *text*."""
    return min(_rank(" ".join(text.lower().split()), name.lower()) for name in names)


def _rank(text: str, name: str) -> int:
    if text == name:
        return EXACT
    if name.startswith(text):
        return PREFIX
    words, starts = text.split(), _WORD.findall(name)
    if all(any(start.startswith(word) for start in starts) for word in words):
        return WORD_STARTS
    return WORDS if all(word in name for word in words) else ELSEWHERE
