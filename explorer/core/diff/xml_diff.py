"""Comparison of two XML documents as trees of attributes, text and child elements."""

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
"""Deepest level to compare as a tree; deeper documents are compared by lines."""
_NO_ATTRIBUTES: Final[dict[str, str]] = {}


class Element:
    """An element. A name with ``#`` is a comment, a processing instruction, or text beside elements."""

    __slots__ = ("attributes", "children", "digest", "line", "lines", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] | tuple[()] = ()
        self.text = ""
        """Text of an element without child elements."""
        self.line = line
        self.lines = 1
        self.digest = 0
        """Hash of the content: equal for equal elements."""

    def add(self, child: Element) -> None:
        """Add a child."""
        if isinstance(self.children, list):
            self.children.append(child)
        else:
            self.children = [child]

    def seal(self, last: int) -> None:
        """Set the last line, and compute the digest."""
        self.lines = last - self.line + 1
        attributes = tuple(sorted(self.attributes.items())) if self.attributes else ()
        self.digest = hash((self.name, attributes, self.text, *[child.digest for child in self.children]))

    @property
    def end(self) -> int:
        """The line after the element."""
        return self.line + self.lines


class _Builder:
    """Expat handlers that build elements."""

    def __init__(self) -> None:
        self.top = Element("", _NO_ATTRIBUTES, 0)
        self._stack = [self.top]
        self._texts: list[str] = []
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._texts.append
        parser.CommentHandler = lambda text: self._add_leaf("#comment", text)
        parser.ProcessingInstructionHandler = lambda target, text: self._add_leaf("#instruction", f"{target} {text}")
        parser.EntityDeclHandler = self._reject_entity

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
        elif self._texts:
            element.text = "".join(self._texts)
            self._texts.clear()
        self._stack.pop()
        element.seal(self.parser.CurrentLineNumber - 1)

    def _flush(self) -> None:
        """Add text beside elements, unless it is only whitespace."""
        if self._texts:
            text = "".join(self._texts)
            self._texts.clear()
            if not text.isspace():
                self._add_leaf("#text", text)

    def _add_leaf(self, name: str, text: str) -> None:
        if name != "#text":
            self._flush()
        line = self.parser.CurrentLineNumber - 1
        element = Element(name, _NO_ATTRIBUTES, line)
        element.text = text
        element.seal(line + text.count("\n"))
        self._stack[-1].add(element)

    def _reject_entity(self, *_: object) -> None:
        raise UnparsableTree


def parse_xml(text: bytes, tick: Callable[[], None] = lambda: None) -> Element:
    """Parse *text* (UTF-8, formatted). Return an unnamed element with the root and its sibling nodes.

    Raises:
        UnparsableTree: it is not well-formed, declares entities, or is nested too deeply.
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
    """Add the differences between two trees of ``parse_xml`` to *record*."""
    walk = _XmlWalk(volatile, record)
    walk.children(left, right, _XmlPosition("", "", "", "", volatile.start()))
    walk.to_end(left, right)


class _XmlWalk:
    def __init__(self, volatile: VolatileMask, record: Record) -> None:
        self.volatile, self.record = volatile, record

    def elements(self, left: Element, right: Element, at: _XmlPosition, opening: int = 0) -> None:
        """Compare two elements of the same name; *opening* is the number of their ``moved`` change, or 0."""
        record = self.record
        record.step()
        self._skip_to(left, right)
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
            self._change_whole(left, right, at)
        elif not left.children and not right.children and left.text == right.text:
            record.put(code, left.lines, right.lines, first)
        else:
            self._change_whole(left, right, at)

    def children(self, left: Element, right: Element, at: _XmlPosition) -> None:
        """Compare the children of two elements."""
        pairs = _pair_children(left.children, right.children, self.volatile)
        numbers = _numbers(left.children), _numbers(right.children)
        moves = any(pair.moved for pair in pairs)
        for i, j, moved in pairs:
            self.record.step()
            old = left.children[i] if i >= 0 else None
            new = right.children[j] if j >= 0 else None
            if moves:
                self.record.left = old.line if old else self.record.left
                self.record.right = new.line if new else self.record.right
            inner = self._child_position(at, old, new, numbers[0][i] if old else 0, numbers[1][j] if new else 0)
            if old is not None and new is not None and old.name == new.name:
                self.elements(old, new, inner, self._note_move(inner, i, j) if moved else 0)
                continue
            self._skip_to(old, new)
            kind: ChangeKind = "changed" if old and new else "removed" if old else "added"
            self._change(kind, _summarize(old), _summarize(new), inner, old, new)
        if moves and left.children and right.children:
            self.record.left, self.record.right = left.children[-1].end, right.children[-1].end

    def _note_move(self, at: _XmlPosition, i: int, j: int) -> int:
        change = Change(at.path, "moved", f"at {i + 1}", f"at {j + 1}", at.masked, at.left, at.right, at.pattern)
        return self.record.note(change)

    def _child_position(
        self, at: _XmlPosition, old: Element | None, new: Element | None, i: int, j: int
    ) -> _XmlPosition:
        child: Any = old if old is not None else new
        name = child.name if not child.name.startswith("#") else {"#text": "text()"}.get(child.name, "comment()")
        state = self.volatile.step(at.state, name)
        local_name = name.rpartition(":")[2]
        return _XmlPosition(
            f"{at.path}/{name}[{i or j}]" if at.path else f"/{name}",
            f"{at.left}/{name}[{i}]" if old else "",
            f"{at.right}/{name}[{j}]" if new else "",
            f"{at.pattern}/{name}",
            state,
            at.masked or self.volatile.hides(state, local_name),
        )

    def _attributes(self, left: Element, right: Element, at: _XmlPosition) -> int:
        """Add the changes of attributes, which are in the first line. Return the number of the first one, or 0."""
        first = 0
        for name in dict.fromkeys((*left.attributes, *right.attributes)):
            old, new = left.attributes.get(name), right.attributes.get(name)
            if old == new:
                continue
            state = self.volatile.step(at.state, f"@{name}")
            change = Change(
                path=f"{at.path}/@{name}",
                kind="added" if old is None else "removed" if new is None else "changed",
                left=truncate(old or ""),
                right=truncate(new or ""),
                masked=at.masked or self.volatile.hides(state, name),
                left_at=f"{at.left}/@{name}" if old is not None else "",
                right_at=f"{at.right}/@{name}" if new is not None else "",
                pattern=f"{at.pattern}/@{name}",
            )
            number = self.record.note(change)
            if not first or (not change.masked and self.record.changes[first - 1].masked):
                first = number or first
        return first

    def _change_whole(self, left: Element, right: Element, at: _XmlPosition) -> None:
        """Add one change of two whole elements or texts."""
        leaves = not left.children and not right.children
        texts = (left.text, right.text) if leaves else (_summarize(left), _summarize(right))
        self._change("changed", *texts, at, left, right)

    def _change(
        self, kind: ChangeKind, left: str, right: str, at: _XmlPosition, old: Element | None, new: Element | None
    ) -> None:
        change = Change(at.path, kind, truncate(left), truncate(right), at.masked, at.left, at.right, at.pattern)
        self.record.change(change, old.lines if old else 0, new.lines if new else 0)

    def _skip_to(self, old: Element | None, new: Element | None) -> None:
        """Add the lines before two elements that belong to no element, such as a document type."""
        record = self.record
        left = max(old.line - record.left, 0) if old else 0
        right = max(new.line - record.right, 0) if new else 0
        if left and left == right:
            record.equal(left)
        elif left or right:
            record.put(EQUAL, left, right)
        if old is not None:
            record.left = old.line
        if new is not None:
            record.right = new.line

    def to_end(self, left: Element, right: Element) -> None:
        """Add the lines of the end tags."""
        record = self.record
        left_lines, right_lines = left.end - record.left, right.end - record.right
        if left_lines == right_lines:
            record.equal(left_lines)
        elif left_lines > 0 or right_lines > 0:
            record.put(EQUAL, max(left_lines, 0), max(right_lines, 0))


def _has_child_lines(element: Element) -> bool:
    """Return whether every child has its own lines, so that it can be shown on its own."""
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
        [child.digest for child in left], [child.digest for child in right], lambda i, j: left[i].name == right[j].name
    )


def _identities(
    left: Sequence[Element], right: Sequence[Element], volatile: VolatileMask
) -> tuple[list[Hashable], list[Hashable]] | None:
    """Return the element names if they are unique on each side, otherwise an attribute or child that is, or None."""
    if any(child.name.startswith("#") for child in (*left, *right)):
        return None
    names = [child.name for child in left], [child.name for child in right]
    if len(set(names[0])) == len(left) and len(set(names[1])) == len(right):
        return list(names[0]), list(names[1])
    for name in IDENTITIES:
        if name in volatile.names:
            continue
        if not left or _identity(left[0], name) is None:
            continue
        lefts, rights = [_identity(child, name) for child in left], [_identity(child, name) for child in right]
        if None in lefts or None in rights or len(set(lefts)) < len(lefts) or len(set(rights)) < len(rights):
            continue
        if not set(lefts).isdisjoint(rights):
            return list(lefts), list(rights)
    return None


def _identity(element: Element, name: str) -> tuple[str, str] | None:
    if name in element.attributes:
        return element.name, element.attributes[name]
    match = next((child for child in element.children if child.name == name and not child.children), None)
    return (element.name, match.text) if match is not None else None


def _numbers(children: Sequence[Element]) -> list[int]:
    """Return the number of each child among those with its name, from 1."""
    counts: dict[str, int] = {}
    numbers = []
    for child in children:
        counts[child.name] = counts.get(child.name, 0) + 1
        numbers.append(counts[child.name])
    return numbers


def _summarize(element: Element | None) -> str:
    """Return a short form of an element, without its children."""
    if element is None:
        return ""
    if element.name.startswith("#"):
        return element.text
    attributes = "".join(f' {name}="{value}"' for name, value in element.attributes.items())
    inner = "…" if element.children else element.text
    return f"<{element.name}{attributes}>{inner}</{element.name}>"
