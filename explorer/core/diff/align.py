"""Which elements of one list belong to which of another.

By identity where elements have one, else by content: elements that stand once on either side are anchors (patience
diff), what lies between two anchors is aligned again, and only small remainders go to ``difflib``, whose time grows
with the square of their length. So everything takes time in proportion to the lists, or little more.
"""

from __future__ import annotations

from bisect import bisect_left
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

SMALL: Final = 90_000
"""Product of two lengths up to which ``difflib`` is asked."""
DEEPEST: Final = 12
"""How often anchors are looked for between anchors."""


class ElementPair(NamedTuple):
    """Element *left* is now element *right*; -1 on the side where there is none."""

    left: int
    right: int
    moved: bool = False


def pair_by_identity(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[ElementPair]:
    """Pair what has the same identity (unique on either side). In the order of the left, new ones of the right put in
    where they stand; an element is *moved* where the others around it kept their order."""
    places = {one: j for j, one in enumerate(right)}
    found = [(i, places[one]) for i, one in enumerate(left) if one in places]
    stable = set(longest_increasing_run([j for _, j in found]))
    known = set(left)
    kept = {i: (j, n in stable) for n, (i, j) in enumerate(found)}
    pairs: list[ElementPair] = []
    at = 0
    for i in range(len(left)):
        if i not in kept:
            pairs.append(ElementPair(i, -1))
            continue
        j, stays = kept[i]
        if stays:
            pairs.extend(ElementPair(-1, k) for k in range(at, j) if right[k] not in known)
            at = j + 1
        pairs.append(ElementPair(i, j, not stays))
    pairs.extend(ElementPair(-1, k) for k in range(at, len(right)) if right[k] not in known)
    return pairs


def pair_by_content(
    left: Sequence[Hashable], right: Sequence[Hashable], alike: Callable[[int, int], bool] = lambda _i, _j: True
) -> list[ElementPair]:
    """Pair equal elements in order; in what lies between, those that are *alike* one after the other."""
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
    as_many = i_end - i == j_end - j
    while i < i_end and j < j_end:
        if as_many or alike(i, j):
            yield ElementPair(i, j)
            i, j = i + 1, j + 1
        elif i_end - i >= j_end - j:  # of two that are not alike the longer side gives way
            yield ElementPair(i, -1)
            i += 1
        else:
            yield ElementPair(-1, j)
            j += 1
    for one in range(i, i_end):
        yield ElementPair(one, -1)
    for one in range(j, j_end):
        yield ElementPair(-1, one)


def equal_elements(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Indexes of equal elements, growing on both sides."""
    found: list[tuple[int, int]] = []
    waiting = [(0, len(left), 0, len(right), 0)]
    while waiting:
        i, i_end, j, j_end, depth = waiting.pop()
        while i < i_end and j < j_end and left[i] == right[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        while i < i_end and j < j_end and left[i_end - 1] == right[j_end - 1]:
            i_end, j_end = i_end - 1, j_end - 1
            found.append((i_end, j_end))
        if i == i_end or j == j_end:
            continue
        anchors = _anchors(left, right, i, i_end, j, j_end) if depth < DEEPEST else []
        if not anchors:
            found += _match_small(left, right, i, i_end, j, j_end)
            continue
        found += anchors
        edges = [(i - 1, j - 1), *anchors, (i_end, j_end)]
        waiting += [
            (low[0] + 1, high[0], low[1] + 1, high[1], depth + 1)
            for low, high in pairwise(edges)
            if high[0] - low[0] > 1 and high[1] - low[1] > 1
        ]
    found.sort()
    return found


def _anchors(
    left: Sequence[Hashable], right: Sequence[Hashable], i: int, i_end: int, j: int, j_end: int
) -> list[tuple[int, int]]:
    """Elements that stand once in either part, as far as their order is the same."""
    places = _unique_positions(right, j, j_end)
    found = [(one, places[key]) for key, one in _unique_positions(left, i, i_end).items() if key in places]
    found.sort()
    return [found[n] for n in longest_increasing_run([place for _, place in found])]


def _unique_positions(items: Sequence[Hashable], start: int, end: int) -> dict[Hashable, int]:
    places: dict[Hashable, int] = dict(zip(items[start:end], range(start, end), strict=True))
    if len(places) == end - start:
        return places
    places = {}
    again: set[Hashable] = set()
    for n in range(start, end):
        if places.setdefault(items[n], n) != n:
            again.add(items[n])
    for key in again:
        del places[key]
    return places


def _match_small(
    left: Sequence[Hashable], right: Sequence[Hashable], i: int, i_end: int, j: int, j_end: int
) -> list[tuple[int, int]]:
    """A part without anchors: ``difflib`` where it is small, else equal elements at equal places."""
    if (i_end - i) * (j_end - j) <= SMALL:
        blocks = SequenceMatcher(None, left[i:i_end], right[j:j_end], autojunk=False).get_matching_blocks()
        return [(i + block.a + n, j + block.b + n) for block in blocks for n in range(block.size)]
    size = min(i_end - i, j_end - j)
    return [(i + n, j + n) for n in range(size) if left[i + n] == right[j + n]]


def longest_increasing_run(numbers: Sequence[int]) -> list[int]:
    """The places of a longest growing run among distinct *numbers* (patience sorting, n log n)."""
    if sorted(numbers) == list(numbers):
        return list(range(len(numbers)))
    tops: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for n, number in enumerate(numbers):
        pile = bisect_left(tops, number)
        before.append(places[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(number)
            places.append(n)
        else:
            tops[pile], places[pile] = number, n
    run: list[int] = []
    n = places[-1] if places else -1
    while n >= 0:
        run.append(n)
        n = before[n]
    run.reverse()
    return run
