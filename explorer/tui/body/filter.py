"""Filtering a body while a person types, in another process, so that nothing waits for it and it can be ended."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from typing import TYPE_CHECKING

from explorer.core.document.filtering import Filtered
from explorer.tui.body.child import Child
from explorer.tui.body.preparing import APART_FROM
from explorer.tui.body.region import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.document import Document
    from explorer.core.document.store import Data


class LiveFilter:
    """Filters of one document. Only the newest expression is worth an answer: *answer* gets it with what is left."""

    def __init__(self, document: Document, answer: Callable[[Filtered], None]) -> None:
        self._document = document
        self._answer = answer
        self._child: Child | None = None
        self._wanted = ""
        self._busy = False

    def end(self) -> None:
        """End the process, whatever it does."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def want(self, expression: str) -> bool:
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

    async def _begun(self) -> Child:
        """A process that has the bytes: many of them in a file, since a pipe takes the time of the keys."""
        child = self._child = Child("explorer.tui.body.filterer")
        source = await asyncio.to_thread(self._bytes)
        if len(source) >= APART_FROM:
            with contextlib.suppress(OSError), tempfile.TemporaryFile(prefix="api-explorer-") as file:
                region = Region(file.fileno())
                await asyncio.to_thread(region.append, source)
                self._still(child)
                place = {"file": region.descriptor, "offset": 0, "length": region.size}
                await child.start({"kind": self._document.kind} | place, b"", files=(region.descriptor,))
                return child
        self._still(child)
        child = self._child = Child("explorer.core.document.filtering")
        await child.start({"kind": self._document.kind}, source)
        return child

    def _still(self, child: Child) -> None:
        """Raises ``EOFError`` when it was ended before it began."""
        if self._child is not child:
            raise EOFError

    def _bytes(self) -> Data:
        """What is filtered: without a structure the lines are looked at, and those are the ones that are shown."""
        document = self._document
        return document.source if document.kind in ("json", "xml") else document.data
