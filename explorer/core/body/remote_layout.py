"""The layout of a body that another process makes, as far as that has told of it."""

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
"""The place of lines that are those of the body itself."""


def layout_update(layout: Layout, place: int, known: int) -> dict[str, Any]:
    """What there is of *layout*, for ``RemoteLayout.take``: *place* is where its lines are kept, *known* how many
    blocks of them were told before."""
    return {
        "kind": layout.kind,
        "charset": layout.charset,
        "notes": layout.notes,
        "generation": layout.generation,
        "laid_out": layout.laid_out,
        "place": place,
        "decoded": layout.decoded,
        "known": known,
    } | layout.lines.told(known)


class RemoteLayout:
    """Has what ``Layout`` has (see there). *store_at* gives the bytes at a place that was told of, up to a size.

    Until as much is told of as was there *before*, that is what shows, so that nothing on the screen jumps.
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
        """The body as UTF-8 with ``\n`` line ends; the body itself where it is no text."""
        if not self._decoded:
            return self.body
        if self._source is None:
            self._source = decode(self.body, self.media.charset, json=self.media.kind == "json").data
        return self._source

    def take(self, told: dict[str, Any], *, last: bool) -> None:
        """Take in what ``layout_update`` gave; *last* when nothing more will be told."""
        place = (told["place"], told["generation"])
        if place != self._place:
            self._place = place
            self._lines = LineIndex(self._store_at(told["place"], told["size"]))
        self._lines.take(told, self._store_at(told["place"], told["size"]))
        if not last and self._lines is not self.lines and self._lines.size < self.lines.size:
            return
        same = told["kind"] == self.kind and told["laid_out"] == self.laid_out
        if self._lines is not self.lines:
            if self.lines.size and not (same and self._lines.size >= self.lines.size):
                self.generation += 1
            self.lines = self._lines
        self.kind, self.charset, self.notes = told["kind"], told["charset"], list(told["notes"])
        self.laid_out, self._decoded = told["laid_out"], told["decoded"]
