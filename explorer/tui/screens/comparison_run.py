"""A comparison under way behind a screen: small bodies in a thread, large ones in another process.

left, right ─► open_comparison ─► Comparison.run in a thread ─┬─ Record of each part grows
                                  large bodies: diff.apart ───┘
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual import on, work
from textual.message import Message

from explorer.core.diff.record import ComparisonCancelled
from explorer.errors import ExplorerError
from explorer.tui.kit.screens import ListScreen

if TYPE_CHECKING:
    from explorer.core.diff import BodyJob, Comparison
    from explorer.core.exchange import Exchange
    from explorer.session.context import SessionContext

LARGE: Final = 1 << 20
"""Bytes of two bodies above which another process compares them."""
YIELD_AFTER: Final = 0.02
"""Seconds after which the thread that compares lets others have the interpreter."""


class ComparisonRun(ListScreen[None]):
    """Compares ``sides``; ``start`` begins again, also while an earlier run goes on."""

    @dataclass
    class TooLarge(Message):
        """Two bodies are to be compared by another process."""

        job: BodyJob
        number: int

    def __init__(self, session: SessionContext, left: Exchange, right: Exchange) -> None:
        self.session = session
        self.sides = left, right
        self.comparison: Comparison | None = None
        self.masking = True
        self._run_number = 0
        super().__init__()

    @work(exclusive=True, group="compare-open", exit_on_error=False, description="compare")
    async def start(self) -> None:
        """Compare, from the beginning."""
        from explorer.core.diff.volatile import NOTHING
        from explorer.session.comparing import open_comparison

        self._run_number += 1
        number = self._run_number
        try:
            self.comparison = await open_comparison(
                self.session, *self.sides, volatile=None if self.masking else NOTHING
            )
        except ExplorerError as error:
            self.tell(error.sentence, severity="error")
            return
        self._run(self.comparison, number)
        self.began()

    def began(self) -> None:
        """There is a comparison, of which nothing is compared yet."""
        raise NotImplementedError

    @work(thread=True, group="compare", exit_on_error=False, description="compare")
    def _run(self, comparison: Comparison, number: int) -> None:
        last = time.monotonic()

        def tick() -> None:
            nonlocal last
            if number != self._run_number:
                raise ComparisonCancelled
            if time.monotonic() - last > YIELD_AFTER:
                time.sleep(0.001)  # whoever paints gets the interpreter in between
                last = time.monotonic()

        def apart(job: BodyJob) -> bool:
            large = len(job.bodies[0]) + len(job.bodies[1]) > LARGE
            if large:
                self.post_message(self.TooLarge(job, number))
            return large

        try:
            comparison.run(tick, apart)
        except ComparisonCancelled:
            return

    @on(TooLarge)
    def _too_large(self, event: TooLarge) -> None:
        event.stop()
        self._walk_in_process(event.job, event.number)

    @work(group="compare-apart", exit_on_error=False, description="compare apart")
    async def _walk_in_process(self, job: BodyJob, number: int) -> None:
        """Have large bodies compared by another process."""
        from explorer.core.diff.apart import apply_batch, job_header
        from explorer.tui.body.child import WorkerProcess

        child = WorkerProcess("explorer.core.diff.apart")
        try:
            await child.start(job_header(job), b"".join(job.bodies))
            while not job.part.done and number == self._run_number:
                batch = await child.line()
                apply_batch(job, batch, await child.read(batch["size"]))
        except (OSError, EOFError):
            job.part.note, job.part.done = "could not be compared to its end", True
        finally:
            child.end()

    async def on_unmount(self) -> None:
        """The thread ends at its next tick, and the other process now."""
        from explorer.tui.body.child import wait_for_ended

        self._run_number += 1
        self.workers.cancel_group(self, "compare-apart")
        await wait_for_ended()
