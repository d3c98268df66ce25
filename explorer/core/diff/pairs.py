"""Names and values in order: headers, parameters of a query, fields of a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.diff.align import pair_by_identity
from explorer.core.diff.record import Change, truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from explorer.core.diff.record import ChangeKind, Record

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
