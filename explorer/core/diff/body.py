"""The walk that fits two bodies: by their structure where they have the same one, else by their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.diff.json_tree import UnparsableTree, parse_json
from explorer.core.diff.json_walk import walk_json
from explorer.core.diff.pairs import walk_pairs
from explorer.core.diff.record import Change, Record, truncate
from explorer.core.diff.text import walk_lines
from explorer.core.diff.xml_tree import parse_xml
from explorer.core.diff.xml_walk import walk_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.core.diff.part import DiffPart
    from explorer.core.diff.record import ChangeKind
    from explorer.core.diff.volatile import VolatileMask
    from explorer.core.document.document import Document

_ROW = 16
"""Bytes in a row of a binary body."""


def walk_bodies(
    part: DiffPart,
    left: Document,
    right: Document,
    bodies: tuple[bytes, bytes],
    volatile: VolatileMask,
    boundaries: Sequence[bytes],
    tick: Callable[[], None],
) -> None:
    """Put into ``part.record`` what differs. *left* and *right* are laid out; *boundaries* are those of multipart
    bodies, which are random."""
    if bodies[0] == bodies[1] and left.kind == right.kind:
        part.record.equal(left.line_count)
        return
    kinds = left.kind, right.kind
    if not all(bodies) or kinds[0] != kinds[1]:
        _whole(part, left, right)
        return
    if kinds[0] in ("json", "xml") and left.laid_out and right.laid_out:
        try:
            _structure(part, left, right, volatile, tick)
        except (UnparsableTree, RecursionError):
            part.record = Record(tick)
            part.note = "compared by lines: nested too deep, or not well-formed"
        else:
            if part.record.left == left.line_count and part.record.right == right.line_count:
                if part.is_same:
                    part.note = "the same values; white space, escapes or the order of keys differ"
                return
            part.record = Record(tick)
            part.note = "compared by lines: it cannot be laid out by its structure"
    elif kinds[0] == "form":

        def masked(name: str, kind: ChangeKind) -> bool:
            return volatile.sent(name, kind, header=False)

        walk_pairs(_pairs(left), _pairs(right), part.record, masked=masked, pattern="param")
        return
    if kinds[0] == "hex":
        rows = [[body[at : at + _ROW] for at in range(0, len(body), _ROW)] for body in bodies]
        walk_lines(rows[0], rows[1], part.record, unit="row")
        return

    def plain(line: bytes) -> bytes:
        for boundary in boundaries:
            line = line.replace(boundary, b"")
        return line

    texts = [bytes(document.data).split(b"\n") for document in (left, right)]
    lines = [text[: document.line_count] for text, document in zip(texts, (left, right), strict=True)]
    tick()
    walk_lines(lines[0], lines[1], part.record, plain)


def _structure(
    part: DiffPart, left: Document, right: Document, volatile: VolatileMask, tick: Callable[[], None]
) -> None:
    if left.kind == "json":
        trees = parse_json(left.source, tick), parse_json(right.source, tick)
        walk_json(*trees, volatile, part.record)
    else:
        roots = parse_xml(bytes(left.data), tick), parse_xml(bytes(right.data), tick)
        walk_xml(*roots, volatile, part.record)


def _whole(part: DiffPart, left: Document, right: Document) -> None:
    """One is there and the other is not, or they are of different kinds: all lines of both."""
    texts = [f"{one.title}, {one.size:,} bytes" if one.size else "" for one in (left, right)]
    kind: ChangeKind = "changed" if all(texts) else "removed" if texts[0] else "added"
    change = Change("(all of it)", kind, truncate(texts[0]), truncate(texts[1]), pattern="$")
    part.record.change(change, left.line_count, right.line_count)


def _pairs(document: Document) -> list[tuple[str, str]]:
    lines = (bytes(document.data[slice(*document.span(n))]) for n in range(document.line_count))
    pairs = (line.decode("utf-8", "replace").partition("=") for line in lines)
    return [(name, value) for name, _, value in pairs]
