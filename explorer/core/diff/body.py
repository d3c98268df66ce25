"""Compare two bodies: by structure where both have the same one, else line by line."""

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
    """Put into *record* which lines differ. Lines that are the same once they are made *plain* (a boundary of a
    multipart body taken out, say) differ in what is volatile. *unit* is what a line is called."""
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
            left=_text(left[i]) if i >= 0 else "",
            right=_text(right[j]) if j >= 0 else "",
            masked=i >= 0 and j >= 0 and keys[0][i] == keys[1][j],
            left_at=str(i + 1) if i >= 0 else "",
            right_at=str(j + 1) if j >= 0 else "",
        )
        record.change(change, int(i >= 0), int(j >= 0))


def _text(line: bytes) -> str:
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
    """Put into *record* which pairs differ, one line each. The first of a name belongs to the first of that name, and
    so on; their order among other names does not count. *pattern* is put before a name to make what ignores it;
    with *fold* names do not care about case."""
    pairs = pair_by_identity(_names(left, fold), _names(right, fold))
    begun = record.right
    for i, j, _ in pairs:
        record.step()
        name = left[i][0] if i >= 0 else right[j][0]
        if j >= 0:
            record.right = begun + j
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
    record.right = begun + len(right)


def _names(pairs: Sequence[Pair], fold: bool) -> list[Hashable]:
    """Each name with its number among those of the same name."""
    seen: dict[str, int] = {}
    names: list[Hashable] = []
    for name, _ in pairs:
        key = name.lower() if fold else name
        seen[key] = seen.get(key, 0) + 1
        names.append((key, seen[key]))
    return names


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
