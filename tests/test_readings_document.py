"""Every contradiction that changes the request of a read is tried on the sandbox under every choice; the document of it
is fresh, and what the sandbox follows it accepts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from explorer.session.factory import open_session
from tests.conftest import ROOT
from tests.scripts import script

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from explorer.core.catalog import Catalog

DOCUMENT = ROOT / "docs" / "READINGS.md"
VENDORS = re.findall(r"^## (\w+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
A_STORE_OF_THAT_NAME_IS_NOT_THERE = "`store_id_letters`"


def section(text: str, vendor: str) -> str:
    """Return the rows of a vendor, and its line of the table at the top."""
    (line,) = re.findall(rf"^\| {vendor} \|.*$", text, re.MULTILINE)
    return str(line) + text.partition(f"\n## {vendor}\n")[2].partition("\n## ")[0].rstrip()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_the_document_is_fresh(home: Path, environ: Mapping[str, str], vendor: str) -> None:
    readings = script("readings")
    (home / "config").mkdir()
    (home / "config" / "settings.toml").write_text("sandbox_port = 0\n", encoding="utf-8")
    session = open_session(environ, keep_history=False)
    rows = await readings.rows(session, [session.vendor(vendor)])
    await session.close()
    text = DOCUMENT.read_text(encoding="utf-8")
    assert section(readings.text(rows), vendor) == section(text, vendor), "run python scripts/readings.py --write"


def test_the_document_has_every_vendor_and_their_sum(shipped: Catalog) -> None:
    assert set(VENDORS) == set(shipped.vendors)
    text = DOCUMENT.read_text(encoding="utf-8")
    counts = [[int(count) for count in section(text, vendor).splitlines()[0].split(" | ")[1:5]] for vendor in VENDORS]
    (total,) = re.findall(r"^\| \*\*all\*\* \| (.*) \|$", text, re.MULTILINE)
    assert [sum(column) for column in zip(*counts, strict=True)] == [int(count) for count in total.split(" | ")[:4]]


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
