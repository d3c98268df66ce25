"""Makes the README's picture from the app itself: a signed request, its answer and the verdict, in the dark theme.

python scripts/picture.py            write docs/screen.svg
python scripts/picture.py --check    exit 1 when it is stale

It is the same on every machine (see tests/tui/still.py) that has the same release of the terminal library.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "screen.svg"
SIZE = (120, 36)


async def picture() -> str:
    """The picture as SVG."""
    sys.path.insert(0, str(ROOT))
    from explorer.core.catalog import decode, read_toml
    from tests.tui.still import answered, play, still_app

    path = ROOT / "endpoint_catalog.toml"
    catalog = decode(read_toml(path.read_text(encoding="utf-8"), path.name), path.name)
    with tempfile.TemporaryDirectory() as home:
        app = still_app(Path(home), catalog)
        async with app.run_test(size=SIZE) as pilot:
            await play(pilot, answered)
            return app.export_screenshot(title="api-explorer", simplify=True) + "\n"


def main() -> int:
    """Do what the option says; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args()
    fresh = asyncio.run(picture())
    if not options.check:
        PICTURE.write_text(fresh, encoding="utf-8")
        return 0
    if not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != fresh:
        print("docs/screen.svg is stale: run python scripts/picture.py and look at it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
