"""One part of a request as it goes over the wire, and the words for where it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from explorer.core.exchange import FrozenStruct

if TYPE_CHECKING:
    from collections.abc import Iterable


PartOrigin = Literal[
    "you", "default", "catalog", "version", "environment", "auth", "program", "httpx", "server", "unknown"
]
PartPlace = Literal["method", "path", "query", "header", "body", "frame"]

PART_ORIGINS: Final[dict[PartOrigin, str]] = {
    "you": "you",
    "default": "default",
    "catalog": "catalog",
    "version": "version rule",
    "environment": "environment",
    "auth": "auth",
    "program": "this program",
    "httpx": "httpx",
    "server": "server",
    "unknown": "unknown",
}
"""The origins in words of at most twelve cells."""


class RequestPart(FrozenStruct, frozen=True, kw_only=True):
    """A piece of the request: ``data`` is its bytes with what separates it from the piece before it.

    ``name`` is that of a header, parameter or body field; empty for what has none. ``frame`` is the place of what
    holds the others together: line ends, boundaries, brackets.
    """

    place: PartPlace
    data: bytes
    origin: PartOrigin
    name: str = ""
    detail: str = ""
    """A few words more: which credential, which lines of the document."""

    @property
    def text(self) -> str:
        """The bytes as text; not sanitized."""
        return self.data.decode("utf-8", "replace")


def join_parts(parts: Iterable[RequestPart]) -> bytes:
    """The request that *parts* are the pieces of."""
    return b"".join(part.data for part in parts)


def target_of(url: str) -> str:
    """What stands in the request line for *url*: the path and the query as they were encoded (RFC 9112, 3.2.1)."""
    rest = url.partition("://")[2]
    slash = min((rest.find(mark) for mark in "/?" if mark in rest), default=-1)
    target = rest[slash:].partition("#")[0] if slash >= 0 else "/"
    return target if target.startswith("/") else f"/{target}"


def to_bytes(text: str) -> bytes:
    """Header text as bytes; a mask, which is never sent, as UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


def base_path(base_url: str) -> str:
    """The path of a base URL without its final slash."""
    return urlsplit(base_url).path.rstrip("/")
