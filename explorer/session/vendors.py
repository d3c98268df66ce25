"""How the vendors do the same things, side by side (``core.vendors``), for the shells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.vendors import TASKS, ComparisonCell, Task
from explorer.core.vendors import compare_vendors as _compare
from explorer.errors import UnknownName

if TYPE_CHECKING:
    from explorer.session.context import SessionContext

__all__ = ["ComparisonCell", "Task", "compare_vendors"]


def compare_vendors(session: SessionContext, task: str = "") -> tuple[Task, ...]:
    """Every row of the comparison, or the one of that name. Some hundredths of a second for large catalogs.

    Raises:
        UnknownName: there is no such row.
    """
    if task and task not in TASKS:
        raise UnknownName("task", task, TASKS)
    return tuple(one for one in _compare(session.catalog) if not task or one.id == task)
