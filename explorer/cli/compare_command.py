"""``compare``: how the vendors do the same things."""

from __future__ import annotations

import shutil
import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.catalog.model import Vendor
    from explorer.core.vendors import Task

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
    from explorer.session.vendors import compare_vendors

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
