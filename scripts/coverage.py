"""What the catalog covers, a row per document. Run: python scripts/coverage.py [--documents FOLDER]

With the folder of the vendors' documents (they are not part of the project) it also tells which share of their
non-empty lines is cited.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from explorer.core.catalog import Catalog, Vendor  # noqa: E402 - the project is not installed for scripts
from explorer.core.catalog.load import read_toml  # noqa: E402 - the project is not installed for scripts
from explorer.store.catalogs import decode  # noqa: E402 - the project is not installed for scripts

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog, Vendor


def cited(text: str) -> set[int]:
    """The line numbers in ``83,110-118``."""
    lines: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        lines.update(range(int(first), int(last or first) + 1))
    return lines


def all_cited(vendor: Vendor) -> set[int]:
    """Every line number that the vendor's part of the catalog names."""
    import msgspec

    lines: set[int] = set()

    def walk(node: object) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "lines" and isinstance(value, str):
                    lines.update(cited(value))
                else:
                    walk(value)
        elif isinstance(node, list | tuple):
            for one in node:
                walk(one)

    walk(msgspec.to_builtins(vendor))
    return lines


def load() -> Catalog:
    """The shipped catalog."""
    path = ROOT / "endpoint_catalog.toml"
    return decode(read_toml(path.read_text(encoding="utf-8"), path.name), path.name)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, help="folder with the vendors' documents")
    documents = parser.parse_args().documents
    rows = [
        (
            "document",
            "vendor",
            "endpoints",
            "inferred",
            "methods",
            "params",
            "rules",
            "notes",
            "readings",
            "change the request",
            "samples",
            "lines cited",
        )
    ]
    for vendor in load().vendors.values():
        endpoints = list(vendor.endpoints.values())
        readings = [*vendor.readings.values(), *(one for endpoint in endpoints for one in endpoint.readings.values())]
        share = ""
        if documents:
            text = (
                next(documents.glob(f"{vendor.document}_*.txt"))
                .read_text(encoding="utf-8", errors="replace")
                .splitlines()
            )
            full = {number for number, line in enumerate(text, 1) if line.strip()}
            share = f"{len(full & all_cited(vendor))} of {len(full)}"
        rows.append(
            (
                vendor.document,
                vendor.id,
                str(len(endpoints)),
                str(sum(one.inferred for one in endpoints)),
                str(sum(len(one.methods) for one in endpoints)),
                str(sum(len(one.params) for one in endpoints)),
                str(sum(len(one.rules) for one in endpoints)),
                str(len(vendor.notes) + sum(len(one.notes) for one in endpoints)),
                str(len(readings)),
                str(sum(one.changes_request for one in readings)),
                str(sum(len(one.samples) for one in endpoints)),
                share,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
