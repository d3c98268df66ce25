"""The way back from a masked request: every mask is found with the name that it stands for, and filled where its text
is known. Everything else stays byte for byte as it was kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit

import msgspec

from explorer.core.exchange import FrozenStruct, SentRequest
from explorer.core.redaction import part_name, parts_of
from explorer.core.secret_fields import decoded
from explorer.core.text.media_type import FORM, MULTIPART, essence
from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.exchange import Header

MaskPlace = Literal["url", "query", "header", "form", "multipart", "json", "body"]
_PAIR: Final = re.compile(rf"(?<![^&=?#\s])([^&=?#\s]++)={MASK}(?=&|$)")
_JSON: Final = re.compile(rf'("(?:[^"\\]++|\\.)*+(?:"|\\?\Z))(?:(\s*+:\s*+)"{MASK}")?+', re.DOTALL)
"""Any string; with a colon and a mask behind it, a masked field. It matches at every quote: no text is read twice."""


class MaskedValue(FrozenStruct, frozen=True):
    """A place in a request whose text was masked; the name is empty where only its place is known."""

    place: MaskPlace
    name: str = ""

    def __str__(self) -> str:
        return f"{self.place} {self.name}".strip()


MaskFiller = Callable[[MaskedValue], str | None]
"""The text for a masked place, decoded (for ``json``: as JSON), or None where it is not known."""


def fill_masks(request: SentRequest, fill: MaskFiller) -> tuple[SentRequest, tuple[MaskedValue, ...]]:
    """*request* with its masks filled by *fill*, its length corrected, and the places that stayed masked."""
    left: list[MaskedValue] = []
    head, mark, query = request.url.partition("?")
    _note_unnamed(left, head, "url")
    query = _pairs(query, "query", fill, left)
    headers = tuple((name, _header(name, value, fill, left)) for name, value in request.headers)
    body = _body(request, fill, left)
    if body != request.body:
        headers = _with_header(headers, "content-length", str(len(body)))
    changed = msgspec.structs.replace(request, url=head + mark + query, headers=headers, body=body)
    return changed, tuple(left)


def rebase_request(request: SentRequest, old: str, new: str) -> SentRequest:
    """*request* with the base URL *new* in place of *old*, the ``Host`` header with it; as it is where it is not below
    *old*."""
    old, new = old.rstrip("/"), new.rstrip("/")
    if old == new or not request.url.startswith((f"{old}/", f"{old}?")):
        return request
    headers = _with_header(request.headers, "host", urlsplit(new).netloc)
    return msgspec.structs.replace(request, url=new + request.url[len(old) :], headers=headers)


def _with_header(headers: Sequence[Header], wanted: str, value: str) -> tuple[Header, ...]:
    return tuple((name, value if name.lower() == wanted else before) for name, before in headers)


def _header(name: str, value: str, fill: MaskFiller, left: list[MaskedValue]) -> str:
    if MASK not in value:
        return value
    place = MaskedValue("header", name)
    text = fill(place)
    if text is None:
        left.append(place)
        return value
    return value.replace(MASK, text)


def _pairs(text: str, place: Literal["query", "form"], fill: MaskFiller, left: list[MaskedValue]) -> str:
    escape = quote_plus if place == "form" else _escape

    def put(found: re.Match[str]) -> str:
        one = MaskedValue(place, unquote_plus(found[1]))
        known = fill(one)
        if known is None:
            left.append(one)
            return found[0]
        return f"{found[1]}={escape(known)}"

    _note_unnamed(left, _PAIR.sub("", text), place)
    return _PAIR.sub(put, text)


def _escape(text: str) -> str:
    return quote(text, safe="")


def _body(request: SentRequest, fill: MaskFiller, left: list[MaskedValue]) -> bytes:
    text = request.body.decode("utf-8", "surrogateescape")
    if MASK not in text:
        return request.body
    kind = essence(next((value for name, value in request.headers if name.lower() == "content-type"), ""))
    if kind == FORM:
        text = _pairs(text, "form", fill, left)
    elif kind == MULTIPART:
        text = _parts(text, fill, left)
    else:
        text = _json(text, fill, left)
    return text.encode("utf-8", "surrogateescape")


def _parts(text: str, fill: MaskFiller, left: list[MaskedValue]) -> str:
    changed, rest = [], []
    for head, content in parts_of(text):
        name = part_name(head)
        if content != MASK or not name:
            changed.append(head + content)
            rest.append(content)
            continue
        place = MaskedValue("multipart", name)
        known = fill(place)
        if known is None:
            left.append(place)
        changed.append(head + (content if known is None else known))
    _note_unnamed(left, "".join(rest), "multipart")
    return "".join(changed)


def _json(text: str, fill: MaskFiller, left: list[MaskedValue]) -> str:
    rest = _JSON.sub(lambda string: "" if string[2] else string[0], text)
    _note_unnamed(left, rest, "body")

    def put(string: re.Match[str]) -> str:
        if not string[2]:
            return string[0]
        place = MaskedValue("json", decoded(string[1][1:-1]))
        known = fill(place)
        if known is None:
            left.append(place)
            return string[0]
        return string[1] + string[2] + known

    return _JSON.sub(put, text)


def _note_unnamed(left: list[MaskedValue], rest: str, place: MaskPlace) -> None:
    """A mask in *rest* stands for a piece of text of which no name is known."""
    if MASK in rest:
        left.append(MaskedValue(place))
