"""Multipart bodies as bytes: read the fields, add text fields, take fields out. The boundary stays (RFC 7578, 2046).

Nothing is encoded anew: what is not named stays byte for byte, so a body that was built once is the body that is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.text.media_type import MULTIPART, essence, parameter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

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
