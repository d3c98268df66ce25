"""Filtering a body while a person types, in another process, so that nothing waits for it and it can be ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.document.filtering import Filtered
from explorer.tui.body.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.document import Document


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
            if self._child is None:
                # The fallback for what has no structure looks at lines, and those are the ones that are shown.
                structured = self._document.kind in ("json", "xml")
                source = self._document.source if structured else self._document.data
                child = self._child = Child("explorer.core.document.filtering")
                await child.start({"kind": self._document.kind}, source)
            child = self._child
            await child.send(expression)
            told = await child.line()
            return Filtered(await child.read(told["size"]), told["type"], told["problem"])
        except (OSError, EOFError) as error:
            self.end()
            return Filtered(problem=f"the filter has ended{f': {error}' if str(error) else ''}")
