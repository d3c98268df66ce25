"""The process that lays out a large body, so that nothing of that holds up the keys.

The body and the laid-out lines are open temporary files of both processes. Lines of JSON tell how much of the body
has come, and the other way what there is of the layout (``core.document.told``).
"""

from __future__ import annotations

import json
import os
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from explorer.core.body.layout import Layout
from explorer.core.body.media import parse_media_type
from explorer.core.body.remote_layout import BODY_PLACE, layout_update
from explorer.tui.body.region import Region, Regions

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_UPDATE: Final = 0.02
_UPDATE_INTERVAL: Final = 0.2
"""Seconds between two reports; each costs the keys a few milliseconds."""


class _BodyProgress:
    """How much of the body is there: the newest of what is told, read by a thread of its own."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._told: dict[str, Any] | None = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._source:
            with self._changed:
                self._told = json.loads(line)
                self._changed.notify()
        os._exit(0)  # whoever wanted it is gone

    def wait(self) -> dict[str, Any]:
        """The newest that was not yet given."""
        with self._changed:
            while self._told is None:
                self._changed.wait()
            told, self._told = self._told, None
            return told


class LayoutWorker:
    def __init__(self, head: dict[str, Any], answers: BinaryIO) -> None:
        self._answers = answers
        self._body = Region(head["body"])
        self._regions = Regions(head["laid"])
        media = parse_media_type(head["type"])
        self._layout = Layout(b"", media, pretty=head["view"] == "pretty", new_store=self._regions.make)
        self._lines: object = None
        self._known = 1
        self._told = monotonic() - _UPDATE_INTERVAL + _FIRST_UPDATE

    def walk(self, told: dict[str, Any]) -> None:
        """Lay out what there is."""
        self._body.size = told["size"]
        layout = self._layout
        if not told["whole"]:
            self._step(layout.lay_out_ahead(self._body))
            self._tell()
            return
        layout.complete_body(self._body.data)
        self._step(layout.steps())
        self._keep_source()
        self._tell(done=True)

    def _step(self, steps: Iterator[None]) -> None:
        for _ in steps:
            if monotonic() - self._told > _UPDATE_INTERVAL:
                self._tell()

    def _tell(self, *, done: bool = False) -> None:
        layout = self._layout
        lines = layout.lines
        for _ in lines.measure():
            pass
        place = BODY_PLACE
        if layout.laid_out:
            place = self._regions.newest.offset
        elif layout.decoded and lines.size:
            if not done:
                return  # those lines are only here until they are kept
            place = self._regions.newest.offset
        if lines is not self._lines:
            self._lines, self._known = lines, 0
        message = layout_update(layout, place, self._known) | {"done": done}
        self._known = lines.blocks
        self._answers.write(json.dumps(message).encode() + b"\n")
        self._answers.flush()
        self._told = monotonic()

    def _keep_source(self) -> None:
        """Lines of a text that had to be decoded stand in no file yet."""
        if self._layout.decoded and not self._layout.laid_out and self._layout.lines.size:
            self._regions.make().append(self._layout.source[:])


def worker_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Read a line of JSON (``type``, ``view``, and the descriptors ``body`` and ``laid``), then lines with ``size`` and
    ``whole`` until the body is; write what is laid out of it."""
    maker = LayoutWorker(json.loads(source.readline()), answers)
    coming = _BodyProgress(source)
    whole = False
    while not whole:
        told = coming.wait()
        whole = told["whole"]
        maker.walk(told)
