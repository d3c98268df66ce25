"""Makes the pictures of the manuals from the app itself: docs/screen.svg of the README, docs/pictures/*.svg.

python scripts/picture.py [NAME...]          write them
python scripts/picture.py --check [NAME...]  exit 1 when one is stale

They are the same on every machine (see tests/tui/still.py) that has the same release of the terminal library.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog

os.environ["TEXTUAL_ANIMATIONS"] = "none"
ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))


async def picture(catalog: Catalog, name: str) -> str:
    """The picture of that name as SVG."""
    from tests.tui.scenes import PICTURES
    from tests.tui.still import play, still_app

    size, scene = PICTURES[name]
    with tempfile.TemporaryDirectory() as home:
        app = still_app(Path(home), catalog)
        async with app.run_test(size=size) as pilot:
            await play(pilot, scene)
            return app.export_screenshot(title="api-explorer", simplify=True) + "\n"


def place(name: str) -> Path:
    """Where the picture of that name is kept."""
    return ROOT / "docs" / (f"{name}.svg" if name == "screen" else f"pictures/{name}.svg")


def main() -> int:
    """Do what the option says; gives the exit code."""
    from explorer.core.catalog.load import read_toml
    from explorer.store.catalogs import decode
    from tests.tui.scenes import PICTURES, UNSTEADY

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)}; all when none is given")
    options = parser.parse_args()
    path = ROOT / "endpoint_catalog.toml"
    catalog = decode(read_toml(path.read_text(encoding="utf-8"), path.name), path.name)
    stale = []
    for name in options.names or PICTURES:
        if options.check and name in UNSTEADY:
            continue
        fresh = asyncio.run(picture(catalog, name))
        kept = place(name)
        if not options.check:
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(fresh, encoding="utf-8")
        elif not kept.exists() or kept.read_text(encoding="utf-8") != fresh:
            stale.append(name)
    if stale:
        print(f"stale: {', '.join(stale)}; run python scripts/picture.py and look at them", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
