"""Two XML trees (``xml_tree``) walked side by side: attributes, the text of elements and their children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from explorer.core.diff.align import ElementPair, pair_by_content, pair_by_identity
from explorer.core.diff.json_walk import IDENTITIES
from explorer.core.diff.record import CHANGED, EQUAL, MASKED, MOVED, Change, ChangeKind, truncate

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from explorer.core.diff.record import Record
    from explorer.core.diff.volatile import State, VolatileMask
    from explorer.core.diff.xml_tree import Element


class _XmlPosition(NamedTuple):
    path: str
    left: str
    right: str
    pattern: str
    state: State
    masked: bool = False


def walk_xml(left: Element, right: Element, volatile: VolatileMask, record: Record) -> None:
    """Put into *record* what differs between two trees of ``parse_xml``."""
    walk = _XmlWalk(volatile, record)
    walk.children(left, right, _XmlPosition("", "", "", "", volatile.start()))
    walk.to_end(left, right)


class _XmlWalk:
    def __init__(self, volatile: VolatileMask, record: Record) -> None:
        self.volatile, self.record = volatile, record

    def elements(self, left: Element, right: Element, at: _XmlPosition, opening: int = 0) -> None:
        """Two elements of the same name; *opening* is the change that says that they moved."""
        record = self.record
        record.step()
        self._go_to(left, right)
        if left.digest == right.digest:
            if left.lines == right.lines and not opening:
                record.equal(left.lines)
            else:
                record.put(MOVED if opening else EQUAL, left.lines, right.lines, opening)
            return
        first = self._attributes(left, right, at) or opening
        code = (MASKED if record.changes[first - 1].masked else CHANGED) if first and first != opening else MOVED
        if _has_child_lines(left) and _has_child_lines(right):
            record.put(code, 1, 1, first) if first else record.equal(1)
            self.children(left, right, at)
            self.to_end(left, right)
        elif not first and not left.children and not right.children:
            self._texts(left, right, at)
        elif not left.children and not right.children and left.text == right.text:
            record.put(code, left.lines, right.lines, first)
        else:
            self._texts(left, right, at)

    def children(self, left: Element, right: Element, at: _XmlPosition) -> None:
        """The children of two elements."""
        pairs = _pair_children(left.children, right.children, self.volatile)
        numbers = _numbers(left.children), _numbers(right.children)
        moves = any(pair.moved for pair in pairs)
        for i, j, moved in pairs:
            self.record.step()
            one = left.children[i] if i >= 0 else None
            other = right.children[j] if j >= 0 else None
            if moves:
                self.record.left = one.line if one else self.record.left
                self.record.right = other.line if other else self.record.right
            spot = self._spot(at, one, other, numbers[0][i] if one else 0, numbers[1][j] if other else 0)
            if one is not None and other is not None and one.name == other.name:
                self.elements(one, other, spot, self._moved(spot, i, j) if moved else 0)
                continue
            self._go_to(one, other)
            kind: ChangeKind = "changed" if one and other else "removed" if one else "added"
            self._change(kind, _summarize(one), _summarize(other), spot, one, other)
        if moves and left.children and right.children:
            self.record.left, self.record.right = left.children[-1].end, right.children[-1].end

    def _moved(self, at: _XmlPosition, i: int, j: int) -> int:
        change = Change(at.path, "moved", f"at {i + 1}", f"at {j + 1}", at.masked, at.left, at.right, at.pattern)
        return self.record.note(change)

    def _spot(self, at: _XmlPosition, one: Element | None, other: Element | None, i: int, j: int) -> _XmlPosition:
        child: Any = one if one is not None else other
        name = child.name if not child.name.startswith("#") else {"#text": "text()"}.get(child.name, "comment()")
        state = self.volatile.step(at.state, name)
        bare = name.rpartition(":")[2]
        return _XmlPosition(
            f"{at.path}/{name}[{i or j}]" if at.path else f"/{name}",
            f"{at.left}/{name}[{i}]" if one else "",
            f"{at.right}/{name}[{j}]" if other else "",
            f"{at.pattern}/{name}",
            state,
            at.masked or self.volatile.hides(state, bare),
        )

    def _attributes(self, left: Element, right: Element, at: _XmlPosition) -> int:
        """Changes of attributes, which stand in the first line; the number of the first one that is kept, or 0."""
        first = 0
        for name in dict.fromkeys((*left.attributes, *right.attributes)):
            one, other = left.attributes.get(name), right.attributes.get(name)
            if one == other:
                continue
            state = self.volatile.step(at.state, f"@{name}")
            change = Change(
                path=f"{at.path}/@{name}",
                kind="added" if one is None else "removed" if other is None else "changed",
                left=truncate(one or ""),
                right=truncate(other or ""),
                masked=at.masked or self.volatile.hides(state, name),
                left_at=f"{at.left}/@{name}" if one is not None else "",
                right_at=f"{at.right}/@{name}" if other is not None else "",
                pattern=f"{at.pattern}/@{name}",
            )
            number = self.record.note(change)
            if not first or (not change.masked and self.record.changes[first - 1].masked):
                first = number or first
        return first

    def _texts(self, left: Element, right: Element, at: _XmlPosition) -> None:
        """Two elements (or texts) told as a whole."""
        leaves = not left.children and not right.children
        texts = (left.text, right.text) if leaves else (_summarize(left), _summarize(right))
        self._change("changed", *texts, at, left, right)

    def _change(
        self, kind: ChangeKind, left: str, right: str, at: _XmlPosition, one: Element | None, other: Element | None
    ) -> None:
        change = Change(at.path, kind, truncate(left), truncate(right), at.masked, at.left, at.right, at.pattern)
        self.record.change(change, one.lines if one else 0, other.lines if other else 0)

    def _go_to(self, one: Element | None, other: Element | None) -> None:
        """Lines between two elements belong to none: a document type, say."""
        record = self.record
        left = max(one.line - record.left, 0) if one else 0
        right = max(other.line - record.right, 0) if other else 0
        if left and left == right:
            record.equal(left)
        elif left or right:
            record.put(EQUAL, left, right)
        if one is not None:
            record.left = one.line
        if other is not None:
            record.right = other.line

    def to_end(self, left: Element, right: Element) -> None:
        """The lines of the end tags."""
        record = self.record
        one, other = left.end - record.left, right.end - record.right
        if one == other:
            record.equal(one)
        elif one > 0 or other > 0:
            record.put(EQUAL, max(one, 0), max(other, 0))


def _has_child_lines(element: Element) -> bool:
    """Whether its children stand on lines of their own, so that they can be shown one by one."""
    line = element.line
    for child in element.children:
        if child.line <= line or child.name == "#text":
            return False
        line = child.line + child.lines - 1
    return bool(element.children) and element.line + element.lines - 1 > line


def _pair_children(left: Sequence[Element], right: Sequence[Element], volatile: VolatileMask) -> list[ElementPair]:
    identities = _identities(left, right, volatile)
    if identities is not None:
        return pair_by_identity(*identities)
    return pair_by_content(
        [one.digest for one in left], [one.digest for one in right], lambda i, j: left[i].name == right[j].name
    )


def _identities(
    left: Sequence[Element], right: Sequence[Element], volatile: VolatileMask
) -> tuple[list[Hashable], list[Hashable]] | None:
    """By name where no name stands twice; else by an attribute or child that tells them apart."""
    if any(one.name.startswith("#") for one in (*left, *right)):
        return None
    names = [one.name for one in left], [one.name for one in right]
    if len(set(names[0])) == len(left) and len(set(names[1])) == len(right):
        return list(names[0]), list(names[1])
    for wanted in IDENTITIES:
        if wanted in volatile.names:
            continue
        if not left or _identity(left[0], wanted) is None:
            continue
        one, other = [_identity(item, wanted) for item in left], [_identity(item, wanted) for item in right]
        if None in one or None in other or len(set(one)) < len(one) or len(set(other)) < len(other):
            continue
        if not set(one).isdisjoint(other):
            return list(one), list(other)
    return None


def _identity(element: Element, name: str) -> tuple[str, str] | None:
    if name in element.attributes:
        return element.name, element.attributes[name]
    found = next((one for one in element.children if one.name == name and not one.children), None)
    return (element.name, found.text) if found is not None else None


def _numbers(children: Sequence[Element]) -> list[int]:
    """The number of each among those of its name, from 1."""
    seen: dict[str, int] = {}
    numbers = []
    for one in children:
        seen[one.name] = seen.get(one.name, 0) + 1
        numbers.append(seen[one.name])
    return numbers


def _summarize(element: Element | None) -> str:
    """An element in a few words."""
    if element is None:
        return ""
    if element.name.startswith("#"):
        return element.text
    attributes = "".join(f' {name}="{value}"' for name, value in element.attributes.items())
    inner = "…" if element.children else element.text
    return f"<{element.name}{attributes}>{inner}</{element.name}>"
