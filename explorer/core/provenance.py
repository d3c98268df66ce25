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
    from collections.abc import Iterator, Sequence

    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.form import FieldValue
    from explorer.core.model import Call, Purpose, SentRequest


Piece = tuple[str, bytes, "FieldValue | None"]
"""Field name (empty for separators), its bytes, and for JSON the form value that it encodes."""

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def body_pieces(body: bytes, content_type: str, values: Sequence[FieldValue]) -> list[Piece]:
    """Return *body* in pieces; a single unnamed piece if its format is unknown."""
    if not body:
        return []
    boundary = wire.boundary_of(content_type)
    segments: list[Piece] = []
    if boundary is not None:
        segments = _multipart(body, boundary)
    elif essence(content_type) == FORM:
        segments = _form(body)
    if not segments or not any(name for name, _, _ in segments):
        segments = _json(body, values) or segments
    return segments if b"".join(data for _, data, _ in segments) == body else [("", body, None)]


def _form(body: bytes) -> list[Piece]:
    segments: list[Piece] = []
    for at, segment in enumerate(body.split(b"&")):
        name = unquote_plus(segment.partition(b"=")[0].decode("latin-1"))
        if b"=" not in segment or segment[:1] in (b"{", b"["):
            return []  # JSON labeled as a form
        segments.append((name, (b"&" if at else b"") + segment, None))
    return segments


def _multipart(body: bytes, boundary: bytes) -> list[Piece]:
    fields: list[Piece] = [
        (field.name, b"--" + boundary + field.raw + b"\r\n", None) for field in wire.split_fields(body, boundary)
    ]
    used = sum(len(data) for _, data, _ in fields)
    return [*fields, ("", body[used:], None)]


def _json(body: bytes, values: Sequence[FieldValue]) -> list[Piece]:
    """Return the fields of a JSON body, each value where ``request.assemble`` put it."""
    try:
        text = body.decode("utf-8")
        shape = assemble((value.name, _Leaf(value)) for value in values)
        cuts = list(_fields(text, 0, shape, ()))
    except (ValueError, IndexError, RecursionError):
        return []
    segments: list[Piece] = []
    at = 0
    for start, end, name, leaf in cuts:
        if start > at:
            segments.append(("", text[at:start].encode(), None))
        segments.append((name, text[start:end].encode(), leaf.value if leaf else None))
        at = end
    return [*segments, ("", text[at:].encode(), None)] if at < len(text) else segments


class _Leaf:
    """A form value in the assembled body."""

    def __init__(self, value: FieldValue) -> None:
        self.value = value


def _fields(text: str, at: int, shape: Any, path: tuple[str, ...]) -> Iterator[tuple[int, int, str, _Leaf | None]]:
    """Yield start, end, name and leaf of every field of the JSON value at *at*."""
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
    match = _BLANK.match(text, at)
    return match.end() if match else at


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
"""Display names of the origins, at most twelve cells wide."""


class RequestPart(FrozenStruct, frozen=True, kw_only=True):
    """A piece of the request: ``data`` is its bytes, including the separator before it.

    ``name`` is that of a header, parameter or body field, or empty. The place ``frame`` is for separators: line breaks,
    boundaries and brackets.
    """

    place: PartPlace
    data: bytes
    origin: PartOrigin
    name: str = ""
    detail: str = ""
    """A short addition: which credential, which lines of the document."""

    @property
    def text(self) -> str:
        """The bytes as a string, not sanitized."""
        return self.data.decode("utf-8", "replace")


def target_of(url: str) -> str:
    """Return the request target of *url*: path and query as encoded (RFC 9112, 3.2.1)."""
    rest = url.partition("://")[2]
    slash = min((rest.find(mark) for mark in "/?" if mark in rest), default=-1)
    target = rest[slash:].partition("#")[0] if slash >= 0 else "/"
    return target if target.startswith("/") else f"/{target}"


def to_bytes(text: str) -> bytes:
    """Return header text as bytes; a mask, which is never sent, as UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


def base_path(base_url: str) -> str:
    """Return the path of a base URL without its trailing slash."""
    return urlsplit(base_url).path.rstrip("/")


_TRANSPORT: Final = ("content-length", "connection", "transfer-encoding")
_OWN_HEADERS: Final = ("accept-encoding", "user-agent")
_BODIES: Final = ("form", "json", "multipart")
OriginDetail = tuple[PartOrigin, str]
"""An origin and its detail."""


@dataclass(frozen=True)
class TraceSubject:
    """What a request was built from.

    ``values`` are those of the checked form, ``base_url`` is the one used. ``purpose`` is the hop's: token calls and
    redirects do not come from the form.
    """

    vendor: Vendor
    endpoint: Endpoint
    call: Call
    values: Sequence[FieldValue]
    base_url: str
    purpose: Purpose = "call"


def trace_request(subject: TraceSubject, request: SentRequest) -> tuple[RequestPart, ...]:
    """Return the parts of *request* (signed or not, masked or not) in wire order."""
    return tuple(_Tracer(subject).parts(request))


class _Tracer:
    """The tracing of one request; each form value is used once."""

    def __init__(self, subject: TraceSubject) -> None:
        self.subject = subject
        self.options = options_of(subject.vendor.auth.get(subject.endpoint.auth))
        self._unused: dict[tuple[str, str], deque[FieldValue]] = {}
        for value in subject.values:
            place = "body" if value.location in _BODIES else value.location
            self._unused.setdefault((place, value.name), deque()).append(value)

    def parts(self, request: SentRequest) -> Iterator[RequestPart]:
        """Yield the parts, as ``trace_request`` returns them."""
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
        match = None if self.subject.purpose == "auth" else re.fullmatch(_pattern(template), path, re.DOTALL)
        if match is None:
            yield from self._literal(path)
            return
        names = re.findall(r"\{([^{}]*)\}", template)
        at = 0
        for number, name in enumerate(names, 1):
            start, end = match.span(number)
            yield from self._literal(path[at:start])
            if end > start:
                value = self._take("path", name)
                origin: OriginDetail = self._origin_of(value) if value is not None else ("catalog", "not set")
                yield _part("path", name, path[start:end], origin)
            at = end
        yield from self._literal(path[at:])

    def _literal(self, text: str) -> Iterator[RequestPart]:
        """Yield a literal part of the path; a version in it comes from the version rule."""
        version = self.subject.vendor.version
        if version.style == "path" and version.value:
            head, separator, tail = text.partition(f"/{version.value}/")
            if separator:
                if head:
                    yield _part("path", "", head, ("catalog", ""))
                yield _part("path", "", f"/{version.value}", ("version", self._cite(version.lines)))
                text = f"/{tail}"
        if text:
            yield _part("path", "", text, ("catalog", ""))

    def _pair(self, pair: str, before: str) -> RequestPart:
        name = unquote_plus(pair.partition("=")[0])
        return _part("query", name, before + pair, self._param("query", name))

    def _param(self, place: str, name: str) -> OriginDetail:
        """Return the origin of a query parameter or a body field."""
        if self.subject.purpose == "redirect":
            return "server", "a redirect"
        if self.subject.purpose == "auth" or name in self.options.params:
            return self._auth()
        value = self._take(place, name)
        if value is not None:
            return self._origin_of(value)
        if place == "query" and any(name == key for key, _ in self.subject.call.extra):
            return "you", "undocumented parameter"
        return "unknown", "not in the current catalog"

    # --- headers -----------------------------------------------------------------------------------------------------

    def _header(self, name: str, value: str) -> OriginDetail:
        lowered, subject = name.lower(), self.subject
        if lowered == "host":
            return self._environment() if subject.purpose != "redirect" else ("server", "a redirect")
        if lowered in _TRANSPORT:
            return "httpx", "the transport"
        own = [text for key, text in subject.call.headers if key.lower() == lowered]
        if lowered in (header.lower() for header in self.options.headers) and value not in own:
            return self._auth()
        if subject.purpose != "auth":
            if own:
                return "you", "an extra header"
            for (place, key), values in self._unused.items():
                if place == "header" and key.lower() == lowered and values:
                    return self._origin_of(values[-1])
        if lowered == "accept":
            return self._accept()
        if lowered == "content-type":
            return (
                ("auth", "a token call") if subject.purpose == "auth" else ("catalog", f"body: {subject.endpoint.body}")
            )
        if lowered in _OWN_HEADERS:
            return "program", "the same in every call"
        return "unknown", "not in the current catalog"

    def _accept(self) -> OriginDetail:
        subject = self.subject
        if subject.purpose != "auth" and subject.endpoint.accept:
            return "catalog", self._cite(subject.endpoint.lines)
        version = subject.vendor.version
        if version.accept:
            return ("version" if version.style == "accept" else "catalog"), self._cite(version.lines)
        return "program", "not set by the catalog"

    # --- the body ----------------------------------------------------------------------------------------------------

    def _body(self, body: bytes, content_type: str) -> Iterator[RequestPart]:
        values = [value for value in self.subject.values if value.location in _BODIES]
        for name, data, value in body_pieces(body, content_type, values):
            if not name:
                yield self._frame(data, whole=len(data) == len(body))
                continue
            signed = self.subject.purpose == "auth" or name in self.options.params
            origin, detail = self._origin_of(value) if value is not None and not signed else self._param("body", name)
            yield RequestPart(place="body", name=name, data=data, origin=origin, detail=detail)

    def _frame(self, data: bytes, *, whole: bool) -> RequestPart:
        if whole and self.subject.purpose == "auth":
            return RequestPart(place="body", data=data, origin="auth", detail="a token call")
        if whole and len(data) > len(b"{}"):
            return RequestPart(place="body", data=data, origin="unknown", detail="not in the current catalog")
        return RequestPart(place="frame", data=data, origin="catalog", detail=f"body: {self.subject.endpoint.body}")

    # --- parts -------------------------------------------------------------------------------------------------------

    def _take(self, place: str, name: str) -> FieldValue | None:
        values = self._unused.get((place, name))
        return values.popleft() if values else None

    def _origin_of(self, value: FieldValue) -> OriginDetail:
        lines = self._cite(value.param.lines) if value.param is not None else ""
        if not value.given:
            return "default", f"prefilled {lines}".rstrip()
        if value.param is None:
            return "you", "not in the catalog"
        return "you", "a file" if isinstance(value.value, FileRef) else lines

    def _environment(self) -> OriginDetail:
        if self.subject.call.base_url:
            return "you", "base URL of the call"
        return "environment", self.subject.call.environment

    def _auth(self) -> OriginDetail:
        auth = self.subject.vendor.auth.get(self.subject.endpoint.auth)
        return "auth", auth.scheme if auth is not None else "a token call"

    def _cite(self, lines: str) -> str:
        return self.subject.vendor.cite(lines)


def _pattern(template: str) -> str:
    """Return a path template as a pattern with a group for each placeholder."""
    literals = re.split(r"\{[^{}]*\}", template)
    return "([^/?]*)".join(re.escape(literal) for literal in literals)


def _part(place: PartPlace, name: str, text: str, origin: OriginDetail) -> RequestPart:
    return RequestPart(place=place, name=name, data=to_bytes(text), origin=origin[0], detail=origin[1])


__all__ = ["PART_ORIGINS", "PartOrigin", "PartPlace", "RequestPart"]
