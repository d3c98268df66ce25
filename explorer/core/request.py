"""Build one unsigned ``httpx.Request`` from an endpoint, its values and a base URL.

This is the only encoder of queries and bodies. Auth schemes sign the finished request, and the signed bytes are sent.
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
"""Default headers that are omitted if the user sets them to an empty value, as in curl."""
_FORBIDDEN_HEADERS = frozenset({"content-length", "transfer-encoding", "host", "connection"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STEP = re.compile(r"\[(?P<index>[0-9]*)\]|\.?(?P<key>[^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file read for an upload."""

    name: str
    content: bytes
    media_type: str = "application/octet-stream"


ReadFile = Callable[[str], Upload]


def upload_of(path: str, content: bytes) -> Upload:
    """Return the upload of *content* read from *path*, with the media type guessed from its name (RFC 7578, 4.4)."""
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
    """Return the unsigned request. Pure except for *read_file*, which is called once per file.

    Raises:
        UnknownName: The endpoint does not have *method*.
        UsageError: The base URL, a path value or a header cannot be sent.
    """
    try:
        return _assemble_request(
            vendor, endpoint, values, base_url, method or endpoint.method, extra, headers, boundary, read_file
        )
    except UnicodeEncodeError as error:
        character = f"{error.object[error.start]!a}"
        raise UsageError(f"{character} is not valid Unicode and cannot be sent", hint="Use UTF-8.") from None
    except httpx.InvalidURL as error:
        raise UsageError(f"the URL cannot be sent: {error}", hint="Check the base URL and the path values.") from None


def _assemble_request(
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
    query = [_pair(value) for value in values if value.location == "query"]
    query += [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in extra]
    if query:
        url += "?" + "&".join(query)
    sent = _headers(vendor, endpoint, values, headers)
    body = [value for value in values if value.location in ("form", "json", "multipart")]
    if method == "HEAD" or endpoint.body == "none":
        request = httpx.Request(method, url, headers=sent)
    elif endpoint.body == "json":
        content = json_bytes(assemble((value.name, value.value) for value in body))
        request = httpx.Request(method, url, headers=_with_content_type(sent, JSON), content=content)
    elif endpoint.body == "form":
        content = form_bytes((value.name, _text(value)) for value in body)
        request = httpx.Request(method, url, headers=_with_content_type(sent, FORM), content=content)
    else:
        parts = [_part(value, read_file) for value in body]
        sent = _with_content_type(sent, f"multipart/form-data; boundary={boundary}")
        request = httpx.Request(method, url, headers=sent, files=parts)
    request.read()
    request.extensions["explorer.files"] = tuple(value.name for value in body if isinstance(value.value, FileRef))
    return request


def check_base_url(base_url: str) -> str:
    """Return *base_url* without its trailing slash.

    Raises:
        UsageError: It is not an http(s) URL, or it contains a user name, a query or a fragment.
    """
    if any(character.isspace() or not character.isprintable() for character in base_url):  # ``urlsplit`` drops these
        raise UsageError(f"{base_url!r} contains an invalid character", hint="Example: https://host.example/api.")
    try:
        parts = urlsplit(base_url)
        port, _ = parts.port, httpx.URL(base_url).host
    except (httpx.InvalidURL, ValueError) as error:
        raise UsageError(
            f"{base_url!r} is not a base URL: {error}", hint="Example: https://host.example/api."
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise UsageError(f"{base_url!r} is not a base URL", hint="Example: https://host.example/api.")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError(
            "a base URL cannot contain a user name, query or fragment", hint="Example: https://host.example/api."
        )
    return base_url.rstrip("/")


def _path(endpoint: Endpoint, values: Sequence[FieldValue]) -> str:
    path_values = {value.name: value for value in values if value.location == "path"}

    def fill(match: re.Match[str]) -> str:
        value = path_values.get(match[1])
        text = "" if value is None else str(value.value)
        if text in (".", ".."):
            raise UsageError(f"{match[1]}: {text!r} cannot be a path segment", hint="It would change the path.")
        if text == "":
            return quote(match[0], safe="")
        return quote(text, safe="," if value and value.param and value.param.comma else "")

    return re.sub(r"\{([^{}]*)\}", fill, endpoint.path)


def _pair(field: FieldValue) -> str:
    safe = "," if field.param is not None and field.param.comma else ""
    return f"{quote(field.name, safe='')}={quote(_text(field), safe=safe)}"


def _text(field: FieldValue) -> str:
    value = field.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, FileRef):
        return value.path
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _part(
    field: FieldValue, read_file: ReadFile | None
) -> tuple[str, tuple[str | None, bytes, str] | tuple[None, bytes]]:
    if isinstance(field.value, FileRef):
        if read_file is None:
            return field.name, (upload_of(field.value.path, b"").name, b"", "application/octet-stream")
        upload = read_file(field.value.path)
        return field.name, (upload.name, upload.content, upload.media_type)
    return field.name, (None, _text(field).encode())


def form_bytes(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Encode as ``application/x-www-form-urlencoded`` (WHATWG URL, section 5.2): spaces as ``+``."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()


def assemble(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Nest ``shipping.city`` and ``line_items[0].id`` as JSON. ``ids[]`` appends; index gaps are closed."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        steps: list[str | int] = []
        for match in _STEP.finditer(name):
            index = match["index"]
            steps.append(match["key"] if index is None else (-1 if index == "" else int(index)))
        _put(root, steps, value)
    closed = _close_arrays(root)
    return closed if isinstance(closed, dict) else {}


class _Indexed(dict[int, Any]):
    """An array under construction: index → value."""


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
    return {key: _close_arrays(value) for key, value in node.items()} if isinstance(node, dict) else node


def json_bytes(value: Any) -> bytes:
    """Encode as compact UTF-8 JSON.

    A ``NumberToken`` is written exactly as entered. A lone surrogate becomes an escape (RFC 8259, 8.2).
    """
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", _json(value)).encode()


def _json(value: Any) -> str:
    if isinstance(value, NumberToken):
        return str(value)
    if isinstance(value, Mapping):
        members = (f"{json.dumps(str(key), ensure_ascii=False)}:{_json(member)}" for key, member in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_json(element) for element in value) + "]"
    if isinstance(value, FileRef):
        return json.dumps(value.path)
    return json.dumps(value, ensure_ascii=False)


def _headers(vendor: Vendor, endpoint: Endpoint, values: Sequence[FieldValue], own: Iterable[Header]) -> list[Header]:
    sent: dict[str, Header] = {}
    for name, value in (
        ("Accept", endpoint.accept or vendor.version.accept or "*/*"),
        ("Accept-Encoding", ACCEPT_ENCODING),
        ("User-Agent", USER_AGENT),
        *((value.name, _text(value)) for value in values if value.location == "header"),
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
        raise UsageError(f"{name!r} is not a header name", hint="Letters, digits and !#$%&'*+.^_`|~- (RFC 9110, 5.1).")
    if name.lower() in _FORBIDDEN_HEADERS:
        raise UsageError(f"the header {name} is set by the transport", hint="Remove it.")
    control = any(ord(character) < 32 and character != "\t" for character in value)
    if not value.isascii() or control or value != value.strip():
        hint = "Use printable ASCII without surrounding spaces."
        raise UsageError(f"the value of header {name} cannot be sent", hint=hint)


def _with_content_type(headers: Sequence[Header], media_type: str) -> list[Header]:
    if any(name.lower() == "content-type" for name, _ in headers):
        return list(headers)
    return [*headers, ("Content-Type", media_type)]
