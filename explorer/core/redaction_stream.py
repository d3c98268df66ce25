"""Masking a body piece by piece, as it arrives: nothing is given out that the rest could still make a secret.

What the pieces make together is what ``Redactor.body`` makes of the whole. A cut is moved to before whatever would be
masked across it: a known value, or a secret field whose value has not ended.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from explorer.core.document.store import let_go, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.document.store import Data, Store
    from explorer.core.redaction import Redactor

PIECE = 1 << 18
"""Characters that are masked at once where a whole body is."""
_MARGIN = 8
"""Characters beyond the longest name: its quotes or brackets, and a character that is cut in two."""


class RedactedStream:
    """Masks what it is fed as *redactor* masks a body of *content_type*."""

    def __init__(self, redactor: Redactor, content_type: str = "") -> None:
        self._redactor = redactor
        self._content_type = content_type
        kind = content_type.split(";")[0].strip().lower()
        self._form = kind == "application/x-www-form-urlencoded"
        self._whole = kind == "multipart/form-data"
        self._held = b""
        names, self._values = redactor.names, redactor.values
        words = "|".join(re.escape(name) for name in sorted(names)) or "(?!)"
        self._field = re.compile(
            rf'"(?:{words})"(?:\s*(?::\s*(?:"(?:[^"\\]|\\.)*(?:"|\\?\Z)|-?[0-9][0-9.eE+-]*|[a-z]+)?)?)?', re.IGNORECASE
        )
        self._element = re.compile(rf"<(?:{words})(?:\s[^>]*)?(?:>[^<]*(?:</|<\Z)?)?", re.IGNORECASE)
        longest = max((len(one) for one in (*names, *self._values)), default=0)
        self._reach = longest + _MARGIN

    def feed(self, data: bytes) -> bytes:
        """What may be given out now that *data* has come."""
        raw = self._held + data
        text = raw.decode("utf-8", "surrogateescape")
        spans = [] if self._form or self._whole else list(self._spans(text))
        cut = 0 if self._whole else self._cut(text, spans)
        self._held = text[cut:].encode("utf-8", "surrogateescape")
        ready = raw[: len(raw) - len(self._held)]
        if not self._form and not spans and not any(value in text for value in self._values):
            return ready  # most of most bodies: nothing to be masked
        return self._redactor.piece(ready, self._content_type)

    def end(self) -> bytes:
        """What was still held back, when nothing more comes."""
        held, self._held = self._held, b""
        return self._redactor.piece(held, self._content_type)

    def _cut(self, text: str, spans: list[tuple[int, int]]) -> int:
        """The last place before the end at which nothing that is masked is cut; secret fields stand at *spans*."""
        cut = len(text) - self._reach
        if self._form:
            cut = text.rfind("&", 0, max(cut, 0)) + 1
        while cut > 0:
            before = cut
            for start, end in reversed(spans):
                if start < cut < end or (start < cut and end == len(text)):
                    cut = start
            cut = self._before_values(text, cut)
            if self._form and cut != before:
                cut = text.rfind("&", 0, cut) + 1
            if cut == before:
                return cut
        return 0

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where fields and elements of secret names stand, with as much of their values as is there."""
        for pattern, first in ((self._field, '"'), (self._element, "<")):
            if first in text:
                for match in pattern.finditer(text):
                    yield match.span()

    def _before_values(self, text: str, cut: int) -> int:
        for value in self._values:
            at = text.find(value, max(cut - len(value) + 1, 0), cut + len(value) - 1)
            if 0 <= at < cut:
                cut = at
        return cut


def masked_in_pieces(redactor: Redactor, body: Data, content_type: str, new_store: Callable[[], Store]) -> Data:
    """A large *body* masked without holding up other threads for long; *body* itself where nothing is masked."""
    stream, at = RedactedStream(redactor, content_type), 0
    changed: Store | None = None
    for piece in _masked(stream, body):
        if changed is None and piece != body[at : at + len(piece)]:
            changed = new_store()
            for start in range(0, at, PIECE):
                changed.append(body[start : min(start + PIECE, at)])
        if changed is not None:
            changed.append(piece)
        at += len(piece)
    let_go(body)
    return changed.data if changed is not None else body


def _masked(stream: RedactedStream, body: Data) -> Iterator[bytes]:
    yield from map(stream.feed, pieces(body, PIECE))
    yield stream.end()
