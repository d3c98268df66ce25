"""``diff``: two entries of the history compared; exits with 0 where nothing differs but what is volatile, 1 where
something does."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any, Final

import click

from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_line
from explorer.session.remembering import past_exchange

if TYPE_CHECKING:
    from explorer.core.diff import Comparison, DiffPart
    from explorer.core.diff.record import Side
    from explorer.core.diff.rows import DiffRow
    from explorer.core.exchange import Exchange
    from explorer.session.context import SessionContext

_SIDES: Final[tuple[Side, Side]] = ("request", "response")
_COLORS: Final = {"+": "32", "-": "31", "≈": "2", "↕": "35"}


@click.command("diff")
@click.argument("left", type=click.IntRange(min=1), metavar="A")
@click.argument("right", type=click.IntRange(min=1), metavar="B")
@click.option("--only", type=click.Choice(["request", "response"]), help="This side only.")
@click.option("--all", "everything", is_flag=True, help="All lines, not only the changes with three around them.")
@click.option("--no-mask", is_flag=True, help="Take what is volatile for changes too.")
@click.option("--ignore", multiple=True, metavar="PATTERN", help="Mask this too; may be given again.")
@click.option("--json", "as_json", is_flag=True, help="The changes as data.")
@click.pass_context
def diff_command(
    ctx: click.Context,
    left: int,
    right: int,
    only: Side | None,
    everything: bool,
    no_mask: bool,
    ignore: tuple[str, ...],
    as_json: bool,
) -> int:
    """Compare the entries A and B of the history, request and response.

    JSON and XML are compared by their structure, other bodies line by line. Timestamps, signatures, tokens and request
    ids are masked (≈). A PATTERN is header:NAME, param:NAME, the NAME of a field wherever it stands, or a path such as
    data[*].updated_at, $.total or /order/@id.

    Exits with 0 where nothing differs but what is masked, and with 1 where something does.
    """
    session = session_of(ctx)
    comparison = asyncio.run(_compared(session, left, right, no_mask, ignore))
    return print_comparison(comparison, only, everything=everything, as_json=as_json)


async def _compared(
    session: SessionContext, left: int, right: int, no_mask: bool, patterns: tuple[str, ...]
) -> Comparison:
    from explorer.core.diff.volatile import NOTHING, parse_patterns
    from explorer.session.comparing import compare, volatile_of

    gc.disable()  # trees of large bodies are let go of with the process
    try:
        volatile = NOTHING
        if not no_mask:
            for number in (left, right):
                volatile |= volatile_of(session, (await past_exchange(session, number)).call)
        return await compare(session, left, right, volatile=volatile | parse_patterns(patterns))
    finally:
        gc.enable()
        await session.close()


def print_comparison(comparison: Comparison, only: Side | None, *, everything: bool, as_json: bool) -> int:
    """Write a comparison, or one side of it; the exit code."""
    if as_json:
        print_json(comparison_table(comparison, only))
    else:
        say(comparison.headline)
        for side in _SIDES:
            if only in (None, side):
                _print_side(comparison.of(side), everything=everything)
    return 1 if comparison.found(only) else 0


def comparison_table(comparison: Comparison, only: Side | None = None) -> dict[str, Any]:
    """A comparison as data."""
    return {
        "left": _entry_table(comparison.left),
        "right": _entry_table(comparison.right),
        "headline": comparison.headline,
        "equal": not comparison.found(only),
        "counts": {"changed": comparison.found(only), "masked": comparison.masked(only)},
        "changes": [
            {
                "side": part.side,
                "part": part.name,
                "path": change.path,
                "kind": change.kind,
                "left": change.left if change.kind != "added" else None,
                "right": change.right if change.kind != "removed" else None,
                "masked": change.masked,
                "left_at": change.left_at or None,
                "right_at": change.right_at or None,
            }
            for part, change in comparison.changes(only)
        ],
        "notes": [f"{part.side} {part.name}: {part.note}" for part in comparison.parts if part.note],
    }


def _entry_table(exchange: Exchange) -> dict[str, Any]:
    return {
        "id": exchange.id or None,
        "address": exchange.call.address,
        "environment": exchange.call.environment,
        "status": exchange.response.status if exchange.response else None,
    }


def _print_side(parts: list[DiffPart], *, everything: bool) -> None:
    from explorer.core.diff.rows import BLANK, FOLD, HEAD, MORE, DiffRowList, fold_label

    if not everything:
        parts = [part for part in parts if part.record.found or part.note]
    rows = DiffRowList(lambda: parts, everything=everything, unified=True)
    while rows.extend():
        pass
    for number in range(rows.count):
        row = rows.row(number)
        part = parts[row.part]
        if row.code == HEAD:
            print_line(f"{part.side} {part.name}{f' ({part.note})' if part.note else ''}", "1")
        elif row.code in (FOLD, MORE):
            print_line(fold_label(row), "2")
        elif row.code != BLANK:
            _print_row(part, row)


def _print_row(part: DiffPart, row: DiffRow) -> None:
    from explorer.core.diff.record import EQUAL, MASKED, MOVED

    if row.left >= 0:
        sign, text = {EQUAL: " ", MASKED: "≈", MOVED: "↕"}.get(row.code, "-"), part.left.line(row.left)
    else:
        sign, text = "≈" if row.code == MASKED else "+", part.right.line(row.right)
    print_line(f"{sign} {text}", _COLORS.get(sign, ""))
