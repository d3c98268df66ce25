"""Stream a redacted response to the UI as it arrives, and limit the time of judging and redacting it."""

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
    """Redacted: the *exchange* with status and headers (replaces any earlier one), or more *data* of its body."""

    exchange: Exchange | None
    data: bytes = b""


OnResponseUpdate = Callable[[ResponseUpdate], None]


class ResponseStream:
    """Calls *on_update* with the response to *exchange* as the client receives it; *used* are the schemes that signed.

    The last bytes may be delayed: they could be the beginning of a secret.
    """

    def __init__(
        self, session: SessionContext, exchange: Exchange, used: list[Scheme], on_update: OnResponseUpdate
    ) -> None:
        self._session = session
        self._exchange = exchange
        self._used = used
        self._on_update = on_update
        self._stream: RedactedStream | None = None

    def response_started(self, request: SentRequest, response: ReceivedResponse) -> None:
        """Handle the status and headers."""
        call = self._exchange.call
        known = tuple(secret for scheme in self._used for secret in scheme.secrets())
        redactor = redactor_for(self._session, call, known)
        redactor = redactor.with_secrets(redactor.secrets_sent(request, response))
        self._stream = RedactedStream(redactor, response.header("content-type"))
        exchange = msgspec.structs.replace(self._exchange, request=request, response=response)
        self._on_update(ResponseUpdate(redactor.exchange(self._session.operation(call).endpoint, exchange)))

    def body_received(self, data: bytes) -> None:
        """Handle more of the body."""
        masked = self._stream.feed(data) if self._stream is not None else b""
        if masked:
            self._on_update(ResponseUpdate(None, masked))


T = TypeVar("T")
_MIN_SECONDS: Final = 0.75
"""Minimum seconds for redaction, even if the response used up the time limit: enough for all but the largest bodies."""
JUDGE_SECONDS: Final = 0.25
"""Minimum seconds for judging."""


class TimeBudget:
    """Stops work in threads when the time limit of a call passes or the user cancels."""

    def __init__(self, limit: float, spent: float, clock: Callable[[], float]) -> None:
        """Allow *limit* minus *spent*, in seconds of *clock*."""
        self._limit = limit
        self._clock = clock
        self._deadline = clock() + limit - spent
        self._cancelled = False

    async def work(self, job: Callable[[], T], *, least: float = _MIN_SECONDS) -> T:
        """Run *job* in a thread, allowing at least *least* seconds.

        Raises:
            Interrupted: the time limit passed; asyncio.CancelledError: the user cancelled.
        """
        deadline = max(self._deadline, self._clock() + least)
        with stop_when(lambda: self._cancelled or self._clock() > deadline):
            try:
                return await asyncio.to_thread(job)
            except asyncio.CancelledError:
                self.cancel()
                raise

    def cancel(self) -> None:
        """Stop the thread at its next checkpoint."""
        self._cancelled = True

    def timed_out(self, what: str) -> Failure:
        """Return the failure for *what* (a gerund) running out of time."""
        error = TimedOut(f"the response arrived, but {what} took longer than the {self._limit:g} s allowed")
        return Failure(
            kind="TimedOut", title=error.title, message=error.message, hint=error.hint, exit_code=error.exit_code
        )
