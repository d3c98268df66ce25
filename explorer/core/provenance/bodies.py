"""A request's body cut into its fields, read from the final bytes: forms, multipart and JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from explorer.core.auth import multipart
from explorer.core.request import assemble
from explorer.core.text.media_type import FORM, essence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.form import FieldValue

Piece = tuple[str, bytes, "FieldValue | None"]
"""Name of a field (empty: what holds the fields together), its bytes, and of JSON the value that it was made of."""

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def body_pieces(body: bytes, content_type: str, values: Sequence[FieldValue]) -> list[Piece]:
    """*body* in pieces; one piece without a name where it is none of the kinds that are known."""
    if not body:
        return []
    boundary = multipart.boundary_of(content_type)
    found: list[Piece] = []
    if boundary is not None:
        found = _multipart(body, boundary)
    elif essence(content_type) == FORM:
        found = _form(body)
    if not found or not any(name for name, _, _ in found):
        found = _json(body, values) or found
    return found if b"".join(data for _, data, _ in found) == body else [("", body, None)]


def _form(body: bytes) -> list[Piece]:
    found: list[Piece] = []
    for at, segment in enumerate(body.split(b"&")):
        name = unquote_plus(segment.partition(b"=")[0].decode("latin-1"))
        if b"=" not in segment or segment[:1] in (b"{", b"["):
            return []  # JSON that is labelled as a form
        found.append((name, (b"&" if at else b"") + segment, None))
    return found


def _multipart(body: bytes, boundary: bytes) -> list[Piece]:
    found: list[Piece] = [
        (part.name, b"--" + boundary + part.raw + b"\r\n", None) for part in multipart.split_fields(body, boundary)
    ]
    used = sum(len(data) for _, data, _ in found)
    return [*found, ("", body[used:], None)]


def _json(body: bytes, values: Sequence[FieldValue]) -> list[Piece]:
    """The fields of a JSON body: each value stands where ``request.assemble`` put it."""
    try:
        text = body.decode("utf-8")
        shape = assemble((one.name, _Leaf(one)) for one in values)
        cuts = list(_fields(text, 0, shape, ()))
    except (ValueError, IndexError, RecursionError):
        return []
    found: list[Piece] = []
    at = 0
    for start, end, name, leaf in cuts:
        if start > at:
            found.append(("", text[at:start].encode(), None))
        found.append((name, text[start:end].encode(), leaf.value if leaf else None))
        at = end
    return [*found, ("", text[at:].encode(), None)] if at < len(text) else found


class _Leaf:
    """Where a value of the form stands in the assembled body."""

    def __init__(self, value: FieldValue) -> None:
        self.value = value


def _fields(text: str, at: int, shape: Any, path: tuple[str, ...]) -> Iterator[tuple[int, int, str, _Leaf | None]]:
    """Start, end, name and leaf of every field of the JSON value that begins at *at*."""
    at = _skip(text, at)
    if text[at] == "{" and isinstance(shape, dict):
        at += 1
        while (at := _skip(text, at)) < len(text) and text[at] != "}":
            key, end = _DECODER.raw_decode(text, at)
            colon = _skip(text, end) + 1
            stop = _DECODER.raw_decode(text, _skip(text, colon))[1]
            yield from _member(text, (at, colon, stop), shape.get(key), (*path, f".{key}" if path else str(key)))
            at = _past_comma(text, stop)
    elif text[at] == "[" and isinstance(shape, list):
        at += 1
        number = 0
        while (at := _skip(text, at)) < len(text) and text[at] != "]":
            stop = _DECODER.raw_decode(text, at)[1]
            inner = shape[number] if number < len(shape) else None
            yield from _member(text, (at, at, stop), inner, (*path, f"[{number}]"))
            at = _past_comma(text, stop)
            number += 1
    elif path:
        yield at, _DECODER.raw_decode(text, at)[1], "".join(path), None


def _member(
    text: str, span: tuple[int, int, int], shape: Any, path: tuple[str, ...]
) -> Iterator[tuple[int, int, str, _Leaf | None]]:
    start, value, stop = span
    if isinstance(shape, _Leaf):
        yield start, stop, shape.value.name, shape
    elif isinstance(shape, dict | list) and text[_skip(text, value)] in "{[":
        yield from _fields(text, value, shape, path)
    else:
        yield start, stop, "".join(path), None


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _past_comma(text: str, at: int) -> int:
    at = _skip(text, at)
    return at + 1 if text[at : at + 1] == "," else at
