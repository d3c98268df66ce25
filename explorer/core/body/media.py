"""Media type, kind and charset of a body, and the hex dump of a binary one."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from explorer.core.text.data import pieces
from explorer.core.text.media_type import essence, parameter

if TYPE_CHECKING:
    from explorer.core.text.data import Data


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
    """Parsed Content-Type: ``name`` in lowercase (``application/json``) and ``charset`` as sent; both may be empty."""

    name: str
    charset: str

    @property
    def json_lines(self) -> bool:
        """Whether each line is one JSON value."""
        return self.name in _JSON_LINES

    @property
    def kind(self) -> BodyKind | None:
        """The declared kind, or None if the media type does not imply one."""
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
    """Parse *content_type*. Never raises."""
    return MediaType(essence(content_type), parameter(content_type, "charset"))


_HTML = re.compile(
    rb"(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|title|h1|div|p|br|table)\b", re.IGNORECASE | re.DOTALL
)
_XML = re.compile(rb"<(?:\?xml|!DOCTYPE|!--|[A-Za-z_][\w.:-]*[\s/>])")


def sniff_kind(data: bytes) -> BodyKind | None:
    """Guess the kind from the first bytes of UTF-8 *data*: json, html, xml, or None."""
    head = data[:1024].lstrip(b" \t\r\n")
    if head[:1] in (b"{", b"["):
        return "json"
    if _HTML.match(head):
        return "html"
    return "xml" if _XML.match(head) else None


_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LABEL = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
_ALLOWED = (
    *("utf-8", "utf-16", "utf-32", "ascii", "iso8859", "iso2022", "cp", "koi8", "mac", "tis"),
    *("shift_jis", "euc", "gb", "big5"),
)
_XML_DECLARATION = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})["']""")
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_STEP = 1 << 20
_HEAD = 1024
"""First bytes in which to look for a declared charset."""


class DecodedText(NamedTuple):
    """Decoded body: ``data`` is valid UTF-8 with ``\\n`` line ends and without a byte order mark."""

    data: Data
    charset: str
    note: str


def codec_for(label: str) -> str | None:
    """Return Python's name of the charset *label*, or None; transforms such as ``zlib`` or ``idna`` are excluded."""
    if not _LABEL.fullmatch(label):
        return None
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    return name if name.startswith(_ALLOWED) else None


def decode(body: Data, label: str, *, json: bool = False) -> DecodedText:
    """Decode *body* to UTF-8, without a copy if it already is. *label* is the charset of the media type, which may be
    empty or invalid. Never raises."""
    codec, bom, note = _detect_charset(body[:_HEAD], label, json=json)
    if codec == "utf-8" and not bom and body.find(b"\r") < 0 and _invalid_at(body) is None:
        return DecodedText(body, codec, note)
    data = body[bom:]
    if codec in {"ascii", "iso8859-1"}:
        # The label is often an unintended default, so note if the bytes are non-ASCII UTF-8.
        if data.isascii():
            return DecodedText(_normalize_newlines(data), label.lower(), note)
        if _invalid_at(data) is None:
            note = note or f"declared {label}, but the bytes are valid UTF-8"
        codec = "cp1252"
    if codec == "utf-8":
        at = _invalid_at(data)
        if at is not None:
            note = note or f"invalid UTF-8 at byte {at + bom}; invalid bytes are shown as \ufffd"
            data = data.decode("utf-8", "replace").encode()
    else:
        text = _decode_with(data, codec)
        if "\ufffd" in text:
            note = note or f"some bytes are not valid {codec}; they are shown as \ufffd"
        data = text.encode("utf-8", "replace")
    return DecodedText(_normalize_newlines(data), codec, note)


def _detect_charset(head: bytes, label: str, *, json: bool) -> tuple[str, int, str]:
    """Return the codec, the length of the byte order mark, and a note, from the *head* of a body."""
    declared = codec_for(label) if label else None
    for mark, name in _BOMS:
        if head.startswith(mark):
            differs = declared is not None and not name.startswith(declared.removesuffix("-sig"))
            return name, len(mark), f"declared {label}, but has a {name} byte order mark" if differs else ""
    if declared is not None:
        return declared.removesuffix("-sig"), 0, ""
    note = f"unknown charset {label[:40]!a}; decoded as UTF-8" if label else ""
    if match := _XML_DECLARATION.match(head) or _META.search(head):
        inner = codec_for(match[1].decode("ascii", "replace"))
        # A declaration that is readable as ASCII cannot be in a two-byte encoding (HTML 13.2.3.3).
        if inner is not None and not inner.startswith(("utf-16", "utf-32")):
            return inner.removesuffix("-sig"), 0, note
    if json and len(head) >= 2 and head[1] == 0 < head[0]:
        return "utf-16-le", 0, note
    if json and len(head) >= 2 and head[0] == 0 < head[1]:
        return "utf-16-be", 0, note
    return "utf-8", 0, note


def _decode_with(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec, "replace")
    except (UnicodeError, ValueError):
        return data.decode("utf-8", "replace")


def _invalid_at(data: Data) -> int | None:
    """Return the offset of the first byte that is not UTF-8, or None. Decodes in steps, so that other threads run."""
    decoder, start = codecs.getincrementaldecoder("utf-8")(), 0
    for chunk in pieces(data, _STEP):
        pending = len(decoder.getstate()[0])
        last = start + len(chunk) == len(data)
        try:
            if pending or last or not chunk.isascii():
                decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            return start - pending + error.start
        start += len(chunk)
    return None


def _normalize_newlines(data: bytes) -> bytes:
    if b"\r" not in data:
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


ROW = 16
"""Bytes per row."""

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
    """Return the name of the binary format whose signature *body* starts with, or an empty string."""
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WebP image"
    return next((name for magic, name in _SIGNATURES if body.startswith(magic)), "")


def looks_binary(body: bytes, *, declared_text: bool) -> bool:
    """Return whether more than about one in twenty of the first 4 KiB are control characters.

    One NUL is enough if the body is not declared as text.
    """
    head = body[:4096]
    if b"\x00" in head and not declared_text:
        return True
    return len(_TEXT_CONTROLS.findall(head)) > 4 + len(head) // 20


def describe(body: bytes, media_type: str) -> str:
    """Describe *body* by its signature, with width and height in pixels for images, otherwise by its media type."""
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
    """Return the tokens of row *n*: offset, two groups of eight bytes, and their printable ASCII characters."""
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
"""Column of the first printable character of a row."""
