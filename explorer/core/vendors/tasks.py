"""The rows of the comparison, and the values that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from explorer.core.vendors import answers, requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.catalog.model import Catalog, Vendor
    from explorer.core.vendors.cell import ComparisonCell


class TaskDefinition(NamedTuple):
    """A task by its name: its title, the question that it answers, and what makes a vendor's cell."""

    title: str
    question: str
    cell: Callable[[Vendor], ComparisonCell]


TASKS: Final[dict[str, TaskDefinition]] = {
    "size": TaskDefinition("Calls", "How much is documented?", requests.size),
    "environments": TaskDefinition(
        "Environments", "Where is it served, and where does a write ask first?", requests.environments
    ),
    "auth": TaskDefinition("Authentication", "How does a request prove who sends it?", requests.auth),
    "credential": TaskDefinition(
        "Credential goes", "In which part of the request does that stand?", requests.credential_place
    ),
    "token": TaskDefinition(
        "Getting a token", "Where does the token come from, and how long does it last?", requests.token
    ),
    "version": TaskDefinition("Version", "How is one version told from another?", requests.version),
    "bodies": TaskDefinition("Bodies", "How are parameters sent, and what comes back?", requests.bodies),
    "lists": TaskDefinition(
        "Lists in a request", "How does a parameter repeat, and how do values nest?", requests.lists
    ),
    "paging": TaskDefinition("Paging", "How does one read a long list to its end?", requests.paging),
    "verdict": TaskDefinition("Success and errors", "How does one know that a call has worked?", answers.verdict),
    "statuses": TaskDefinition("Statuses", "Which HTTP statuses are explained?", answers.statuses),
    "dates": TaskDefinition("Dates", "How are dates written, in requests and in answers?", answers.dates),
    "money": TaskDefinition("Money", "What does an amount look like?", answers.money),
    "ids": TaskDefinition("Ids", "What names a record?", answers.ids),
    "effects": TaskDefinition("Side effects", "Which calls change something, and by which method?", requests.effects),
    "contradictions": TaskDefinition(
        "Contradictions", "How often does the document disagree with itself?", requests.contradictions
    ),
}
"""The comparison, from the top."""


@dataclass(frozen=True)
class Task:
    """One row: what is compared, and how each vendor (by its id, in the catalog's order) does it."""

    id: str
    title: str
    question: str
    cells: dict[str, ComparisonCell]


def compare_vendors(catalog: Catalog) -> tuple[Task, ...]:
    """Every row of the comparison."""
    vendors = catalog.vendors
    return tuple(
        Task(key, row.title, row.question, {name: row.cell(one) for name, one in vendors.items()})
        for key, row in TASKS.items()
    )
