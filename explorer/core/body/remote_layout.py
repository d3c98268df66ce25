"""Layout of a body that another process formats, and the updates it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.core.body.lines import LineIndex
from explorer.core.body.media import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.body.layout import Layout
    from explorer.core.body.media import BodyKind, MediaType
    from explorer.core.text.data import Data, Store

BODY_PLACE = -1
"""The store number of lines that are the body itself."""


def layout_update(layout: Layout, place: int, known: int) -> dict[str, Any]:
    """Return the state of *layout* for ``RemoteLayout.apply``. *place* is the number of the store with its lines,
    *known* the number of blocks in earlier updates."""
    return {
        "kind": layout.kind,
        "charset": layout.charset,
        "notes": layout.notes,
        "generation": layout.generation,
        "laid_out": layout.laid_out,
        "place": place,
        "decoded": layout.decoded,
        "known": known,
    } | layout.lines.snapshot(known)


class RemoteLayout:
    """Counterpart of ``Layout`` with the same attributes. *store_at* returns the store with a number, up to a size.

    The lines of the layout *before* stay visible until the updates cover as much, so that the screen does not jump.
    """

    def __init__(self, before: Layout | RemoteLayout, store_at: Callable[[int, int], Store]) -> None:
        self.body: Data = before.body
        self.media: MediaType = before.media
        self.kind: BodyKind = before.kind
        self.charset: str = before.charset
        self.notes: list[str] = list(before.notes)
        self.laid_out: bool = before.laid_out
        self.lines: LineIndex = before.lines
        self.generation: int = before.generation
        self._store_at = store_at
        self._decoded = False
        self._source: Data | None = None
        self._place: tuple[int, int] | None = None
        self._lines = LineIndex(store_at(BODY_PLACE, 0))

    @property
    def source(self) -> Data:
        """The body as UTF-8 with ``\n`` line ends; the body itself if it is not text."""
        if not self._decoded:
            return self.body
        if self._source is None:
            self._source = decode(self.body, self.media.charset, json=self.media.kind == "json").data
        return self._source

    def apply(self, update: dict[str, Any], *, last: bool) -> None:
        """Apply a ``layout_update``; *last* if no further one follows."""
        place = (update["place"], update["generation"])
        if place != self._place:
            self._place = place
            self._lines = LineIndex(self._store_at(update["place"], update["size"]))
        self._lines.apply(update, self._store_at(update["place"], update["size"]))
        if not last and self._lines is not self.lines and self._lines.size < self.lines.size:
            return
        same = update["kind"] == self.kind and update["laid_out"] == self.laid_out
        if self._lines is not self.lines:
            if self.lines.size and not (same and self._lines.size >= self.lines.size):
                self.generation += 1
            self.lines = self._lines
        self.kind, self.charset, self.notes = update["kind"], update["charset"], list(update["notes"])
        self.laid_out, self._decoded = update["laid_out"], update["decoded"]
