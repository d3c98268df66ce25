"""Trace every part of a request to its origin: a parameter, the catalog, a credential or the program."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import unquote_plus, urlsplit

from explorer.core.auth import options_of, wire
from explorer.core.form import FileRef
from explorer.core.model import FrozenStruct
from explorer.core.request import assemble
from explorer.core.text.media_type import FORM, essence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.form import FieldValue
    from explorer.core.model import Call, Purpose, SentRequest


Piece = tuple[str, bytes, "FieldValue | None"]
"""Name of a field (empty: what holds the fields together), its bytes, and of JSON the value that it was made of."""

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def body_pieces(body: bytes, content_type: str, values: Sequence[FieldValue]) -> list[Piece]:
    """*body* in pieces; one piece without a name where it is none of the kinds that are known."""
    if not body:
        return []
    boundary = wire.boundary_of(content_type)
    found: list[Piece] = []
    if boundary is not None:
        found = _multipart(body, boundary)
    elif essence(content_type) == FORM:
        found = _form(body)
    if not found or not any(name for name, _, _ in found):
        found = _json(body, values) or found
    return found if b"".join(data for _, data, _ in found) == body else [("", body, None)]


def _form(body: bytes) -> list[Piece]:
    found: list[Piece] = []
    for at, segment in enumerate(body.split(b"&")):
        name = unquote_plus(segment.partition(b"=")[0].decode("latin-1"))
        if b"=" not in segment or segment[:1] in (b"{", b"["):
            return []  # JSON that is labelled as a form
        found.append((name, (b"&" if at else b"") + segment, None))
    return found


def _multipart(body: bytes, boundary: bytes) -> list[Piece]:
    found: list[Piece] = [
        (part.name, b"--" + boundary + part.raw + b"\r\n", None) for part in wire.split_fields(body, boundary)
    ]
    used = sum(len(data) for _, data, _ in found)
    return [*found, ("", body[used:], None)]


def _json(body: bytes, values: Sequence[FieldValue]) -> list[Piece]:
    """The fields of a JSON body: each value stands where ``request.assemble`` put it."""
    try:
        text = body.decode("utf-8")
        shape = assemble((one.name, _Leaf(one)) for one in values)
        cuts = list(_fields(text, 0, shape, ()))
    except (ValueError, IndexError, RecursionError):
        return []
    found: list[Piece] = []
    at = 0
    for start, end, name, leaf in cuts:
        if start > at:
            found.append(("", text[at:start].encode(), None))
        found.append((name, text[start:end].encode(), leaf.value if leaf else None))
        at = end
    return [*found, ("", text[at:].encode(), None)] if at < len(text) else found


class _Leaf:
    """Where a value of the form stands in the assembled body."""

    def __init__(self, value: FieldValue) -> None:
        self.value = value


def _fields(text: str, at: int, shape: Any, path: tuple[str, ...]) -> Iterator[tuple[int, int, str, _Leaf | None]]:
    """Start, end, name and leaf of every field of the JSON value that begins at *at*."""
    at = _skip(text, at)
    if text[at] == "{" and isinstance(shape, dict):
        at += 1
        while (at := _skip(text, at)) < len(text) and text[at] != "}":
            key, end = _DECODER.raw_decode(text, at)
            colon = _skip(text, end) + 1
            stop = _DECODER.raw_decode(text, _skip(text, colon))[1]
            yield from _member(text, (at, colon, stop), shape.get(key), (*path, f".{key}" if path else str(key)))
            at = _past_comma(text, stop)
    elif text[at] == "[" and isinstance(shape, list):
        at += 1
        number = 0
        while (at := _skip(text, at)) < len(text) and text[at] != "]":
            stop = _DECODER.raw_decode(text, at)[1]
            inner = shape[number] if number < len(shape) else None
            yield from _member(text, (at, at, stop), inner, (*path, f"[{number}]"))
            at = _past_comma(text, stop)
            number += 1
    elif path:
        yield at, _DECODER.raw_decode(text, at)[1], "".join(path), None


def _member(
    text: str, span: tuple[int, int, int], shape: Any, path: tuple[str, ...]
) -> Iterator[tuple[int, int, str, _Leaf | None]]:
    start, value, stop = span
    if isinstance(shape, _Leaf):
        yield start, stop, shape.value.name, shape
    elif isinstance(shape, dict | list) and text[_skip(text, value)] in "{[":
        yield from _fields(text, value, shape, path)
    else:
        yield start, stop, "".join(path), None


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _past_comma(text: str, at: int) -> int:
    at = _skip(text, at)
    return at + 1 if text[at : at + 1] == "," else at


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


_TRANSPORT: Final = ("content-length", "connection", "transfer-encoding")
_OWN_HEADERS: Final = ("accept-encoding", "user-agent")
_BODIES: Final = ("form", "json", "multipart")
OriginDetail = tuple[PartOrigin, str]
"""An origin and its detail."""


@dataclass(frozen=True)
class TraceSubject:
    """What a request was made of. ``values`` are those of the checked form, ``base_url`` that of then; ``purpose`` is
    the hop's: a token call and a redirect are not what the form says."""

    vendor: Vendor
    endpoint: Endpoint
    call: Call
    values: Sequence[FieldValue]
    base_url: str
    purpose: Purpose = "call"


def trace_request(subject: TraceSubject, request: SentRequest) -> tuple[RequestPart, ...]:
    """The parts of *request* (signed or not, masked or not) in the order of the wire; see ``parts.joined``."""
    return tuple(_Tracer(subject).parts(request))


class _Tracer:
    """Reads one request; each value of the form is used up once."""

    def __init__(self, subject: TraceSubject) -> None:
        self.subject = subject
        self.options = options_of(subject.vendor.auth.get(subject.endpoint.auth))
        self._left: dict[tuple[str, str], deque[FieldValue]] = {}
        for one in subject.values:
            place = "body" if one.location in _BODIES else one.location
            self._left.setdefault((place, one.name), deque()).append(one)

    def parts(self, request: SentRequest) -> Iterator[RequestPart]:
        """See ``trace_request``."""
        call = self.subject.call
        method: OriginDetail = ("you", "method of the call") if call.method else ("catalog", "")
        if self.subject.purpose == "redirect":
            method = ("server", "a redirect")
        yield _part("method", "", f"{request.method} ", method)
        path, mark, query = target_of(request.url).partition("?")
        yield from self._path(path)
        for at, pair in enumerate(query.split("&") if mark else ()):
            yield self._pair(pair, "&" if at else "?")
        yield _part("frame", "", " HTTP/1.1\r\n", ("httpx", "the transport"))
        for name, value in request.headers:
            yield _part("header", name, f"{name}: {value}\r\n", self._header(name, value))
        yield _part("frame", "", "\r\n", ("httpx", "the transport"))
        kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
        yield from self._body(request.body, kind)

    # --- the URL -----------------------------------------------------------------------------------------------------

    def _path(self, path: str) -> Iterator[RequestPart]:
        if self.subject.purpose == "redirect":
            yield _part("path", "", path, ("server", "a redirect"))
            return
        base = base_path(self.subject.base_url)
        if base and path.startswith(base + "/"):
            yield _part("path", "", base, self._environment())
            path = path.removeprefix(base)
        template = self.subject.endpoint.path
        found = None if self.subject.purpose == "auth" else re.fullmatch(_pattern(template), path, re.DOTALL)
        if found is None:
            yield from self._literal(path)
            return
        names = re.findall(r"\{([^{}]*)\}", template)
        at = 0
        for number, name in enumerate(names, 1):
            start, end = found.span(number)
            yield from self._literal(path[at:start])
            if end > start:
                value = self._take("path", name)
                told: OriginDetail = self._told(value) if value is not None else ("catalog", "not filled in")
                yield _part("path", name, path[start:end], told)
            at = end
        yield from self._literal(path[at:])

    def _literal(self, text: str) -> Iterator[RequestPart]:
        """A fixed stretch of the path; a version in it is by the version rule."""
        version = self.subject.vendor.version
        if version.style == "path" and version.value:
            head, found, tail = text.partition(f"/{version.value}/")
            if found:
                if head:
                    yield _part("path", "", head, ("catalog", ""))
                yield _part("path", "", f"/{version.value}", ("version", self._cited(version.lines)))
                text = f"/{tail}"
        if text:
            yield _part("path", "", text, ("catalog", ""))

    def _pair(self, pair: str, before: str) -> RequestPart:
        name = unquote_plus(pair.partition("=")[0])
        return _part("query", name, before + pair, self._param("query", name))

    def _param(self, place: str, name: str) -> OriginDetail:
        """Where a parameter of the query or a field of the body is from."""
        if self.subject.purpose == "redirect":
            return "server", "a redirect"
        if self.subject.purpose == "auth" or name in self.options.params:
            return self._auth()
        value = self._take(place, name)
        if value is not None:
            return self._told(value)
        if place == "query" and any(name == key for key, _ in self.subject.call.extra):
            return "you", "undocumented parameter"
        return "unknown", "the catalog of now does not tell"

    # --- headers -----------------------------------------------------------------------------------------------------

    def _header(self, name: str, value: str) -> OriginDetail:
        lowered, subject = name.lower(), self.subject
        if lowered == "host":
            return self._environment() if subject.purpose != "redirect" else ("server", "a redirect")
        if lowered in _TRANSPORT:
            return "httpx", "the transport"
        own = [text for key, text in subject.call.headers if key.lower() == lowered]
        if lowered in (one.lower() for one in self.options.headers) and value not in own:
            return self._auth()
        if subject.purpose != "auth":
            if own:
                return "you", "a header of your own"
            for (place, key), values in self._left.items():
                if place == "header" and key.lower() == lowered and values:
                    return self._told(values[-1])
        if lowered == "accept":
            return self._accept()
        if lowered == "content-type":
            return (
                ("auth", "a token call") if subject.purpose == "auth" else ("catalog", f"body: {subject.endpoint.body}")
            )
        if lowered in _OWN_HEADERS:
            return "program", "the same with every call"
        return "unknown", "the catalog of now does not tell"

    def _accept(self) -> OriginDetail:
        subject = self.subject
        if subject.purpose != "auth" and subject.endpoint.accept:
            return "catalog", self._cited(subject.endpoint.lines)
        version = subject.vendor.version
        if version.accept:
            return ("version" if version.style == "accept" else "catalog"), self._cited(version.lines)
        return "program", "the catalog asks for none"

    # --- the body ----------------------------------------------------------------------------------------------------

    def _body(self, body: bytes, content_type: str) -> Iterator[RequestPart]:
        values = [one for one in self.subject.values if one.location in _BODIES]
        for name, data, value in body_pieces(body, content_type, values):
            if not name:
                yield self._frame(data, whole=len(data) == len(body))
                continue
            signed = self.subject.purpose == "auth" or name in self.options.params
            told = self._told(value) if value is not None and not signed else self._param("body", name)
            yield RequestPart(place="body", name=name, data=data, origin=told[0], detail=told[1])

    def _frame(self, data: bytes, *, whole: bool) -> RequestPart:
        if whole and self.subject.purpose == "auth":
            return RequestPart(place="body", data=data, origin="auth", detail="a token call")
        if whole and len(data) > len(b"{}"):
            return RequestPart(place="body", data=data, origin="unknown", detail="the catalog of now does not tell")
        return RequestPart(place="frame", data=data, origin="catalog", detail=f"body: {self.subject.endpoint.body}")

    # --- parts -------------------------------------------------------------------------------------------------------

    def _take(self, place: str, name: str) -> FieldValue | None:
        left = self._left.get((place, name))
        return left.popleft() if left else None

    def _told(self, value: FieldValue) -> OriginDetail:
        lines = self._cited(value.param.lines) if value.param is not None else ""
        if not value.given:
            return "default", f"prefilled {lines}".rstrip()
        if value.param is None:
            return "you", "no parameter of the catalog"
        return "you", "a file" if isinstance(value.value, FileRef) else lines

    def _environment(self) -> OriginDetail:
        if self.subject.call.base_url:
            return "you", "base URL of the call"
        return "environment", self.subject.call.environment

    def _auth(self) -> OriginDetail:
        auth = self.subject.vendor.auth.get(self.subject.endpoint.auth)
        return "auth", auth.scheme if auth is not None else "a token call"

    def _cited(self, lines: str) -> str:
        return self.subject.vendor.cite(lines)


def _pattern(template: str) -> str:
    """A path template as a pattern with a group for each place."""
    literals = re.split(r"\{[^{}]*\}", template)
    return "([^/?]*)".join(re.escape(one) for one in literals)


def _part(place: PartPlace, name: str, text: str, told: OriginDetail) -> RequestPart:
    return RequestPart(place=place, name=name, data=to_bytes(text), origin=told[0], detail=told[1])


__all__ = ["PART_ORIGINS", "PartOrigin", "PartPlace", "RequestPart", "join_parts"]
