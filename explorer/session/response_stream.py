"""Stream a redacted response to the UI as it arrives, within the call's time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from explorer.core.checkpoint import stop_when
from explorer.core.model import Failure
from explorer.core.redaction_stream import RedactedStream
from explorer.errors import TimedOut
from explorer.session.prepare import redactor_for

if TYPE_CHECKING:
    from explorer.core.auth.base import Scheme
    from explorer.core.model import Exchange, ReceivedResponse, SentRequest
    from explorer.session.context import SessionContext


@dataclass(frozen=True, slots=True)
class ResponseUpdate:
    """Either the *exchange* with status and headers and no body yet (a new one takes the place of an earlier), or more
    *data* of its body. Nothing in it is secret."""

    exchange: Exchange | None
    data: bytes = b""


OnResponseUpdate = Callable[[ResponseUpdate], None]


class ResponseStream:
    """Tells *tell* of an answer to the call of *exchange* while the client hears of it; *used* are the schemes that
    signed. The end of what came may be held back, where the rest could make a secret of it."""

    def __init__(self, session: SessionContext, exchange: Exchange, used: list[Scheme], tell: OnResponseUpdate) -> None:
        self._session = session
        self._exchange = exchange
        self._used = used
        self._tell = tell
        self._stream: RedactedStream | None = None

    def response_started(self, request: SentRequest, response: ReceivedResponse) -> None:
        """Status and headers are there."""
        call = self._exchange.call
        known = tuple(secret for scheme in self._used for secret in scheme.secrets())
        redactor = redactor_for(self._session, call, known)
        redactor = redactor.with_secrets(redactor.secrets_sent(request, response))
        self._stream = RedactedStream(redactor, response.header("content-type"))
        exchange = msgspec.structs.replace(self._exchange, request=request, response=response)
        self._tell(ResponseUpdate(redactor.exchange(self._session.operation(call).endpoint, exchange)))

    def body_received(self, data: bytes) -> None:
        """More of the body."""
        masked = self._stream.feed(data) if self._stream is not None else b""
        if masked:
            self._tell(ResponseUpdate(None, masked))


T = TypeVar("T")
_MIN_SECONDS: Final = 0.75
"""Seconds that the search for secrets has in any case: enough for every body but the largest, which may have taken all
of the limit to arrive."""
JUDGE_SECONDS: Final = 0.25
"""Seconds that judging has in any case."""


class TimeBudget:
    """Ends work in threads when the time limit of a call has passed, or a person cancelled it."""

    def __init__(self, limit: float, spent: float, clock: Callable[[], float]) -> None:
        """Allow what is left of *limit* after *spent*, in seconds of *clock*."""
        self._limit = limit
        self._clock = clock
        self._deadline = clock() + limit - spent
        self._cancelled = False

    async def work(self, job: Callable[[], T], *, least: float = _MIN_SECONDS) -> T:
        """Do *job* in a thread, for at least so many seconds.

        Raises:
            Interrupted: the time limit passed; asyncio.CancelledError: a person cancelled.
        """
        deadline = max(self._deadline, self._clock() + least)
        with stop_when(lambda: self._cancelled or self._clock() > deadline):
            try:
                return await asyncio.to_thread(job)
            except asyncio.CancelledError:
                self.cancel()
                raise

    def cancel(self) -> None:
        """Let the thread end at its next piece of work."""
        self._cancelled = True

    def timed_out(self, what: str) -> Failure:
        """Return why *what* was not finished."""
        error = TimedOut(f"the response arrived, but {what} took longer than the {self._limit:g} s allowed")
        return Failure(
            kind="TimedOut", title=error.title, message=error.message, hint=error.hint, exit_code=error.exit_code
        )
