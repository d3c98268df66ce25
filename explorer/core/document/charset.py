"""From bytes to UTF-8 with ``\\n`` line ends, and a word when the charset is not what was said.

Order of authority: byte order mark, ``charset`` of the media type, XML declaration or HTML ``meta`` (WHATWG Encoding,
"decode"; HTML 13.2.3), zero bytes of a JSON text in UTF-16 (RFC 4627, 3), else UTF-8 with replacement. As browsers do,
``iso-8859-1`` and ``us-ascii`` are read as windows-1252 (WHATWG Encoding, labels).
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.text.data import pieces

if TYPE_CHECKING:
    from explorer.core.text.data import Data

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
"""Bytes in which a charset is declared."""


class DecodedText(NamedTuple):
    """``data`` is valid UTF-8 with ``\\n`` line ends and no byte order mark."""

    data: Data
    charset: str
    note: str


def codec_for(label: str) -> str | None:
    """Python's name of the character encoding *label*, or None; transforms such as ``zlib`` or ``idna`` are none."""
    if not _LABEL.fullmatch(label):
        return None
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    return name if name.startswith(_ALLOWED) else None


def decode(body: Data, label: str, *, json: bool = False) -> DecodedText:
    """*body* as UTF-8: itself where it is that already. *label* is the charset of the media type (may be empty or
    nonsense). Never raises."""
    codec, bom, note = _detect_charset(body[:_HEAD], label, json=json)
    if codec == "utf-8" and not bom and body.find(b"\r") < 0 and _invalid_at(body) is None:
        return DecodedText(body, codec, note)
    data = body[bom:]
    if codec in {"ascii", "iso8859-1"}:
        # The label is often a default that nobody meant: say so where the bytes are UTF-8 beyond ASCII.
        if data.isascii():
            return DecodedText(_one_newline(data), label.lower(), note)
        if _invalid_at(data) is None:
            note = note or f"declared {label}, but the bytes are valid UTF-8"
        codec = "cp1252"
    if codec == "utf-8":
        at = _invalid_at(data)
        if at is not None:
            note = note or f"not valid UTF-8 at byte {at + bom}; such bytes are shown as \ufffd"
            data = data.decode("utf-8", "replace").encode()
    else:
        text = _text(data, codec)
        if "\ufffd" in text:
            note = note or f"some bytes are no {codec}; they are shown as \ufffd"
        data = text.encode("utf-8", "replace")
    return DecodedText(_one_newline(data), codec, note)


def _detect_charset(head: bytes, label: str, *, json: bool) -> tuple[str, int, str]:
    """The codec, the length of the byte order mark, and a note, by the *head* of a body."""
    declared = codec_for(label) if label else None
    for mark, name in _BOMS:
        if head.startswith(mark):
            clash = declared is not None and not name.startswith(declared.removesuffix("-sig"))
            return name, len(mark), f"declared {label}, but begins with a {name} mark" if clash else ""
    if declared is not None:
        return declared.removesuffix("-sig"), 0, ""
    note = f"unknown charset {label[:40]!a}; read as UTF-8" if label else ""
    if match := _XML_DECLARATION.match(head) or _META.search(head):
        inner = codec_for(match[1].decode("ascii", "replace"))
        # A declaration that could be read byte by byte cannot be in a two-byte encoding (HTML 13.2.3.3).
        if inner is not None and not inner.startswith(("utf-16", "utf-32")):
            return inner.removesuffix("-sig"), 0, note
    if json and len(head) >= 2 and head[1] == 0 < head[0]:
        return "utf-16-le", 0, note
    if json and len(head) >= 2 and head[0] == 0 < head[1]:
        return "utf-16-be", 0, note
    return "utf-8", 0, note


def _text(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec, "replace")
    except (UnicodeError, ValueError):
        return data.decode("utf-8", "replace")


def _invalid_at(data: Data) -> int | None:
    """The offset of the first byte that is not UTF-8; in steps, so that another thread may run in between."""
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


def _one_newline(data: bytes) -> bytes:
    if b"\r" not in data:
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
