"""The parameters of a request that has been built: read from its final bytes, added to them, taken out of them.

URL and body as they stand are what a vendor receives, so a scheme signs what is read here and never the values that
the request was made from. Text that is not UTF-8 survives as lone surrogates (``surrogateescape``), byte for byte.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from explorer.core.auth import multipart
from explorer.core.text.media_type import FORM, essence
from explorer.core.text.url_pairs import Pairs, decode_pair, decode_pairs, encode_pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import httpx


def base64_of(texts: Iterable[str]) -> str:
    """Return *texts*, joined by colons, as the Base64 of their UTF-8 (RFC 4648, 4)."""
    return base64.b64encode(":".join(texts).encode("utf-8", "surrogateescape")).decode("ascii")


def is_sendable(token: str) -> bool:
    """Return whether *token* can be the value of a header (visible ASCII; RFC 6749, appendix A.12)."""
    return bool(token) and token.isascii() and token.isprintable()


def body_pairs(request: httpx.Request) -> Pairs:
    """The decoded text fields of a form or multipart body, files left out; none for any other body."""
    boundary = multipart.boundary_of(request.headers.get("content-type", ""))
    if boundary is not None:
        fields = multipart.split_fields(request.content, boundary)
        return tuple((part.name, _text(part.value)) for part in fields if part.filename is None)
    return decode_pairs(request.content) if _is_form(request) else ()


def takes_form(request: httpx.Request, declared: str) -> bool:
    """Whether further parameters belong into the body: it is a form, or empty where the call *declared* one."""
    if request.method in ("GET", "HEAD"):
        return False
    if _is_form(request) or multipart.boundary_of(request.headers.get("content-type", "")) is not None:
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
    boundary = multipart.boundary_of(content_type)
    if boundary is not None:
        return copy_request(request, content=multipart.append_fields(request.content, boundary, pairs))
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
    boundary = multipart.boundary_of(request.headers.get("content-type", ""))
    content = request.content
    if boundary is not None:
        content = multipart.without_fields(content, boundary, names)
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
