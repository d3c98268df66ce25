"""Which saved requests need the answers of which others, and that none needs its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.saved.filling import references
from explorer.core.saved.naming import matching
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.saved.model import Rule, SavedRequest


def folder_of(name: str) -> str:
    """``orders/create`` → ``orders``; empty at the top."""
    return name.rpartition("/")[0]


def needs(name: str, requests: Mapping[str, SavedRequest]) -> dict[str, tuple[str, Rule]]:
    """Name of a needed request → how it is called in *name* and the rule when it is run again, in order.

    Raises:
        UnknownName: no request is called so; UsageError: several may be meant.
    """
    from explorer.core.saved.model import Rule

    request = requests[name]
    found: dict[str, tuple[str, Rule]] = {}
    for one in references(request):
        target = matching(one.request, requests, folder_of(name))
        rules = {matching(key, requests, folder_of(name)): rule for key, rule in request.again.items()}
        found.setdefault(target, (one.request, rules.get(target, Rule())))
    return found


def check_chain(name: str, requests: Mapping[str, SavedRequest]) -> tuple[str, ...]:
    """Every request that *name* needs, itself last, each after those that it needs.

    Raises:
        UsageError: one needs its own answer; the message names the chain. UnknownName: see ``needs``.
    """
    done: dict[str, None] = {}
    _walk(name, requests, (), done)
    return tuple(done)


def _walk(name: str, requests: Mapping[str, SavedRequest], above: tuple[str, ...], done: dict[str, None]) -> None:
    if name in above:
        chain = " → ".join((*above[above.index(name) :], name))
        raise UsageError(f"{name} needs its own answer: {chain}", hint="Take one of the values from elsewhere.")
    if name in done:
        return
    for target in needs(name, requests):
        _walk(target, requests, (*above, name), done)
    done[name] = None
