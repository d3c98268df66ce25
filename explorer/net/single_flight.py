"""At most one token request in flight for each token store.

    first flow    turn(store) ─► True: sends its token request ─► the store has the new token
    other flows   turn(store) ─► wait ─────────────────────────► False: each reads the store again,
                                                                  or gets the first flow's error

A server that rotates refresh tokens (RFC 6749, section 6; RFC 9700, section 4.14.2) revokes the whole token family when
a refresh token is used twice, so two flows must not refresh at the same time.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class SingleFlight:
    """Token requests in flight, by token store. For use in one event loop."""

    def __init__(self) -> None:
        self._flights: dict[object, asyncio.Future[ExplorerError | None]] = {}

    @asynccontextmanager
    async def turn(self, store: object) -> AsyncIterator[bool]:
        """Enter with True if the caller has to send its token request and put the token into *store*.

        Enter with False after another caller's turn has ended. That turn may have been cancelled, so the caller reads
        the store and takes another turn if it still has no token. Cancelling a waiting caller does not affect the
        others.

        Raises:
            ExplorerError: the turn that this caller waited for failed with it.
        """
        flight = self._flights.get(store)
        if flight is not None:
            error = await asyncio.shield(flight)
            if error is not None:
                raise error
            yield False
            return
        flight = self._flights[store] = asyncio.get_running_loop().create_future()
        outcome: ExplorerError | None = None
        try:
            yield True
        except ExplorerError as error:
            outcome = error
            raise
        finally:
            del self._flights[store]
            flight.set_result(outcome)
