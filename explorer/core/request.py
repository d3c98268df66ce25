"""Endpoint + values + base URL → one unsigned ``httpx.Request``, and the one encoder of every body and query.

The bytes are made here and nowhere else; an auth scheme signs what stands in the request, and what was signed is sent.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, urlsplit

import httpx

from explorer import __version__
from explorer.core.form import FieldValue, FileRef, NumberToken
from explorer.core.text.media_type import FORM, JSON
from explorer.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.model import Header

USER_AGENT = f"api-explorer/{__version__}"
ACCEPT_ENCODING = "gzip, deflate"
_DROPPABLE = ("accept", "accept-encoding", "user-agent")
"""Headers of the program's own that are left out where a person gives them an empty value, as curl does."""
_FORBIDDEN_HEADERS = frozenset({"content-length", "transfer-encoding", "host", "connection"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STEP = re.compile(r"\[(?P<index>[0-9]*)\]|\.?(?P<key>[^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was read for an upload."""

    name: str
    content: bytes
    media_type: str = "application/octet-stream"


ReadFile = Callable[[str], Upload]


def upload_of(path: str, content: bytes) -> Upload:
    """The upload of *content* read from *path*; the media type is guessed from the name (RFC 7578 section 4.4)."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return Upload(name, content, mimetypes.guess_type(name)[0] or "application/octet-stream")


def build_request(
    vendor: Vendor,
    endpoint: Endpoint,
    values: Sequence[FieldValue],
    base_url: str,
    *,
    method: str = "",
    extra: Iterable[tuple[str, str]] = (),
    headers: Iterable[Header] = (),
    boundary: str = "api-explorer-boundary",
    read_file: ReadFile | None = None,
) -> httpx.Request:
    """The unsigned request. Pure but for *read_file*, which is called once for each file.

    Raises:
        UnknownName: *method* is none of the endpoint's.
        UsageError: base URL, a path value or a header cannot be sent.
    """
    try:
        return _built(
            vendor, endpoint, values, base_url, method or endpoint.method, extra, headers, boundary, read_file
        )
    except UnicodeEncodeError as error:
        sign = f"{error.object[error.start]!a}"
        raise UsageError(f"{sign} stands for no character and cannot be sent", hint="Give the text as UTF-8.") from None
    except httpx.InvalidURL as error:
        raise UsageError(f"the URL cannot be sent: {error}", hint="Check the base URL and the values in it.") from None


def _built(
    vendor: Vendor,
    endpoint: Endpoint,
    values: Sequence[FieldValue],
    base_url: str,
    method: str,
    extra: Iterable[tuple[str, str]],
    headers: Iterable[Header],
    boundary: str,
    read_file: ReadFile | None,
) -> httpx.Request:
    if method not in endpoint.methods:
        raise UnknownName(f"method of {vendor.id}.{endpoint.id}", method, endpoint.methods)
    url = check_base_url(base_url) + _path(endpoint, values)
    query = [_pair(one) for one in values if one.location == "query"]
    query += [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in extra]
    if query:
        url += "?" + "&".join(query)
    sent = _headers(vendor, endpoint, values, headers)
    body = [one for one in values if one.location in ("form", "json", "multipart")]
    if method == "HEAD" or endpoint.body == "none":
        request = httpx.Request(method, url, headers=sent)
    elif endpoint.body == "json":
        content = json_bytes(assemble((one.name, one.value) for one in body))
        request = httpx.Request(method, url, headers=_with_content_type(sent, JSON), content=content)
    elif endpoint.body == "form":
        content = form_bytes((one.name, _text(one)) for one in body)
        request = httpx.Request(method, url, headers=_with_content_type(sent, FORM), content=content)
    else:
        parts = [_part(one, read_file) for one in body]
        sent = _with_content_type(sent, f"multipart/form-data; boundary={boundary}")
        request = httpx.Request(method, url, headers=sent, files=parts)
    request.read()
    request.extensions["explorer.files"] = tuple(one.name for one in body if isinstance(one.value, FileRef))
    return request


def check_base_url(base_url: str) -> str:
    """*base_url* without its final slash.

    Raises:
        UsageError: it is no http(s) URL, or carries a user name, a query or a fragment.
    """
    if any(sign.isspace() or not sign.isprintable() for sign in base_url):  # which ``urlsplit`` drops without a word
        raise UsageError(f"{base_url!r} has a character that no URL has", hint="Such as https://host.example/api.")
    try:
        parts = urlsplit(base_url)
        port, _ = parts.port, httpx.URL(base_url).host
    except (httpx.InvalidURL, ValueError) as error:
        raise UsageError(f"{base_url!r} is no base URL: {error}", hint="Such as https://host.example/api.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise UsageError(f"{base_url!r} is no base URL", hint="Such as https://host.example/api.")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("a base URL has no user name, query or fragment", hint="Such as https://host.example/api.")
    return base_url.rstrip("/")


def _path(endpoint: Endpoint, values: Sequence[FieldValue]) -> str:
    places = {one.name: one for one in values if one.location == "path"}

    def fill(found: re.Match[str]) -> str:
        one = places.get(found[1])
        text = "" if one is None else str(one.value)
        if text in (".", ".."):
            raise UsageError(f"{found[1]}: {text!r} cannot stand in a path", hint="It would name another path.")
        if text == "":
            return quote(found[0], safe="")
        return quote(text, safe="," if one and one.param and one.param.comma else "")

    return re.sub(r"\{([^{}]*)\}", fill, endpoint.path)


def _pair(one: FieldValue) -> str:
    safe = "," if one.param is not None and one.param.comma else ""
    return f"{quote(one.name, safe='')}={quote(_text(one), safe=safe)}"


def _text(one: FieldValue) -> str:
    value = one.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, FileRef):
        return value.path
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _part(
    one: FieldValue, read_file: ReadFile | None
) -> tuple[str, tuple[str | None, bytes, str] | tuple[None, bytes]]:
    if isinstance(one.value, FileRef):
        if read_file is None:
            return one.name, (upload_of(one.value.path, b"").name, b"", "application/octet-stream")
        upload = read_file(one.value.path)
        return one.name, (upload.name, upload.content, upload.media_type)
    return one.name, (None, _text(one).encode())


def form_bytes(pairs: Iterable[tuple[str, str]]) -> bytes:
    """``application/x-www-form-urlencoded`` (WHATWG URL, section 5.2): blanks as ``+``."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()


def assemble(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """``shipping.city`` and ``line_items[0].id`` as nested tables; ``ids[]`` appends; gaps in indexes are closed."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        steps: list[str | int] = []
        for found in _STEP.finditer(name):
            index = found["index"]
            steps.append(found["key"] if index is None else (-1 if index == "" else int(index)))
        _put(root, steps, value)
    closed = _close_arrays(root)
    return closed if isinstance(closed, dict) else {}


class _Indexed(dict[int, Any]):
    """An array while it is being filled: index → value."""


def _put(node: Any, steps: Sequence[str | int], value: Any) -> None:
    key = steps[0]
    if key == -1:
        key = max(node, default=-1) + 1
    if len(steps) == 1:
        node[key] = value
        return
    below = node.get(key)
    if not isinstance(below, dict):
        below = node[key] = _Indexed() if isinstance(steps[1], int) else {}
    _put(below, steps[1:], value)


def _close_arrays(node: Any) -> Any:
    if isinstance(node, _Indexed):
        return [_close_arrays(node[index]) for index in sorted(node)]
    return {key: _close_arrays(one) for key, one in node.items()} if isinstance(node, dict) else node


def json_bytes(value: Any) -> bytes:
    """Compact JSON in UTF-8 in which a ``NumberToken`` stays exactly as it was typed and half a surrogate pair is an
    escape (RFC 8259, 8.2)."""
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", _json(value)).encode()


def _json(value: Any) -> str:
    if isinstance(value, NumberToken):
        return str(value)
    if isinstance(value, Mapping):
        return (
            "{"
            + ",".join(f"{json.dumps(str(key), ensure_ascii=False)}:{_json(one)}" for key, one in value.items())
            + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ",".join(_json(one) for one in value) + "]"
    if isinstance(value, FileRef):
        return json.dumps(value.path)
    return json.dumps(value, ensure_ascii=False)


def _headers(vendor: Vendor, endpoint: Endpoint, values: Sequence[FieldValue], own: Iterable[Header]) -> list[Header]:
    sent: dict[str, Header] = {}
    for name, value in (
        ("Accept", endpoint.accept or vendor.version.accept or "*/*"),
        ("Accept-Encoding", ACCEPT_ENCODING),
        ("User-Agent", USER_AGENT),
        *((one.name, _text(one)) for one in values if one.location == "header"),
        *own,
    ):
        _check_header(name, value)
        if not value and name.lower() in _DROPPABLE:
            sent.pop(name.lower(), None)
        else:
            sent[name.lower()] = (name, value)
    return list(sent.values())


def _check_header(name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no header name", hint="Letters, digits and !#$%&'*+.^_`|~- (RFC 9110, 5.1).")
    if name.lower() in _FORBIDDEN_HEADERS:
        raise UsageError(f"the header {name} is set by the transport", hint="Leave it out.")
    if not value.isascii() or any(ord(sign) < 32 and sign != "\t" for sign in value) or value != value.strip():
        raise UsageError(f"the value of header {name} cannot be sent", hint="Printable ASCII without blanks around it.")


def _with_content_type(headers: Sequence[Header], media_type: str) -> list[Header]:
    if any(name.lower() == "content-type" for name, _ in headers):
        return list(headers)
    return [*headers, ("Content-Type", media_type)]
