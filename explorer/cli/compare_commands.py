"""``compare``, ``diff`` and ``lens``: vendors, exchanges and versions side by side."""

from __future__ import annotations

import asyncio
import gc
import shutil
import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

import click

from explorer.cli.color import color_option
from explorer.cli.messages import say
from explorer.cli.output import print_json, print_line, print_lines, table
from explorer.cli.parameters import Seconds
from explorer.cli.request_commands import call_options, confirm, make_call, values_argument
from explorer.cli.session_options import json_option, session_of, trust_host_option, yes_option
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


_TASK_WIDTH = 20
"""Width of the column of tasks."""
_MIN_VENDOR_WIDTH = 20
"""Minimum width of a vendor's column. On a narrower terminal, vendors are listed one below the other."""


@click.command("compare")
@click.option("--task", default="", metavar="NAME", help="Show one task in detail.")
@json_option
@click.pass_context
def compare_command(ctx: click.Context, task: str, as_json: bool) -> int:
    """Compare how the vendors do the same tasks.

    The tasks include auth, paging, errors, dates and money.
    """
    from explorer.session.comparison import compare_vendors

    session = session_of(ctx, keep_history=False)
    rows = compare_vendors(session, task)
    vendors = session.catalog.vendors
    if as_json:
        print_json([task_table(row) for row in rows])
    elif task:
        _print_task(rows[0], vendors)
    else:
        width = max(60, shutil.get_terminal_size((160, 40)).columns)
        lines = _side_by_side if (width - _TASK_WIDTH) // max(1, len(vendors)) - 2 >= _MIN_VENDOR_WIDTH else _stacked
        print_lines("\n".join(lines(rows, vendors, width)))
    return 0


def task_table(task: Task) -> dict[str, Any]:
    """Return one task as JSON data."""
    cells = {
        name: {"points": cell.points, "details": cell.details, "endpoint": cell.endpoint, "lines": cell.lines}
        for name, cell in task.cells.items()
    }
    return {"task": task.id, "title": task.title, "question": task.question, "vendors": cells}


def _side_by_side(rows: Sequence[Task], vendors: dict[str, Vendor], width: int) -> Iterator[str]:
    column_width = (width - _TASK_WIDTH) // len(vendors) - 2
    yield from _columns("", [[vendor.title[:column_width]] for vendor in vendors.values()], column_width)
    for row in rows:
        yield "─" * width
        cells = [
            [line for point in cell.points for line in textwrap.wrap(point, column_width, subsequent_indent="  ")]
            for cell in row.cells.values()
        ]
        yield from _columns(row.title, cells, column_width)


def _columns(title: str, cells: Sequence[Sequence[str]], column_width: int) -> Iterator[str]:
    for index, lines in enumerate(zip_longest(*cells, fillvalue="")):
        head = title[: _TASK_WIDTH - 1] if index == 0 else ""
        yield (head.ljust(_TASK_WIDTH) + "  ".join(line.ljust(column_width) for line in lines)).rstrip()


def _stacked(rows: Sequence[Task], vendors: dict[str, Vendor], width: int) -> Iterator[str]:
    indent = max((len(name) for name in vendors), default=0) + 4
    for row in rows:
        yield row.title
        for name, cell in row.cells.items():
            head = f"  {name}".ljust(indent)
            yield textwrap.fill(cell.short, width, initial_indent=head, subsequent_indent=" " * indent)


def _print_task(row: Task, vendors: dict[str, Vendor]) -> None:
    print_lines(f"{row.title}: {row.question}")
    for name, cell in row.cells.items():
        citation = f"  [{cell.lines}]" if cell.lines else ""
        print_lines(f"\n{vendors[name].title} ({name}){citation}")
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
@click.option("--only", type=click.Choice(["request", "response"]), help="Compare one side only.")
@click.option("--all", "everything", is_flag=True, help="Print unchanged lines, too.")
@click.option("--no-mask", is_flag=True, help="Report volatile values as changes.")
@click.option("--ignore", multiple=True, metavar="PATTERN", help="Mask these values, too; repeatable.")
@json_option
@color_option
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
    """Compare the history entries A and B.

    JSON and XML are compared by structure, other bodies line by line. Timestamps, signatures, tokens and request ids
    are masked (≈). A PATTERN is header:NAME, param:NAME, the NAME of a field at any depth, or a path such as
    data[*].updated_at, $.total or /order/@id.

    Exits with 0 if only masked values differ, else with 1.
    """
    session = session_of(ctx)
    comparison = asyncio.run(_compare_entries(session, left, right, no_mask, ignore))
    return print_comparison(comparison, only, everything=everything, as_json=as_json)


async def _compare_entries(
    session: SessionContext, left: int, right: int, no_mask: bool, patterns: tuple[str, ...]
) -> Comparison:
    from explorer.core.diff.volatile import NOTHING, parse_patterns
    from explorer.session.comparison import compare, volatile_of

    gc.disable()  # the process ends before the trees of large bodies need collecting
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
    """Print a comparison, or one side of it. Return the exit code."""
    if as_json:
        print_json(comparison_table(comparison, only))
    else:
        say(comparison.headline)
        for side in _SIDES:
            if only in (None, side):
                _print_side(comparison.of(side), everything=everything)
    return 1 if comparison.found(only) else 0


def comparison_table(comparison: Comparison, only: Side | None = None) -> dict[str, Any]:
    """Return a comparison as JSON data."""
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
        mark, text = {EQUAL: " ", MASKED: "≈", MOVED: "↕"}.get(row.code, "-"), part.left.line(row.left)
    else:
        mark, text = "≈" if row.code == MASKED else "+", part.right.line(row.right)
    print_line(f"{mark} {text}", _COLORS.get(mark, ""))


@click.command("lens")
@click.argument("address", metavar="VENDOR.ENDPOINT")
@values_argument
@call_options
@click.option("--version", "versions", multiple=True, metavar="VERSION", help="Version to request; repeatable.")
@click.option("--all", "everything", is_flag=True, help="Print unchanged lines, too.")
@click.option("-t", "--timeout", type=Seconds(), help="Time limit of each exchange.")
@yes_option
@json_option
@trust_host_option
@color_option
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
    """Compare the responses to two versions of a call.

    The versions are those of the vendor's Accept header. Without --version they are listed and nothing is sent; a
    single version is compared with the documented one. A VERSION is one of that list, a number (v2), or a media type.

    Exits with 0 if only volatile values and the version differ, else with 1.
    """
    from explorer.session.experiments import versioned_call

    session = session_of(ctx)
    call = make_call(session, address, values, options)
    versioned = versioned_call(session, call)
    if not versions:
        return _list_versions(versioned, as_json=as_json)
    if len(versions) > 2:
        raise click.UsageError("--version can be given at most twice.")
    if versioned.question and not yes:
        confirm(versioned.question)
    keys = versions if len(versions) == 2 else ("documented", versions[0])
    version_comparison, comparison = asyncio.run(_compare_versions(session, versioned, keys, timeout))
    for note in version_comparison.notes:
        say(f"note: {note}")
    if as_json:
        rows = [
            {"key": variant.key, "accept": variant.accept or None, "documented": variant.documented}
            for variant in version_comparison.variants
        ]
        print_json({"versions": rows, "notes": version_comparison.notes, **comparison_table(comparison)})
    else:
        print_comparison(comparison, None, everything=everything, as_json=False)
    return 1 if comparison.found("response") else 0


def _list_versions(versioned: VersionedCall, *, as_json: bool) -> int:
    if as_json:
        print_json(
            [
                {
                    "key": variant.key,
                    "accept": variant.accept or None,
                    "documented": variant.documented,
                    "title": variant.title,
                }
                for variant in versioned.variants
            ]
        )
        return 0
    if versioned.note:
        say(versioned.note)
    print_lines(table([(variant.key, variant.accept or "(none)", variant.title) for variant in versioned.variants]))
    return 0


async def _compare_versions(
    session: SessionContext, versioned: VersionedCall, keys: tuple[str, ...], timeout: float | None
) -> tuple[VersionComparison, Comparison]:
    from explorer.session.comparison import compare
    from explorer.session.experiments import compare_versions

    try:
        left, right = (versioned.variant(key) for key in keys)
        result = await compare_versions(session, versioned, left, right, agreed=True, timeout=timeout)
        return result, await compare(session, *result.exchanges)
    finally:
        await session.close()
