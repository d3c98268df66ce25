"""A request as it arrived, decoded as PHP would, before anything is checked."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from explorer.core.auth.verifier import IncomingRequest
from explorer.core.text.media_type import FORM, JSON, MULTIPART, essence

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from starlette.types import Receive, Scope


Key = int | str
MAX_DEPTH = 64
"""PHP's ``max_input_nesting_level``."""
MAX_NAMES = 1000
"""PHP's ``max_input_vars``."""


@dataclass
class ParameterTree:
    """What a query or form became: nested tables (an array is a table with numbers as keys), and what was odd in it."""

    values: dict[Key, Any] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    """Names that were given more than once, so that PHP kept only the last value."""
    undecodable_names: list[str] = field(default_factory=list)
    """Names whose name or value is not UTF-8."""
    dropped: int = 0
    """How many names came after the thousandth, which PHP does not read."""


def split_pairs(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The decoded pairs of a query or urlencoded body in order, and the names of those that are not UTF-8."""
    pairs: list[tuple[str, str]] = []
    bad: list[str] = []
    for piece in text.split("&"):
        if not piece:
            continue
        name, _, value = piece.partition("=")
        raw_name, raw_value = (unquote_to_bytes(part.replace("+", " ")) for part in (name, value))
        decoded = raw_name.decode("utf-8", "replace"), raw_value.decode("utf-8", "replace")
        if decoded[0].encode() != raw_name or decoded[1].encode() != raw_value:
            bad.append(decoded[0])
        pairs.append(decoded)
    return pairs, bad


def parse_pairs(pairs: Iterable[tuple[str, Any]], bad: Iterable[str] = ()) -> ParameterTree:
    """The tree that PHP makes of *pairs* (name, value), values as they are."""
    tree = ParameterTree(undecodable_names=list(bad))
    seen: set[tuple[Key | None, ...]] = set()
    for number, (name, value) in enumerate(pairs):
        if number >= MAX_NAMES:
            tree.dropped += 1
            continue
        path = name_keys(name)
        if not path or len(path) > MAX_DEPTH:
            continue
        if None not in path and path in seen:
            tree.repeated.append(name)
        seen.add(path)
        _put(tree.values, path, value)
    return tree


def name_keys(name: str) -> tuple[Key | None, ...]:
    """The keys that a name stands for; None is ``[]``. Empty where PHP ignores the name."""
    name = name.lstrip(" ").split("\x00", 1)[0]
    head, bracket, rest = name.partition("[")
    if not head:
        return ()
    if not bracket or "]" not in rest:
        return (_number(re.sub(r"[ .\[]", "_", name)),)
    keys: list[Key | None] = [_number(re.sub(r"[ .]", "_", head))]
    while True:
        inner, closed, rest = rest.partition("]")
        if not closed:
            break
        keys.append(_number(inner) if inner.strip() else None)
        if not rest.startswith("["):
            break
        rest = rest[1:]
    return tuple(keys)


def _number(key: str) -> Key:
    return int(key) if re.fullmatch(r"0|-?[1-9]\d{0,17}", key) else key


def _put(values: dict[Key, Any], path: tuple[Key | None, ...], value: Any) -> None:
    for key in path[:-1]:
        known = key if key is not None else _next(values)
        below = values.get(known)
        if not isinstance(below, dict):
            below = values[known] = {}
        values = below
    last = path[-1]
    values[last if last is not None else _next(values)] = value


def _next(values: dict[Key, Any]) -> int:
    return max((key for key in values if isinstance(key, int)), default=-1) + 1


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
