"""The HTTP client: auth flows, redirects, deadlines, size caps. No other module opens a socket to a vendor."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import httpx

from explorer.core.model import REDIRECT_STATUSES, Failure, Hop, Purpose, ReceivedResponse, SentRequest, Timings
from explorer.core.origin import Origin
from explorer.errors import (
    BrokenAnswer,
    ConnectFailed,
    ExplorerError,
    TimedOut,
    TooLarge,
    TransportError,
    UntrustedHost,
)
from explorer.net.decoding import BodyDecoder
from explorer.net.proxy import RoutedTransport
from explorer.net.single_flight import SingleFlight
from explorer.store.spool import MEMORY_LIMIT, Spool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.auth.base import Flow, Scheme
    from explorer.core.text.data import Data

MAX_REDIRECTS = 10
_FLOW_BODY_LIMIT = 1_000_000
"""Bytes of a body that an auth scheme can read."""
_YIELD_INTERVAL = 0.002
"""Seconds of receiving after which the client yields to the event loop."""
Phase = Literal["connecting", "sending", "waiting", "receiving", "done"]


@dataclass(frozen=True, slots=True)
class SendProgress:
    """Progress of a send.

    ``elapsed`` is in seconds since the start, ``received`` in decoded bytes. ``expected`` is the announced size in
    bytes, None if unknown.
    """

    phase: Phase
    elapsed: float
    received: int = 0
    expected: int | None = None


OnProgress = Callable[[SendProgress], None]


class Gate(Protocol):
    """Decides whether a request can be sent to its host."""

    async def __call__(
        self,
        request: httpx.Request,
        scheme: Scheme | None,
        purpose: Purpose,
        paused: Callable[[], contextlib.AbstractContextManager[None]],
    ) -> None:
        """Return if *request*, signed by *scheme* (None: not signed), can be sent.

        Ask the user within *paused*, which stops the time limit.

        Raises:
            UntrustedHost: the request must not be sent.
        """


class Listener(Protocol):
    """Receives a response while it arrives. Nothing passed to it is masked."""

    def response_started(self, request: SentRequest, response: ReceivedResponse) -> None:
        """Receive status and headers; the body is still empty. Called again for each following request."""

    def body_received(self, data: bytes) -> None:
        """Receive the next part of the decoded body."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one send.

    ``total`` and ``connect`` are in seconds, ``max_body`` is in decoded bytes. ``redirects`` is the maximum for a GET
    or HEAD.
    """

    total: float = 30.0
    connect: float = 10.0
    max_body: int = 250_000_000
    spooled: int = MEMORY_LIMIT
    """Decoded bytes above which a body is written to a temporary file."""
    redirects: int = MAX_REDIRECTS


@dataclass(frozen=True, slots=True)
class Transfer:
    """The requests and responses of one call, as sent and received."""

    request: SentRequest
    response: ReceivedResponse | None
    hops: tuple[Hop, ...]
    timings: Timings
    failure: Failure | None


@dataclass
class TransferOutcome:
    """Result of a send, created by the caller, which can read it even if ``Client.send`` was cancelled or stopped."""

    transfer: Transfer | None = None
    """None until the send has ended."""


@dataclass
class _Log:
    """State of a running call, kept if it fails."""

    started: float
    gate: Gate
    deadline: asyncio.Timeout
    clock: Callable[[], float]
    listener: Listener | None = None
    request: SentRequest | None = None
    response: ReceivedResponse | None = None
    purpose: Purpose = "call"
    hops: list[Hop] = field(default_factory=list)
    marks: dict[str, float] = field(default_factory=dict)

    def begin(self, request: httpx.Request, purpose: Purpose) -> None:
        if self.request is not None:
            self.hops.append(Hop(purpose=self.purpose, request=self.request, response=self.response))
        self.request, self.response, self.purpose = sent_request(request), None, purpose
        self.marks.clear()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the time limit and the clock of the exchange while the user is asked."""
        loop, deadline, started = asyncio.get_running_loop(), self.deadline.when(), self.clock()
        remaining = None if deadline is None else deadline - loop.time()
        self.deadline.reschedule(None)
        try:
            yield
        finally:
            self.started += self.clock() - started
            self.deadline.reschedule(None if remaining is None else loop.time() + remaining)

    def begin_body(self, purpose: str) -> Callable[[bytes], None]:
        """Report the start of a response and return the callback for its body. Responses to token requests are not
        reported."""
        if self.listener is None or purpose == "auth" or self.request is None or self.response is None:
            return lambda _: None
        self.listener.response_started(self.request, self.response)
        return self.listener.body_received


def sent_request(request: httpx.Request) -> SentRequest:
    """Return *request* as a value, with headers in the order and spelling of the wire."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    return SentRequest(method=request.method, url=str(request.url), headers=headers, body=request.content)


def resume_flow(flow: Flow, response: httpx.Response | None) -> httpx.Request | None:
    """Send *flow* the response to its request and return its next request, or None at its end.

    *response* is None if the request was not sent because another flow requested a token in the meantime.
    """
    from explorer.core.auth.base import TokensChanged

    try:
        return flow.throw(TokensChanged()) if response is None else flow.send(response)
    except StopIteration:
        return None


def same_origin(url: httpx.URL, other: httpx.URL) -> bool:
    """Return whether scheme, host and port are the same (RFC 6454, section 5)."""
    origin = Origin.of(url)
    return origin is not None and origin == Origin.of(other)


class Client:
    """One connection pool for the lifetime of the program. Use it as an async context manager."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Create a client that opens connections with *transport*.

        Without *transport*, the proxy and certificate variables in *environ* apply (``explorer.net.proxy``).
        """
        self._clock = clock
        self._transport = transport
        self._environ = environ or {}
        self._http: httpx.AsyncClient | None = None
        self._turns = SingleFlight()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    @contextlib.asynccontextmanager
    async def token_turn(self, tokens: object | None) -> AsyncIterator[bool]:
        """Enter with True if the caller has to send its token request for the store *tokens*; always if that is None.

        Raises:
            ExplorerError: the token request that this one waited for failed.
        """
        if tokens is None:
            yield True
            return
        async with self._turns.turn(tokens) as is_sender:
            yield is_sender

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            transport = self._transport or RoutedTransport(self._environ)
            self._http = httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False)
        return self._http

    async def send(
        self,
        request: httpx.Request,
        sign: Callable[[], Scheme],
        limits: Limits,
        gate: Gate,
        on_progress: OnProgress | None = None,
        listener: Listener | None = None,
        outcome: TransferOutcome | None = None,
    ) -> Transfer:
        """Send *request* under a scheme created by *sign* and follow redirects of GET and HEAD.

        A network error becomes ``Transfer.failure``. *gate* checks every request: the call, token requests, retries and
        redirects. *outcome* receives the transfer, even if the send is cancelled or stopped.

        Raises:
            CredentialError: the scheme cannot sign.
            UntrustedHost: *gate* rejected a request; *outcome* contains the requests before it.
            asyncio.CancelledError: the caller cancelled; the connection is closed, *outcome* contains what arrived.
        """
        deadline = asyncio.timeout(limits.total)
        log = _Log(self._clock(), gate, deadline, self._clock, listener)
        outcome = outcome or TransferOutcome()
        failure: Failure | None = None
        try:
            async with deadline:
                await self._converse(request, sign, limits, on_progress, log)
        except TimeoutError:
            failure = describe_error(TimedOut(f"no complete response within {limits.total:g} s"))
        except TransportError as error:
            failure = describe_error(error)
        except (asyncio.CancelledError, UntrustedHost):
            outcome.transfer = self._transfer(log, request, None)
            raise
        outcome.transfer = self._transfer(log, request, failure)
        return outcome.transfer

    def _transfer(self, log: _Log, request: httpx.Request, failure: Failure | None) -> Transfer:
        total = self._clock() - log.started
        timings = Timings(
            connected=log.marks.get("connected"),
            sent=log.marks.get("sent"),
            first_byte=log.marks.get("first_byte"),
            total=total,
        )
        sent = log.request or sent_request(request)
        return Transfer(sent, log.response, tuple(log.hops), timings, failure)

    async def _converse(
        self,
        request: httpx.Request,
        sign: Callable[[], Scheme],
        limits: Limits,
        on_progress: OnProgress | None,
        log: _Log,
    ) -> None:
        purpose: Literal["call", "redirect"] = "call"
        scheme: Scheme | None = sign()
        for _ in range(limits.redirects + 1):
            response = await self._signed(request, scheme, purpose, limits, on_progress, log)
            next_request = _redirect(request, response)
            if next_request is None or not limits.redirects:
                return
            next_request = (scheme or sign()).strip(next_request)
            if scheme is not None and same_origin(request.url, next_request.url):
                scheme = sign()
            else:
                scheme, next_request = None, _without_credentials(next_request)
            request, purpose = next_request, "redirect"
        raise BrokenAnswer(f"more than {limits.redirects} redirects", hint="The server redirects in a loop.")

    async def _signed(
        self,
        request: httpx.Request,
        scheme: Scheme | None,
        purpose: Literal["call", "redirect"],
        limits: Limits,
        on_progress: OnProgress | None,
        log: _Log,
    ) -> httpx.Response:
        """Run the scheme's flow to its end and return the last response."""
        if scheme is None:
            return await self._hop(request, None, purpose, limits, on_progress, log)
        flow = scheme.auth_flow(request)
        try:
            signed: httpx.Request | None = next(flow)
            while signed is not None:
                kind = signed.extensions.pop("explorer.purpose", purpose)
                tokens = signed.extensions.pop("explorer.single_flight", None)
                async with self.token_turn(tokens) as is_sender:
                    if is_sender:
                        response = await self._hop(signed, scheme, kind, limits, on_progress, log)
                    signed = resume_flow(flow, response if is_sender else None)
            return response
        finally:
            flow.close()

    async def _hop(
        self,
        request: httpx.Request,
        scheme: Scheme | None,
        purpose: Purpose,
        limits: Limits,
        on_progress: OnProgress | None,
        log: _Log,
    ) -> httpx.Response:
        """Send one request and return its response. *log* records both on any outcome, unless the gate rejects the
        request."""
        await log.gate(request, scheme, purpose, log.paused)
        log.begin(request, purpose)
        report = _progress_reporter(self._clock, log, on_progress)
        request.extensions["trace"] = _trace_callback(self._clock, log, report)
        request.extensions["timeout"] = httpx.Timeout(limits.total, connect=min(limits.connect, limits.total)).as_dict()
        report("connecting")
        async with _map_errors(), _open_stream(self._client(), request) as response:
            length = response.headers.get("content-length", "")
            expected = int(length) if length.isdecimal() and "content-encoding" not in response.headers else None
            body, wire = Spool(above=limits.spooled), 0
            log.response = _received(response, b"", 0)
            on_body, last_yield, decoder = log.begin_body(purpose), time.monotonic(), None
            try:
                decoder = BodyDecoder(response.headers.get("content-encoding", ""))
                async for received in cast("AsyncIterator[bytes]", response.stream):
                    wire += len(received)
                    for chunk in decoder.feed(received):
                        room = limits.max_body - body.size
                        body.append(chunk[:room])
                        on_body(chunk[:room])
                        if time.monotonic() - last_yield > _YIELD_INTERVAL:  # buffered data arrives without an await
                            await asyncio.sleep(0)
                            last_yield = time.monotonic()
                        report("receiving", body.size, expected)
                        if len(chunk) > room:
                            raise TooLarge(
                                f"the decoded body exceeds {limits.max_body:,} bytes and was truncated"
                                f"{_compression_note(response, wire)}",
                                hint="Raise max_body_bytes in settings.toml if you trust the server.",
                            )
                decoder.end()
            except BaseException as error:
                log.response = _received(response, body.data, wire, _truncation_reason(error))
                raise
            finally:
                whole = body.data
                body.close()
            log.response = _received(response, whole, wire, note=decoder.note)
            report("done", len(whole), expected)
        plain = [(name, value) for name, value in response.headers.raw if name.lower() not in _CODING]
        return httpx.Response(response.status_code, headers=plain, content=whole[:_FLOW_BODY_LIMIT], request=request)


_SAFE_HEADERS = ("accept", "accept-encoding", "user-agent")
_CODING = (b"content-encoding", b"content-length", b"transfer-encoding")


def _compression_note(response: httpx.Response, wire: int) -> str:
    """Return the compressed size, which reveals a compression bomb, or an empty string."""
    compressed = "content-encoding" in response.headers
    return f" ({wire:,} bytes on the wire)" if compressed else ""


def _truncation_reason(error: BaseException) -> str:
    if isinstance(error, TooLarge | BrokenAnswer):
        return error.message
    if isinstance(error, asyncio.CancelledError):
        return "stopped before the body was complete"
    return "the connection was lost before the body was complete"


def _received(response: httpx.Response, body: Data, wire: int, truncated: str = "", note: str = "") -> ReceivedResponse:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
    return ReceivedResponse(
        status=response.status_code,
        reason=response.reason_phrase,
        http_version=response.http_version,
        headers=headers,
        body=body,
        truncated=truncated,
        wire_size=wire,
        note=note,
    )


def _redirect(request: httpx.Request, response: httpx.Response) -> httpx.Request | None:
    """Return the unsigned request that follows a redirect of a GET or HEAD, or None if the redirect is not followed."""
    location = response.headers.get("location")
    if response.status_code not in REDIRECT_STATUSES or not location or request.method not in ("GET", "HEAD"):
        return None
    try:
        url = request.url.join(location)
        if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 80) < 65_536:
            return None
    except (httpx.InvalidURL, ValueError):  # an invalid host name (IDNA) raises only on access
        return None
    if request.url.scheme == "https" and url.scheme == "http":
        return None
    headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() != "host"]
    next_request = httpx.Request(request.method, url, headers=headers)
    next_request.read()
    return next_request


def _without_credentials(request: httpx.Request) -> httpx.Request:
    """Return *request* with only the headers that do not identify the sender."""
    headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() in _SAFE_HEADERS]
    bare = httpx.Request(request.method, request.url, headers=headers)
    bare.read()
    return bare


@contextlib.asynccontextmanager
async def _open_stream(client: httpx.AsyncClient, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    response = await client.send(request, stream=True, auth=None, follow_redirects=False)
    try:
        yield response
    finally:
        await response.aclose()


@contextlib.asynccontextmanager
async def _map_errors() -> AsyncIterator[None]:
    """Map every exception of a connection to an error of ``explorer.errors``."""
    try:
        yield
    except ExplorerError:
        raise
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise TimedOut("could not connect in time") from error
    except httpx.TimeoutException as error:
        raise TimedOut("the server stopped responding") from error
    except (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
        raise ConnectFailed(f"no connection: {_error_text(error)}") from error
    except httpx.RemoteProtocolError as error:
        raise BrokenAnswer(f"the server violated the HTTP protocol: {_error_text(error)}") from error
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        raise BrokenAnswer(f"the connection was lost: {_error_text(error)}") from error
    except (OSError, ValueError, OverflowError) as error:
        raise BrokenAnswer(f"the request could not be sent: {_error_text(error)}") from error
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("h11", "httpcore", "anyio"):
            raise BrokenAnswer(f"the request could not be sent: {_error_text(error)}") from error
        raise


def _error_text(error: Exception) -> str:
    return str(error) or type(error).__name__


def _progress_reporter(clock: Callable[[], float], log: _Log, on_progress: OnProgress | None) -> Callable[..., None]:
    def report(phase: Phase, received: int = 0, expected: int | None = None) -> None:
        if on_progress is not None:
            on_progress(SendProgress(phase, clock() - log.started, received, expected))

    return report


def _trace_callback(clock: Callable[[], float], log: _Log, report: Callable[..., None]) -> Callable[..., Any]:
    async def trace(event: str, _info: object) -> None:
        now = clock() - log.started
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            log.marks["connected"] = now
        elif event.endswith("send_request_headers.started"):
            report("sending")
        elif event.endswith("send_request_body.complete"):
            log.marks["sent"] = now
            report("waiting")
        elif event.endswith("receive_response_headers.complete"):
            log.marks["first_byte"] = now

    return trace


def describe_error(error: ExplorerError) -> Failure:
    """Return *error* as a value to show, print and store."""
    return Failure(
        kind=type(error).__name__, title=error.title, message=error.message, hint=error.hint, exit_code=error.exit_code
    )
