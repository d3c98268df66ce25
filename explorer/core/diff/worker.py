"""Worker process that compares two large bodies, since building and freeing their trees would block the UI.

job: a line of JSON (``job_header`` and ``size``) + both bodies ──► batches: a line of JSON + ``size`` bytes of blocks
"""

from __future__ import annotations

import gc
import json
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from explorer.core.diff.changes import Change
from explorer.core.diff.exchange import BodyJob, body_job
from explorer.core.diff.volatile import VolatileMask

if TYPE_CHECKING:
    from explorer.core.diff.changes import Record

BATCH_INTERVAL: Final = 0.1
"""Seconds between two batches."""
BATCH_CHANGES: Final = 2_000
"""Most changes per batch."""


def job_header(job: BodyJob) -> dict[str, Any]:
    """Return the header of *job* for the worker process."""
    volatile = job.volatile
    return {
        "left": len(job.bodies[0]),
        "media": job.media,
        "volatile": [
            list(volatile.headers),
            list(volatile.params),
            list(volatile.names),
            volatile.paths,
            list(volatile.placed),
        ],
    }


def apply_batch(job: BodyJob, batch: dict[str, Any], blocks: bytes) -> None:
    """Add a batch to the record of *job*, which starts empty."""
    part = job.part
    if batch["anew"]:
        part.record = type(part.record)()
    part.record.extend([Change(*fields) for fields in batch["changes"]], blocks, batch["counts"], batch["masked"])
    part.note = batch["note"]
    part.done = batch["done"]


class _BatchWriter:
    """Writer of the new changes and blocks in the record of a job."""

    def __init__(self, job: BodyJob, answers: BinaryIO) -> None:
        self._job, self._answers = job, answers
        self._record: Record | None = None
        self._changes = self._blocks = 0
        self._last = time.monotonic()

    def tick(self) -> None:
        """Write a batch if the last one is long enough ago."""
        if time.monotonic() - self._last > BATCH_INTERVAL:
            self.write()
            self._last = time.monotonic()

    def write(self, *, done: bool = False) -> None:
        """Write everything new, except the last block, which may still grow unless the job is *done*."""
        record = self._job.part.record
        anew = record is not self._record
        if anew:
            self._record, self._changes, self._blocks = record, 0, 0
        more = True
        while more:
            changes = record.changes[self._changes : self._changes + BATCH_CHANGES]
            self._changes += len(changes)
            more = self._changes < len(record.changes)
            until = record.block_count if done else max(record.block_count - 1, 0)
            blocks = b"" if more else record.packed(self._blocks, until)
            head = {
                "changes": [
                    (
                        change.path,
                        change.kind,
                        change.left,
                        change.right,
                        change.masked,
                        change.left_at,
                        change.right_at,
                        change.pattern,
                    )
                    for change in changes
                ],
                "counts": record.counts,
                "masked": record.masked,
                "note": self._job.part.note,
                "done": done and not more,
                "anew": anew,
                "size": len(blocks),
            }
            anew = False
            self._answers.write(json.dumps(head).encode() + b"\n" + blocks)
            if not more:
                self._blocks = max(until, self._blocks)
        self._answers.flush()


def worker_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Compare the two bodies in *source* and write batches to *answers*."""
    gc.disable()  # the process ends soon
    head = json.loads(source.readline())
    data = source.read(head["size"])
    headers, params, names, paths, placed = head["volatile"]
    steps = tuple(tuple(path) for path in paths)
    volatile = VolatileMask(frozenset(headers), frozenset(params), frozenset(names), steps, frozenset(placed))
    left = head["left"]
    media = head["media"][0], head["media"][1]
    job = body_job("response", (data[:left], data[left:]), media, volatile)
    batches = _BatchWriter(job, answers)
    job.lay_out(batches.tick)
    job.walk(batches.tick)
    batches.write(done=True)
