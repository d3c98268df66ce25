"""Parse an incoming request as PHP does, before it is checked."""

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
    """The values of a query or form as nested dicts (arrays have integer keys), and its irregularities."""

    values: dict[Key, Any] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    """Names sent more than once, of which PHP keeps the last value."""
    undecodable_names: list[str] = field(default_factory=list)
    """Names that are not UTF-8, or whose value is not."""
    dropped: int = 0
    """Number of names beyond ``MAX_NAMES``, which PHP ignores."""


def split_pairs(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the decoded pairs of a query or urlencoded body, and the names of those that are not UTF-8."""
    pairs: list[tuple[str, str]] = []
    undecodable: list[str] = []
    for piece in text.split("&"):
        if not piece:
            continue
        name, _, value = piece.partition("=")
        raw_name, raw_value = (unquote_to_bytes(part.replace("+", " ")) for part in (name, value))
        decoded = raw_name.decode("utf-8", "replace"), raw_value.decode("utf-8", "replace")
        if decoded[0].encode() != raw_name or decoded[1].encode() != raw_value:
            undecodable.append(decoded[0])
        pairs.append(decoded)
    return pairs, undecodable


def parse_pairs(pairs: Iterable[tuple[str, Any]], undecodable: Iterable[str] = ()) -> ParameterTree:
    """Return the tree that PHP builds from *pairs* of name and value."""
    tree = ParameterTree(undecodable_names=list(undecodable))
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
    """Split a name into keys; None is ``[]``. Empty if PHP ignores the name."""
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
    *parents, last = path
    for key in parents:
        parent = key if key is not None else _next_index(values)
        child = values.get(parent)
        if not isinstance(child, dict):
            child = values[parent] = {}
        values = child
    values[last if last is not None else _next_index(values)] = value


def _next_index(values: dict[Key, Any]) -> int:
    return max((key for key in values if isinstance(key, int)), default=-1) + 1


MAX_BODY = 32_000_000
"""Maximum bytes of a request body."""
MAX_FIELD = 4_000_000
"""Maximum bytes of a multipart text field."""


@dataclass(frozen=True)
class UploadedFile:
    """A file of a multipart body."""

    filename: str
    media_type: str
    size: int
    sha256: str


@dataclass(kw_only=True)
class ParsedRequest(IncomingRequest):
    """A request with its parts parsed."""

    segments: tuple[str, ...]
    """The path split at slashes, each segment decoded."""
    url: str
    """Scheme, host and path without the query."""
    query_tree: ParameterTree
    body: bytes = b""
    kind: str = "none"
    """Kind of the body by its Content-Type: ``none``, ``form``, ``multipart``, ``json`` or the media type."""
    tree: ParameterTree = field(default_factory=ParameterTree)
    """The fields of a form or multipart body, parsed as PHP does."""
    json: Any = None
    body_problem: str = ""
    """Why the body cannot be parsed."""
    too_large: bool = False


async def read_request(scope: Scope, receive: Receive, root: str) -> ParsedRequest:
    """Read and parse the request of an ASGI *scope*; *root* is the path below which the vendor is served."""
    headers = Headers(scope=scope)
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    segments = tuple(unquote_to_bytes(part).decode("utf-8", "replace") for part in raw[len(root) :].split("/"))
    pairs, undecodable = split_pairs(scope["query_string"].decode("latin-1"))
    request = ParsedRequest(
        method=scope["method"],
        path="/".join(segments),
        segments=segments,
        url=f"{scope['scheme']}://{headers.get('host', '127.0.0.1')}{raw}",
        query=tuple(pairs),
        query_tree=parse_pairs(pairs, undecodable),
        headers=dict(headers.items()),
    )
    request.body, request.too_large = await _read_body(receive)
    if request.body or request.too_large:
        await _parse_body(request, headers)
    return request


async def _read_body(receive: Receive) -> tuple[bytes, bool]:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body), False
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return b"", True
        if not message.get("more_body", False):
            return bytes(body), False


async def _parse_body(request: ParsedRequest, headers: Headers) -> None:
    declared = essence(headers.get("content-type", ""))
    request.kind = declared or "undeclared"
    if declared == FORM:
        request.kind = "form"
        pairs, undecodable = split_pairs(request.body.decode("latin-1"))
        request.form, request.tree = tuple(pairs), parse_pairs(pairs, undecodable)
    elif declared == MULTIPART:
        request.kind = "multipart"
        await _parse_multipart(request, headers)
    elif declared == JSON or declared.endswith("+json"):
        request.kind = "json"
        try:
            request.json = msgspec.json.decode(request.body)
        except msgspec.DecodeError as error:
            request.body_problem = f"the body is not valid JSON: {error}"
        except RecursionError:
            request.body_problem = "the JSON body is nested too deeply"


async def _parse_multipart(request: ParsedRequest, headers: Headers) -> None:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield request.body

    try:
        form = await MultiPartParser(headers, stream(), max_part_size=MAX_FIELD).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        request.body_problem = f"the multipart body cannot be parsed: {getattr(error, 'message', error)}"
        return
    texts: list[tuple[str, str]] = []
    files: list[str] = []
    parts: list[tuple[str, Any]] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            file = UploadedFile(
                value.filename or "", value.content_type or "", len(content), hashlib.sha256(content).hexdigest()
            )
            files.append(name)
            parts.append((name, file))
        else:
            texts.append((name, value))
            parts.append((name, value))
    await form.close()
    request.form, request.files, request.tree = tuple(texts), tuple(files), parse_pairs(parts)
