"""The body of an answer as a value: JSON or XML, in any charset that it turns out to be in."""

from __future__ import annotations

import codecs
from mmap import mmap
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary
from xml.parsers import expat

import msgspec

from explorer.core.checkpoint import checkpoint
from explorer.core.text.data import first_nonblank, is_blank, pieces
from explorer.core.text.media_type import essence, is_json, is_xml, parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.model import ReceivedResponse
    from explorer.core.text.data import Data


_XML: WeakKeyDictionary[mmap, Any] = WeakKeyDictionary()
"""Bodies in files that somebody has, and what they were read as."""
LARGE = 1_000_000
"""Bytes of a body from which on long lists in it are only read where they are looked at."""
_LONG_ARRAY = 100_000
_LEVELS = 16
"""Levels of a large body that are opened one by one: each takes a pass over what is within."""
_SLOW_LIMIT = 8_000_000
"""Bytes up to which JSON is read by our own parser where the quick one gives up."""
_MANY = 2_000_000
"""Commas from which on a large body may be one of far too many tiny values: each takes some 60 bytes of memory."""
_TINY = 20
"""Bytes of a value, on average, below which many of them are too many."""
_XML_STEP = 1 << 16
"""Bytes of XML between two checkpoints: a megabyte of tiny elements takes a second."""
_SMALL_LIST = 100
"""Elements up to which a list of XML is kept as it was read."""


_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the quick parser raises, also for JSON that fits no machine type."""


class UnreadableBody(ValueError):
    """The body is not what its media type says."""


class LazyArray(list[Any]):
    """A long list as it was sent: each element is read when it is asked for, and again the next time. A verdict or a
    page needs few of them, and all at once would take seconds and many times the memory of the body."""

    def __getitem__(self, i: Any) -> Any:
        found = super().__getitem__(i)
        return [read_raw(one) for one in found] if isinstance(i, slice) else read_raw(found)

    def __iter__(self) -> Iterator[Any]:
        return map(read_raw, super().__iter__())


def read_raw(raw: Any) -> Any:
    """What stands in a piece of JSON that was not read yet."""
    try:
        return msgspec.json.decode(raw)
    except _REFUSED:
        return _parse_tolerantly(bytes(raw))


def read_body(response: ReceivedResponse) -> Any:
    """The body as a value: JSON and ``+json`` (RFC 6839), XML and ``+xml`` below its root element; what is said to be
    neither, but reads as a JSON table or list, too. None otherwise.

    Raises:
        NotReadable: the body is not what its media type says.
    """
    kind = essence(response.header("content-type"))
    body = response.body
    if is_blank(body):
        return None
    if is_json(kind):
        try:
            return json_value(body)
        except _REFUSED as error:
            if first_nonblank(body) == b"<":
                raise UnreadableBody("said to be JSON, and is markup") from None
            return _parse_leniently(response, error)
    if is_xml(kind):
        if isinstance(body, mmap) and len(body) >= LARGE:
            return _large_xml(body)
        return xml_value(body, unread=len(body) >= LARGE)
    if first_nonblank(body) in (b"{", b"["):
        try:
            return json_value(body)
        except _REFUSED:
            return _json_or_none(body)
    return None


def _parse_leniently(response: ReceivedResponse, error: Exception) -> Any:
    """The JSON of a body that the quick parser refused with *error*: in another charset, or by our own parser.

    Raises:
        NotReadable: it is not JSON, or too large for that.
    """
    body = response.body
    if len(body) > _SLOW_LIMIT and is_utf8(body):
        raise UnreadableBody(_reason(error))
    text = json_text(response)
    if len(text) <= _SLOW_LIMIT:
        return _parse_tolerantly(text)
    try:
        return json_value(text)
    except _REFUSED as again:
        raise UnreadableBody(_reason(again)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError | RecursionError):
        return "the JSON is nested too deep, or has numbers too long, to be read at this size"
    return f"said to be JSON, and is not: {error}"


def _json_or_none(body: Data) -> Any:
    """The value of what is not said to be JSON; None where it is not."""
    try:
        return _parse_tolerantly(body[:]) if len(body) <= _SLOW_LIMIT else None
    except UnreadableBody:
        return None


def json_value(body: Data) -> Any:
    """JSON as a value; long lists of a large one are ``LazyArray``.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is none, or fits no machine type; NotReadable: it
        has too many values for the memory of a program.
    """
    if len(body) < LARGE:
        return msgspec.json.decode(body)
    if not is_utf8(body):  # which is not checked in what is not read yet
        raise msgspec.DecodeError("it is not UTF-8")
    commas = sum(piece.count(b",") for piece in pieces(body))
    if commas > _MANY and commas * _TINY > len(body):
        raise UnreadableBody(f"{commas + 1:,} values are too many to read; the body can be saved and searched")
    return _parse_shallow(msgspec.Raw(body), _LEVELS)


def _parse_shallow(raw: msgspec.Raw, levels: int) -> Any:
    checkpoint()
    view = memoryview(raw)
    first = bytes(view[:64]).lstrip()[:1]
    if len(view) < _LONG_ARRAY or not levels or first not in (b"{", b"["):
        return msgspec.json.decode(raw)
    if first == b"{":
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        return {name: _parse_shallow(member, levels - 1) for name, member in members.items()}
    return LazyArray(msgspec.json.decode(raw, type=list[msgspec.Raw]))


def json_text(response: ReceivedResponse) -> bytes:
    """The body as the UTF-8 that JSON is made of: without a byte order mark, and out of another charset where the
    answer names it and the bytes are not UTF-8. The name counts last: JSON knows no charset (RFC 8259, section 11).

    Raises:
        NotReadable: the bytes are neither.
    """
    body = response.body[:].removeprefix(codecs.BOM_UTF8)
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace").encode()
    try:
        body.decode()
    except UnicodeDecodeError as error:
        charset = parameter(response.header("content-type"), "charset")
        try:
            return body.decode(charset).encode() if charset else _not_utf8(error)
        except (LookupError, UnicodeError):
            return _not_utf8(error)
    return body


def _large_xml(body: mmap) -> Any:
    """The value of XML in a file, read once: it takes seconds, and verdict and pages both look at it."""
    if body not in _XML:
        _XML[body] = xml_value(body, unread=True)
    return _XML[body]


def is_utf8(body: Data) -> bool:
    """Whether the bytes are UTF-8, with or without a byte order mark."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in pieces(body):
            decoder.decode(piece)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _not_utf8(error: UnicodeDecodeError) -> bytes:
    raise UnreadableBody(f"said to be JSON, and byte {error.start + 1} is no UTF-8") from None


def _parse_tolerantly(body: bytes) -> Any:
    """JSON that the quick parser refuses although RFC 8259 allows it; see ``lenient_json``."""
    from explorer.core.text.lenient_json import parse

    try:
        return parse(body)
    except ValueError as error:
        raise UnreadableBody(f"said to be JSON, and is not: {error}") from None


def xml_value(body: Data, *, unread: bool = False) -> Any:
    """The content of the root element: elements as tables, repeated ones as lists, text as text; *unread* packs what
    is repeated into ``LazyArray`` lists while it is read, in about the memory of the body. A document type is
    refused, so no entity is ever expanded.

    Raises:
        NotReadable: the body is no XML, or declares a document type.
    """
    parser = expat.ParserCreate()
    stack: list[tuple[str, dict[str, Any], list[str]]] = [("", {}, [])]

    def packed(value: Any) -> Any:
        return msgspec.Raw(msgspec.json.encode(value))

    def refuse(*_: object) -> None:
        raise UnreadableBody("the XML declares a document type, which is not read")

    def start(name: str, _attributes: dict[str, str]) -> None:
        if len(stack) > 200:
            raise UnreadableBody("the XML is nested more than 200 deep")
        stack.append((name, {}, []))

    def end(_name: str) -> None:
        name, table, texts = stack.pop()
        value: Any = table or "".join(texts).strip()
        above = stack[-1][1]
        if name not in above:
            above[name] = value
        elif isinstance(above[name], list):
            if unread and len(above[name]) == _SMALL_LIST:
                above[name] = LazyArray(map(packed, above[name]))
            above[name].append(packed(value) if isinstance(above[name], LazyArray) else value)
        else:
            above[name] = [above[name], value]

    def text(part: str) -> None:
        stack[-1][2].append(part)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        for piece in pieces(body, _XML_STEP):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except UnreadableBody:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: a declared encoding expat cannot read
        raise UnreadableBody(f"said to be XML, and is not: {error}") from None
    return next(iter(stack[0][1].values()), None)
