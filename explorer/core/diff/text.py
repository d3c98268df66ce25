"""Text, and whatever has no structure that is known here, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.diff.align import pair_by_content
from explorer.core.diff.record import Change, ChangeKind, truncate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.core.diff.record import Record


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
