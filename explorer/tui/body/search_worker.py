"""The process that searches the temporary file of a large body by an expression, without being sent the body."""

from __future__ import annotations

import json
from typing import BinaryIO

from explorer.core.body.search import write_matches
from explorer.tui.body.region import Region


def worker_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Read one line of JSON (``pattern``, ``encoding``, and ``file``, ``offset`` and ``length`` of the bytes); write
    the matches as ``core.document.search.answer`` does."""
    head = json.loads(source.readline())
    region = Region(head["file"], head["offset"], head["length"])
    write_matches(region.data, head["pattern"], head["encoding"], answers)
