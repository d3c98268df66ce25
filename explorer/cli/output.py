"""All of stdout: data, as text or as JSON. A terminal gets sanitised text, a pipe gets the bytes as they are."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from explorer.core.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.document.store import Data


def put(text: str) -> None:
    """Lines of text that this program made, parts of which came from outside."""
    sys.stdout.write(sanitise(text) + "\n")
    sys.stdout.flush()


def put_line(text: str, colour: str = "") -> None:
    """One line among many, in a *colour* (an SGR number) where stdout is a terminal; not with ``NO_COLOR``."""
    text = sanitise(text)
    if colour and sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        text = f"\x1b[{colour}m{text}\x1b[0m"
    sys.stdout.write(text + "\n")


def put_json(value: Any) -> None:
    """One JSON document. Everything beyond ASCII is escaped, so no control character can reach a terminal."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True, default=str) + "\n")
    sys.stdout.flush()


_COLOURS = {
    "key": "36",
    "tag": "36",
    "string": "32",
    "number": "33",
    "constant": "35",
    "attribute": "33",
    "comment": "2",
    "offset": "2",
    "error": "31",
}


def put_body(body: Data, content_type: str = "") -> None:
    """A body: laid out, coloured (not with ``NO_COLOR``) and sanitised for a terminal, byte for byte for a pipe."""
    if not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
        return
    from explorer.core.document import Document

    document = Document(body[:], content_type)
    colours = {} if os.environ.get("NO_COLOR") else _COLOURS
    for number in range(document.line_count):
        sys.stdout.write("".join(_coloured(kind, text, colours) for kind, text in document.tokens(number)) + "\n")
    if document.note:
        sys.stdout.write(f"({document.note})\n")
    sys.stdout.flush()


def _coloured(kind: str, text: str, colours: dict[str, str]) -> str:
    code = colours.get(kind)
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def table(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Rows as aligned columns, two blanks between them; the last column is not padded."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append((indent + "  ".join([*cells, row[-1]])).rstrip())
    return "\n".join(lines)
