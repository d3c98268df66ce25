"""A user's activity: the facts of a send that tracks check. It contains no secret, so it can be stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from explorer.core.model import Exchange
    from explorer.core.paging.base import PageInfo

_MAX_VALUE: Final = 200
"""Maximum characters of a stored value."""
_CHECK, _FAULT = "x-sandbox-check", "x-sandbox-fault"


class Activity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One send and its outcome."""

    address: str
    environment: str = "sandbox"
    entry: int = 0
    """Its number in the history, or 0."""
    method: str = ""
    status: int | None = None
    outcome: str = ""
    check: str = ""
    faults: tuple[str, ...] = ()
    failure: str = ""
    values: tuple[tuple[str, str], ...] = ()
    """Entered values, secrets masked."""
    readings: dict[str, str] = {}
    used: tuple[str, ...] = ()
    """Fingerprints of the scheme's secrets in the request."""
    hops: tuple[str, ...] = ()
    page: int | None = None
    pages: int | None = None
    file: bool = False
    ticked: str = ""
    """The step that it completed."""

    @property
    def vendor(self) -> str:
        """The vendor's id."""
        return self.address.partition(".")[0]


def activity_of(exchange: Exchange, page: PageInfo | None) -> Activity:
    """Return the activity of *exchange* (secrets masked); *page* is the page in its response."""
    call, response = exchange.call, exchange.response
    faults = response.header(_FAULT) if response is not None else ""
    return Activity(
        address=call.address,
        environment=call.environment,
        entry=exchange.id,
        method=exchange.request.method,
        status=response.status if response is not None else None,
        outcome=exchange.verdict.outcome,
        check=response.header(_CHECK) if response is not None else "",
        faults=tuple(_kind(word) for word in faults.replace(",", " ").split() if word[:1].isalnum()),
        failure=exchange.failure.kind if exchange.failure is not None else "",
        values=tuple((entry.name, entry.value[:_MAX_VALUE]) for entry in call.entries) + call.extra,
        readings=dict(call.readings),
        used=exchange.under.used if exchange.under is not None else (),
        hops=tuple(hop.purpose for hop in exchange.hops),
        page=page.number if page is not None else None,
        pages=page.pages if page is not None else None,
        file=any(entry.kind == "file" for entry in call.entries),
    )


def _kind(word: str) -> str:
    """Return the kind of a fault: ``cut=20*2@vendor`` → ``cut``."""
    return re.split("[=*@]", word)[0]
