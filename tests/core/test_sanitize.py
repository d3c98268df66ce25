"""Nothing that passes the gate may act on a terminal."""

from __future__ import annotations

import unicodedata

import pytest

from explorer.core.text.sanitize import sanitize, sanitize_line
from tests.properties import given, st

ANY_TEXT = st.text(st.characters(exclude_categories=[]))  # lone surrogates too


def acts(character: str) -> bool:
    """By the Unicode database: control characters, bidi formatting, separators, surrogates, byte order mark."""
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        or character in "\u200e\u200f\u061c\ufeff"
    )


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
        ("\x1b[2Jgone", "␛[2Jgone"),
        ("\x9b2J", "\ufffd2J"),
        ("a\x00b\x7f", "a␀b␡"),
        ("txt\u202egpj.exe", "txt\ufffdgpj.exe"),
        ("\ufeffhello", "\ufffdhello"),
        ("a\r\nb", "a␍\nb"),
        ("half \ud83d", "half \ufffd"),
        ("plain, Ünïcode, 中文, 😀", "plain, Ünïcode, 中文, 😀"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_what_acts_is_shown_and_the_rest_is_untouched(hostile: str, shown: str) -> None:
    assert sanitize(hostile) == shown


def test_a_line_has_neither_newlines_nor_tabs() -> None:
    assert sanitize_line("a\tb\nc\r") == "a   b␊c␍"


@given(ANY_TEXT)
def test_no_character_that_acts_passes(text: str) -> None:
    shown = sanitize(text)
    assert len(shown) == len(text)
    assert not [character for character in shown if acts(character) and character not in "\n\t"]
    assert sanitize(shown) == shown
    assert not [character for character in sanitize_line(text) if acts(character)]
    shown.encode()
