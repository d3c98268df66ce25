"""At most one token request in flight for each token store.

    first flow    turn(store) ─► True: sends its token request ─► the store has the new token
    other flows   turn(store) ─► wait ─────────────────────────► False: they read the store again
                                                                  or the first flow's error, once for each of them

A server that rotates refresh tokens (RFC 6749, section 6; RFC 9700, section 4.14.2) revokes every token of a family
when one refresh token is used twice, so two flows must not refresh at the same time.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class SingleFlight:
    """Who is asking for a token, by token store. Made for one event loop."""

    def __init__(self) -> None:
        self._flights: dict[object, asyncio.Future[ExplorerError | None]] = {}

    @asynccontextmanager
    async def turn(self, store: object) -> AsyncIterator[bool]:
        """Enter with True where the caller is to send its token request, and to put what comes into *store*.

        Enter with False after another caller's turn has ended. That one may have been cancelled: the caller reads the
        store, and asks for a turn again where there is still no token. A caller that waits can be cancelled alone.

        Raises:
            ExplorerError: the turn that this caller waited for ended with it.
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
