"""Compare two JSON documents as trees that keep number tokens, key order and repeated keys."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from explorer.core.body.json_text import NotSplittable, split_json
from explorer.core.diff.align import ElementPair, pair_by_content, pair_by_identity
from explorer.core.diff.changes import ADDED, EQUAL, MAX_VALUE_LENGTH, MOVED, REMOVED, Change, ChangeKind, truncate
from explorer.core.text.json_path import format_step

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from explorer.core.diff.changes import Record
    from explorer.core.diff.volatile import State, VolatileMask

    Key = str | tuple[str, int]


SINGLE_PASS_LIMIT: Final = 1 << 18
"""Bytes up to which a text is parsed in one go."""


class UnparsableTree(Exception):
    """The text is no JSON, or nested too deep to be walked."""


def parse_json(source: bytes, tick: Callable[[], None] = lambda: None) -> Any:
    """The tree of *source* (UTF-8). Large texts are parsed in pieces, *tick* is called between them.

    Raises:
        NotATree: see there.
    """
    try:
        if len(source) > SINGLE_PASS_LIMIT:
            try:
                return _in_pieces(source, tick)
            except NotSplittable:
                tick()
        return _decode(source)
    except (ValueError, RecursionError):
        raise UnparsableTree from None


def _reject_constant(word: str) -> Any:
    raise ValueError(word)


def _members(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    table: dict[Any, Any] = dict(pairs)
    if len(table) != len(pairs):
        table = {}
        _add(table, pairs)
    return table


def _add(table: dict[Any, Any], pairs: list[tuple[str, Any]]) -> None:
    for name, value in pairs:
        key: Any = name
        number = 0
        while key in table:
            number += 1
            key = (name, number)
        table[key] = value


_read = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=str.encode, parse_float=str.encode, parse_constant=_reject_constant
).decode


def _decode(source: bytes) -> Any:
    return _read(source.decode("utf-8", "surrogatepass"))


def _in_pieces(source: bytes, tick: Callable[[], None]) -> Any:
    root: Any = None
    for stack, text in split_json(source):
        piece = _decode(text)
        if root is None:
            root = piece
        else:
            _merge_piece(root, stack, piece)
        tick()
    return root


def _merge_piece(tree: Any, stack: bytes, piece: Any) -> None:
    """Put what *piece* holds behind what *tree* holds; *stack* are the containers that *piece* goes on with."""
    for depth in range(len(stack)):
        innermost = depth == len(stack) - 1
        last = None if innermost else _last(tree)
        if isinstance(tree, list):
            tree.extend(piece if innermost else piece[1:])
            piece = None if innermost else piece[0]
        else:
            members = [(key if isinstance(key, str) else key[0], value) for key, value in piece.items()]
            _add(tree, members if innermost else members[1:])
            piece = None if innermost else members[0][1]
        tree = last


def _last(tree: Any) -> Any:
    return tree[-1] if isinstance(tree, list) else tree[next(reversed(tree))]


def line_count(value: Any) -> int:
    """How many lines *value* takes when it is laid out with a line for every element and every bracket."""
    kind = type(value)
    if kind is dict:
        items = value.values()
    elif kind is list:
        items = value
    else:
        return 1
    total = 2 if value else 1
    for one in items:
        inner = type(one)
        total += line_count(one) if inner is dict or inner is list else 1
    return total


def format_value(value: Any, limit: int) -> str:
    """*value* as JSON on one line, not much longer than *limit* characters."""
    kind = type(value)
    if kind is bytes:
        return str(value.decode("ascii"))
    if kind is str:
        return json.dumps(value if len(value) <= limit else value[:limit], ensure_ascii=False)
    if kind is not dict and kind is not list:
        return json.dumps(value)
    parts: list[str] = []
    left = limit
    items: Any = value.items() if kind is dict else enumerate(value)
    for key, one in items:
        head = f"{json.dumps(key_text(key), ensure_ascii=False)}: " if kind is dict else ""
        part = head + (format_value(one, left) if left > 0 else "…")
        parts.append(part)
        left -= len(part)
        if left <= 0:
            break
    text = ", ".join(parts)
    return f"{{{text}}}" if kind is dict else f"[{text}]"


def key_text(key: Key) -> str:
    """A key as it was sent."""
    return key if isinstance(key, str) else key[0]


def path_step(key: Key) -> str:
    """A key as a step of a path: ``.name``, ``["odd name"]``; which one it is, where the key stands again."""
    step = format_step(key_text(key))
    return step if isinstance(key, str) else f"{step} (again, {key[1] + 1})"


def pointer_step(key: Key) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return "/" + key_text(key).replace("~", "~0").replace("/", "~1")


IDENTITIES: Final = ("id", "_id", "uuid", "guid", "key", "code", "sku", "slug", "number", "name")
"""Members that may tell one element of a list from the others, the likeliest first."""
LARGE_CONTAINER: Final = 64
"""Members above which two containers are not compared at one go."""
_CONTAINERS: Final = (dict, list)
SHALLOW_DEPTH: Final = 12
"""Levels up to which two containers are compared at one go first."""


class _JsonPosition(NamedTuple):
    """Where the walk stands: the path, the pointers of either side, the pattern for all like it, and its masks."""

    path: str
    left: str
    right: str
    pattern: str
    state: State
    masked: bool = False

    def key(self, key: Any, volatile: VolatileMask) -> _JsonPosition:
        """One member further in."""
        name = key_text(key)
        pointer, state = pointer_step(key), volatile.step(self.state, name)
        return _JsonPosition(
            self.path + path_step(key),
            self.left + pointer,
            self.right + pointer,
            self.pattern + path_step(name),
            state,
            self.masked or volatile.hides(state, name),
        )

    def element(self, left: int, right: int, volatile: VolatileMask) -> _JsonPosition:
        """One element further in; -1 on the side that has none."""
        state = volatile.step(self.state, "*")
        return _JsonPosition(
            f"{self.path}[{left if left >= 0 else right}]",
            f"{self.left}/{left}" if left >= 0 else "",
            f"{self.right}/{right}" if right >= 0 else "",
            f"{self.pattern}[*]",
            state,
            self.masked or volatile.hides(state, ""),
        )


def walk_json(left: Any, right: Any, volatile: VolatileMask, record: Record) -> None:
    """Put into *record* what differs.

    Raises:
        RecursionError: nested too deep; *record* holds only a part then.
    """
    _JsonWalk(volatile, record).values(left, right, _JsonPosition("", "", "", "", volatile.start()), 0)


class _JsonWalk:
    def __init__(self, volatile: VolatileMask, record: Record) -> None:
        self.volatile, self.record = volatile, record

    def values(self, left: Any, right: Any, at: _JsonPosition, level: int, opening: int = 0) -> None:
        """Two values at the same place; *opening* is the change that says that they moved."""
        self.record.step()
        kind = type(left)
        if kind is not type(right):
            self._change("changed", left, right, at, line_count(left), line_count(right))
        elif kind is not dict and kind is not list:
            if left != right:
                self._change("changed", left, right, at, 1, 1)
            else:
                self.record.put(MOVED, 1, 1, opening) if opening else self.record.equal(1)
        elif level < SHALLOW_DEPTH and len(left) == len(right) <= LARGE_CONTAINER and left == right:
            self._same(left, opening)
        elif at.masked:
            if left == right:
                self._same(left, opening)
            else:
                self._change("changed", left, right, at, line_count(left), line_count(right))
        else:
            self._bracket(left, right, opening)
            (self._objects if kind is dict else self._lists)(left, right, at, level)
            self._closing(left, right)

    # --- objects -----------------------------------------------------------------------------------------------------

    def _objects(self, left: dict[Any, Any], right: dict[Any, Any], at: _JsonPosition, level: int) -> None:
        record = self.record
        common = [key for key in left if key in right]
        shuffled = common != [key for key in right if key in left]
        starts, end = _starts(right.values(), record.right) if shuffled else ([], 0)
        places = dict(zip(right, starts, strict=True)) if shuffled else {}
        new = [key for key in right if key not in left]
        waiting = iter(right)
        for key, value in left.items():
            if key not in right:
                self._only("removed", value, at.key(key, self.volatile))
                continue
            if shuffled:
                record.right = places[key]
            elif new:
                for before in waiting:
                    if before == key:
                        break
                    self._only("added", right[before], at.key(before, self.volatile))
            other = right[key]
            if type(value) not in _CONTAINERS and value == other:
                record.equal(1)
            else:
                self.values(value, other, at.key(key, self.volatile), level + 1)
        for key in new if shuffled else waiting if new else ():
            if shuffled:
                record.right = places[key]
            self._only("added", right[key], at.key(key, self.volatile))
        if shuffled:
            record.right = end

    # --- lists -------------------------------------------------------------------------------------------------------

    def _lists(self, left: list[Any], right: list[Any], at: _JsonPosition, level: int) -> None:
        shortest = min(len(left), len(right))
        start = 0
        while start < shortest and left[start] == right[start]:
            self.record.step()
            self.record.equal(line_count(left[start]))
            start += 1
        tail = 0
        while tail < shortest - start and left[-1 - tail] == right[-1 - tail]:
            self.record.step()
            tail += 1
        i_end, j_end = len(left) - tail, len(right) - tail
        self._elements(left[start:i_end], right[start:j_end], start, at, level)
        for one in left[i_end:]:
            self.record.step()
            self.record.equal(line_count(one))

    def _elements(self, left: list[Any], right: list[Any], first: int, at: _JsonPosition, level: int) -> None:
        """Elements that stand from place *first* on, on both sides."""
        record, volatile = self.record, self.volatile
        pairs = (
            self._paired(left, right, at)
            if left and right
            else [
                *(ElementPair(i, -1) for i in range(len(left))),
                *(ElementPair(-1, j) for j in range(len(right))),
            ]
        )
        moves = any(pair.moved for pair in pairs)
        starts, end = _starts(right, record.right) if moves else ([], 0)
        run = 0
        """Equal elements of one line each that are not put down yet."""
        for i, j, moved in pairs:
            record.step()
            same = not moves and i >= 0 and j >= 0 and type(left[i]) not in _CONTAINERS and left[i] == right[j]
            if same:
                run += 1
                continue
            record.equal(run)
            run = 0
            if moves and j >= 0:
                record.right = starts[j]
            spot = at.element(first + i if i >= 0 else -1, first + j if j >= 0 else -1, volatile)
            if j < 0:
                self._only("removed", left[i], spot)
            elif i < 0:
                self._only("added", right[j], spot)
            else:
                opening = 0
                if moved:
                    places = f"at {first + i}", f"at {first + j}"
                    change = Change(spot.path.removeprefix("."), "moved", *places, spot.masked, spot.left, spot.right)
                    opening = record.note(change)
                self.values(left[i], right[j], spot, level + 1, opening)
        record.equal(run)
        if moves:
            record.right = end

    def _paired(self, left: list[Any], right: list[Any], at: _JsonPosition) -> list[ElementPair]:
        state = self.volatile.step(at.state, "*")
        identities = self._identities(left, right, state)
        if identities is not None:
            return pair_by_identity(*identities)

        def alike(i: int, j: int) -> bool:
            return type(left[i]) is type(right[j]) and type(left[i]) in (dict, list)

        return pair_by_content(self._digests(left, state), self._digests(right, state), alike)

    def _identities(
        self, left: list[Any], right: list[Any], state: State
    ) -> tuple[list[Hashable], list[Hashable]] | None:
        """What tells the elements apart, where they have it: unique on either side. None where no element of the one
        is found on the other, unless there are several."""
        if not all(type(one) is dict for one in (*left, *right)):
            return None
        apart = None
        for name in IDENTITIES:
            if name not in left[0] or self.volatile.hides(self.volatile.step(state, name), name):
                continue
            one, other = _identity(left, name), _identity(right, name)
            if one is None or other is None:
                continue
            if not set(one).isdisjoint(other):
                return one, other
            apart = apart or (one, other)
        return apart if apart and len(left) + len(right) > 2 else None

    def _digests(self, values: list[Any], state: State) -> list[Hashable]:
        """What is the same for elements that differ in nothing but volatile fields."""
        if not any(type(one) in _CONTAINERS for one in values):
            return values
        digests: list[Hashable] = []
        for one in values:
            self.record.step()
            digests.append(one if type(one) not in _CONTAINERS else hash(repr(self._stripped(one, state))))
        return digests

    def _stripped(self, value: Any, state: State) -> Any:
        volatile = self.volatile
        if not volatile.names and not state:
            return value
        if type(value) is dict:
            kept = {}
            for key, one in value.items():
                inner = volatile.step(state, key_text(key))
                kept[key] = 0 if volatile.hides(inner, key_text(key)) else self._stripped(one, inner)
            return kept
        if type(value) is list:
            inner = volatile.step(state, "*")
            return [0 if volatile.hides(inner, "") else self._stripped(one, inner) for one in value]
        return value

    # --- what is put down --------------------------------------------------------------------------------------------

    def _only(self, kind: ChangeKind, value: Any, at: _JsonPosition) -> None:
        lines = line_count(value)
        if kind == "removed":
            self._change(kind, value, None, at._replace(right=""), lines, 0)
        else:
            self._change(kind, None, value, at._replace(left=""), 0, lines)

    def _change(
        self, kind: ChangeKind, left: Any, right: Any, at: _JsonPosition, left_lines: int, right_lines: int
    ) -> None:
        if self.record.is_full:
            self.record.count(kind, at.masked, left_lines, right_lines)
            return
        texts = (
            "" if kind == "added" else truncate(format_value(left, MAX_VALUE_LENGTH)),
            "" if kind == "removed" else truncate(format_value(right, MAX_VALUE_LENGTH)),
        )
        path, pattern = at.path.removeprefix("."), at.pattern.removeprefix(".")
        pattern = pattern if "." in pattern or "[" in pattern else f"$.{pattern}" if pattern else "$"
        change = Change(path or "$", kind, *texts, at.masked, at.left, at.right, pattern)
        self.record.change(change, left_lines, right_lines)

    def _bracket(self, left: Any, right: Any, opening: int) -> None:
        """The line of the opening bracket, which is all of an empty container."""
        if opening or not left or not right:
            self.record.put(MOVED if opening else EQUAL, 1, 1, opening)
        else:
            self.record.equal(1)

    def _closing(self, left: Any, right: Any) -> None:
        """The line of the closing bracket; an empty container has none."""
        if left and right:
            self.record.equal(1)
        elif left or right:
            self.record.put(REMOVED if left else ADDED, int(bool(left)), int(bool(right)))

    def _same(self, value: Any, opening: int) -> None:
        lines = line_count(value)
        self.record.put(MOVED, lines, lines, opening) if opening else self.record.equal(lines)


def _starts(values: Any, first: int) -> tuple[list[int], int]:
    """The line at which each of *values* begins, the first at *first*; and the one behind the last."""
    ends = list(accumulate((line_count(one) for one in values), initial=first))
    return ends[:-1], ends[-1]


def _identity(items: Sequence[dict[Any, Any]], name: str) -> list[Hashable] | None:
    """The member *name* of every element, with its ``type`` where it has one (JSON:API); None where they are not
    unique scalars."""
    found: list[Hashable] = []
    for one in items:
        value = one.get(name)
        if type(value) is not str and type(value) is not bytes:
            return None
        kind = one.get("type")
        found.append((kind if type(kind) is str else "", value))
    return found if len(set(found)) == len(found) else None
