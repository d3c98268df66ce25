"""Tries every contradiction that changes the request of a read, under every choice, on the sandbox, and writes down
what was accepted: once with the sandbox under the default reading, and once under each other one.

python scripts/readings.py --write     docs/READINGS.md made anew
python scripts/readings.py --check     exit 1 when it is stale
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from explorer.core.catalog import Endpoint, Reading, Vendor
    from explorer.session.context import SessionContext
    from explorer.session.experiments import Experiment

DOCUMENT = ROOT / "docs" / "READINGS.md"
_SIGNS = {"accepted": "✓", "refused": "✗", "unclear": "?"}
_KINDS = {
    "told": "told apart: the sandbox takes the choice that it follows and refuses the others",
    "sided": "what the sandbox follows is always accepted, and one choice allows what another one is about as well",
    "all": "every choice is accepted, whatever it follows",
    "same": "every choice makes the same request",
    "open": "undecided",
}
_HEAD = """\
# The contradictions, tried

Made by `python scripts/readings.py --write`; `--check` says whether it is stale. Every reading that changes the request
of a read was sent to the sandbox under each of its choices: with the sandbox under the default reading, then under each
other choice. Where the choices differ only in what they allow, the request was given a value that one of them forbids.
Readings that concern every call were tried on the first read that is signed. Calls with side effects are not in it.

✓ accepted, ✗ refused, ? neither. In a row: what the sandbox followed, and what it made of each choice.
"""


@dataclass(frozen=True)
class Row:
    """One reading, tried."""

    vendor: str
    place: str
    key: str
    kind: str
    cells: tuple[str, ...]
    """Choice that the sandbox followed: ``get: get ✓ post ✗``."""


async def rows(session: SessionContext, vendors: Iterable[Vendor]) -> list[Row]:
    """Try every reading of *vendors* that can be tried."""
    found: list[Row] = []
    for vendor in vendors:
        for endpoint, key, reading, wide in _to_try(vendor):
            row = await _row(session, vendor, endpoint, key, reading, wide=wide)
            if row is not None:
                found.append(row)
    return found


def _to_try(vendor: Vendor) -> Iterator[tuple[Endpoint, str, Reading, bool]]:
    reads = [one for one in vendor.endpoints.values() if one.effect == "read"]
    for endpoint in reads:
        for key, reading in endpoint.readings.items():
            if reading.changes_request:
                yield endpoint, key, reading, False
    for key, reading in vendor.readings.items():
        if reading.changes_request:
            for endpoint in reads:
                if endpoint.auth != "none":
                    yield endpoint, key, reading, True
                    break


async def _row(
    session: SessionContext, vendor: Vendor, endpoint: Endpoint, key: str, reading: Reading, *, wide: bool
) -> Row | None:
    from explorer.core.model import Call
    from explorer.session.experiments import follow_readings, run_experiment
    from explorer.session.variants import plan_experiment, with_examples

    address = f"{vendor.id}.{key}" if wide else f"{vendor.id}.{endpoint.id}.{key}"
    call, _ = with_examples(session, Call(vendor=vendor.id, endpoint=endpoint.id))
    await session.ready(call)
    tried: dict[str, Experiment] = {}
    for choice in sorted(reading.choices, key=lambda one: one != reading.default):
        follow_readings(session, {} if choice == reading.default else {address: choice})
        session._tokens.clear()  # a token that one reading minted is not to help another
        tried[choice] = await run_experiment(session, plan_experiment(session, call, key), agreed=True)
    follow_readings(session, {})
    cells = tuple(_cell(choice, one) for choice, one in tried.items())
    return Row(vendor.id, f"every call (`{endpoint.id}`)" if wide else f"`{endpoint.id}`", key, _kind(tried), cells)


def _cell(choice: str, experiment: Experiment) -> str:
    said = " ".join(f"{one.variant.choice} {_SIGNS[one.verdict]}" for one in experiment.trials)
    return f"{choice}: {said}"


def _kind(tried: dict[str, Experiment]) -> str:
    if all(experiment.followed_choice == choice for choice, experiment in tried.items()):
        return "told"
    if all(one.plan.all_same for one in tried.values()):
        return "same"
    verdicts = {trial.verdict for one in tried.values() for trial in one.trials}
    if verdicts == {"accepted"}:
        return "all"
    own = [trial.verdict for choice, one in tried.items() for trial in one.trials if trial.variant.choice == choice]
    return "sided" if set(own) == {"accepted"} else "open"


def text(found: list[Row]) -> str:
    """The document."""
    lines = [_HEAD, "| vendor | tried | " + " | ".join(_KINDS) + " |", "|---" * (len(_KINDS) + 2) + "|"]
    vendors = list(dict.fromkeys(row.vendor for row in found))
    for vendor in [*vendors, ""]:
        mine = [row for row in found if vendor in ("", row.vendor)]
        counts = Counter(row.kind for row in mine)
        cells = " | ".join(str(counts[kind]) for kind in _KINDS)
        lines.append(f"| {vendor or '**all**'} | {len(mine)} | {cells} |")
    lines += ["", *(f"- *{kind}*: {words}" for kind, words in _KINDS.items())]
    for vendor in vendors:
        lines += [
            "",
            f"## {vendor}",
            "",
            "| reading | of | result | sandbox follows → what was accepted |",
            "|---|---|---|---|",
        ]
        for row in found:
            if row.vendor == vendor:
                lines.append(f"| `{row.key}` | {row.place} | {row.kind} | {'<br>'.join(row.cells)} |")
    return "\n".join(lines) + "\n"


async def _made() -> str:
    from explorer.session.factory import open_session

    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / "config"
        config.mkdir()
        (config / "settings.toml").write_text("sandbox_port = 0\n", encoding="utf-8")
        session = open_session({"API_EXPLORER_HOME": home}, keep_history=False)
        try:
            return text(await rows(session, session.catalog.vendors.values()))
        finally:
            await session.close()


def main() -> int:
    """Do what the option says; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true")
    what.add_argument("--check", action="store_true")
    options = parser.parse_args()
    fresh = asyncio.run(_made())
    if options.write:
        DOCUMENT.write_text(fresh, encoding="utf-8")
    elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != fresh:
        print("docs/READINGS.md is stale: run python scripts/readings.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
