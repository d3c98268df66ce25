"""docs/DEBUGGING.md says what the debugger really answers, for every mistake that it knows."""

from __future__ import annotations

from explorer.core.explain.refusals.reasons import CHECKS
from explorer.core.explain.signature.mistakes import MISTAKES
from tests.conftest import ROOT
from tests.scripts import script


def test_both_tables_are_what_the_program_says_now() -> None:
    text = (ROOT / "docs" / "DEBUGGING.md").read_text("utf-8")
    assert script("debugging").with_fresh_tables(text) == text, "run python scripts/debugging.py --write"


def test_every_mistake_and_every_check_has_its_row() -> None:
    text = (ROOT / "docs" / "DEBUGGING.md").read_text("utf-8")
    for name in [*(one.id for one in MISTAKES), *CHECKS]:
        assert f"| `{name}` |" in text
    assert "no known mistake explains it" not in text
