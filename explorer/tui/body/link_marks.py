"""Which lines of a shown body hold an id that another call takes: they are marked, and enter follows them."""

from __future__ import annotations

import re
from time import monotonic
from typing import TYPE_CHECKING, Final

from explorer.core.body.structure import member_at, siblings
from explorer.core.links import identifier_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.body.document import Document
    from explorer.core.body.structure import Outline
    from explorer.core.links import Links

_AT_ONCE: Final = 0.002
"""Seconds that a path may take to be found while a line is painted."""
_PAUSE: Final = 0.1
"""Seconds without another try after a path was not found in time, so that painting stays quick."""
_TRIES: Final = 5
"""How often lines are looked at again whose paths were not found in time, after ever longer pauses."""
_KNOWN: Final = 4_000
_TAG: Final = re.compile(rb"\s*<([^\s<>/!?]+)[^<>]*>([^<>]*)</")


class LineLinks:
    """The lines of one document that lead on. *later* is called with the seconds after which lines should be painted
    once more, where one was passed over because its path was not found in time."""

    def __init__(
        self,
        document: Document,
        outline: Outline,
        links: Links,
        later: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._document = document
        self._later = later
        self._clock = clock
        self._missed = 0
        self._links = links
        self._outline = outline
        self._again = 0.0
        """When a path may be looked for again."""
        self._known: dict[int, bool] = {}
        self._generation = document.generation

    def __call__(self, line: int) -> bool:
        """Whether *line* holds an id that leads on; False also while its place is not found."""
        document = self._document
        if not document.laid_out or not 0 <= line < document.line_count:
            return False
        if document.generation != self._generation or len(self._known) > _KNOWN:
            self._known.clear()
            self._generation = document.generation
        found = self._known.get(line)
        if found is None:
            found = self._look(line)
            if found is None:
                return False
            self._known[line] = found
        return found

    def retry_unresolved(self) -> None:
        """Look for paths that were not found in time."""
        self._again = 0.0

    def value(self, line: int) -> tuple[str, str]:
        """Key and value on *line*; both empty where it holds no scalar."""
        if self._document.kind == "json":
            return member_at(self._document, line) or ("", "")
        start, end = self._document.span(line)
        found = _TAG.match(self._document.data[start : min(end, start + 1_000)])
        return (found[1].decode("utf-8", "replace"), found[2].decode("utf-8", "replace")) if found else ("", "")

    def _look(self, line: int) -> bool | None:
        key, value = self.value(line)
        if not value:
            return False
        beside = key in ("type", "id") and self._document.kind == "json"
        if not self._links.may_be_id(key) and not beside:
            return False
        path = self._path(line)
        if path is None:
            return None
        around = siblings(self._document, line)
        return bool(self._links.kinds(path, value, around)) or (beside and identifier_of(path, around) is not None)

    def _path(self, line: int) -> str | None:
        now = self._clock()
        if now < self._again:
            return None
        steps = self._outline.path(line)
        try:
            while self._clock() < now + _AT_ONCE:
                next(steps)
        except StopIteration as end:
            self._missed = 0
            return str(end.value)
        self._again = self._clock() + _PAUSE
        if self._missed < _TRIES:
            self._missed += 1
            self._later(_PAUSE * 2**self._missed)
        return None
