"""Mask a body piece by piece as it arrives, without emitting anything that later bytes could make part of a secret.

The concatenated output equals ``Redactor.body`` of the whole body. A cut is moved before anything that would be masked
across it: a known value, or a secret field whose value is incomplete. Held-back data is rescanned only after it has
doubled, so that a field without an end stays linear.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from explorer.core.text.data import pieces, release_pages
from explorer.core.text.media_type import FORM, MULTIPART, essence
from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.secret_fields import Fields
    from explorer.core.text.data import Data, Store

PIECE = 1 << 18
"""Characters per piece when masking a complete body."""
_MARGIN = 8
"""Extra characters beyond the longest value, for a split multibyte character."""
_SMALL = 4096
"""Bytes that are rescanned with every piece."""
_NAME = 512
"""Characters searched for an incomplete name, in which every letter may be escaped."""
_OPEN_NAME = re.compile(r'\\{0,17}["<:]/?[\w.:\\-]*+"?\Z')
"""The start of a quoted name or of a tag at the end of a text."""


class PieceRedactor(Protocol):
    """The methods of ``core.redaction.Redactor`` for masking a piece."""

    @property
    def values(self) -> tuple[str, ...]:
        """Known secret values in every spelling, longest first."""

    def mask_piece(self, body: bytes, content_type: str) -> bytes:
        """Return a piece, masked."""

    def fields(self, text: str) -> Fields:
        """Return the secret fields of *text*."""

    def find_known(self, text: str) -> list[str]:
        """Return the known values in *text*."""


class RedactedStream:
    """A stream masked as *redactor* masks a body of *content_type*."""

    def __init__(self, redactor: PieceRedactor, content_type: str = "") -> None:
        self._redactor = redactor
        self._content_type = content_type
        kind = essence(content_type)
        self._form = kind == FORM
        self._whole = kind == MULTIPART
        self._pending: list[bytes] = []
        self._size = 0
        self._next_scan_size = 0
        self._lookback = max(map(len, redactor.values), default=0) + _MARGIN

    def feed(self, data: bytes) -> bytes:
        """Add *data*, and return the masked bytes that are final."""
        self._pending.append(data)
        self._size += len(data)
        if self._whole or self._size < self._next_scan_size:
            return b""
        raw = b"".join(self._pending)
        text = raw.decode("utf-8", "surrogateescape")
        cut, masked = self._form_piece(text) if self._form else self._text_piece(text, raw)
        rest = text[cut:].encode("utf-8", "surrogateescape")
        self._pending, self._size = [rest], len(rest)
        self._next_scan_size = 2 * len(rest) if len(rest) > _SMALL else 0
        return masked

    def end(self) -> bytes:
        """Return the rest, masked, at the end of the input."""
        held, self._pending, self._size = b"".join(self._pending), [], 0
        return self._redactor.mask_piece(held, self._content_type)

    def _text_piece(self, text: str, raw: bytes) -> tuple[int, bytes]:
        """Return the cut position in *text*, and the masked bytes before it."""
        fields, known = self._redactor.fields(text), self._redactor.find_known(text)
        cut = self._cut(text, fields, known)
        if not fields.edits and not known:  # the common case
            return cut, raw[: len(raw) - len(text[cut:].encode("utf-8", "surrogateescape"))]
        masked = fields.masked_between(text, 0, cut)
        for value in known:
            masked = masked.replace(value, MASK)
        return cut, masked.encode("utf-8", "surrogateescape")

    def _cut(self, text: str, fields: Fields, known: list[str]) -> int:
        """Return the last position before the end that splits nothing masked."""
        cut = min(len(text) - self._lookback, fields.undecided, _open_name_start(text))
        while cut > 0:
            moved = _safe_cut(text, fields.before(cut), known)
            if moved == cut:
                return cut
            cut = moved
        return 0

    def _form_piece(self, text: str) -> tuple[int, bytes]:
        known = self._redactor.find_known(text)
        cut = text.rfind("&", 0, max(len(text) - self._lookback, 0)) + 1
        while cut > 0:
            moved = _safe_cut(text, cut, known)
            if moved == cut:
                break
            cut = text.rfind("&", 0, moved) + 1
        ready = text[:cut].encode("utf-8", "surrogateescape")
        return cut, self._redactor.mask_piece(ready, self._content_type)


def _open_name_start(text: str) -> int:
    """Return where an incomplete name may start at the end of *text*, or its length."""
    name = _OPEN_NAME.search(text, max(len(text) - _NAME, 0))
    return name.start() if name else len(text)


def _safe_cut(text: str, cut: int, known: list[str]) -> int:
    for value in known:
        at = text.find(value, max(cut - len(value) + 1, 0), cut + len(value) - 1)
        if 0 <= at < cut:
            cut = at
    return cut


def mask_in_pieces(redactor: PieceRedactor, body: Data, content_type: str, new_store: Callable[[], Store]) -> Data:
    """Mask a large *body* without blocking other threads for long; return *body* itself if nothing is masked."""
    stream, at = RedactedStream(redactor, content_type), 0
    changed: Store | None = None
    for piece in _masked_pieces(stream, body):
        if changed is None and piece != body[at : at + len(piece)]:
            changed = new_store()
            for start in range(0, at, PIECE):
                changed.append(body[start : min(start + PIECE, at)])
        if changed is not None:
            changed.append(piece)
        at += len(piece)
    release_pages(body)
    return changed.data if changed is not None else body


def _masked_pieces(stream: RedactedStream, body: Data) -> Iterator[bytes]:
    yield from map(stream.feed, pieces(body, PIECE))
    yield stream.end()
