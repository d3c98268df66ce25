"""Finds the lines of a body with an id that another call accepts; they are marked, and enter follows them."""

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
"""Seconds to find a path while a line is painted."""
_PAUSE: Final = 0.1
"""Seconds without new attempts after a path was not found in time, so that painting stays fast."""
_TRIES: Final = 5
"""Attempts to find a path that was not found in time, after ever longer pauses."""
_KNOWN: Final = 4_000
_TAG: Final = re.compile(rb"\s*<([^\s<>/!?]+)[^<>]*>([^<>]*)</")


class LineLinks:
    """The lines of one document whose values can be followed.

    *later* is called when a path was not found in time, with the seconds after which lines should be repainted.
    """

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
        """Clock value from which paths may be looked up again."""
        self._known: dict[int, bool] = {}
        self._generation = document.generation

    def __call__(self, line: int) -> bool:
        """Return whether *line* has an id that can be followed; False also while its path is unknown."""
        document = self._document
        if not document.laid_out or not 0 <= line < document.line_count:
            return False
        if document.generation != self._generation or len(self._known) > _KNOWN:
            self._known.clear()
            self._generation = document.generation
        linked = self._known.get(line)
        if linked is None:
            linked = self._look(line)
            if linked is None:
                return False
            self._known[line] = linked
        return linked

    def retry_unresolved(self) -> None:
        """Look up the paths that were not found in time."""
        self._again = 0.0

    def value(self, line: int) -> tuple[str, str]:
        """Return key and value on *line*; both empty if it has no scalar."""
        if self._document.kind == "json":
            return member_at(self._document, line) or ("", "")
        start, end = self._document.span(line)
        match = _TAG.match(self._document.data[start : min(end, start + 1_000)])
        return (match[1].decode("utf-8", "replace"), match[2].decode("utf-8", "replace")) if match else ("", "")

    def _look(self, line: int) -> bool | None:
        key, value = self.value(line)
        if not value:
            return False
        generic = key in ("type", "id") and self._document.kind == "json"
        if not self._links.may_be_id(key) and not generic:
            return False
        path = self._path(line)
        if path is None:
            return None
        scalars = siblings(self._document, line)
        return bool(self._links.kinds(path, value, scalars)) or (generic and identifier_of(path, scalars) is not None)

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
