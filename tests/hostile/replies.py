"""How hostile responses are put together. A body is a function, so that it exists only while it is sent."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain, repeat

from tests.hostile.server import Piece, Reply, Request

Body = bytes | Callable[[], bytes | Iterable[Piece]]
BLOCK = 1 << 16
MB = 1_000_000
ESCAPES = (
    "\x1b]52;c;cHduZWQ=\x07\x1b]0;pwned\x07\x1b]8;;http://pwned.example\x07\x1bP1$r0m\x1b\\\x1b[2J\x1b[?1049l\x1b[31m"
    "\x9b31m\x9d0;pwned\x9c\x90q\x9c\x00\x07\x08\x7f\r\x0b\x0c\u202eevil\u202c\u2066x\u2069\u2028\ufeff[/x][red]y[/][@click=app.quit]z[/]"
)
"""Terminal control sequences of every family, C1 characters, bidirectional overrides, and markup."""


def raw(*pieces: Piece) -> Reply:
    """Send exactly these pieces."""
    return lambda _request: iter(pieces)


def endless(start: bytes, part: bytes, pause: float = 0.0) -> Reply:
    """Send *start*, then *part* without end, with a pause of that many seconds before each."""

    def reply(_request: Request) -> Iterator[Piece]:
        yield start
        yield from cycle(part, pause)

    return reply


def cycle(part: bytes, pause: float = 0.0) -> Iterator[Piece]:
    """Yield *part* without end; short parts are joined where nothing has to wait."""
    if pause:
        yield from chain.from_iterable(zip(repeat(pause), repeat(part)))
    yield from repeat(part * max(1, BLOCK // len(part)))


def drip(start: bytes, rest: bytes, pause: float = 1.0) -> Reply:
    """Send *start* at once and *rest* byte by byte."""

    def reply(_request: Request) -> Iterator[Piece]:
        yield start
        for value in rest:
            yield pause
            yield bytes([value])

    return reply


def head(*lines: str | bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return a response head with the blank line at its end; *kind* is the Content-Type, none where empty."""
    typed = [f"Content-Type: {kind}"] if kind else []
    texts: list[str | bytes] = [f"HTTP/1.1 {status}", *typed, *lines, "", ""]
    return b"\r\n".join(text if isinstance(text, bytes) else text.encode("utf-8") for text in texts)


def ok(body: Body, *lines: str | bytes, status: str = "200 OK", kind: str = "application/json") -> Reply:
    """Send a well-formed response with *body*; without a Content-Length where the body is made of pieces."""

    def reply(_request: Request) -> Iterator[Piece]:
        content = body() if callable(body) else body
        if isinstance(content, bytes):
            yield head(*lines, f"Content-Length: {len(content)}", "Connection: close", status=status, kind=kind)
            yield from blocks(content)
        else:
            yield head(*lines, "Connection: close", status=status, kind=kind)
            yield from content

    return reply


def blocks(data: bytes) -> Iterator[Piece]:
    """Yield *data* in blocks."""
    for start in range(0, len(data), BLOCK):
        yield data[start : start + BLOCK]


def fill(part: bytes, size: int) -> Callable[[], bytes]:
    """Return a maker of *part* repeated to about *size* bytes."""
    return lambda: part * max(1, size // len(part))


def wrapped(before: bytes, part: bytes, size: int, after: bytes) -> Callable[[], bytes]:
    """Return a maker of a body: *part* repeated to about *size* bytes between *before* and *after*."""
    return lambda: before + part * max(1, size // len(part)) + after


def numbered(before: str, pattern: str, number: int, after: str) -> Callable[[], bytes]:
    """Return a maker of a body with *pattern* formatted for each of *number* indexes."""

    def make() -> bytes:
        return (before + "".join(map(pattern.format, range(number))) + after).encode()

    return make


@cache
def bomb(part: bytes, number: int, *, before: bytes = b"", after: bytes = b"", coding: str = "gzip") -> bytes:
    """Return gzip or deflate of *number* times 1 MB that repeats *part*.

    The block is compressed once and its bytes are repeated, which a full flush allows (RFC 1951, 3.2.3): the server has
    to be quick, since its time counts as the client's.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = part * (MB // len(part))
    start = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    middle = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(after) + packer.flush()
    checksum = zlib.crc32 if coding == "gzip" else zlib.adler32
    total = checksum(before)
    for _ in range(number):
        total = checksum(block, total)
    total = checksum(after, total)
    size = len(before) + number * len(block) + len(after)
    if coding == "gzip":
        opening, closing = b"\x1f\x8b\x08\0\0\0\0\0\2\xff", struct.pack("<II", total, size % (1 << 32))
    else:
        opening, closing = b"\x78\xda", struct.pack(">I", total)
    return opening + start + middle * number + end + closing


def packed(times: int, data: bytes) -> bytes:
    """Return *data* compressed with gzip that many times."""
    for _ in range(times):
        data = gzip.compress(data, 9, mtime=0)
    return data


def chunk(data: bytes) -> bytes:
    """Return one chunk of the chunked coding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def redirect(location: str | bytes, status: str = "302 Found") -> Reply:
    """Send a redirect."""
    line = location if isinstance(location, bytes) else location.encode("utf-8")
    return ok(b"", b"Location: " + line, status=status)


def redirect_in_circles(target: Callable[[Request], str]) -> Reply:
    """Redirect every request to what *target* makes of it."""
    return lambda request: redirect(target(request))(request)


def png(width: int, height: int, data: bytes) -> bytes:
    """Return a PNG that declares that size and whose pixels are *data*, compressed."""

    def part(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", size) + part(b"IDAT", zlib.compress(data)) + part(b"IEND", b"")


def by_turn(*replies: Reply) -> Reply:
    """Answer the first request with the first reply, and so on; the last reply is repeated."""
    return lambda request: replies[min(request.number, len(replies) - 1)](request)


def counted(make: Callable[[int, str], str], *lines: str) -> Reply:
    """Send JSON that *make* writes from the number of the request (from 1) and the origin."""
    return lambda request: ok(make(request.number + 1, request.origin).encode(), *lines)(request)


def sign_in(reply: Reply, then: bytes = b'{"data": []}') -> Reply:
    """Send *reply* where a token is asked for, and a plain success to everything else."""

    def choose(request: Request) -> Iterator[Piece]:
        asks = request.head.startswith(b"POST")
        return reply(request) if asks else ok(then)(request)

    return choose


def interim(pause: float) -> Reply:
    """Send interim responses without end."""
    return endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n", pause)
