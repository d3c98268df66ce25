"""The tokens of a document's lines, made when they are asked for and kept as long as that saves work."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from explorer.core.document import lexing
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from explorer.core.document.lexing import Token
    from explorer.core.document.lines import LineIndex
    from explorer.core.document.long_line import LongLine
    from explorer.core.document.media import BodyKind

_GROUP_LINES = 32
_GROUP_BYTES = 16_384
_CACHED_CHUNKS = 16


class LineHighlighter:
    """Lexes the lines of *lines* as *kind*; *pairs* for a form that is laid out as one pair a line."""

    def __init__(self, lines: LineIndex, kind: BodyKind, *, pairs: bool) -> None:
        self._lines = lines
        self._kind = kind
        self._pairs = pairs
        self._chunks: OrderedDict[tuple[int, int], list[Token]] = OrderedDict()
        self._groups: OrderedDict[tuple[int, int], dict[int, list[Token]]] = OrderedDict()

    def line(self, n: int, start: int, end: int) -> list[Token]:
        """Tokens of line *n*, which is ``data[start:end]``."""
        if self._kind in {"xml", "html"}:
            return self._lex_group(n)
        text = sanitize_line(self._lines.data[start:end].decode("utf-8", "replace"))
        if not text:
            return []
        if self._kind == "json":
            return lexing.lex_json(text)
        if self._kind == "csv":
            return lexing.lex_csv(text, header=n == 0)
        return lexing.lex_pair(text) if self._pairs else [("text", text)]

    def chunk(self, long: LongLine, i: int) -> list[Token]:
        """Tokens of chunk *i* of a long line. Each row of a wrapped line asks for the same one."""
        key = long.bytes_of(i)
        if key not in self._chunks:
            self._chunks[key] = self._lex_chunk(long, i)
            while len(self._chunks) > _CACHED_CHUNKS:
                self._chunks.popitem(last=False)
        return self._chunks[key]

    def _lex_chunk(self, long: LongLine, i: int) -> list[Token]:
        text = long.text(i)
        if self._kind == "json":
            return lexing.lex_json(text, in_string=long.in_string(i), cut=True)
        if self._kind in {"xml", "html"}:
            prefix = lexing.markup_prefix(self._lines.data, long.bytes_of(i)[0], html=self._kind == "html")
            return lexing.lex_markup(self._kind, text, prefix)
        return [("text", text)]

    def _lex_group(self, n: int) -> list[Token]:
        """Markup needs the lines around it: lex 32 lines at once and keep them."""
        first = n - n % _GROUP_LINES
        # The last group changes while lines are added.
        key = (first, 0 if first + _GROUP_LINES < self._lines.count else self._lines.size)
        group = self._groups.get(key)
        if group is None or n not in group:
            group = self._groups[key] = self._lex_lines(n)
            while len(self._groups) > 16:
                self._groups.popitem(last=False)
        return group[n]

    def _lex_lines(self, n: int) -> dict[int, list[Token]]:
        first = n - n % _GROUP_LINES
        start = self._lines.start(first)
        if self._lines.start(n) - start > _GROUP_BYTES:
            first, start = n, self._lines.start(n)
        data = self._lines.data
        texts: list[str] = []
        for number in range(first, min(first - first % _GROUP_LINES + _GROUP_LINES, self._lines.count)):
            low, high = self._lines.span(number)
            if number > n and high - start > _GROUP_BYTES:
                break
            texts.append(sanitize_line(data[low : min(high, low + _GROUP_BYTES)].decode("utf-8", "replace")))
        prefix = lexing.markup_prefix(data, start, html=self._kind == "html")
        tokens = lexing.lex_markup(self._kind, "\n".join(texts), prefix)
        return {first + i: line for i, line in enumerate(_split_lines(tokens, len(texts)))}


def _split_lines(tokens: list[Token], count: int) -> list[list[Token]]:
    """*tokens* of *count* lines, line by line, without the newlines."""
    lines: list[list[Token]] = [[]]
    for kind, text in tokens:
        first, *rest = text.split("\n")
        if first:
            lines[-1].append((kind, first))
        lines.extend([(kind, part)] if part else [] for part in rest)
    return lines + [[] for _ in range(count - len(lines))]
