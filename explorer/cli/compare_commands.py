"""``compare``, ``diff`` and ``lens``: vendors, exchanges and versions side by side."""

from __future__ import annotations

import asyncio
import gc
import shutil
import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_line, print_lines, table
from explorer.cli.parameters import Seconds
from explorer.cli.request_commands import call_options, confirm, make_call
from explorer.cli.session_options import session_of, trust_host_option
from explorer.session.history import past_exchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.catalog.model import Vendor
    from explorer.core.diff import Comparison, DiffPart
    from explorer.core.diff.aligned_rows import DiffRow
    from explorer.core.diff.changes import Side
    from explorer.core.model import Exchange
    from explorer.core.vendor_comparison import Task
    from explorer.session.context import SessionContext
    from explorer.session.experiments import VersionComparison, VersionedCall


_FIRST = 20
"""Characters of the column of tasks."""
_LEAST = 20
"""Characters that a vendor's column needs; where there are fewer, the vendors stand below each other."""


@click.command("compare")
@click.option("--task", default="", metavar="NAME", help="One row only, with all that is known: auth, paging, dates …")
@click.option("--json", "as_json", is_flag=True, help="The rows as data.")
@click.pass_context
def compare_command(ctx: click.Context, task: str, as_json: bool) -> int:
    """Compare how the vendors do the same things: authentication, paging, errors, dates, money …"""
    from explorer.session.comparison import compare_vendors

    session = session_of(ctx, keep_history=False)
    rows = compare_vendors(session, task)
    vendors = session.catalog.vendors
    if as_json:
        print_json([task_table(one) for one in rows])
    elif task:
        _put_task(rows[0], vendors)
    else:
        width = max(60, shutil.get_terminal_size((160, 40)).columns)
        lines = _side_by_side if (width - _FIRST) // max(1, len(vendors)) - 2 >= _LEAST else _stacked
        print_lines("\n".join(lines(rows, vendors, width)))
    return 0


def task_table(task: Task) -> dict[str, Any]:
    """A row as data."""
    cells = {
        name: {"points": cell.points, "details": cell.details, "endpoint": cell.endpoint, "lines": cell.lines}
        for name, cell in task.cells.items()
    }
    return {"task": task.id, "title": task.title, "question": task.question, "vendors": cells}


def _side_by_side(rows: Sequence[Task], vendors: dict[str, Vendor], width: int) -> Iterator[str]:
    room = (width - _FIRST) // len(vendors) - 2
    yield from _columns("", [[one.title[:room]] for one in vendors.values()], room)
    for row in rows:
        yield "─" * width
        cells = [
            [line for point in cell.points for line in textwrap.wrap(point, room, subsequent_indent="  ")]
            for cell in row.cells.values()
        ]
        yield from _columns(row.title, cells, room)


def _columns(first: str, cells: Sequence[Sequence[str]], room: int) -> Iterator[str]:
    for at, parts in enumerate(zip_longest(*cells, fillvalue="")):
        head = first[: _FIRST - 1] if not at else ""
        yield (head.ljust(_FIRST) + "  ".join(part.ljust(room) for part in parts)).rstrip()


def _stacked(rows: Sequence[Task], vendors: dict[str, Vendor], width: int) -> Iterator[str]:
    indent = max((len(name) for name in vendors), default=0) + 4
    for row in rows:
        yield row.title
        for name, cell in row.cells.items():
            first = f"  {name}".ljust(indent)
            yield textwrap.fill(cell.short, width, initial_indent=first, subsequent_indent=" " * indent)


def _put_task(row: Task, vendors: dict[str, Vendor]) -> None:
    print_lines(f"{row.title}: {row.question}")
    for name, cell in row.cells.items():
        cited = f"  [{cell.lines}]" if cell.lines else ""
        print_lines(f"\n{vendors[name].title} ({name}){cited}")
        for point in cell.points:
            print_lines(f"  · {point}")
        for detail in cell.details:
            print_lines(textwrap.fill(detail, 100, initial_indent="    ", subsequent_indent="    "))
        if cell.endpoint:
            print_lines(f"    see {cell.endpoint}")


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
    from explorer.session.comparison import compare, volatile_of

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
    from explorer.core.diff.aligned_rows import BLANK, FOLD, HEAD, MORE, DiffRowList, fold_label

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
    from explorer.core.diff.changes import EQUAL, MASKED, MOVED

    if row.left >= 0:
        sign, text = {EQUAL: " ", MASKED: "≈", MOVED: "↕"}.get(row.code, "-"), part.left.line(row.left)
    else:
        sign, text = "≈" if row.code == MASKED else "+", part.right.line(row.right)
    print_line(f"{sign} {text}", _COLORS.get(sign, ""))


@click.command("lens")
@click.argument("address", metavar="VENDOR.ENDPOINT")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE]...")
@call_options
@click.option("--version", "versions", multiple=True, metavar="WORD", help="A version to ask for; give two.")
@click.option("--all", "everything", is_flag=True, help="All lines, not only the changes with three around them.")
@click.option("--timeout", type=Seconds(), help="Seconds for each exchange.")
@click.option("--yes", is_flag=True, help="Do not ask before a call that is no read.")
@click.option("--json", "as_json", is_flag=True, help="The result as data.")
@trust_host_option
@click.pass_context
def lens_command(
    ctx: click.Context,
    /,
    address: str,
    values: tuple[str, ...],
    versions: tuple[str, ...],
    everything: bool,
    timeout: float | None,
    yes: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Send a call under two versions of a vendor's Accept header, and compare what comes back.

    Without --version the versions that can be asked for are listed and nothing is sent; one is compared with the
    documented version. A WORD is one of that list, a number (v2), or a whole media type.

    Exits with 0 where nothing differs but what is volatile and the version asked for, and with 1 where something does.
    """
    from explorer.session.experiments import versioned_call

    session = session_of(ctx)
    call = make_call(session, address, values, options)
    through = versioned_call(session, call)
    if not versions:
        return _list_versions(through, as_json=as_json)
    if len(versions) > 2:
        raise click.UsageError("Give two versions at most.")
    if through.question and not yes:
        confirm(through.question)
    words = versions if len(versions) == 2 else ("documented", versions[0])
    seen, comparison = asyncio.run(_compare(session, through, words, timeout))
    for note in seen.notes:
        say(f"note: {note}")
    if as_json:
        rows = [{"key": one.key, "accept": one.accept or None, "documented": one.documented} for one in seen.variants]
        print_json({"versions": rows, "notes": seen.notes, **comparison_table(comparison)})
        return 1 if comparison.found("response") else 0
    print_comparison(comparison, None, everything=everything, as_json=False)
    return 1 if comparison.found("response") else 0


def _list_versions(through: VersionedCall, *, as_json: bool) -> int:
    if as_json:
        print_json(
            [
                {"key": one.key, "accept": one.accept or None, "documented": one.documented, "title": one.title}
                for one in through.variants
            ]
        )
        return 0
    if through.note:
        say(through.note)
    print_lines(table([(one.key, one.accept or "(none)", one.title) for one in through.variants]))
    return 0


async def _compare(
    session: SessionContext, through: VersionedCall, words: tuple[str, ...], timeout: float | None
) -> tuple[VersionComparison, Comparison]:
    from explorer.session.comparison import compare
    from explorer.session.experiments import compare_versions

    try:
        one, other = (through.variant(word) for word in words)
        seen = await compare_versions(session, through, one, other, agreed=True, timeout=timeout)
        return seen, await compare(session, *seen.exchanges)
    finally:
        await session.close()
