"""Lexers that split the lines of a body into tokens for syntax highlighting."""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING

from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pygments.lexer import Lexer, RegexLexer
    from pygments.token import _TokenType

    from explorer.core.body.lines import LineIndex, LongLine
    from explorer.core.body.media import BodyKind
    from explorer.core.text.data import Data


Token = tuple[str, str]

_KINDS: tuple[tuple[str, str], ...] = (
    # Most specific names first: pygments' token types are a tree of dotted names.
    ("Token.Comment.Preproc", "constant"),
    ("Token.Comment", "comment"),
    ("Token.Name.Tag", "tag"),
    ("Token.Name.Attribute", "attribute"),
    ("Token.Name.Entity", "constant"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Keyword", "constant"),
    ("Token.Punctuation", "punctuation"),
    ("Token.Operator", "punctuation"),
    ("Token.Error", "error"),
)


def preload(kind: str) -> None:
    """Import the lexer of *kind*, so that the first paint does not wait for it."""
    if kind in {"json", "xml", "html"}:
        _lexer(kind)


_ENTITY = r"&[^\s&;]{0,64};"


@lru_cache(maxsize=8)
def _lexer(kind: str) -> Lexer:
    if kind == "json":
        from pygments.lexers.data import JsonLexer

        return JsonLexer()
    from pygments.lexers.html import HtmlLexer, XmlLexer

    return _short_entities(HtmlLexer if kind == "html" else XmlLexer)()


def _short_entities(lexer: type[RegexLexer]) -> type[RegexLexer]:
    """Return *lexer* with entities of at most 64 characters. Pygments searches for ``;`` from each ``&`` to the end of
    the text, which takes quadratic time."""
    root = [
        (_ENTITY, *rule[1:]) if isinstance(rule, tuple) and rule[0] == r"&\S*?;" else rule
        for rule in lexer.tokens["root"]
    ]
    return type(lexer.__name__, (lexer,), {"tokens": {**lexer.tokens, "root": root}})


@lru_cache(maxsize=256)
def _kind_of(token_type: _TokenType) -> str:
    name = str(token_type)
    return next((kind for prefix, kind in _KINDS if name.startswith(prefix)), "text")


def _tokenize(kind: str, text: str) -> list[Token]:
    """Lex *text* with pygments and join adjacent tokens of the same kind; plain text if the lexer loses characters."""
    tokens: list[Token] = []
    for _, token_type, value in _lexer(kind).get_tokens_unprocessed(text):
        token_kind = _kind_of(token_type)
        if tokens and tokens[-1][0] == token_kind:
            tokens[-1] = (token_kind, tokens[-1][1] + value)
        else:
            tokens.append((token_kind, value))
    if "".join(value for _, value in tokens) != text:
        return [("text", text)]
    return tokens


_NAME_SHOWN = 64
_LONG_NAME = re.compile(r"[\w.:-]{256,}")


def lex_json(text: str, *, in_string: bool = False, cut: bool = False) -> list[Token]:
    """Lex a line of JSON, or a piece that starts inside a string (*in_string*) or may end inside one (*cut*)."""
    lexed = _tokenize("json", '"' + text if in_string else text)
    tokens = [("key" if kind == "tag" else kind, value) for kind, value in lexed]
    if cut and tokens and tokens[-1][0] == "error" and tokens[-1][1].startswith('"'):
        tokens[-1] = ("string", tokens[-1][1])
    return _without_prefix(tokens, 1) if in_string else tokens


def lex_markup(kind: str, text: str, prefix: str = "") -> list[Token]:
    """Lex XML or HTML *text* (one or several lines) as if *prefix* preceded it.

    The lexer only recognizes complete comments and CDATA sections, so an unfinished one is closed first.
    """
    whole = prefix + text
    for opener, closer in (("<!--", "-->"), ("<![CDATA[", "]]>")):
        if whole.rfind(opener) > whole.rfind(closer):
            whole += closer
    return _truncate_tokens(_without_prefix(_tokenize_shortened(kind, whole), len(prefix)), len(text))


def _tokenize_shortened(kind: str, text: str) -> list[Token]:
    """Call ``_tokenize`` without the middle of very long names, and reinsert it afterwards. Pygments tries each
    character of a name as the start of an attribute, which takes quadratic time."""
    removed = [(name.start() + _NAME_SHOWN, name.end()) for name in _LONG_NAME.finditer(text)]
    if not removed:
        return _tokenize(kind, text)
    edges = [0, *(edge for span in removed for edge in span), len(text)]
    tokens: list[Token] = []
    rest = iter(removed)
    begin, end = next(rest, (len(text) + 1, 0))
    at = 0
    for token_kind, value in _tokenize(
        kind, "".join(text[low:high] for low, high in zip(edges[::2], edges[1::2], strict=True))
    ):
        full = value
        while at < begin <= at + len(full):
            full = full[: begin - at] + text[begin:end] + full[begin - at :]
            begin, end = next(rest, (len(text) + 1, 0))
        tokens.append((token_kind, full))
        at += len(full)
    return tokens


def markup_prefix(data: Data, at: int, *, html: bool, reach: int = 1 << 20) -> str:
    """Return an opener that sets the lexer's state at byte *at*: inside a comment, CDATA, script, tag, or none.

    Looks back at most *reach* bytes; a longer comment is lexed as markup.
    """
    low = max(0, at - reach)

    def inside(opener: bytes, closer: bytes) -> bool:
        start = data.rfind(opener, low, at)
        return start >= 0 and data.rfind(closer, start, at) < 0

    if inside(b"<!--", b"-->"):
        return "<!--"
    if inside(b"<![CDATA[", b"]]>"):
        return "<![CDATA["
    if html:
        for name in (b"script", b"style"):
            if inside(b"<" + name, b"</" + name):
                return f"<{name.decode()}>"
    start = data.rfind(b"<", max(low, at - 4096), at)
    if start < 0 or data.rfind(b">", start, at) >= 0:
        return ""
    # Inside a tag: reopen an open quote, too.
    head = data[start:at]
    quote = b'"' if head.count(b'"') % 2 else b"'" if b'"' not in head and head.count(b"'") % 2 else b""
    return "<a b=" + quote.decode() if quote else "<a "


def _without_prefix(tokens: Iterable[Token], length: int) -> list[Token]:
    remaining = []
    for kind, text in tokens:
        if length >= len(text):
            length -= len(text)
            continue
        remaining.append((kind, text[length:]))
        length = 0
    return remaining


def _truncate_tokens(tokens: Iterable[Token], length: int) -> list[Token]:
    """Return the tokens of the first *length* characters."""
    truncated = []
    for kind, text in tokens:
        if length <= 0:
            break
        truncated.append((kind, text[:length]))
        length -= len(text)
    return truncated


_NUMBER = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)*\s*")
_CELL = re.compile(r'"(?:[^"]++|"")*+"?|[^,;\t"]+|[,;\t]|"')


def lex_csv(text: str, *, header: bool) -> list[Token]:
    """Lex the cells and separators of one CSV line (RFC 4180); the cells of the *header* are keys."""
    tokens: list[Token] = []
    for value in _CELL.findall(text):
        if value in {",", ";"}:
            tokens.append(("punctuation", value))
        elif header:
            tokens.append(("key", value))
        else:
            tokens.append(("number" if _NUMBER.fullmatch(value) else "string" if value[0] == '"' else "text", value))
    return tokens


def lex_pair(text: str) -> list[Token]:
    """Lex ``name=value`` of a form; without ``=`` the whole string is a name."""
    name, equals, value = text.partition("=")
    parts = (("key", name), ("punctuation", equals), ("string", value))
    return [(kind, part) for kind, part in parts if part]


_GROUP_LINES = 32
_GROUP_BYTES = 16_384
_CACHED_CHUNKS = 16


class LineHighlighter:
    """Lexer of *lines* as *kind*; *pairs* for a form with one pair per line."""

    def __init__(self, lines: LineIndex, kind: BodyKind, *, pairs: bool) -> None:
        self._lines = lines
        self._kind = kind
        self._pairs = pairs
        self._chunks: OrderedDict[tuple[int, int], list[Token]] = OrderedDict()
        self._groups: OrderedDict[tuple[int, int], dict[int, list[Token]]] = OrderedDict()

    def line(self, n: int, start: int, end: int) -> list[Token]:
        """Return the tokens of line *n*, which is ``data[start:end]``."""
        if self._kind in {"xml", "html"}:
            return self._lex_group(n)
        text = sanitize_line(self._lines.data[start:end].decode("utf-8", "replace"))
        if not text:
            return []
        if self._kind == "json":
            return lex_json(text)
        if self._kind == "csv":
            return lex_csv(text, header=n == 0)
        return lex_pair(text) if self._pairs else [("text", text)]

    def chunk(self, long: LongLine, i: int) -> list[Token]:
        """Return the tokens of chunk *i* of a long line, cached because each row of a wrapped line requests it."""
        key = long.bytes_of(i)
        if key not in self._chunks:
            self._chunks[key] = self._lex_chunk(long, i)
            while len(self._chunks) > _CACHED_CHUNKS:
                self._chunks.popitem(last=False)
        return self._chunks[key]

    def _lex_chunk(self, long: LongLine, i: int) -> list[Token]:
        text = long.text(i)
        if self._kind == "json":
            return lex_json(text, in_string=long.in_string(i), cut=True)
        if self._kind in {"xml", "html"}:
            prefix = markup_prefix(self._lines.data, long.bytes_of(i)[0], html=self._kind == "html")
            return lex_markup(self._kind, text, prefix)
        return [("text", text)]

    def _lex_group(self, n: int) -> list[Token]:
        """Lex markup in cached groups of 32 lines, since it depends on the lines around it."""
        first = n - n % _GROUP_LINES
        # The last group changes as lines are added.
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
        prefix = markup_prefix(data, start, html=self._kind == "html")
        tokens = lex_markup(self._kind, "\n".join(texts), prefix)
        return {first + i: line for i, line in enumerate(_split_lines(tokens, len(texts)))}


def _split_lines(tokens: list[Token], count: int) -> list[list[Token]]:
    """Split *tokens* of *count* lines into lines, without the newlines."""
    lines: list[list[Token]] = [[]]
    for kind, text in tokens:
        first, *rest = text.split("\n")
        if first:
            lines[-1].append((kind, first))
        lines.extend([(kind, part)] if part else [] for part in rest)
    return lines + [[] for _ in range(count - len(lines))]
