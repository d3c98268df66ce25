"""Response body as a Python value: JSON or XML in any charset."""

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
"""Parsed values of XML bodies in files that are still in use."""
LARGE = 1_000_000
"""Size in bytes from which long arrays of a body are parsed lazily."""
_LONG_ARRAY = 100_000
"""Size in bytes from which an array is long."""
_LEVELS = 16
"""Levels of a large body to parse one by one; each takes a pass over its contents."""
_SLOW_LIMIT = 8_000_000
"""Largest body in bytes for our own JSON parser."""
_MANY = 2_000_000
"""Commas from which a large body may have too many tiny values, of about 60 bytes of memory each."""
_TINY = 20
"""Average bytes per value below which that many are too many."""
_XML_STEP = 1 << 16
"""Bytes of XML between two checkpoints: a megabyte of tiny elements takes a second."""
_SMALL_LIST = 100
"""Most elements of an XML list that is not lazy."""


_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Exceptions of msgspec, also for valid JSON that exceeds machine types."""


class UnreadableBody(ValueError):
    """The body does not match its media type."""


class LazyArray(list[Any]):
    """List that stores raw elements and parses them on each access.

    A verdict or a page needs few elements. Parsing all of them takes seconds and many times the memory of the body.
    """

    def __getitem__(self, i: Any) -> Any:
        raw = super().__getitem__(i)
        return [read_raw(element) for element in raw] if isinstance(i, slice) else read_raw(raw)

    def __iter__(self) -> Iterator[Any]:
        return map(read_raw, super().__iter__())


def read_raw(raw: Any) -> Any:
    """Parse raw JSON."""
    try:
        return msgspec.json.decode(raw)
    except _REFUSED:
        return _parse_tolerantly(bytes(raw))


def read_body(response: ReceivedResponse) -> Any:
    """Parse the body: JSON and ``+json`` (RFC 6839), the content of the root element of XML and ``+xml``, and any other
    body that is a JSON object or array. Return None otherwise.

    Raises:
        UnreadableBody: the body does not match its media type.
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
                raise UnreadableBody("declared as JSON, but contains markup") from None
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
    """Parse JSON that msgspec rejected with *error*, from another charset or with our own parser.

    Raises:
        UnreadableBody: it is not JSON, or too large.
    """
    body = response.body
    if len(body) > _SLOW_LIMIT and is_utf8(body):
        raise UnreadableBody(_reason(error))
    text = json_text(response)
    if len(text) <= _SLOW_LIMIT:
        return _parse_tolerantly(text)
    try:
        return json_value(text)
    except _REFUSED as second_error:
        raise UnreadableBody(_reason(second_error)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError | RecursionError):
        return "the JSON is too large for its nesting depth or the length of its numbers"
    return f"declared as JSON, but malformed: {error}"


def _json_or_none(body: Data) -> Any:
    """Parse a body that is not declared as JSON; return None if it is not JSON."""
    try:
        return _parse_tolerantly(body[:]) if len(body) <= _SLOW_LIMIT else None
    except UnreadableBody:
        return None


def json_value(body: Data) -> Any:
    """Parse JSON; long arrays of a large body become ``LazyArray``.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not JSON, or exceeds machine types.
        UnreadableBody: it has too many values for the memory.
    """
    if len(body) < LARGE:
        return msgspec.json.decode(body)
    if not is_utf8(body):  # lazy arrays are not validated
        raise msgspec.DecodeError("it is not UTF-8")
    commas = sum(piece.count(b",") for piece in pieces(body))
    if commas > _MANY and commas * _TINY > len(body):
        raise UnreadableBody(f"the body has too many values to parse ({commas + 1:,}); you can still save or search it")
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
    """Return the body as UTF-8 without a byte order mark.

    The declared charset applies only if the bytes are not UTF-8: JSON has no charset parameter (RFC 8259, section 11).

    Raises:
        UnreadableBody: the bytes are in neither encoding.
    """
    body = response.body[:].removeprefix(codecs.BOM_UTF8)
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace").encode()
    try:
        body.decode()
    except UnicodeDecodeError as error:
        charset = parameter(response.header("content-type"), "charset")
        try:
            return body.decode(charset).encode() if charset else _raise_not_utf8(error)
        except (LookupError, UnicodeError):
            return _raise_not_utf8(error)
    return body


def _large_xml(body: mmap) -> Any:
    """Parse XML in a file once: it takes seconds, and both the verdict and the pages use it."""
    if body not in _XML:
        _XML[body] = xml_value(body, unread=True)
    return _XML[body]


def is_utf8(body: Data) -> bool:
    """Return whether the bytes are UTF-8, with or without a byte order mark."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for piece in pieces(body):
            decoder.decode(piece)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _raise_not_utf8(error: UnicodeDecodeError) -> bytes:
    raise UnreadableBody(f"declared as JSON, but byte {error.start + 1} is not valid UTF-8") from None


def _parse_tolerantly(body: bytes) -> Any:
    """Parse JSON that msgspec rejects although RFC 8259 allows it; see ``lenient_json``."""
    from explorer.core.text.lenient_json import parse

    try:
        return parse(body)
    except ValueError as error:
        raise UnreadableBody(f"declared as JSON, but malformed: {error}") from None


def xml_value(body: Data, *, unread: bool = False) -> Any:
    """Parse the content of the root element: elements become dicts, repeated ones lists, text strings.

    *unread* packs repeated elements into ``LazyArray`` lists, in about the memory of the body. A document type is
    rejected, so that no entity is expanded.

    Raises:
        UnreadableBody: the body is not XML, or declares a document type.
    """
    parser = expat.ParserCreate()
    stack: list[tuple[str, dict[str, Any], list[str]]] = [("", {}, [])]

    def packed(value: Any) -> Any:
        return msgspec.Raw(msgspec.json.encode(value))

    def refuse(*_: object) -> None:
        raise UnreadableBody("the XML declares a document type, which is not supported")

    def start(name: str, _attributes: dict[str, str]) -> None:
        if len(stack) > 200:
            raise UnreadableBody("the XML is nested more than 200 levels deep")
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
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: an unsupported encoding
        raise UnreadableBody(f"declared as XML, but malformed: {error}") from None
    return next(iter(stack[0][1].values()), None)
