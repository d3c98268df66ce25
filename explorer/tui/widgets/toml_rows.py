"""A TOML text as coloured rows, its placeholders marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.widgets.lines_view import Row, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACEHOLDER: Final = re.compile(r"(?<!\$)\$\{[^}]*\}")
_KINDS: Final = (
    ("Token.Comment", "dim"),
    ("Token.Keyword.Constant", "warn"),
    ("Token.Keyword", "strong"),
    ("Token.Name", "name"),
    ("Token.Literal.String", "in"),
    ("Token.Literal", "warn"),
    ("Token.Punctuation", "dim"),
    ("Token.Operator", "dim"),
)


def toml_rows(text: str, bad_line: int = 0) -> list[Row]:
    """A row for each line of *text*, its number before it; the line *bad_line* (from 1) is marked."""
    lines: list[list[Span]] = [[]]
    for kind, piece in _tokens(text):
        first, *others = piece.split("\n")
        lines[-1] += _spans(kind, first)
        lines += [_spans(kind, one) for one in others]
    if lines and not lines[-1]:
        lines.pop()
    width = len(str(len(lines)))
    return [
        Row(
            tuple(spans),
            gutter=(
                ("bad" if number == bad_line else "dim", f"{'▸' if number == bad_line else ' '}{number:>{width}} "),
            ),
            hanging_indent=2,
        )
        for number, spans in enumerate(lines, 1)
    ]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    from pygments.lexers.configs import TOMLLexer

    for _, kind, piece in TOMLLexer().get_tokens_unprocessed(text.replace("\r\n", "\n")):
        name = str(kind)
        yield next((said for prefix, said in _KINDS if name.startswith(prefix)), "text"), piece


def _spans(kind: str, text: str) -> list[Span]:
    spans: list[Span] = []
    at = 0
    for found in _PLACEHOLDER.finditer(text) if kind == "in" else ():
        spans += [(kind, sanitize_line(text[at : found.start()])), ("out", sanitize_line(found[0]))]
        at = found.end()
    spans.append((kind, sanitize_line(text[at:])))
    return [span for span in spans if span[1]]
