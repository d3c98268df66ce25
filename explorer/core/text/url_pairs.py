"""Name-value pairs of a query or a form (WHATWG URL, 5; RFC 3986, 2.1).

Invalid UTF-8 is preserved byte for byte as lone surrogates (``surrogateescape``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

Pairs = tuple[tuple[str, str], ...]


def decode_pairs(raw: bytes) -> Pairs:
    """Return the decoded pairs of ``a=1&b=x+y%20z``, in order, as PHP reads them.

    ``+`` is a space, and a bare name has an empty value.
    """
    return tuple(decode_pair(segment) for segment in raw.split(b"&") if segment)


def encode_pairs(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Return pairs escaped by RFC 3986: unreserved characters are literal, everything else is ``%XX``."""
    return "&".join(f"{escape(name)}={escape(value)}" for name, value in pairs).encode("ascii")


def escape(text: str) -> str:
    """Return *text* percent-escaped (RFC 3986, 2.1), a space as ``%20``."""
    return quote(text, safe="", encoding="utf-8", errors="surrogateescape")


def decode_pair(segment: bytes) -> tuple[str, str]:
    """Return the decoded name and value of one pair."""
    name, _, value = segment.partition(b"=")
    return _unescape(name), _unescape(value)


def _unescape(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "surrogateescape")
