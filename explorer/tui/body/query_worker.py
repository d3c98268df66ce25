"""Worker processes that filter or search a large body in a shared temporary file, instead of receiving its bytes."""

from __future__ import annotations

import json
from typing import BinaryIO

from explorer.core.body.filters import answer_filters
from explorer.core.body.search import write_matches
from explorer.tui.body.region import Region


def filter_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Apply filters: read one line of JSON (``kind``, ``file``, ``offset``, ``length``), then one expression per line.

    Each result is written as ``core.body.filters.answer_filters`` does.
    """
    head = json.loads(source.readline())
    answer_filters(head["kind"], _body(head).data[:], source, answers)


def search_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Search: read one line of JSON (``pattern``, ``encoding``, ``file``, ``offset``, ``length``), write the matches.

    They are written as ``core.body.search.write_matches`` does.
    """
    head = json.loads(source.readline())
    write_matches(_body(head).data, head["pattern"], head["encoding"], answers)


def _body(head: dict[str, int]) -> Region:
    return Region(head["file"], head["offset"], head["length"])
