"""From a request and the call that it was made of to its parts: the same decisions as ``core.request``, read back."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from explorer.core.auth import options_of
from explorer.core.form import FileRef
from explorer.core.provenance.bodies import body_pieces
from explorer.core.provenance.parts import PartOrigin, PartPlace, RequestPart, base_path, target_of, to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.exchange import Call, Purpose, SentRequest
    from explorer.core.form import FieldValue

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
