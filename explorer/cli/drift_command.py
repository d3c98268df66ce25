"""``drift``: the answers in the history against the catalog, and taking over what they show."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_lines
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.core.drift import DriftFinding
    from explorer.session.context import SessionContext
    from explorer.session.drift import DriftReport


@click.command("drift")
@click.argument("vendor", required=False)
@click.option("--accept", "accepted", multiple=True, type=click.IntRange(1), metavar="N", help="Take over finding N.")
@click.option("--dismiss", "dismissed", multiple=True, type=click.IntRange(1), metavar="N", help="Hide finding N.")
@click.option("--all", "every", is_flag=True, help="Also findings that were dismissed.")
@click.option("--json", "as_json", is_flag=True, help="The findings as data.")
@click.pass_context
def drift_command(
    ctx: click.Context,
    vendor: str | None,
    accepted: tuple[int, ...],
    dismissed: tuple[int, ...],
    every: bool,
    as_json: bool,
) -> int:
    """Where the answers in the history differ from the catalog: fields, types, values, limits.

    --accept N writes the patch of finding N to your overlay, which no update of the catalog touches; --dismiss N keeps
    it from being shown again. Numbers are those of this listing.
    """
    session = session_of(ctx)
    drift = asyncio.run(_find(session, vendor or "", every))
    for problem in drift.problems:
        say(problem)
    for number in (*accepted, *dismissed):
        if number > len(drift.findings):
            raise UsageError(f"there is no finding {number}", hint=f"There are {len(drift.findings)}.")
    if as_json:
        print_json([_row(number, one) for number, one in enumerate(drift.findings, 1)])
    elif not accepted and not dismissed:
        for number, one in enumerate(drift.findings, 1):
            print_lines(_text(number, one))
    _accept(session, [drift.findings[number - 1] for number in accepted])
    for number in dismissed:
        _dismiss(session, drift.findings[number - 1])
    hidden = f", {len(drift.hidden)} dismissed" if drift.hidden and not every else ""
    say(f"findings: {len(drift.findings)}{hidden}; answers looked at: {drift.answers}, of calls: {drift.calls}")
    return 0


async def _find(session: SessionContext, vendor: str, every: bool) -> DriftReport:
    from explorer.session.drift import find_drift

    try:
        return await find_drift(session, vendor, every=every)
    finally:
        await session.close()


def _text(number: int, one: DriftFinding) -> str:
    from explorer.session.drift import patch_words

    entries = " ".join(f"#{entry}" for entry in one.entries)
    lines = [
        f"{number}. {one.vendor}.{one.endpoint}: {one.title}",
        f"     documented: {one.documented}",
        f"     seen: {one.seen}, {one.count} of {one.of}" + (f", in {entries}" if entries else ""),
    ]
    if one.example:
        lines.append(f"     such as: {one.example}")
    return "\n".join([*lines, *(f"     patch: {' '.join(text.split(chr(10)))}" for text in patch_words(one))])


def _row(number: int, one: DriftFinding) -> dict[str, Any]:
    from explorer.session.drift import patch_words

    return {
        "number": number,
        "vendor": one.vendor,
        "endpoint": one.endpoint,
        "what": one.what,
        "place": one.place,
        "documented": one.documented,
        "seen": one.seen,
        "count": one.count,
        "of": one.of,
        "entries": list(one.entries),
        "example": one.example,
        "patch": list(patch_words(one)),
    }


def _accept(session: SessionContext, findings: list[DriftFinding]) -> None:
    from explorer.session.drift import accept_finding
    from explorer.settings.overlay import overlay_path

    for one in findings:
        for note in accept_finding(session, one):
            say(note)
        say(f"taken over into {overlay_path(session.folders, one.vendor)}: {one.endpoint}, {one.title}")


def _dismiss(session: SessionContext, finding: DriftFinding) -> None:
    from explorer.session.drift import dismiss_finding

    dismiss_finding(session, finding)
    say(f"not shown again: {finding.endpoint}, {finding.title}")
