"""What is copied from a body: as it was sent and not as it is shown, and never more than a terminal takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from explorer.core.document.folding import fold_at
from explorer.core.document.outline import value_at
from explorer.core.document.table import RecordTable
from explorer.core.text.units import format_size

if TYPE_CHECKING:
    from collections.abc import Generator

    from explorer.core.document.document import Document

MAX_COPY = 75_000
"""Bytes that are handed to the terminal (OSC 52): many cut or drop what is longer than 100 000 in base64."""
CHOICES = (("y", "value"), ("p", "path"), ("l", "line"), ("s", "subtree"), ("a", "whole body"))


class CopySelection(NamedTuple):
    """What to copy, and in words what that is; or why nothing is."""

    text: str = ""
    what: str = ""
    problem: str = ""


def select_copy(
    document: Document | RecordTable, line: int, key: str, path: str
) -> Generator[None, None, CopySelection]:
    """What the *key* of ``CHOICES`` means at *line*, which has that *path*; in steps."""
    what = dict(CHOICES)[key]
    if key == "p":
        return CopySelection(path, "the path") if path else CopySelection(problem="there is no path here")
    if not document.line_count:
        return CopySelection(problem="there is nothing to copy")
    if isinstance(document, RecordTable):
        raw = document.document.source if key == "a" else document.records.raw(line)
        return _within_limit(raw, "the whole body" if key == "a" else f"record {line}")
    if key == "a":
        if document.kind == "hex":
            return CopySelection(problem="these bytes are no text; S saves them to a file")
        return _within_limit(document.source, "the whole body")
    if key == "l" or document.kind == "hex":
        if document.kind == "hex":
            return _within_limit(document.line(line).encode(), "the line")
        start, stop = document.span(line)
        return _within_limit(document.data[start : min(stop, start + MAX_COPY)], "the line", stop - start)
    fold = yield from fold_at(document, line)
    start, stop = document.span(line)[0], document.span(line if fold is None else fold[1])[1]
    if stop - start > 4 * MAX_COPY:
        return _within_limit(b"", f"the {what}", stop - start)
    return _within_limit(value_at(document, line, None if fold is None else fold[1]), f"the {what}")


def _within_limit(raw: bytes, what: str, size: int = 0) -> CopySelection:
    size = max(size, len(raw))
    if size > MAX_COPY:
        too_much = f"{what} is {format_size(size)}, and terminals take {format_size(MAX_COPY)} at most"
        return CopySelection(problem=f"{too_much}: press S to save the body to a file")
    return CopySelection(raw.decode("utf-8", "replace"), f"{what} ({format_size(size)})")
