"""Raw HTTP: a request as on the wire (RFC 9112), with masked secrets as ``$NAME``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus, urlsplit

from explorer.core.auth import options_of
from explorer.core.export.format import ExportFormat
from explorer.core.text.env_names import variable_name
from explorer.core.text.secret import MASK
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.core.catalog.model import Vendor
    from explorer.core.export.format import ExportSource
    from explorer.core.model import SentRequest

_PAIR = re.compile(rf"([^&=?#\s]+)=(?={MASK})")
_FIELD = re.compile(rf'"([^"\\]+)"(\s*:\s*)"(?={MASK})')
_PART = re.compile(rf'name="([^"]+)"[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n(?={MASK})')


def raw_http(vendor: Vendor, request: SentRequest) -> bytes:
    """Return *request* as an HTTP/1.1 message.

    A body with a masked secret has no Content-Length, since the length of the secret is unknown.
    """
    url = urlsplit(_named(vendor, request.url))
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    text = request.body.decode("utf-8", "surrogateescape")
    body = _named(vendor, text)
    headers = [(name, _header(vendor, name, value)) for name, value in request.headers]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", url.netloc))
    if body != text:
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join([*lines, "", ""])
    return (head + body).encode("utf-8", "surrogateescape")


def _header(vendor: Vendor, name: str, value: str) -> str:
    """Return *value* with the token's variable for the mask in an auth header, else the variable of the header's
    name."""
    if MASK not in value:
        return value
    for auth in vendor.auth.values():
        options = options_of(auth)
        if name.lower() in map(str.lower, options.headers):
            parts = ":".join(f"${variable_name(vendor.id, credential)}" for credential in options.encoded)
            filled = f"base64({parts})" if parts else f"${variable_name(vendor.id, options.tokens[0])}"
            return value.replace(MASK, filled)
    return value.replace(MASK, f"${variable_name(vendor.id, name)}")


def _named(vendor: Vendor, text: str) -> str:
    """Return *text* with ``$NAME`` for every mask, by the name before it or as a generic secret."""
    if MASK not in text:
        return text
    for pattern in (_FIELD, _PART, _PAIR):
        text = pattern.sub(lambda match: match[0] + "$" + variable_name(vendor.id, unquote_plus(match[1])), text)
    text = re.sub(rf"(\$API_EXPLORER_\w+){MASK}", r"\1", text)
    return text.replace(MASK, f"${variable_name(vendor.id, 'secret')}")


def _write(source: ExportSource) -> bytes:
    exchange = source.exchange()
    if "request" in exchange.lost:
        raise UsageError(
            "the file of the request body is missing or damaged", hint="Export it as curl, which builds the body again."
        )
    return raw_http(source.vendor, exchange.request)


FORMAT: Final = ExportFormat(
    id="http",
    title="HTTP",
    description="the message on the wire",
    extension=".http",
    kind="raw",
    write=_write,
)
