"""A deed: what a person did, as far as tracks ask for it. It holds no secret, so that it can be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from explorer.core.model import Exchange
    from explorer.core.paging.base import PageInfo

_LONGEST: Final = 200
"""Characters of a value that are kept."""
_CHECK, _FAULT = "x-sandbox-check", "x-sandbox-fault"


class Activity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One send and what came of it."""

    address: str
    environment: str = "sandbox"
    entry: int = 0
    """Its number in the history, 0 where none is kept."""
    method: str = ""
    status: int | None = None
    outcome: str = ""
    check: str = ""
    faults: tuple[str, ...] = ()
    failure: str = ""
    values: tuple[tuple[str, str], ...] = ()
    """What was typed, secrets masked."""
    readings: dict[str, str] = {}
    used: tuple[str, ...] = ()
    """Fingerprints of the scheme's secrets that stood in the request."""
    hops: tuple[str, ...] = ()
    page: int | None = None
    pages: int | None = None
    file: bool = False
    ticked: str = ""
    """The step that was done by it."""

    @property
    def vendor(self) -> str:
        """The vendor's id."""
        return self.address.partition(".")[0]


def activity_of(exchange: Exchange, page: PageInfo | None) -> Activity:
    """What *exchange* (its secrets masked) was, and which *page* it holds."""
    call, response = exchange.call, exchange.response
    said = response.header(_FAULT) if response is not None else ""
    return Activity(
        address=call.address,
        environment=call.environment,
        entry=exchange.id,
        method=exchange.request.method,
        status=response.status if response is not None else None,
        outcome=exchange.verdict.outcome,
        check=response.header(_CHECK) if response is not None else "",
        faults=tuple(_kind(word) for word in said.replace(",", " ").split() if word[:1].isalnum()),
        failure=exchange.failure.kind if exchange.failure is not None else "",
        values=tuple((one.name, one.value[:_LONGEST]) for one in call.entries) + call.extra,
        readings=dict(call.readings),
        used=exchange.under.used if exchange.under is not None else (),
        hops=tuple(hop.purpose for hop in exchange.hops),
        page=page.number if page is not None else None,
        pages=page.pages if page is not None else None,
        file=any(one.kind == "file" for one in call.entries),
    )


def _kind(word: str) -> str:
    """``cut=20*2@vendor`` → ``cut``."""
    for sign in "=*@":
        word = word.partition(sign)[0]
    return word
