"""Read and change the parameters of a built request: query, form and multipart."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.text.media_type import FORM, MULTIPART, essence, parameter
from explorer.core.text.url_pairs import Pairs, decode_pair, decode_pairs, encode_pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import httpx


_ATTRIBUTE = re.compile(r';\s*(name|filename\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MultipartField:
    """One multipart field. ``raw`` is the bytes between two delimiters; ``filename`` is None for a text field."""

    name: str
    filename: str | None
    value: bytes
    raw: bytes


def boundary_of(content_type: str) -> bytes | None:
    """Return the boundary of a multipart/form-data Content-Type, or None."""
    if essence(content_type) != MULTIPART:
        return None
    return parameter(content_type, "boundary").encode("latin-1", "replace") or None


def split_fields(body: bytes, boundary: bytes) -> list[MultipartField]:
    """Return the fields of *body* in order, without preamble and epilogue."""
    fields = []
    for segment in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if segment.startswith(b"--"):
            break
        fields.append(_parse_field(segment))
    return fields


def append_fields(body: bytes, boundary: bytes, pairs: Iterable[tuple[str, str]]) -> bytes:
    """Return *body* with text fields appended."""
    delimiter = b"--" + boundary
    end = body.rfind(delimiter + b"--")
    before = body if end < 0 else body[:end]
    if before and not before.endswith(b"\r\n"):
        before += b"\r\n"
    fields = (
        delimiter
        + f'\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'.encode()
        + _bytes(value)
        + b"\r\n"
        for name, value in pairs
    )
    return before + b"".join(fields) + delimiter + b"--\r\n"


def without_fields(body: bytes, boundary: bytes, names: Collection[str]) -> bytes:
    """Return *body* without the fields in *names*; the same object if it has none of them."""
    fields = split_fields(body, boundary)
    remaining = [field for field in fields if field.name not in names]
    if len(remaining) == len(fields):
        return body
    delimiter = b"--" + boundary
    return b"".join(delimiter + field.raw + b"\r\n" for field in remaining) + delimiter + b"--\r\n"


def _parse_field(segment: bytes) -> MultipartField:
    head, _, value = segment.partition(b"\r\n\r\n")
    name, filename = "", None
    for line in head.decode("utf-8", "surrogateescape").split("\r\n"):
        key, _, rest = line.partition(":")
        if key.strip().lower() != "content-disposition":
            continue
        for match in _ATTRIBUTE.finditer(rest):
            text = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
            if match[1].lower() == "name":
                name = text
            else:
                filename = text
    return MultipartField(name, filename, value, segment)


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def base64_of(texts: Iterable[str]) -> str:
    """Return *texts*, joined by colons, as Base64 of their UTF-8 bytes (RFC 4648, 4)."""
    return base64.b64encode(":".join(texts).encode("utf-8", "surrogateescape")).decode("ascii")


def is_sendable(token: str) -> bool:
    """Return whether *token* is a valid header value (visible ASCII; RFC 6749, appendix A.12)."""
    return bool(token) and token.isascii() and token.isprintable()


def body_pairs(request: httpx.Request) -> Pairs:
    """Return the decoded text fields of a form or multipart body, without files; empty for other bodies."""
    boundary = boundary_of(request.headers.get("content-type", ""))
    if boundary is not None:
        fields = split_fields(request.content, boundary)
        return tuple((field.name, _text(field.value)) for field in fields if field.filename is None)
    return decode_pairs(request.content) if _is_form(request) else ()


def takes_form(request: httpx.Request, declared: str) -> bool:
    """Return whether further parameters belong in the body: it is a form, or empty and *declared* as one."""
    if request.method in ("GET", "HEAD"):
        return False
    if _is_form(request) or boundary_of(request.headers.get("content-type", "")) is not None:
        return True
    return not request.content and declared in ("form", "multipart")


def add_to_query(request: httpx.Request, pairs: Pairs) -> httpx.Request:
    """Return a copy of *request* with *pairs* appended to the query."""
    query = request.url.query
    return copy_request(
        request, url=request.url.copy_with(query=query + (b"&" if query else b"") + encode_pairs(pairs))
    )


def add_to_body(request: httpx.Request, pairs: Pairs) -> httpx.Request:
    """Return a copy of *request* with *pairs* appended to the form or multipart body; an empty body becomes a form."""
    content_type = request.headers.get("content-type", "")
    boundary = boundary_of(content_type)
    if boundary is not None:
        return copy_request(request, content=append_fields(request.content, boundary, pairs))
    body = request.content
    copy = copy_request(request, content=body + (b"&" if body else b"") + encode_pairs(pairs))
    if not _is_form(request):
        copy.headers["Content-Type"] = FORM
    return copy


def without_parameters(request: httpx.Request, names: Collection[str]) -> httpx.Request:
    """Return a copy of *request* without the parameters in *names*, in query or body."""
    query = request.url.query
    remaining = _drop_pairs(query, names)
    url = request.url if remaining == query else request.url.copy_with(query=remaining or None)
    boundary = boundary_of(request.headers.get("content-type", ""))
    content = request.content
    if boundary is not None:
        content = without_fields(content, boundary, names)
    elif _is_form(request):
        content = _drop_pairs(content, names)
    return copy_request(request, url=url, content=content)


def copy_request(
    request: httpx.Request, *, url: httpx.URL | None = None, content: bytes | None = None
) -> httpx.Request:
    """Return a copy of *request* with another URL or body; headers and extensions are copied, the length is updated."""
    import httpx  # the catalog checks import this module without an HTTP library

    body = request.content if content is None else content
    headers = request.headers.copy()
    if content is not None and (body or "content-length" in headers) and "transfer-encoding" not in headers:
        headers["Content-Length"] = str(len(body))
    return httpx.Request(
        request.method,
        request.url if url is None else url,
        headers=headers,
        content=body,
        extensions=dict(request.extensions),
    )


def root_path(base_url: str) -> str:
    """Return the decoded path of a base URL, without a trailing slash."""
    import httpx

    return httpx.URL(base_url).path.rstrip("/") if base_url else ""


def path_below(base_url: str, url: httpx.URL) -> str:
    """Return the decoded path of *url* below *base_url*, with a leading slash; the whole path if it is elsewhere."""
    root = root_path(base_url)
    return url.path[len(root) :] if root and url.path.startswith(root + "/") else url.path


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _drop_pairs(raw: bytes, names: Collection[str]) -> bytes:
    segments = raw.split(b"&")
    remaining = [segment for segment in segments if decode_pair(segment)[0] not in names]
    return raw if len(remaining) == len(segments) else b"&".join(remaining)


def _is_form(request: httpx.Request) -> bool:
    content_type: str = request.headers.get("content-type", "")
    return essence(content_type) == FORM
