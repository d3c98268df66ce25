"""XML and HTML laid out over lines: tags, attributes, entities and comments stay as sent, only blank space moves.

No parser that knows entities comes near the text, so nothing is expanded or fetched. An element that holds text of its
own keeps its content exactly as sent, since blank space there may count (XML 1.0, 2.10).
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
"""Blank space, then a start tag, an empty element or a whole element with nothing but text in it; or an end tag."""
_PROLOG = re.compile(rb"\s*(<\?xml[^<>]*\?>)")
_BREAKS = [b"\n" + INDENT * depth for depth in range(DEEPEST_INDENT + 1)]
_SLASH = ord("/")
_NAME = re.compile(rb"</?\s*([A-Za-z][^\s/>]*)")
_RAW = (b"script", b"style", b"textarea", b"pre")
_SCRIPT_END = {name: re.compile(rb"</" + name + rb"\b", re.IGNORECASE) for name in _RAW}
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())


def format_markup(data: bytes, *, html: bool) -> bytes:
    """*data* (UTF-8) with one element a line. Never raises; text that is no markup comes back as it is."""
    return b"".join(markup_steps(data, html=html))


def markup_steps(data: bytes, *, html: bool, records: ElementFormatter | None = None) -> Iterator[bytes]:
    """The lines of ``format_markup``, a piece at a time; from where *records* came to."""
    first = records is None or not records.position
    for parts in _parts(data, records, html=html):
        piece = b"".join(parts)
        piece = piece.lstrip(b"\n") if first else piece
        if piece:
            first = False
            yield piece


def _parts(data: bytes, records: ElementFormatter | None, *, html: bool) -> Iterator[list[bytes]]:
    """Elements and their texts are laid out as records, some four times faster, up to the first thing that is else."""
    if not html and b"xml:space" not in data:
        records = records or ElementFormatter()
        yield from records.lay_out(data, whole=True)
        yield from _MarkupFormatter(data, html=html, depth=records.depth, just_opened=records.opened).run(
            records.position
        )
    else:
        yield from _MarkupFormatter(data, html=html).run(0)


class ElementFormatter:
    """Lays out XML as long as it is elements and their texts only, also while more of it arrives.

    It ends before comments, CDATA, a document type, text beside elements, and before whatever does not balance.
    """

    def __init__(self) -> None:
        self.position = 0
        """Bytes that are laid out."""
        self.depth = 0
        """Elements that are open there."""
        self.opened = False
        """Whether a start tag stands right before."""
        self._ended = False

    def steps(self, data: Data) -> Iterator[bytes]:
        """The lines of what has come since the last call, a piece at a time; *data* begins with what it was before."""
        first = not self.position
        for parts in self.lay_out(data, whole=False):
            piece = b"".join(parts)
            piece = piece.lstrip(b"\n") if first else piece
            if piece:
                first = False
                yield piece

    def lay_out(self, data: Data, *, whole: bool) -> Iterator[list[bytes]]:
        """Lines as lists of parts, up to the end, or without *whole* to what can no longer become something else."""
        settled = len(data) if whole else _stable_end(data)
        out: list[bytes] = []
        if not self.position and (head := _PROLOG.match(data)) and head.end() <= settled:
            self.position, out = head.end(), [head[1]]
        breaks, depth, opened, add = _BREAKS, self.depth, self.opened, out.append
        position = self.position
        wanted = position + (_FIRST if not position else _PIECE)
        # Each match begins where the one before ended: a search would look at blank space once for each blank.
        following = _ELEMENT.scanner(data, position).match  # type: ignore[attr-defined]  # the stubs do not know it
        while not self._ended and (match := following()) is not None and (end := match.end()) <= settled:
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
    """The offset up to which what comes changes nothing: an element with its text shows at the tag behind it."""
    at = len(data)
    for _ in range(3):
        at = data.rfind(b"<", 0, max(at, 0))
    return max(at, 0)


class _MarkupFormatter:
    """One pass over the tokens. ``verbatim`` is the depth below which everything is copied, or 0."""

    def __init__(self, data: bytes, *, html: bool, depth: int = 0, just_opened: bool = False) -> None:
        self.data = data
        self.html = html
        self.out: list[bytes] = []
        self.open: list[bytes] = [b""] * depth
        self.verbatim = 0
        self.just_opened = just_opened

    def run(self, position: int) -> Iterator[list[bytes]]:
        """Lay out what is from *position* on, a piece at a time."""
        end, match_token, wanted = len(self.data), _TOKEN.match, position + _FIRST
        while position < end:
            match = match_token(self.data, position)
            if match is None:  # cannot be: the last alternatives take any character
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
        """How many elements stay open after the end tag; HTML leaves out end tags and has stray ones."""
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
        """The content of ``<script>`` and its like up to the end tag, which is no markup (HTML 13.2.5.4)."""
        match = _SCRIPT_END[self.open[-1]].search(self.data, position)
        end = match.start() if match else len(self.data)
        self.out.append(self.data[position:end])
        return end


class _EntityFound(Exception):
    pass


def xml_check(data: bytes) -> Generator[None, None, str]:
    """Why *data* (UTF-8) is not well-formed, with line and column from 1, or an empty text; in steps.

    The pass ends at the first entity declaration, so that none is ever expanded.
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
        return "declares entities; they are shown as sent and never expanded"
    except expat.ExpatError as error:
        what = expat.errors.messages[error.code]
        return f"not well-formed XML: {what} at line {error.lineno}, column {error.offset + 1}"
    return ""
