"""Filters a body as the user types, in another process that can be killed and never blocks the UI."""

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
    """Filters one document. *on_result* gets the result of the latest expression; outdated results are dropped."""

    def __init__(self, document: Document, on_result: Callable[[Filtered], None]) -> None:
        self._document = document
        self._on_result = on_result
        self._child: WorkerProcess | None = None
        self._expression = ""
        self._busy = False

    def end(self) -> None:
        """Kill the process."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def set_expression(self, expression: str) -> bool:
        """Set the expression; return whether ``run`` must be started for it."""
        self._expression = expression
        return not self._busy

    async def run(self) -> None:
        """Report results until the latest expression is done."""
        if self._busy:
            return
        self._busy = True
        try:
            done = None
            while done != self._expression:
                done = self._expression
                filtered = await self._apply(done)
                if done == self._expression:
                    self._on_result(filtered)
        finally:
            self._busy = False

    async def _apply(self, expression: str) -> Filtered:
        try:
            child = self._child or await self._start()
            await child.send(expression)
            head = await child.line()
            return Filtered(await child.read(head["size"]), head["type"], head["problem"])
        except (OSError, EOFError) as error:
            self.end()
            return Filtered(problem=f"the filter process ended{f': {error}' if str(error) else ''}")

    async def _start(self) -> WorkerProcess:
        """Start a process with the body: a large one in a file, since writing to a pipe would delay the UI."""
        child = self._child = WorkerProcess("explorer.tui.body.query_worker", "filter_main")
        source, file = await asyncio.to_thread(self._write_source)
        if self._child is not child:  # killed before it started
            raise EOFError
        if file is not None:
            with file:
                region = {"file": file.fileno(), "offset": 0, "length": len(source)}
                await child.start({"kind": self._document.kind} | region, b"", files=(file.fileno(),))
            return child
        child = self._child = WorkerProcess("explorer.core.body.filters")
        await child.start({"kind": self._document.kind}, source)
        return child

    def _write_source(self) -> tuple[Data, IO[bytes] | None]:
        """Return the bytes to filter, and an unlinked file with them if they are many and a file can be created.

        Runs in a thread that owns the file: closing it elsewhere during a write could make the write hit another file.
        """
        document = self._document
        # Without a structure, the lines that are shown are filtered.
        source = document.source if document.kind in ("json", "xml") else document.data
        if len(source) < PROCESS_FROM:
            return source, None
        try:
            file = tempfile.TemporaryFile(prefix="api-explorer-")  # noqa: SIM115 - see ``_start``
        except OSError:
            return source, None
        try:
            Region(file.fileno()).append(source)
        except OSError:
            file.close()
            return source, None
        return source, file
