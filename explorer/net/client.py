"""The only module that opens sockets to a vendor: auth flows, redirects, deadlines, size caps."""

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
"""Bytes of a body that an auth scheme may look at."""
_YIELD_INTERVAL = 0.002
"""Seconds of receiving after which others have their turn."""
Phase = Literal["connecting", "sending", "waiting", "receiving", "done"]


@dataclass(frozen=True, slots=True)
class SendProgress:
    """How far a send is: what it is doing, seconds since it began, decoded bytes received, bytes announced or None."""

    phase: Phase
    elapsed: float
    received: int = 0
    expected: int | None = None


OnProgress = Callable[[SendProgress], None]


class Gate(Protocol):
    """Decides whether a request may be sent to its host."""

    async def __call__(
        self,
        request: httpx.Request,
        scheme: Scheme | None,
        purpose: Purpose,
        paused: Callable[[], contextlib.AbstractContextManager[None]],
    ) -> None:
        """Return where *request*, signed by *scheme* (None: not signed), may be sent. The time limit does not run
        within *paused*, where a person is asked.

        Raises:
            UntrustedHost: it may not.
        """


class Listener(Protocol):
    """Wants to know of an answer while it arrives. Nothing that it is told is masked."""

    def began(self, request: SentRequest, response: ReceivedResponse) -> None:
        """Status and headers are there, the body is empty yet. Told again when another request follows."""

    def came(self, data: bytes) -> None:
        """More of the decoded body."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``total`` and ``connect`` in seconds, ``max_body`` in decoded bytes; ``redirects`` of a GET or HEAD at most."""

    total: float = 30.0
    connect: float = 10.0
    max_body: int = 250_000_000
    spooled: int = MEMORY_LIMIT
    """Decoded bytes of a body above which it goes to a temporary file."""
    redirects: int = MAX_REDIRECTS


@dataclass(frozen=True, slots=True)
class Transfer:
    """What went over the wire for one call."""

    request: SentRequest
    response: ReceivedResponse | None
    hops: tuple[Hop, ...]
    timings: Timings
    failure: Failure | None


@dataclass
class TransferOutcome:
    """What a send came to; the caller makes it, and reads it where ``Client.send`` was cancelled or stopped."""

    transfer: Transfer | None = None
    """What went over the wire; None until the send has ended."""


@dataclass
class _Log:
    """What is known of a call while it runs; it survives a failure."""

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
        """Stop the time limit and the clock of the exchange, while a person is asked."""
        loop, when, began = asyncio.get_running_loop(), self.deadline.when(), self.clock()
        left = None if when is None else when - loop.time()
        self.deadline.reschedule(None)
        try:
            yield
        finally:
            self.started += self.clock() - began
            self.deadline.reschedule(None if left is None else loop.time() + left)

    def begin_body(self, purpose: str) -> Callable[[bytes], None]:
        """Tell that an answer begins; gives what is to be told of its body. That of a token call is nobody's."""
        if self.listener is None or purpose == "auth" or self.request is None or self.response is None:
            return lambda _: None
        self.listener.began(self.request, self.response)
        return self.listener.came


def sent_request(request: httpx.Request) -> SentRequest:
    """A request as a value, headers in the order and spelling of the wire."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    return SentRequest(method=request.method, url=str(request.url), headers=headers, body=request.content)


def resume_flow(flow: Flow, response: httpx.Response | None) -> httpx.Request | None:
    """Give *flow* the response to its request and return its next request, or None at its end.

    None in place of a response: the request was not sent, since another flow asked for a token in the meantime.
    """
    from explorer.core.auth.base import TokensChanged

    try:
        return flow.throw(TokensChanged()) if response is None else flow.send(response)
    except StopIteration:
        return None


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Whether scheme, host and port are the same (RFC 6454, section 5)."""
    origin = Origin.of(one)
    return origin is not None and origin == Origin.of(other)


class Client:
    """One pool of connections for the life of a shell; use it as an async context manager."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Make a client that opens connections with *transport*, or as the variables of *environ* for proxies and
        certificates say (``explorer.net.proxy``); without either, directly."""
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
        """Enter with whether to send a request that asks for a token of the store *tokens*; any request where None.

        Raises:
            ExplorerError: what ended the token request that this one waited for.
        """
        if tokens is None:
            yield True
            return
        async with self._turns.turn(tokens) as sends:
            yield sends

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
        """Send *request* under a scheme made by *sign*, following redirects of reads; never raises for the network.
        *gate* is asked before every request: the call, what gets a token for it, a second try, a redirect. *outcome*
        takes the transfer, that of a cancelled or stopped send included.

        Raises:
            CredentialError: the scheme cannot sign.
            UntrustedHost: *gate* did not let a request pass; *outcome* has what went before it.
            asyncio.CancelledError: the caller cancelled; the connection is closed, *outcome* has what arrived.
        """
        deadline = asyncio.timeout(limits.total)
        log = _Log(self._clock(), gate, deadline, self._clock, listener)
        outcome = outcome or TransferOutcome()
        failure: Failure | None = None
        try:
            async with deadline:
                await self._converse(request, sign, limits, on_progress, log)
        except TimeoutError:
            failure = describe_error(TimedOut(f"no whole answer within {limits.total:g} s"))
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
            following = _redirect(request, response)
            if following is None or not limits.redirects:
                return
            following = (scheme or sign()).strip(following)
            if scheme is not None and same_origin(request.url, following.url):
                scheme = sign()
            else:
                scheme, following = None, _without_credentials(following)
            request, purpose = following, "redirect"
        raise BrokenAnswer(f"more than {limits.redirects} redirects", hint="The vendor sends the request in a circle.")

    async def _signed(
        self,
        request: httpx.Request,
        scheme: Scheme | None,
        purpose: Literal["call", "redirect"],
        limits: Limits,
        on_progress: OnProgress | None,
        log: _Log,
    ) -> httpx.Response:
        """Drive the scheme's flow to its end and give the last response."""
        if scheme is None:
            return await self._hop(request, None, purpose, limits, on_progress, log)
        flow = scheme.auth_flow(request)
        try:
            signed: httpx.Request | None = next(flow)
            while signed is not None:
                kind = signed.extensions.pop("explorer.purpose", purpose)
                tokens = signed.extensions.pop("explorer.single_flight", None)
                async with self.token_turn(tokens) as sends:
                    if sends:
                        response = await self._hop(signed, scheme, kind, limits, on_progress, log)
                    signed = resume_flow(flow, response if sends else None)
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
        """One request, one response, both kept in *log* whatever happens; nothing where the gate does not let it
        pass."""
        await log.gate(request, scheme, purpose, log.paused)
        log.begin(request, purpose)
        tell = _progress_reporter(self._clock, log, on_progress)
        request.extensions["trace"] = _trace_callback(self._clock, log, tell)
        request.extensions["timeout"] = httpx.Timeout(limits.total, connect=min(limits.connect, limits.total)).as_dict()
        tell("connecting")
        async with _map_errors(), _open_stream(self._client(), request) as response:
            length = response.headers.get("content-length", "")
            expected = int(length) if length.isdecimal() and "content-encoding" not in response.headers else None
            body, wire = Spool(above=limits.spooled), 0
            log.response = _received(response, b"", 0)
            came, turn, decoder = log.begin_body(purpose), time.monotonic(), None
            try:
                decoder = BodyDecoder(response.headers.get("content-encoding", ""))
                async for received in cast("AsyncIterator[bytes]", response.stream):
                    wire += len(received)
                    for chunk in decoder.feed(received):
                        room = limits.max_body - body.size
                        body.append(chunk[:room])
                        came(chunk[:room])
                        if time.monotonic() - turn > _YIELD_INTERVAL:  # what is there already comes without a wait
                            await asyncio.sleep(0)
                            turn = time.monotonic()
                        tell("receiving", body.size, expected)
                        if len(chunk) > room:
                            raise TooLarge(
                                f"the decoded body passed {limits.max_body:,} bytes and was cut there"
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
            tell("done", len(whole), expected)
        plain = [(name, value) for name, value in response.headers.raw if name.lower() not in _CODING]
        return httpx.Response(response.status_code, headers=plain, content=whole[:_FLOW_BODY_LIMIT], request=request)


_SAFE_HEADERS = ("accept", "accept-encoding", "user-agent")
_CODING = (b"content-encoding", b"content-length", b"transfer-encoding")


def _compression_note(response: httpx.Response, wire: int) -> str:
    """How small it came, where it was compressed: a compression bomb shows by that."""
    packed = "content-encoding" in response.headers
    return f" ({wire:,} bytes on the wire)" if packed else ""


def _truncation_reason(error: BaseException) -> str:
    if isinstance(error, TooLarge | BrokenAnswer):
        return error.message
    if isinstance(error, asyncio.CancelledError):
        return "stopped before the body was whole"
    return "the connection broke before the body was whole"


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
    """The request that a redirect of a read asks for, without credentials of its own; None where none is followed."""
    location = response.headers.get("location")
    if response.status_code not in REDIRECT_STATUSES or not location or request.method not in ("GET", "HEAD"):
        return None
    try:
        url = request.url.join(location)
        if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 80) < 65_536:
            return None
    except (httpx.InvalidURL, ValueError):  # the host may be no valid name (IDNA), which shows when it is read
        return None
    if request.url.scheme == "https" and url.scheme == "http":
        return None
    headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() != "host"]
    following = httpx.Request(request.method, url, headers=headers)
    following.read()
    return following


def _without_credentials(request: httpx.Request) -> httpx.Request:
    """The request with the headers that say nothing of who sends it."""
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
    """The one place where what a connection can raise becomes an error of our tree."""
    try:
        yield
    except ExplorerError:
        raise
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise TimedOut("no connection in time") from error
    except httpx.TimeoutException as error:
        raise TimedOut("the server went silent") from error
    except (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
        raise ConnectFailed(f"no connection: {_error_text(error)}") from error
    except httpx.RemoteProtocolError as error:
        raise BrokenAnswer(f"the server broke the protocol: {_error_text(error)}") from error
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        raise BrokenAnswer(f"the connection broke: {_error_text(error)}") from error
    except (OSError, ValueError, OverflowError) as error:
        raise BrokenAnswer(f"could not be sent: {_error_text(error)}") from error
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("h11", "httpcore", "anyio"):
            raise BrokenAnswer(f"could not be sent: {_error_text(error)}") from error
        raise


def _error_text(error: Exception) -> str:
    return str(error) or type(error).__name__


def _progress_reporter(clock: Callable[[], float], log: _Log, on_progress: OnProgress | None) -> Callable[..., None]:
    def tell(phase: Phase, received: int = 0, expected: int | None = None) -> None:
        if on_progress is not None:
            on_progress(SendProgress(phase, clock() - log.started, received, expected))

    return tell


def _trace_callback(clock: Callable[[], float], log: _Log, tell: Callable[..., None]) -> Callable[..., Any]:
    async def trace(event: str, _info: object) -> None:
        now = clock() - log.started
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            log.marks["connected"] = now
        elif event.endswith("send_request_headers.started"):
            tell("sending")
        elif event.endswith("send_request_body.complete"):
            log.marks["sent"] = now
            tell("waiting")
        elif event.endswith("receive_response_headers.complete"):
            log.marks["first_byte"] = now

    return trace


def describe_error(error: ExplorerError) -> Failure:
    """An error of the tree as a value that is shown, printed and kept."""
    return Failure(
        kind=type(error).__name__, title=error.title, message=error.message, hint=error.hint, exit_code=error.exit_code
    )
