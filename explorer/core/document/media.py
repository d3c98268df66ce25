"""What a body is: by its media type (RFC 9110, 8.3; suffixes of RFC 6839) and by its first bytes."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from explorer.core.text.media_type import essence, parameter

BodyKind = Literal["json", "xml", "html", "form", "csv", "text", "hex", "empty"]

_EXACT: dict[str, BodyKind] = {
    "application/json": "json",
    "text/json": "json",
    "text/x-json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/x-www-form-urlencoded": "form",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/javascript": "text",
    "application/yaml": "text",
    "application/x-yaml": "text",
    "application/graphql": "text",
    "application/sql": "text",
    "application/toml": "text",
}
_JSON_LINES = {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}


class MediaType(NamedTuple):
    """A parsed Content-Type: ``name`` in lower case (``application/json``), ``charset`` as sent, both maybe empty."""

    name: str
    charset: str

    @property
    def json_lines(self) -> bool:
        """One JSON value a line."""
        return self.name in _JSON_LINES

    @property
    def kind(self) -> BodyKind | None:
        """What the sender says it is; None where it says nothing that decides."""
        if self.json_lines:
            return "json"
        if self.name in _EXACT:
            return _EXACT[self.name]
        if self.name.endswith("+json"):
            return "json"
        if self.name.endswith("+xml"):
            return "xml"
        main = self.name.partition("/")[0]
        if main in {"image", "audio", "video", "font"}:
            return "hex"
        return "text" if main == "text" else None


def parse_media_type(content_type: str) -> MediaType:
    """*content_type* taken apart; never raises."""
    return MediaType(essence(content_type), parameter(content_type, "charset"))


_HTML = re.compile(
    rb"(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|title|h1|div|p|br|table)\b", re.IGNORECASE | re.DOTALL
)
_XML = re.compile(rb"<(?:\?xml|!DOCTYPE|!--|[A-Za-z_][\w.:-]*[\s/>])")


def sniff_kind(data: bytes) -> BodyKind | None:
    """What the first characters of UTF-8 *data* suggest: json, html, xml, or None."""
    head = data[:1024].lstrip(b" \t\r\n")
    if head[:1] in (b"{", b"["):
        return "json"
    if _HTML.match(head):
        return "html"
    return "xml" if _XML.match(head) else None
