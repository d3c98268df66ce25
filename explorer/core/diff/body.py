"""Comparison of two bodies: by structure if both are JSON or XML, otherwise by lines or pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.diff.align import pair_by_content, pair_by_identity
from explorer.core.diff.changes import Change, ChangeKind, Record, truncate
from explorer.core.diff.json_diff import UnparsableTree, parse_json, walk_json
from explorer.core.diff.xml_diff import parse_xml, walk_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from explorer.core.body.document import Document
    from explorer.core.diff.changes import DiffPart
    from explorer.core.diff.volatile import VolatileMask


def walk_lines(
    left: Sequence[bytes],
    right: Sequence[bytes],
    record: Record,
    plain: Callable[[bytes], bytes] = lambda line: line,
    unit: str = "line",
) -> None:
    """Add the differing lines to *record*. Lines that are equal after *plain* (which, for example, removes multipart
    boundaries) are masked. *unit* is the name of a line in paths."""
    keys = [plain(line) for line in left], [plain(line) for line in right]
    for i, j, _ in pair_by_content(*keys, lambda _i, _j: True):
        record.step()
        if i >= 0 and j >= 0 and left[i] == right[j]:
            record.equal(1)
            continue
        kind: ChangeKind = "removed" if j < 0 else "added" if i < 0 else "changed"
        change = Change(
            path=f"{unit} {(i if i >= 0 else j) + 1}",
            kind=kind,
            left=_decode_line(left[i]) if i >= 0 else "",
            right=_decode_line(right[j]) if j >= 0 else "",
            masked=i >= 0 and j >= 0 and keys[0][i] == keys[1][j],
            left_at=str(i + 1) if i >= 0 else "",
            right_at=str(j + 1) if j >= 0 else "",
        )
        record.change(change, int(i >= 0), int(j >= 0))


def _decode_line(line: bytes) -> str:
    return truncate(line[:1000].decode("utf-8", "replace"))


Pair = tuple[str, str]


def walk_pairs(
    left: Sequence[Pair],
    right: Sequence[Pair],
    record: Record,
    *,
    masked: Callable[[str, ChangeKind], bool],
    pattern: str,
    fold: bool = False,
) -> None:
    """Add the differing pairs to *record*, one line each.

    The nth pair of a name is compared with the nth pair of that name; the order of names is ignored. *pattern* is the
    prefix of the volatile pattern of a name. *fold* makes names case-insensitive.
    """
    pairs = pair_by_identity(_names(left, fold), _names(right, fold))
    start = record.right
    for i, j, _ in pairs:
        record.step()
        name = left[i][0] if i >= 0 else right[j][0]
        if j >= 0:
            record.right = start + j
        if i >= 0 and j >= 0 and left[i][1] == right[j][1] and (fold or left[i][0] == right[j][0]):
            record.equal(1)
            continue
        kind: ChangeKind = "removed" if j < 0 else "added" if i < 0 else "changed"
        change = Change(
            path=name,
            kind=kind,
            left=truncate(left[i][1]) if i >= 0 else "",
            right=truncate(right[j][1]) if j >= 0 else "",
            masked=masked(name, kind),
            left_at=str(i) if i >= 0 else "",
            right_at=str(j) if j >= 0 else "",
            pattern=f"{pattern}:{name.lower()}",
        )
        record.change(change, int(i >= 0), int(j >= 0))
    record.right = start + len(right)


def _names(pairs: Sequence[Pair], fold: bool) -> list[Hashable]:
    """Return each name with its number among the pairs of that name."""
    counts: dict[str, int] = {}
    names: list[Hashable] = []
    for name, _ in pairs:
        key = name.lower() if fold else name
        counts[key] = counts.get(key, 0) + 1
        names.append((key, counts[key]))
    return names


_ROW = 16
"""Bytes per row of a binary body."""


def walk_bodies(
    part: DiffPart,
    left: Document,
    right: Document,
    bodies: tuple[bytes, bytes],
    volatile: VolatileMask,
    boundaries: Sequence[bytes],
    tick: Callable[[], None],
) -> None:
    """Add the differences to ``part.record``. *left* and *right* are formatted; *boundaries* are the random boundaries
    of multipart bodies."""
    if bodies[0] == bodies[1] and left.kind == right.kind:
        part.record.equal(left.line_count)
        return
    kinds = left.kind, right.kind
    if not all(bodies) or kinds[0] != kinds[1]:
        _change_all(part, left, right)
        return
    if kinds[0] in ("json", "xml") and left.laid_out and right.laid_out:
        try:
            _walk_trees(part, left, right, volatile, tick)
        except (UnparsableTree, RecursionError):
            part.record = Record(tick)
            part.note = "compared by lines: a body is nested too deeply or malformed"
        else:
            if part.record.left == left.line_count and part.record.right == right.line_count:
                if part.is_same:
                    part.note = "the same values; only whitespace, escapes or key order differ"
                return
            part.record = Record(tick)
            part.note = "compared by lines: a body cannot be formatted by its structure"
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


def _walk_trees(
    part: DiffPart, left: Document, right: Document, volatile: VolatileMask, tick: Callable[[], None]
) -> None:
    if left.kind == "json":
        trees = parse_json(left.source, tick), parse_json(right.source, tick)
        walk_json(*trees, volatile, part.record)
    else:
        roots = parse_xml(bytes(left.data), tick), parse_xml(bytes(right.data), tick)
        walk_xml(*roots, volatile, part.record)


def _change_all(part: DiffPart, left: Document, right: Document) -> None:
    """Add one change of all lines, for bodies of different kinds or if one is empty."""
    texts = [f"{document.title}, {document.size:,} bytes" if document.size else "" for document in (left, right)]
    kind: ChangeKind = "changed" if all(texts) else "removed" if texts[0] else "added"
    change = Change("(whole body)", kind, truncate(texts[0]), truncate(texts[1]), pattern="$")
    part.record.change(change, left.line_count, right.line_count)


def _pairs(document: Document) -> list[tuple[str, str]]:
    lines = (bytes(document.data[slice(*document.span(n))]) for n in range(document.line_count))
    pairs = (line.decode("utf-8", "replace").partition("=") for line in lines)
    return [(name, value) for name, _, value in pairs]
