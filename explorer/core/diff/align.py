"""Alignment of the elements of two sequences, by identity or by content.

Alignment by content is a patience diff: elements that are unique on both sides are anchors, and the gaps between them
are aligned again. Only small gaps use ``difflib``, which takes quadratic time, so the total time is near linear.
"""

from __future__ import annotations

from bisect import bisect_left
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

SMALL: Final = 90_000
"""Largest product of two lengths for ``difflib``."""
DEEPEST: Final = 12
"""Most levels of anchors between anchors."""


class ElementPair(NamedTuple):
    """Indexes of a pair of elements; -1 on the side without one."""

    left: int
    right: int
    moved: bool = False


def pair_by_identity(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[ElementPair]:
    """Pair elements with the same identity, which is unique on each side.

    Pairs are in the order of the left side, with new elements of the right side inserted at their position. An element
    is *moved* if it is not in the longest run that keeps its order.
    """
    positions = {identity: j for j, identity in enumerate(right)}
    common = [(i, positions[identity]) for i, identity in enumerate(left) if identity in positions]
    stable = set(longest_increasing_run([j for _, j in common]))
    left_identities = set(left)
    matches = {i: (j, n in stable) for n, (i, j) in enumerate(common)}
    pairs: list[ElementPair] = []
    at = 0
    for i in range(len(left)):
        if i not in matches:
            pairs.append(ElementPair(i, -1))
            continue
        j, is_stable = matches[i]
        if is_stable:
            pairs.extend(ElementPair(-1, k) for k in range(at, j) if right[k] not in left_identities)
            at = j + 1
        pairs.append(ElementPair(i, j, not is_stable))
    pairs.extend(ElementPair(-1, k) for k in range(at, len(right)) if right[k] not in left_identities)
    return pairs


def pair_by_content(
    left: Sequence[Hashable], right: Sequence[Hashable], alike: Callable[[int, int], bool] = lambda _i, _j: True
) -> list[ElementPair]:
    """Pair equal elements in order, and in the gaps between them the elements that are *alike*."""
    pairs: list[ElementPair] = []
    i = j = 0
    for low, high in [*equal_elements(left, right), (len(left), len(right))]:
        if i < low or j < high:
            pairs.extend(_pair_gap(i, low, j, high, alike))
        if low < len(left):
            pairs.append(ElementPair(low, high))
        i, j = low + 1, high + 1
    return pairs


def _pair_gap(i: int, i_end: int, j: int, j_end: int, alike: Callable[[int, int], bool]) -> Iterator[ElementPair]:
    same_length = i_end - i == j_end - j
    while i < i_end and j < j_end:
        if same_length or alike(i, j):
            yield ElementPair(i, j)
            i, j = i + 1, j + 1
        elif i_end - i >= j_end - j:  # the longer side has the unpaired element
            yield ElementPair(i, -1)
            i += 1
        else:
            yield ElementPair(-1, j)
            j += 1
    for removed in range(i, i_end):
        yield ElementPair(removed, -1)
    for added in range(j, j_end):
        yield ElementPair(-1, added)


def equal_elements(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the indexes of equal elements, increasing on both sides."""
    matches: list[tuple[int, int]] = []
    gaps = [(0, len(left), 0, len(right), 0)]
    while gaps:
        i, i_end, j, j_end, depth = gaps.pop()
        while i < i_end and j < j_end and left[i] == right[j]:
            matches.append((i, j))
            i, j = i + 1, j + 1
        while i < i_end and j < j_end and left[i_end - 1] == right[j_end - 1]:
            i_end, j_end = i_end - 1, j_end - 1
            matches.append((i_end, j_end))
        if i == i_end or j == j_end:
            continue
        anchors = _anchors(left, right, i, i_end, j, j_end) if depth < DEEPEST else []
        if not anchors:
            matches += _match_small(left, right, i, i_end, j, j_end)
            continue
        matches += anchors
        edges = [(i - 1, j - 1), *anchors, (i_end, j_end)]
        gaps += [
            (low[0] + 1, high[0], low[1] + 1, high[1], depth + 1)
            for low, high in pairwise(edges)
            if high[0] - low[0] > 1 and high[1] - low[1] > 1
        ]
    matches.sort()
    return matches


def _anchors(
    left: Sequence[Hashable], right: Sequence[Hashable], i: int, i_end: int, j: int, j_end: int
) -> list[tuple[int, int]]:
    """Return the elements that are unique in both parts and in the same order."""
    positions = _unique_positions(right, j, j_end)
    common = [(n, positions[key]) for key, n in _unique_positions(left, i, i_end).items() if key in positions]
    common.sort()
    return [common[n] for n in longest_increasing_run([position for _, position in common])]


def _unique_positions(items: Sequence[Hashable], start: int, end: int) -> dict[Hashable, int]:
    positions: dict[Hashable, int] = dict(zip(items[start:end], range(start, end), strict=True))
    if len(positions) == end - start:
        return positions
    positions = {}
    repeated: set[Hashable] = set()
    for n in range(start, end):
        if positions.setdefault(items[n], n) != n:
            repeated.add(items[n])
    for key in repeated:
        del positions[key]
    return positions


def _match_small(
    left: Sequence[Hashable], right: Sequence[Hashable], i: int, i_end: int, j: int, j_end: int
) -> list[tuple[int, int]]:
    """Match a part without anchors: with ``difflib`` if it is small, otherwise equal elements at the same index."""
    if (i_end - i) * (j_end - j) <= SMALL:
        blocks = SequenceMatcher(None, left[i:i_end], right[j:j_end], autojunk=False).get_matching_blocks()
        return [(i + block.a + n, j + block.b + n) for block in blocks for n in range(block.size)]
    size = min(i_end - i, j_end - j)
    return [(i + n, j + n) for n in range(size) if left[i + n] == right[j + n]]


def longest_increasing_run(numbers: Sequence[int]) -> list[int]:
    """Return the indexes of a longest increasing subsequence of distinct *numbers* (patience sorting, n log n)."""
    if sorted(numbers) == list(numbers):
        return list(range(len(numbers)))
    tops: list[int] = []
    top_indexes: list[int] = []
    previous: list[int] = []
    for n, number in enumerate(numbers):
        pile = bisect_left(tops, number)
        previous.append(top_indexes[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(number)
            top_indexes.append(n)
        else:
            tops[pile], top_indexes[pile] = number, n
    run: list[int] = []
    n = top_indexes[-1] if top_indexes else -1
    while n >= 0:
        run.append(n)
        n = previous[n]
    run.reverse()
    return run
