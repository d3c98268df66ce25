"""Form-encoded bodies, one decoded pair a line (WHATWG URL, application/x-www-form-urlencoded)."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes


def format_form(data: bytes) -> bytes:
    """Each pair on its own line, percent escapes and ``+`` decoded; control characters and line ends stay escaped."""
    return b"\n".join(_decoded(pair) for pair in data.strip(b" \n").split(b"&"))


def _decoded(pair: bytes) -> bytes:
    name, equals, value = pair.partition(b"=")
    return _plain(name).replace(b"=", b"%3D") + equals + _plain(value)


def _plain(text: bytes) -> bytes:
    raw = unquote_to_bytes(text.replace(b"+", b" "))
    return raw.replace(b"\r", b"%0D").replace(b"\n", b"%0A")
