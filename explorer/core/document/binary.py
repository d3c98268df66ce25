"""Bodies that are no text: what they are, and their lines as a hex dump.

Signatures: PNG (RFC 2083, 3.1), JPEG (ITU T.81, annex B), GIF89a, WebP (RFC 9649), PDF (ISO 32000), gzip (RFC 1952),
ZIP (APPNOTE 4.3.7).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.core.text.data import Data

ROW = 16
"""Bytes a row."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF87a", "GIF image"),
    (b"GIF89a", "GIF image"),
    (b"%PDF-", "PDF document"),
    (b"\x1f\x8b\x08", "gzip data"),
    (b"PK\x03\x04", "ZIP archive"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\x00\x00\x01\x00", "icon image"),
    (b"II*\x00", "TIFF image"),
    (b"MM\x00*", "TIFF image"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"\x7fELF", "ELF program"),
)
_TEXT_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SOF = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]..\x08(..)(..)", re.DOTALL)


def signature(body: bytes) -> str:
    """The name of a well-known binary format that *body* begins like, or an empty text."""
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WebP image"
    return next((name for magic, name in _SIGNATURES if body.startswith(magic)), "")


def looks_binary(body: bytes, *, declared_text: bool) -> bool:
    """Whether the first 4 KiB hold more control characters than a text with a mistake would (about one in twenty).

    A single NUL is enough where nobody said that it is text.
    """
    head = body[:4096]
    if b"\x00" in head and not declared_text:
        return True
    return len(_TEXT_CONTROLS.findall(head)) > 4 + len(head) // 20


def describe(body: bytes, media_type: str) -> str:
    """A few words: the format by its signature, with width and height in pixels for images, else the media type."""
    name = signature(body)
    size = _pixels(body, name)
    text = name or (media_type if media_type and media_type.isascii() and media_type.isprintable() else "binary data")
    return f"{text}, {size[0]} × {size[1]}" if size else text


def _pixels(body: bytes, name: str) -> tuple[int, int] | None:
    if name == "PNG image" and len(body) >= 24:
        return int.from_bytes(body[16:20], "big"), int.from_bytes(body[20:24], "big")
    if name == "GIF image" and len(body) >= 10:
        return int.from_bytes(body[6:8], "little"), int.from_bytes(body[8:10], "little")
    if name == "JPEG image" and (match := _SOF.search(body, 0, 1 << 18)):
        return int.from_bytes(match[2], "big"), int.from_bytes(match[1], "big")
    return None


def hex_row(body: Data, n: int) -> list[tuple[str, str]]:
    """Tokens of row *n*: offset, two groups of eight bytes, and the printable ASCII among them."""
    row = body[n * ROW : (n + 1) * ROW]
    left, right = row[: ROW // 2].hex(" "), row[ROW // 2 :].hex(" ")
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in row)
    return [
        ("offset", f"{n * ROW:08x}"),
        ("text", "  "),
        ("number", f"{left:<23}  {right:<23}"),
        ("punctuation", "  │"),
        ("string", shown),
        ("punctuation", "│"),
    ]


ASCII_COLUMN = 8 + 2 + 23 + 2 + 23 + 3
"""The column at which the printable characters of a row begin."""
