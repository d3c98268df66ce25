"""Detect whether a request carries a secret: plain, percent-encoded, escaped in JSON or in Base64.

The request is decoded as a server would, and then searched for each secret. Time and memory are linear in the size of
the request: a body is searched in blocks.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import httpx

    from explorer.core.text.secret import Secret

MIN_LENGTH: Final = 4
"""Minimum length in characters; shorter secrets would match by chance."""
_BLOCK: Final = 1_000_000
"""Bytes of a body that are searched at once."""
_NESTED: Final = 2
"""Levels of nested encodings (a URL in a query, JSON in a JSON string)."""
_LONGEST_SPELLING: Final = 12
"""Maximum bytes per byte of a secret: ``\\u00XX``, escaped again."""
_ESCAPE: Final = re.compile(rb"(?:\\u[0-9A-Fa-f]{4})+|\\([\"\\/bfnrt])")
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_SIMPLE: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def find_carried(request: httpx.Request, secrets: Iterable[Secret]) -> set[Secret]:
    """Return the *secrets* that appear in the URL, a header or the body of *request*.

    Secrets of fewer than ``MIN_LENGTH`` characters are skipped. A host name is compared without case, because it is
    sent in lowercase.
    """
    needles = {secret: _needles(secret.reveal()) for secret in secrets if len(secret.reveal()) >= MIN_LENGTH}
    if not needles:
        return set()
    carried: set[Secret] = set()
    host = request.url.raw_host.lower()
    for secret, spellings in needles.items():
        if any(spelling.lower() in host for spelling in spellings):
            carried.add(secret)
    longest = max(len(spelling) for spellings in needles.values() for spelling in spellings)
    for text in _texts(request, longest):
        for view in _decoded_views(text):
            carried |= {
                secret for secret, spellings in needles.items() if any(spelling in view for spelling in spellings)
            }
    return carried


def _needles(text: str) -> tuple[bytes, ...]:
    data = text.encode("utf-8", "surrogateescape")
    plain = {data, data.replace(b" ", b"+")}
    if not text.isascii() and all(ord(character) < 256 for character in text):
        plain.add(text.encode("latin-1"))
    return tuple(plain | set(_base64_fragments(data)))


def _base64_fragments(data: bytes) -> Iterator[bytes]:
    """Yield what every Base64 text contains that encodes *data* at any offset (RFC 4648, 4 and 5).

    These are the characters that depend on nothing before or after *data*, as in ``Basic`` of ``user:secret``.
    """
    if len(data) < 2 * MIN_LENGTH:
        return
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data)
        inner = text[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def _texts(request: httpx.Request, longest: int) -> Iterator[bytes]:
    """Yield the parts of *request*; the blocks of its body overlap by more than the longest spelling."""
    yield str(request.url).encode("utf-8", "surrogateescape")
    for name, value in request.headers.raw:
        yield name + b": " + value
    body, overlap = request.content, longest * _LONGEST_SPELLING + 16
    for start in range(0, len(body), _BLOCK):
        yield body[max(0, start - overlap) : start + _BLOCK]


def _decoded_views(text: bytes) -> Sequence[bytes]:
    """Return *text* unchanged, and with percent-encoding and JSON escapes decoded in either order."""
    views = {text: None}
    for _ in range(_NESTED):
        for view in tuple(views):
            if b"%" in view:
                views[_PERCENT.sub(_byte, view)] = None
            if b"\\" in view:
                views[_ESCAPE.sub(_unescaped, view)] = None
    return tuple(views)


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1] is not None:
        return _SIMPLE.get(match[1], match[1])
    units = bytes.fromhex(match[0].replace(b"\\u", b"").decode("ascii"))
    return units.decode("utf-16-be", "replace").encode("utf-8")
