"""A body as a person reads it: lines of sanitised text with tokens for colour, made when they are asked for."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from explorer.core.document import binary, lexing
from explorer.core.document.cells import cells
from explorer.core.document.layout import lay_out
from explorer.core.document.lines import Lines
from explorer.core.document.long_line import LONG, LongLine
from explorer.core.document.media import Kind, parse_media_type
from explorer.core.document.search import Search
from explorer.core.sanitise import sanitise, sanitise_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.document.lexing import Token

View = Literal["pretty", "raw"]

_GROUP_LINES = 32
_GROUP_BYTES = 16_384
_MEASURED_AT_ONCE = 4


class Document:
    """*body* decoded, laid out (*view* ``pretty``) or as sent (``raw``), as lines. Never raises, whatever the bytes.

    The constructor decodes, lays out and counts newlines: work for a thread where the body is large. It does not lex;
    ``tokens`` and ``window`` do, for one line. Not to be used from two threads at once.
    """

    def __init__(self, body: bytes, content_type: str = "", *, view: View = "pretty") -> None:
        self.body = body
        self.view: View = view
        self.media = parse_media_type(content_type)
        laid_out = lay_out(body, self.media, pretty=view == "pretty")
        self.kind: Kind = laid_out.kind
        self.charset = laid_out.charset
        self.note = "; ".join(laid_out.notes)
        """What a person should know about the body that does not show; ``; `` between several, or empty."""
        self.data = laid_out.data
        """What the lines are cut from: UTF-8 with ``\\n``, or the body itself for the hex view."""
        self._hex_rows = -(-len(self.data) // binary.ROW) if self.kind == "hex" else 0
        self._lines = Lines(b"" if self.kind == "hex" else self.data)
        self._measuring = self._lines.measure()
        for _ in range(_MEASURED_AT_ONCE):
            next(self._measuring, None)
        self._long: OrderedDict[int, LongLine] = OrderedDict()
        self._groups: OrderedDict[int, dict[int, list[Token]]] = OrderedDict()
        lexing.warm(self.kind)

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body)

    @property
    def title(self) -> str:
        """What the body is, in a few words: ``JSON``, ``PNG image, 640 × 480``."""
        if self.kind == "hex":
            return binary.describe(self.body, self.media.name)
        return {"form": "form", "text": "text", "empty": "empty"}.get(self.kind, self.kind.upper())

    @property
    def line_count(self) -> int:
        """Number of lines; 0 for an empty body."""
        return self._hex_rows if self.kind == "hex" else self._lines.count

    @property
    def width(self) -> int:
        """Cells of the widest line, as far as ``measure`` has come."""
        return binary.ASCII_COLUMN + binary.ROW + 1 if self.kind == "hex" else self._lines.width

    def measure(self) -> Iterator[None]:
        """Widen ``width`` to the true one in steps of 64 KiB; a second call goes on where the first stopped."""
        return self._measuring

    # -- lines -----------------------------------------------------------------------------------------------------

    def line(self, n: int) -> str:
        """Line *n* (from 0), sanitised; empty for a number that has no line."""
        if not 0 <= n < self.line_count:
            return ""
        if self.kind == "hex":
            return "".join(text for _, text in binary.hex_row(self.data, n))
        start, end = self._lines.span(n)
        if end - start > LONG:
            long = self._long_line(n, start, end)
            return "".join(long.text(i) for i in range(long.count))
        return sanitise_line(self.data[start:end].decode("utf-8", "replace"))

    def tokens(self, n: int) -> list[Token]:
        """Line *n* as ``(kind, text)``; the texts joined are ``line(n)``."""
        if not 0 <= n < self.line_count:
            return []
        if self.kind == "hex":
            return binary.hex_row(self.data, n)
        start, end = self._lines.span(n)
        if end - start > LONG:
            long = self._long_line(n, start, end)
            return [token for i in range(long.count) for token in self._lex_chunk(long, i)]
        return self._lex_line(n, start, end)

    def is_long(self, n: int) -> bool:
        """Whether line *n* is so long that it should be read through ``window`` only."""
        if self.kind == "hex" or not 0 <= n < self.line_count:
            return False
        start, end = self._lines.span(n)
        return end - start > LONG

    def window(self, n: int, left: int, width: int) -> tuple[int, list[Token]]:
        """The tokens of line *n* that show in *width* cells from cell *left*, and the cell at which the first begins.

        A short line comes whole; of a long one only what is needed, at the same cost anywhere in it.
        """
        if not self.is_long(n):
            return 0, self.tokens(n)
        long = self._long_line(n, *self._lines.span(n))
        first = long.chunk_at(left)
        last = long.chunk_at(left + max(width, 1))
        tokens = [token for i in range(first, last + 1) for token in self._lex_chunk(long, i)]
        return long.cell_of(first), tokens

    def cell_of(self, n: int, column: int) -> int:
        """The cell at which character *column* of line *n* begins."""
        if self.is_long(n):
            return self._long_line(n, *self._lines.span(n)).cell_at(column)
        return cells(self.line(n)[:column])

    def text(self, first: int = 0, last: int | None = None) -> str:
        """Lines *first* to *last* (not included) with ``\\n`` between, sanitised; tabs stay."""
        last = self.line_count if last is None else min(last, self.line_count)
        if first >= last:
            return ""
        if self.kind == "hex":
            return "\n".join(self.line(n) for n in range(first, last))
        start, end = self._lines.start(first), self._lines.span(last - 1)[1]
        return sanitise(self.data[start:end].decode("utf-8", "replace"))

    # -- search ----------------------------------------------------------------------------------------------------

    def search(self, needle: str, *, regex: bool = False, case: bool | None = None) -> Search:
        """A search to step through; see ``Search`` for what it raises."""
        return Search(self, needle, regex=regex, case=case)

    def find(self, needle: str, *, regex: bool = False, start: int = 0) -> Iterator[tuple[int, int, int]]:
        """Line, column and length (characters) of each match from line *start* on; none for a bad needle."""
        try:
            search = self.search(needle, regex=regex)
        except (re.error, ValueError, RecursionError, OverflowError):
            return
        for hit in search.hits(self.line_offset(start)):
            yield hit.line, hit.column, hit.length

    @property
    def search_encoding(self) -> str:
        """How a search reads ``data``."""
        return "latin-1" if self.kind == "hex" else "utf-8"

    def line_offset(self, n: int) -> int:
        """The byte offset in ``data`` at which line *n* begins."""
        if n >= self.line_count:
            return len(self.data)
        return max(n, 0) * binary.ROW if self.kind == "hex" else self._lines.start(n)

    def place(self, offset: int, end: int) -> tuple[int, int, int]:
        """Line, column and length in characters of the bytes from *offset* to *end*, clipped to the line."""
        if self.kind == "hex":
            row, at = divmod(offset, binary.ROW)
            return row, binary.ASCII_COLUMN + at, min(end - offset, binary.ROW - at)
        line = self._lines.line_at(offset)
        start, stop = self._lines.span(line)
        end = min(end, stop)
        if stop - start > LONG:
            long = self._long_line(line, start, stop)
            column = long.column_of(offset)
            return line, column, max(long.column_of(end) - column, 1)
        column = len(sanitise_line(self.data[start:offset].decode("utf-8", "replace")))
        return line, column, max(len(sanitise_line(self.data[start:end].decode("utf-8", "replace"))) - column, 1)

    # -- lexing ----------------------------------------------------------------------------------------------------

    def _lex_line(self, n: int, start: int, end: int) -> list[Token]:
        if self.kind in {"xml", "html"}:
            return self._lex_group(n)
        text = sanitise_line(self.data[start:end].decode("utf-8", "replace"))
        if not text:
            return []
        if self.kind == "json":
            return lexing.lex_json(text)
        if self.kind == "csv":
            return lexing.lex_csv(text, header=n == 0)
        if self.kind == "form" and self.view == "pretty":
            return lexing.lex_pair(text)
        return [("text", text)]

    def _lex_chunk(self, long: LongLine, i: int) -> list[Token]:
        text = long.text(i)
        if self.kind == "json":
            return lexing.lex_json(text, in_string=long.in_string(i), cut=True)
        if self.kind in {"xml", "html"}:
            prefix = lexing.markup_prefix(self.data, long.bytes_of(i)[0], html=self.kind == "html")
            return lexing.lex_markup(self.kind, text, prefix)
        return [("text", text)]

    def _lex_group(self, n: int) -> list[Token]:
        """Markup needs the lines around it: lex 32 lines at once and keep them."""
        group = self._groups.get(n // _GROUP_LINES)
        if group is None or n not in group:
            group = self._groups[n // _GROUP_LINES] = self._lex_lines(n)
            while len(self._groups) > 16:
                self._groups.popitem(last=False)
        return group[n]

    def _lex_lines(self, n: int) -> dict[int, list[Token]]:
        first = n - n % _GROUP_LINES
        start = self._lines.start(first)
        if self._lines.start(n) - start > _GROUP_BYTES:
            first, start = n, self._lines.start(n)
        texts: list[str] = []
        for number in range(first, min(first - first % _GROUP_LINES + _GROUP_LINES, self.line_count)):
            low, high = self._lines.span(number)
            if number > n and high - start > _GROUP_BYTES:
                break
            texts.append(sanitise_line(self.data[low : min(high, low + _GROUP_BYTES)].decode("utf-8", "replace")))
        prefix = lexing.markup_prefix(self.data, start, html=self.kind == "html")
        tokens = lexing.lex_markup(self.kind, "\n".join(texts), prefix)
        return {first + i: line for i, line in enumerate(_split_lines(tokens, len(texts)))}

    def _long_line(self, n: int, start: int, end: int) -> LongLine:
        long = self._long.get(n)
        if long is None:
            long = self._long[n] = LongLine(self.data, start, end)
            while len(self._long) > 64:
                self._long.popitem(last=False)
        return long


def _split_lines(tokens: list[Token], count: int) -> list[list[Token]]:
    """*tokens* of *count* lines, line by line, without the newlines."""
    lines: list[list[Token]] = [[]]
    for kind, text in tokens:
        first, *rest = text.split("\n")
        if first:
            lines[-1].append((kind, first))
        lines.extend([(kind, part)] if part else [] for part in rest)
    return lines + [[] for _ in range(count - len(lines))]
