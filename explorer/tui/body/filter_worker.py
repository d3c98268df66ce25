"""The process that filters a large body, which is in an open file without a name, without being sent it."""

from __future__ import annotations

import json
from typing import BinaryIO

from explorer.core.body.filters import answer_filters
from explorer.tui.body.region import Region


def worker_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Read one line of JSON (``kind``, and ``file``, ``offset`` and ``length`` of the bytes), then expressions; answer
    each as ``core.document.filtering.answer`` does."""
    head = json.loads(source.readline())
    answer_filters(head["kind"], Region(head["file"], head["offset"], head["length"]).data[:], source, answers)
