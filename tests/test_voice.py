"""What users read says it in the field's words: every string of the package, every sentence of the catalog."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.scripts import script

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
WORDS: Final = {
    r"\banswer(?:s|ed)?\b": "response",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\bof (?:then|now)\b": "original, current",
    r"\b(?:not )?to be had\b": "available, missing",
    r"\bcannot be known\b": "unknown",
    r"\bgoe?s? for good\b": "deleted permanently",
    r"\blife lines?\b": "token history",
    r"\bdefect of this program\b": "internal error (bug)",
    r"\b(?:look|looked|looks) over\b": "check",
    r"\b(?:somebody|someone) else's\b": "the other client's",
    r"\b(?:guilty|blamed|flaws?)\b": "offending, failure",
    r"\bdoes not hold\b": "ruled out",
    r"(?<!there )\bis no (?!longer|more\b)[a-z]+": "is not a",
    r"\bthe documents?: ": "Docs: ",
}
"""What is not said → what is said instead."""
SPOKEN: Final = frozenset({"You did not allow it. Send again to change your answer, or fix the base URL."})
"""The reply of a user, which is an answer."""


def sentences() -> Iterator[tuple[str, str]]:
    strings = script("strings")
    yield from strings.visible_strings(ROOT / "explorer")
    for path in (ROOT / "endpoint_catalog.toml", *sorted((ROOT / "explorer" / "_data" / "tracks").glob("*.toml"))):
        yield from strings.prose(path)


@pytest.fixture(scope="module")
def spoken() -> list[tuple[str, str]]:
    return [(place, text) for place, text in sentences() if text not in SPOKEN]


@pytest.mark.parametrize("pattern", list(WORDS))
def test_a_word_of_the_glossary_is_used(pattern: str, spoken: list[tuple[str, str]]) -> None:
    assert len(spoken) > 5_000
    word = re.compile(pattern, re.IGNORECASE)
    assert [(place, text) for place, text in spoken if word.search(text)] == [], f"say {WORDS[pattern]!r}"
