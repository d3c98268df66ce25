"""How the vendors of a catalog do the same things, side by side; made from the catalog alone.

Catalog ── compare_vendors ──► Task (one row) … each with a Cell for every vendor
"""

from explorer.core.vendors.cell import ComparisonCell
from explorer.core.vendors.tasks import TASKS, Task, compare_vendors

__all__ = ["TASKS", "ComparisonCell", "Task", "compare_vendors"]
