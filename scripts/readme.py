"""Keeps the README and docs/KEYS.md true: the tables of keys come from the app's own table of actions.

python scripts/readme.py --print-test-command    the command under "Run the tests" (needs no installed package)
python scripts/readme.py --write                  put the fresh table of keys in
python scripts/readme.py --check                  exit 1 when the README is stale
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
KEYS = ROOT / "docs" / "KEYS.md"
_ABOUT_KEYS = """\
# Keys

Every key of every screen, made from `explorer/tui/actions.py` by `scripts/readme.py --write`. The id is what
`[keymap]` in `settings.toml` calls the action, as in `"tokens.renew" = "f7"`. A key without an id is fixed.

"""
_KEYS = re.compile(r"(<!-- keys -->\n).*?(<!-- /keys -->)", re.DOTALL)


def commands(text: str) -> list[str]:
    """The copy-paste lines: the first shell block after the picture starts the app, the second runs the tests."""
    return [block.strip() for block in re.findall(r"```sh\n(python3 -m venv .*?)\n```", text, re.DOTALL)]


def with_fresh_keys(text: str) -> str:
    """The README with the table of keys as the app has it now."""
    sys.path.insert(0, str(ROOT))
    from explorer.tui.actions import key_table

    return _KEYS.sub(lambda found: f"{found[1]}{key_table().strip()}\n{found[2]}", text)


def fresh_manual() -> str:
    """Return ``docs/KEYS.md`` as the app has its keys now."""
    from explorer.tui.actions import key_manual

    return _ABOUT_KEYS + key_manual()


def main() -> int:
    """Do what the option says; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    for option in ("--print-test-command", "--write", "--check"):
        what.add_argument(option, action="store_true")
    options = parser.parse_args()
    text = README.read_text(encoding="utf-8")
    found = commands(text)
    if len(found) != 2:
        print(f"the README has {len(found)} copy-paste lines, and should have two", file=sys.stderr)
        return 1
    if options.print_test_command:
        print(found[1])
        return 0
    fresh = with_fresh_keys(text)
    if options.write:
        README.write_text(fresh, encoding="utf-8")
        KEYS.write_text(fresh_manual(), encoding="utf-8")
    elif fresh != text or not KEYS.exists() or fresh_manual() != KEYS.read_text(encoding="utf-8"):
        print("a table of keys is stale: run python scripts/readme.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
