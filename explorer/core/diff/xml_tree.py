"""XML as a tree whose elements know the lines that they are laid out on.

expat reads the laid-out text; no entity is ever expanded (a body that declares some is no tree). Blank space between
elements, the order of attributes, and whether a text stands in CDATA make no difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from explorer.core.diff.json_tree import UnparsableTree

if TYPE_CHECKING:
    from collections.abc import Callable

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
