"""An answer while it arrives, masked as it will be in the end: what a shell may show of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.core.redaction_stream import RedactedStream
from explorer.session.preparing import redactor_for

if TYPE_CHECKING:
    from explorer.core.auth.base import Scheme
    from explorer.core.exchange import Exchange, ReceivedResponse, SentRequest
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

    def began(self, request: SentRequest, response: ReceivedResponse) -> None:
        """Status and headers are there."""
        call = self._exchange.call
        known = tuple(secret for scheme in self._used for secret in scheme.secrets())
        redactor = redactor_for(self._session, call, known)
        redactor = redactor.with_secrets(redactor.secrets_sent(request, response))
        self._stream = RedactedStream(redactor, response.header("content-type"))
        exchange = msgspec.structs.replace(self._exchange, request=request, response=response)
        self._tell(ResponseUpdate(redactor.exchange(self._session.operation(call).endpoint, exchange)))

    def came(self, data: bytes) -> None:
        """More of the body."""
        masked = self._stream.feed(data) if self._stream is not None else b""
        if masked:
            self._tell(ResponseUpdate(None, masked))
