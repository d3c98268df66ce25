"""Comparison of two JSON documents as trees that preserve number tokens, key order and repeated keys."""

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
"""Largest body in bytes to parse at once."""


class UnparsableTree(Exception):
    """The body is malformed, or nested too deeply."""


def parse_json(source: bytes, tick: Callable[[], None] = lambda: None) -> Any:
    """Parse *source* (UTF-8) into a tree. A large body is parsed in pieces, with a call of *tick* after each.

    Raises:
        UnparsableTree: see there.
    """
    try:
        if len(source) > SINGLE_PASS_LIMIT:
            try:
                return _parse_pieces(source, tick)
            except NotSplittable:
                tick()
        return _decode(source)
    except (ValueError, RecursionError):
        raise UnparsableTree from None


def _reject_constant(word: str) -> Any:
    raise ValueError(word)


def _members(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    members: dict[Any, Any] = dict(pairs)
    if len(members) != len(pairs):
        members = {}
        _add_members(members, pairs)
    return members


def _add_members(members: dict[Any, Any], pairs: list[tuple[str, Any]]) -> None:
    """Add *pairs*; the key of a repeated name is the name with a number."""
    for name, value in pairs:
        key: Any = name
        number = 0
        while key in members:
            number += 1
            key = (name, number)
        members[key] = value


_decode_json = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=str.encode, parse_float=str.encode, parse_constant=_reject_constant
).decode


def _decode(source: bytes) -> Any:
    return _decode_json(source.decode("utf-8", "surrogatepass"))


def _parse_pieces(source: bytes, tick: Callable[[], None]) -> Any:
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
    """Append the contents of *piece* to *tree*; *stack* are the open containers that *piece* continues."""
    for depth in range(len(stack)):
        innermost = depth == len(stack) - 1
        last = None if innermost else _last_value(tree)
        if isinstance(tree, list):
            tree.extend(piece if innermost else piece[1:])
            piece = None if innermost else piece[0]
        else:
            members = [(key if isinstance(key, str) else key[0], value) for key, value in piece.items()]
            _add_members(tree, members if innermost else members[1:])
            piece = None if innermost else members[0][1]
        tree = last


def _last_value(tree: Any) -> Any:
    return tree[-1] if isinstance(tree, list) else tree[next(reversed(tree))]


def line_count(value: Any) -> int:
    """Return the number of lines of *value* formatted with one line per element and bracket."""
    kind = type(value)
    if kind is dict:
        items = value.values()
    elif kind is list:
        items = value
    else:
        return 1
    total = 2 if value else 1
    for item in items:
        inner = type(item)
        total += line_count(item) if inner is dict or inner is list else 1
    return total


def format_value(value: Any, limit: int) -> str:
    """Format *value* as JSON on one line of about *limit* characters at most."""
    kind = type(value)
    if kind is bytes:
        return str(value.decode("ascii"))
    if kind is str:
        return json.dumps(value if len(value) <= limit else value[:limit], ensure_ascii=False)
    if kind is not dict and kind is not list:
        return json.dumps(value)
    parts: list[str] = []
    remaining = limit
    items: Any = value.items() if kind is dict else enumerate(value)
    for key, item in items:
        head = f"{json.dumps(key_text(key), ensure_ascii=False)}: " if kind is dict else ""
        part = head + (format_value(item, remaining) if remaining > 0 else "…")
        parts.append(part)
        remaining -= len(part)
        if remaining <= 0:
            break
    text = ", ".join(parts)
    return f"{{{text}}}" if kind is dict else f"[{text}]"


def key_text(key: Key) -> str:
    """Return a key as sent."""
    return key if isinstance(key, str) else key[0]


def path_step(key: Key) -> str:
    """Return a key as a step of a path: ``.name`` or ``["odd name"]``, with a number if the key is repeated."""
    step = format_step(key_text(key))
    return step if isinstance(key, str) else f"{step} (repeated, {key[1] + 1})"


def pointer_step(key: Key) -> str:
    """Return a key as a step of a JSON Pointer (RFC 6901)."""
    return "/" + key_text(key).replace("~", "~0").replace("/", "~1")


IDENTITIES: Final = ("id", "_id", "uuid", "guid", "key", "code", "sku", "slug", "number", "name")
"""Members that may identify the elements of an array, most likely first."""
LARGE_CONTAINER: Final = 64
"""Most members of containers to compare with ``==`` first."""
_CONTAINERS: Final = (dict, list)
SHALLOW_DEPTH: Final = 12
"""Deepest level of containers to compare with ``==`` first."""


class _JsonPosition(NamedTuple):
    """Position of the walk: the path, the pointers on both sides, the volatile pattern, and the state of the mask."""

    path: str
    left: str
    right: str
    pattern: str
    state: State
    masked: bool = False

    def key(self, key: Any, volatile: VolatileMask) -> _JsonPosition:
        """Return the position of the member *key*."""
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
        """Return the position of an element; an index is -1 on the side without it."""
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
    """Add the differences to *record*.

    Raises:
        RecursionError: a body is nested too deeply; *record* is incomplete.
    """
    _JsonWalk(volatile, record).values(left, right, _JsonPosition("", "", "", "", volatile.start()), 0)


class _JsonWalk:
    def __init__(self, volatile: VolatileMask, record: Record) -> None:
        self.volatile, self.record = volatile, record

    def values(self, left: Any, right: Any, at: _JsonPosition, level: int, opening: int = 0) -> None:
        """Compare two values at the same position; *opening* is the number of their ``moved`` change, or 0."""
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
        lines = dict(zip(right, starts, strict=True)) if shuffled else {}
        new = [key for key in right if key not in left]
        right_keys = iter(right)
        for key, value in left.items():
            if key not in right:
                self._only("removed", value, at.key(key, self.volatile))
                continue
            if shuffled:
                record.right = lines[key]
            elif new:
                for right_key in right_keys:
                    if right_key == key:
                        break
                    self._only("added", right[right_key], at.key(right_key, self.volatile))
            other = right[key]
            if type(value) not in _CONTAINERS and value == other:
                record.equal(1)
            else:
                self.values(value, other, at.key(key, self.volatile), level + 1)
        for key in new if shuffled else right_keys if new else ():
            if shuffled:
                record.right = lines[key]
            self._only("added", right[key], at.key(key, self.volatile))
        if shuffled:
            record.right = end

    # --- arrays ------------------------------------------------------------------------------------------------------

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
        for element in left[i_end:]:
            self.record.step()
            self.record.equal(line_count(element))

    def _elements(self, left: list[Any], right: list[Any], first: int, at: _JsonPosition, level: int) -> None:
        """Compare elements that start at index *first* on both sides."""
        record, volatile = self.record, self.volatile
        pairs = (
            self._pair_elements(left, right, at)
            if left and right
            else [
                *(ElementPair(i, -1) for i in range(len(left))),
                *(ElementPair(-1, j) for j in range(len(right))),
            ]
        )
        moves = any(pair.moved for pair in pairs)
        starts, end = _starts(right, record.right) if moves else ([], 0)
        run = 0
        """Equal elements of one line each that are not in the record yet."""
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
            inner = at.element(first + i if i >= 0 else -1, first + j if j >= 0 else -1, volatile)
            if j < 0:
                self._only("removed", left[i], inner)
            elif i < 0:
                self._only("added", right[j], inner)
            else:
                opening = 0
                if moved:
                    indexes = f"at {first + i}", f"at {first + j}"
                    path = inner.path.removeprefix(".")
                    change = Change(path, "moved", *indexes, inner.masked, inner.left, inner.right)
                    opening = record.note(change)
                self.values(left[i], right[j], inner, level + 1, opening)
        record.equal(run)
        if moves:
            record.right = end

    def _pair_elements(self, left: list[Any], right: list[Any], at: _JsonPosition) -> list[ElementPair]:
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
        """Return identities that are unique on each side, preferably with some on both sides. Return None if there are
        none, or if they only differ between two single elements."""
        if not all(type(element) is dict for element in (*left, *right)):
            return None
        disjoint = None
        for name in IDENTITIES:
            if name not in left[0] or self.volatile.hides(self.volatile.step(state, name), name):
                continue
            lefts, rights = _identity(left, name), _identity(right, name)
            if lefts is None or rights is None:
                continue
            if not set(lefts).isdisjoint(rights):
                return lefts, rights
            disjoint = disjoint or (lefts, rights)
        return disjoint if disjoint and len(left) + len(right) > 2 else None

    def _digests(self, values: list[Any], state: State) -> list[Hashable]:
        """Return digests that are equal for elements that only differ in volatile fields."""
        if not any(type(value) in _CONTAINERS for value in values):
            return values
        digests: list[Hashable] = []
        for value in values:
            self.record.step()
            digests.append(value if type(value) not in _CONTAINERS else hash(repr(self._masked(value, state))))
        return digests

    def _masked(self, value: Any, state: State) -> Any:
        """Return *value* with every volatile field replaced by 0."""
        volatile = self.volatile
        if not volatile.names and not state:
            return value
        if type(value) is dict:
            members = {}
            for key, member in value.items():
                inner = volatile.step(state, key_text(key))
                members[key] = 0 if volatile.hides(inner, key_text(key)) else self._masked(member, inner)
            return members
        if type(value) is list:
            inner = volatile.step(state, "*")
            return [0 if volatile.hides(inner, "") else self._masked(element, inner) for element in value]
        return value

    # --- record ------------------------------------------------------------------------------------------------------

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
        """Add the line of the opening bracket, the only one of an empty container."""
        if opening or not left or not right:
            self.record.put(MOVED if opening else EQUAL, 1, 1, opening)
        else:
            self.record.equal(1)

    def _closing(self, left: Any, right: Any) -> None:
        """Add the line of the closing bracket, which an empty container does not have."""
        if left and right:
            self.record.equal(1)
        elif left or right:
            self.record.put(REMOVED if left else ADDED, int(bool(left)), int(bool(right)))

    def _same(self, value: Any, opening: int) -> None:
        lines = line_count(value)
        self.record.put(MOVED, lines, lines, opening) if opening else self.record.equal(lines)


def _starts(values: Any, first: int) -> tuple[list[int], int]:
    """Return the first line of each of *values*, starting at *first*, and the line after the last one."""
    ends = list(accumulate((line_count(value) for value in values), initial=first))
    return ends[:-1], ends[-1]


def _identity(items: Sequence[dict[Any, Any]], name: str) -> list[Hashable] | None:
    """Return the member *name* of every element with its ``type`` (JSON:API), or None unless all are unique scalars."""
    identities: list[Hashable] = []
    for item in items:
        value = item.get(name)
        if type(value) is not str and type(value) is not bytes:
            return None
        kind = item.get("type")
        identities.append((kind if type(kind) is str else "", value))
    return identities if len(set(identities)) == len(identities) else None
