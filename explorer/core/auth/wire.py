"""Read and change the parameters of a request that has been built: query, form, multipart."""

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
    """One field. ``raw`` is what stands between two delimiters; ``filename`` is None for a text field."""

    name: str
    filename: str | None
    value: bytes
    raw: bytes


def boundary_of(content_type: str) -> bytes | None:
    """The boundary in a Content-Type of multipart/form-data, or None when it is another type or has none."""
    if essence(content_type) != MULTIPART:
        return None
    return parameter(content_type, "boundary").encode("latin-1", "replace") or None


def split_fields(body: bytes, boundary: bytes) -> list[MultipartField]:
    """Every field of *body* in order; what stands before the first and after the last delimiter is no field."""
    found = []
    for segment in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if segment.startswith(b"--"):
            break
        found.append(_part(segment))
    return found


def append_fields(body: bytes, boundary: bytes, pairs: Iterable[tuple[str, str]]) -> bytes:
    """*body* with text fields put after its last field."""
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
    """*body* without the fields of these names; unchanged where there is none of them."""
    fields = split_fields(body, boundary)
    kept = [part for part in fields if part.name not in names]
    if len(kept) == len(fields):
        return body
    delimiter = b"--" + boundary
    return b"".join(delimiter + part.raw + b"\r\n" for part in kept) + delimiter + b"--\r\n"


def _part(segment: bytes) -> MultipartField:
    head, _, value = segment.partition(b"\r\n\r\n")
    name, filename = "", None
    for line in head.decode("utf-8", "surrogateescape").split("\r\n"):
        key, _, rest = line.partition(":")
        if key.strip().lower() != "content-disposition":
            continue
        for found in _ATTRIBUTE.finditer(rest):
            text = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
            if found[1].lower() == "name":
                name = text
            else:
                filename = text
    return MultipartField(name, filename, value, segment)


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def base64_of(texts: Iterable[str]) -> str:
    """Return *texts*, joined by colons, as the Base64 of their UTF-8 (RFC 4648, 4)."""
    return base64.b64encode(":".join(texts).encode("utf-8", "surrogateescape")).decode("ascii")


def is_sendable(token: str) -> bool:
    """Return whether *token* can be the value of a header (visible ASCII; RFC 6749, appendix A.12)."""
    return bool(token) and token.isascii() and token.isprintable()


def body_pairs(request: httpx.Request) -> Pairs:
    """The decoded text fields of a form or multipart body, files left out; none for any other body."""
    boundary = boundary_of(request.headers.get("content-type", ""))
    if boundary is not None:
        fields = split_fields(request.content, boundary)
        return tuple((part.name, _text(part.value)) for part in fields if part.filename is None)
    return decode_pairs(request.content) if _is_form(request) else ()


def takes_form(request: httpx.Request, declared: str) -> bool:
    """Whether further parameters belong into the body: it is a form, or empty where the call *declared* one."""
    if request.method in ("GET", "HEAD"):
        return False
    if _is_form(request) or boundary_of(request.headers.get("content-type", "")) is not None:
        return True
    return not request.content and declared in ("form", "multipart")


def add_to_query(request: httpx.Request, pairs: Pairs) -> httpx.Request:
    """A copy of *request* with pairs after those of the query."""
    query = request.url.query
    return copy_request(
        request, url=request.url.copy_with(query=query + (b"&" if query else b"") + encode_pairs(pairs))
    )


def add_to_body(request: httpx.Request, pairs: Pairs) -> httpx.Request:
    """A copy of *request* with pairs after those of the form or multipart body; an empty body becomes a form."""
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
    """A copy of *request* without the parameters of these names, wherever they stand."""
    query = request.url.query
    kept = _drop_pairs(query, names)
    url = request.url if kept == query else request.url.copy_with(query=kept or None)
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
    """A copy of *request* with another URL or body, its own headers and extensions; the length follows the body."""
    import httpx  # the catalog's checks load this module and need no HTTP library

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
    """The decoded path of a base URL, without a slash at its end."""
    import httpx

    return httpx.URL(base_url).path.rstrip("/") if base_url else ""


def path_below(base_url: str, url: httpx.URL) -> str:
    """The decoded path of *url* below that of *base_url*, with its leading slash; the whole path of one elsewhere."""
    root = root_path(base_url)
    return url.path[len(root) :] if root and url.path.startswith(root + "/") else url.path


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _drop_pairs(raw: bytes, names: Collection[str]) -> bytes:
    segments = raw.split(b"&")
    kept = [segment for segment in segments if decode_pair(segment)[0] not in names]
    return raw if len(kept) == len(segments) else b"&".join(kept)


def _is_form(request: httpx.Request) -> bool:
    content_type: str = request.headers.get("content-type", "")
    return essence(content_type) == FORM
