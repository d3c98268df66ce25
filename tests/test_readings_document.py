"""Every contradiction that changes the request of a read is tried on the sandbox under every choice; the document of it
is fresh, and what the sandbox follows it accepts."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.conftest import ROOT

DOCUMENT = ROOT / "docs" / "READINGS.md"
A_STORE_OF_THAT_NAME_IS_NOT_THERE = "`store_id_letters`"


def test_the_document_is_fresh() -> None:
    said = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "readings.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr


def test_what_the_sandbox_follows_it_accepts() -> None:
    rows = [line.split(" | ") for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert len(rows) > 150
    for row in rows:
        for cell in row[3].removesuffix(" |").split("<br>"):
            followed, _, said = cell.partition(": ")
            verdicts = dict(re.findall(r"(\S+) ([✓✗?])", said))
            if A_STORE_OF_THAT_NAME_IS_NOT_THERE not in row[0]:
                assert verdicts[followed] == "✓", row


def test_most_are_told_apart_by_what_is_accepted() -> None:
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert sum("| told |" in row for row in rows) > 90
