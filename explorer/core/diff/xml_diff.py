"""Compare two XML documents as trees: attributes, text and child elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from xml.parsers import expat

from explorer.core.diff.align import ElementPair, pair_by_content, pair_by_identity
from explorer.core.diff.changes import CHANGED, EQUAL, MASKED, MOVED, Change, ChangeKind, truncate
from explorer.core.diff.json_diff import IDENTITIES, UnparsableTree

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from explorer.core.diff.changes import Record
    from explorer.core.diff.volatile import State, VolatileMask


_STEP: Final = 1 << 17
DEEPEST: Final = 400
"""Levels that are walked; what is nested deeper is compared as text."""
_NO_ATTRIBUTES: Final[dict[str, str]] = {}


class Element:
    """An element; or, with a name that begins with ``#``, a comment, an instruction or a text beside elements."""

    __slots__ = ("attributes", "children", "digest", "line", "lines", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] | tuple[()] = ()
        self.text = ""
        """Of what holds no elements."""
        self.line = line
        self.lines = 1
        self.digest = 0
        """The same for what is the same."""

    def add(self, child: Element) -> None:
        """One more child."""
        if isinstance(self.children, list):
            self.children.append(child)
        else:
            self.children = [child]

    def seal(self, last: int) -> None:
        """Its last line is known."""
        self.lines = last - self.line + 1
        attributes = tuple(sorted(self.attributes.items())) if self.attributes else ()
        self.digest = hash((self.name, attributes, self.text, *[one.digest for one in self.children]))

    @property
    def end(self) -> int:
        """The line behind it."""
        return self.line + self.lines


class _Builder:
    """Makes elements of what expat tells."""

    def __init__(self) -> None:
        self.top = Element("", _NO_ATTRIBUTES, 0)
        self._stack = [self.top]
        self._words: list[str] = []
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words.append
        parser.CommentHandler = lambda words: self._aside("#comment", words)
        parser.ProcessingInstructionHandler = lambda target, words: self._aside("#instruction", f"{target} {words}")
        parser.EntityDeclHandler = self._declared

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._flush()
        if len(self._stack) > DEEPEST:
            raise UnparsableTree
        element = Element(name, attributes or _NO_ATTRIBUTES, self.parser.CurrentLineNumber - 1)
        self._stack[-1].add(element)
        self._stack.append(element)

    def _end(self, _name: str) -> None:
        element = self._stack[-1]
        if element.children:
            self._flush()
        elif self._words:
            element.text = "".join(self._words)
            self._words.clear()
        self._stack.pop()
        element.seal(self.parser.CurrentLineNumber - 1)

    def _flush(self) -> None:
        """Text beside elements; blank space between them is none."""
        if self._words:
            words = "".join(self._words)
            self._words.clear()
            if not words.isspace():
                self._aside("#text", words)

    def _aside(self, name: str, words: str) -> None:
        if name != "#text":
            self._flush()
        line = self.parser.CurrentLineNumber - 1
        element = Element(name, _NO_ATTRIBUTES, line)
        element.text = words
        element.seal(line + words.count("\n"))
        self._stack[-1].add(element)

    def _declared(self, *_: object) -> None:
        raise UnparsableTree


def parse_xml(text: bytes, tick: Callable[[], None] = lambda: None) -> Element:
    """The root of *text* (UTF-8, laid out), in an element without a name with whatever stands beside it.

    Raises:
        NotATree: it is not well-formed, declares entities or is nested too deep.
    """
    builder = _Builder()
    try:
        for at in range(0, len(text), _STEP):
            builder.parser.Parse(text[at : at + _STEP], False)
            tick()
        builder.parser.Parse(b"", True)
    except expat.ExpatError:
        raise UnparsableTree from None
    builder.top.seal(text.count(b"\n"))
    return builder.top


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
