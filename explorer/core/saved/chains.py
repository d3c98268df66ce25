"""Which saved requests need the answers of which others, and that none needs its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.saved.filling import references
from explorer.core.saved.naming import match_name
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.saved.model import RerunRule, SavedRequest


def folder_of(name: str) -> str:
    """``orders/create`` → ``orders``; empty at the top."""
    return name.rpartition("/")[0]


def direct_dependencies(name: str, requests: Mapping[str, SavedRequest]) -> dict[str, tuple[str, RerunRule]]:
    """Name of a needed request → how it is called in *name* and the rule when it is run again, in order.

    Raises:
        UnknownName: no request is called so; UsageError: several may be meant.
    """
    from explorer.core.saved.model import RerunRule

    request = requests[name]
    found: dict[str, tuple[str, RerunRule]] = {}
    for one in references(request):
        target = match_name(one.request, requests, folder_of(name))
        rules = {match_name(key, requests, folder_of(name)): rule for key, rule in request.again.items()}
        found.setdefault(target, (one.request, rules.get(target, RerunRule())))
    return found


def check_chain(name: str, requests: Mapping[str, SavedRequest]) -> tuple[str, ...]:
    """Every request that *name* needs, itself last, each after those that it needs.

    Raises:
        UsageError: one needs its own answer; the message names the chain. UnknownName: see ``direct_dependencies``.
    """
    done: dict[str, None] = {}
    _visit(name, requests, (), done)
    return tuple(done)


def _visit(name: str, requests: Mapping[str, SavedRequest], above: tuple[str, ...], done: dict[str, None]) -> None:
    if name in above:
        chain = " → ".join((*above[above.index(name) :], name))
        raise UsageError(f"{name} needs its own answer: {chain}", hint="Take one of the values from elsewhere.")
    if name in done:
        return
    for target in direct_dependencies(name, requests):
        _visit(target, requests, (*above, name), done)
    done[name] = None
