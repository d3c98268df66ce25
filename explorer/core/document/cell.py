"""A value in a table."""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """A value to show: ``kind`` as of a token (string, number, constant, punctuation), ``text`` not sanitized."""

    kind: str
    text: str


def is_number(text: str) -> bool:
    """Whether *text* is written as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
