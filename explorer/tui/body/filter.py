"""Filtering a body while a person types, in another process, so that nothing waits for it and it can be ended."""

from __future__ import annotations

import asyncio
import tempfile
from typing import IO, TYPE_CHECKING

from explorer.core.body.filters import Filtered
from explorer.tui.body.child_process import WorkerProcess
from explorer.tui.body.loader import PROCESS_FROM
from explorer.tui.body.region import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.body.document import Document
    from explorer.core.text.data import Data


class LiveFilter:
    """Filters of one document. Only the newest expression is worth an answer: *answer* gets it with what is left."""

    def __init__(self, document: Document, answer: Callable[[Filtered], None]) -> None:
        self._document = document
        self._answer = answer
        self._child: WorkerProcess | None = None
        self._wanted = ""
        self._busy = False

    def end(self) -> None:
        """End the process, whatever it does."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def set_expression(self, expression: str) -> bool:
        """Set what is wanted; whether ``run`` must be started for it."""
        self._wanted = expression
        return not self._busy

    async def run(self) -> None:
        """Answer until nothing new is wanted."""
        if self._busy:
            return
        self._busy = True
        try:
            done = None
            while done != self._wanted:
                done = self._wanted
                filtered = await self._ask(done)
                if done == self._wanted:
                    self._answer(filtered)
        finally:
            self._busy = False

    async def _ask(self, expression: str) -> Filtered:
        try:
            child = self._child or await self._begun()
            await child.send(expression)
            told = await child.line()
            return Filtered(await child.read(told["size"]), told["type"], told["problem"])
        except (OSError, EOFError) as error:
            self.end()
            return Filtered(problem=f"the filter has ended{f': {error}' if str(error) else ''}")

    async def _begun(self) -> WorkerProcess:
        """A process that has the bytes: many of them in a file, since a pipe takes the time of the keys."""
        child = self._child = WorkerProcess("explorer.tui.body.filter_worker")
        source, file = await asyncio.to_thread(self._handed)
        if self._child is not child:  # it was ended before it began
            raise EOFError
        if file is not None:
            with file:
                place = {"file": file.fileno(), "offset": 0, "length": len(source)}
                await child.start({"kind": self._document.kind} | place, b"", files=(file.fileno(),))
            return child
        child = self._child = WorkerProcess("explorer.core.body.filters")
        await child.start({"kind": self._document.kind}, source)
        return child

    def _handed(self) -> tuple[Data, IO[bytes] | None]:
        """What is filtered, in an open file without a name where it is much and a file can be had. For a thread, which
        has the file to itself: whoever closed one that is written might have another's written."""
        document = self._document
        # Without a structure the lines are looked at, and those are the ones that are shown.
        source = document.source if document.kind in ("json", "xml") else document.data
        if len(source) < PROCESS_FROM:
            return source, None
        try:
            file = tempfile.TemporaryFile(prefix="api-explorer-")  # noqa: SIM115 - see ``_begun``
        except OSError:
            return source, None
        try:
            Region(file.fileno()).append(source)
        except OSError:
            file.close()
            return source, None
        return source, file
