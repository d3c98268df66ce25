"""All of stdout: data, as text or as JSON. A terminal gets sanitised text, a pipe gets the bytes as they are."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from explorer.core.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Sequence


def put(text: str) -> None:
    """Lines of text that this program made, parts of which came from outside."""
    sys.stdout.write(sanitise(text) + "\n")
    sys.stdout.flush()


def put_json(value: Any) -> None:
    """One JSON document. Everything beyond ASCII is escaped, so no control character can reach a terminal."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True, default=str) + "\n")
    sys.stdout.flush()


def put_body(body: bytes, charset: str = "utf-8") -> None:
    """A body: sanitised for a terminal, byte for byte for a pipe."""
    if sys.stdout.isatty():
        text = body.decode(charset, "replace")
        sys.stdout.write(sanitise(text))
        if not text.endswith("\n"):
            sys.stdout.write("\n")
        sys.stdout.flush()
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()


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
