"""What stands beside a line of laid-out JSON: the key of the line, and the scalars of the object that it is in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from explorer.core.document.folding import indent_of

if TYPE_CHECKING:
    from explorer.core.document.document import Document

_LINE: Final = re.compile(rb'\s*(?:"((?:[^"\\]|\\.)*+)": )?("(?:[^"\\]|\\.)*+"|[^\s{}\[\],"]+),?')
_MAX_LINES: Final = 60
"""Lines that are looked at in each direction."""
_LONGEST: Final = 1_000
"""Bytes of a line above which it is no member that matters."""


def member_at(document: Document, n: int) -> tuple[str, str] | None:
    """Key (empty in an array) and value of the scalar on line *n*; None where there is none."""
    start, end = document.span(n)
    if end - start > _LONGEST:
        return None
    found = _LINE.fullmatch(document.data[start:end].rstrip())
    if found is None:
        return None
    return _text(found[1] or b""), _text(found[2][1:-1]) if found[2][:1] == b'"' else found[2].decode(
        "utf-8", "replace"
    )


def siblings(document: Document, n: int) -> dict[str, str]:
    """The scalars of the object that line *n* is in, by key, as far as they are near."""
    if not document.laid_out or document.kind != "json":
        return {}
    indent, found = indent_of(document, n), dict[str, str]()
    for step in (-1, 1):
        at = n if step < 0 else n + 1
        while abs(at - n) <= _MAX_LINES and 0 <= at < document.line_count:
            depth = indent_of(document, at)
            if depth < indent:
                break
            member = member_at(document, at) if depth == indent else None
            if member is not None and member[0]:
                found[member[0]] = member[1]
            at += step
    return found


def _text(raw: bytes) -> str:
    try:
        return str(json.loads(b'"' + raw + b'"'))
    except ValueError:
        return raw.decode("utf-8", "replace")
