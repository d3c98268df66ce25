"""XML and HTML formatter that changes only whitespace; tags, attributes, entities and comments stay as sent.

It does not parse entities, so nothing is expanded or fetched. An element with text of its own keeps its content exactly
as sent, since whitespace there may be significant (XML 1.0, 2.10).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from explorer.core.text.data import Data

DEEPEST_INDENT = 24
INDENT = b"  "
_STEP = 1 << 18
_FIRST = 1 << 14
_PIECE = 1 << 17

_TOKEN = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<![^<>\[]*+(?:\[[^\]]*+\]?[^<>]*+)?>?"
    rb"|</[^<>]*+>?|<(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+>|[^<]++|<",
    re.DOTALL,
)
_TAG_INSIDE = rb"[^<>\"']*+(?:\"[^\"<]*+\"[^<>\"']*+|'[^'<]*+'[^<>\"']*+)*+"
_ELEMENT = re.compile(rb"\s*+(?:(<[^<>!?/]" + _TAG_INSIDE + rb"(?:(?<!/)>[^<]*+</[^<>]*+>|>))|(</[^<>]*+>))")
"""Whitespace, then a start tag, an empty element, a complete element with only text in it, or an end tag."""
_PROLOG = re.compile(rb"\s*(<\?xml[^<>]*\?>)")
_BREAKS = [b"\n" + INDENT * depth for depth in range(DEEPEST_INDENT + 1)]
_SLASH = ord("/")
_NAME = re.compile(rb"</?\s*([A-Za-z][^\s/>]*)")
_RAW = (b"script", b"style", b"textarea", b"pre")
_SCRIPT_END = {name: re.compile(rb"</" + name + rb"\b", re.IGNORECASE) for name in _RAW}
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())


def format_markup(data: bytes, *, html: bool) -> bytes:
    """Format *data* (UTF-8) with one element per line. Never raises; text without markup is returned unchanged."""
    return b"".join(markup_steps(data, html=html))


def markup_steps(data: bytes, *, html: bool, elements: ElementFormatter | None = None) -> Iterator[bytes]:
    """Yield the lines of ``format_markup`` in pieces, continuing after *elements*."""
    first = elements is None or not elements.position
    for parts in _parts(data, elements, html=html):
        piece = b"".join(parts)
        piece = piece.lstrip(b"\n") if first else piece
        if piece:
            first = False
            yield piece


def _parts(data: bytes, elements: ElementFormatter | None, *, html: bool) -> Iterator[list[bytes]]:
    """Yield lists of formatted parts, from ``ElementFormatter`` as far as it goes: it is about four times faster."""
    if not html and b"xml:space" not in data:
        elements = elements or ElementFormatter()
        yield from elements.lay_out(data, whole=True)
        formatter = _MarkupFormatter(data, html=html, depth=elements.depth, just_opened=elements.opened)
        yield from formatter.run(elements.position)
    else:
        yield from _MarkupFormatter(data, html=html).run(0)


class ElementFormatter:
    """Incremental formatter of XML that consists of elements and their text only, also while it is arriving.

    Stops before comments, CDATA, a document type, mixed content, and unbalanced tags.
    """

    def __init__(self) -> None:
        self.position = 0
        """Bytes formatted so far."""
        self.depth = 0
        """Number of open elements at ``position``."""
        self.opened = False
        """Whether a start tag ends at ``position``."""
        self._ended = False

    def steps(self, data: Data) -> Iterator[bytes]:
        """Yield the lines that arrived since the last call in pieces. *data* must start with the previous data."""
        first = not self.position
        for parts in self.lay_out(data, whole=False):
            piece = b"".join(parts)
            piece = piece.lstrip(b"\n") if first else piece
            if piece:
                first = False
                yield piece

    def lay_out(self, data: Data, *, whole: bool) -> Iterator[list[bytes]]:
        """Yield lines as lists of parts: all of them, or without *whole* those that more data cannot change."""
        stable = len(data) if whole else _stable_end(data)
        out: list[bytes] = []
        if not self.position and (head := _PROLOG.match(data)) and head.end() <= stable:
            self.position, out = head.end(), [head[1]]
        breaks, depth, opened, add = _BREAKS, self.depth, self.opened, out.append
        position = self.position
        wanted = position + (_FIRST if not position else _PIECE)
        # Each match starts at the end of the last one: a search would take quadratic time in whitespace.
        following = _ELEMENT.scanner(data, position).match  # type: ignore[attr-defined]  # missing in typeshed
        while not self._ended and (match := following()) is not None and (end := match.end()) <= stable:
            element = match[1]
            if element is None and depth == 0:
                self._ended = True
                break
            if element is None:
                depth -= 1
                add(breaks[min(DEEPEST_INDENT, depth)])
                add(match[2])
                opened = False
            else:
                add(breaks[min(DEEPEST_INDENT, depth)])
                add(element)
                opened = element[-2] != _SLASH and b"</" not in element
                if opened:
                    depth += 1
            position = end
            if position > wanted:
                self.position, self.depth, self.opened = position, depth, opened
                yield out
                out = []
                add = out.append
                wanted = position + _PIECE
        self.position, self.depth, self.opened = position, depth, opened
        yield out


def _stable_end(data: Data) -> int:
    """Return the offset before which more data changes nothing: an element with text ends at the tag after it."""
    at = len(data)
    for _ in range(3):
        at = data.rfind(b"<", 0, max(at, 0))
    return max(at, 0)


class _MarkupFormatter:
    """Formatter in one pass over the tokens. Below the depth ``verbatim`` (unless 0) everything is copied."""

    def __init__(self, data: bytes, *, html: bool, depth: int = 0, just_opened: bool = False) -> None:
        self.data = data
        self.html = html
        self.out: list[bytes] = []
        self.open: list[bytes] = [b""] * depth
        self.verbatim = 0
        self.just_opened = just_opened

    def run(self, position: int) -> Iterator[list[bytes]]:
        """Format the data from *position* on in pieces."""
        end, match_token, wanted = len(self.data), _TOKEN.match, position + _FIRST
        while position < end:
            match = match_token(self.data, position)
            if match is None:  # unreachable: the last alternatives match any character
                break
            token, position = match[0], match.end()
            self._take(token)
            if self.html and self.just_opened and self.open[-1] in _SCRIPT_END:
                position = self._copy_raw(position)
            if position > wanted:
                wanted = position + _PIECE
                yield self.out
                self.out = []
        yield self.out

    def _take(self, token: bytes) -> None:
        second = token[1:2]
        if token[:1] != b"<" or second in {b"", b" "} or token.startswith(b"<![CDATA["):
            self._text(token)
        elif second == b"/":
            self._close(token)
        elif second in {b"!", b"?"} or token.endswith(b"/>"):
            self._line(token)
        else:
            self._open(token)

    def _text(self, token: bytes) -> None:
        if self.verbatim:
            self.out.append(token)
        elif not token.isspace():
            if not self.open:
                self._line(token.strip())
            elif self.just_opened:
                self.verbatim = len(self.open)
                self.out.append(token)
            else:
                self._line(token.lstrip())
                self.verbatim = len(self.open)
            self.just_opened = False

    def _open(self, token: bytes) -> None:
        self._line(token)
        match = _NAME.match(token)
        name = match[1] if match else b""
        if self.html:
            name = name.lower()
            if name in _VOID:
                return
        self.open.append(name)
        self.just_opened = True
        if not self.verbatim and b"xml:space" in token and b"preserve" in token:
            self.verbatim = len(self.open)

    def _close(self, token: bytes) -> None:
        depth = self._depth_after(token)
        if self.verbatim or self.just_opened:
            del self.open[depth:]
            self.out.append(token)
            if self.verbatim > depth:
                self.verbatim = 0
        else:
            del self.open[depth:]
            self._line(token)
        self.just_opened = False

    def _depth_after(self, token: bytes) -> int:
        """Return how many elements remain open after the end tag. In HTML, end tags may be missing or unmatched."""
        depth = len(self.open)
        if not self.html:
            return max(depth - 1, 0)
        match = _NAME.match(token)
        name = match[1].lower() if match else b""
        for above in range(1, min(depth, 64) + 1):
            if self.open[-above] == name:
                return depth - above
        return depth

    def _line(self, token: bytes) -> None:
        if not self.verbatim:
            self.out.append(b"\n" + INDENT * min(len(self.open), DEEPEST_INDENT))
        self.out.append(token)
        self.just_opened = False

    def _copy_raw(self, position: int) -> int:
        """Copy the content of ``<script>`` and similar elements, which is not markup (HTML 13.2.5.4)."""
        match = _SCRIPT_END[self.open[-1]].search(self.data, position)
        end = match.start() if match else len(self.data)
        self.out.append(self.data[position:end])
        return end


class _EntityFound(Exception):
    pass


def xml_check(data: bytes) -> Generator[None, None, str]:
    """Return, in steps, why *data* (UTF-8) is not well-formed, with line and column from 1, or an empty string.

    Stops at the first entity declaration, so that none is expanded.
    """
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = False

    def declared(*_: object) -> None:
        raise _EntityFound

    parser.EntityDeclHandler = declared
    try:
        for start in range(0, len(data), _STEP):
            parser.Parse(data[start : start + _STEP], False)
            yield
        parser.Parse(b"", True)
    except _EntityFound:
        return "declares entities; they are shown as sent, not expanded"
    except expat.ExpatError as error:
        message = expat.errors.messages[error.code]
        return f"not well-formed XML: {message} at line {error.lineno}, column {error.offset + 1}"
    return ""
