"""A request as it arrived: everything that was in it, decoded, before anything is judged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from explorer.core.auth.verifier import IncomingRequest
from explorer.core.text.media_type import FORM, JSON, MULTIPART, essence
from explorer.sandbox.names import ParameterTree, parse_pairs, split_pairs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Receive, Scope

MAX_BODY = 32_000_000
"""Bytes of a request body above which it is refused."""
MAX_FIELD = 4_000_000
"""Bytes of a text field in multipart above which it is refused."""


@dataclass(frozen=True)
class UploadedFile:
    """A file that came in multipart."""

    filename: str
    media_type: str
    size: int
    sha256: str


@dataclass(kw_only=True)
class ParsedRequest(IncomingRequest):
    """One request with its parts parsed. ``kind`` is what its Content-Type says the body is; ``trouble`` why the body
    cannot be read."""

    segments: tuple[str, ...]
    """The parts of the path between its slashes, each decoded by itself."""
    url: str
    """Scheme, host and path as called, without the query."""
    query_tree: ParameterTree
    body: bytes = b""
    kind: str = "none"
    """``none`` (no body), ``form``, ``multipart``, ``json`` or the media type itself."""
    tree: ParameterTree = field(default_factory=ParameterTree)
    """The fields of a form or multipart body, as PHP reads them."""
    json: Any = None
    body_problem: str = ""
    too_large: bool = False


async def read_request(scope: Scope, receive: Receive, root: str) -> ParsedRequest:
    """The request of an ASGI *scope*, its body read to the end; *root* is the path below which the vendor is served."""
    headers = Headers(scope=scope)
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    below = raw[len(root) :]
    segments = tuple(unquote_to_bytes(part).decode("utf-8", "replace") for part in below.split("/"))
    pairs, bad = split_pairs(scope["query_string"].decode("latin-1"))
    arrival = ParsedRequest(
        method=scope["method"],
        path="/".join(segments),
        segments=segments,
        url=f"{scope['scheme']}://{headers.get('host', '127.0.0.1')}{raw}",
        query=tuple(pairs),
        query_tree=parse_pairs(pairs, bad),
        headers=dict(headers.items()),
    )
    arrival.body, arrival.too_large = await _body(receive)
    if arrival.body or arrival.too_large:
        await _decode(arrival, headers)
    return arrival


async def _body(receive: Receive) -> tuple[bytes, bool]:
    whole = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(whole), False
        whole += message.get("body", b"")
        if len(whole) > MAX_BODY:
            return b"", True
        if not message.get("more_body", False):
            return bytes(whole), False


async def _decode(arrival: ParsedRequest, headers: Headers) -> None:
    declared = essence(headers.get("content-type", ""))
    arrival.kind = declared or "undeclared"
    if declared == FORM:
        arrival.kind = "form"
        pairs, bad = split_pairs(arrival.body.decode("latin-1"))
        arrival.form, arrival.tree = tuple(pairs), parse_pairs(pairs, bad)
    elif declared == MULTIPART:
        arrival.kind = "multipart"
        await _multipart(arrival, headers)
    elif declared == JSON or declared.endswith("+json"):
        arrival.kind = "json"
        try:
            arrival.json = msgspec.json.decode(arrival.body)
        except msgspec.DecodeError as error:
            arrival.body_problem = f"the body is not valid JSON: {error}"
        except RecursionError:
            arrival.body_problem = "the JSON body is nested too deeply"


async def _multipart(arrival: ParsedRequest, headers: Headers) -> None:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield arrival.body

    try:
        form = await MultiPartParser(headers, whole(), max_part_size=MAX_FIELD).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        arrival.body_problem = f"the multipart body cannot be read: {getattr(error, 'message', error)}"
        return
    texts: list[tuple[str, str]] = []
    files: list[str] = []
    both: list[tuple[str, Any]] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            kept = UploadedFile(
                value.filename or "", value.content_type or "", len(content), hashlib.sha256(content).hexdigest()
            )
            files.append(name)
            both.append((name, kept))
        else:
            texts.append((name, value))
            both.append((name, value))
    await form.close()
    arrival.form, arrival.files, arrival.tree = tuple(texts), tuple(files), parse_pairs(both)
