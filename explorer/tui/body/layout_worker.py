"""The worker process that lays out a large body without delaying the UI.

Body and laid-out lines are temporary files open in both processes. The UI sends lines of JSON with the size of the body
so far; the worker replies with the layout so far (``core.body.remote_layout``).
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
"""Seconds between two updates; each costs the UI a few milliseconds."""


class _BodyProgress:
    """The latest size of the body, read by a separate thread."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._latest: dict[str, Any] | None = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._source:
            with self._changed:
                self._latest = json.loads(line)
                self._changed.notify()
        os._exit(0)  # the UI process is gone

    def wait(self) -> dict[str, Any]:
        """Wait for a message that was not returned yet, and return the latest."""
        with self._changed:
            while self._latest is None:
                self._changed.wait()
            message, self._latest = self._latest, None
            return message


class LayoutWorker:
    """Lays out the body as it grows, and writes updates."""

    def __init__(self, head: dict[str, Any], answers: BinaryIO) -> None:
        self._answers = answers
        self._body = Region(head["body"])
        self._regions = Regions(head["laid"])
        media = parse_media_type(head["type"])
        self._layout = Layout(b"", media, pretty=head["view"] == "pretty", new_store=self._regions.make)
        self._lines: object = None
        self._known = 1
        self._updated = monotonic() - _UPDATE_INTERVAL + _FIRST_UPDATE

    def walk(self, progress: dict[str, Any]) -> None:
        """Lay out the body as far as it has arrived."""
        self._body.size = progress["size"]
        layout = self._layout
        if not progress["whole"]:
            self._step(layout.lay_out_ahead(self._body))
            self._send_update()
            return
        layout.complete_body(self._body.data)
        self._step(layout.steps())
        self._keep_source()
        self._send_update(done=True)

    def _step(self, steps: Iterator[None]) -> None:
        for _ in steps:
            if monotonic() - self._updated > _UPDATE_INTERVAL:
                self._send_update()

    def _send_update(self, *, done: bool = False) -> None:
        layout = self._layout
        lines = layout.lines
        for _ in lines.measure():
            pass
        place = BODY_PLACE
        if layout.laid_out:
            place = self._regions.newest.offset
        elif layout.decoded and lines.size:
            if not done:
                return  # decoded lines are in memory only until ``_keep_source``
            place = self._regions.newest.offset
        if lines is not self._lines:
            self._lines, self._known = lines, 0
        message = layout_update(layout, place, self._known) | {"done": done}
        self._known = lines.blocks
        self._answers.write(json.dumps(message).encode() + b"\n")
        self._answers.flush()
        self._updated = monotonic()

    def _keep_source(self) -> None:
        """Write the lines of a decoded text to the file, for the UI to read."""
        if self._layout.decoded and not self._layout.laid_out and self._layout.lines.size:
            self._regions.make().append(self._layout.source[:])


def worker_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Lay out a body that is still arriving.

    Reads a line of JSON (``type``, ``view`` and the descriptors ``body`` and ``laid``), then lines with ``size`` and
    ``whole`` until the body is whole. Writes updates of the layout.
    """
    worker = LayoutWorker(json.loads(source.readline()), answers)
    updates = _BodyProgress(source)
    whole = False
    while not whole:
        progress = updates.wait()
        whole = progress["whole"]
        worker.walk(progress)
