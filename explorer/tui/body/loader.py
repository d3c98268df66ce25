"""Prepares bodies for reading: immediately, in a thread or in another process, also while they arrive.

show ──► small: immediately or in a thread ─────────────────────────────────┐
     └─► large: the first lines immediately, the rest by ``LayoutProcess`` ─┼─► BodyView grows
begin ─► feed … ─► the bytes so far, laid out ─► finish ────────────────────┘
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

from textual.worker import get_current_worker

from explorer.core.body.document import Document
from explorer.core.body.structure import Outline
from explorer.core.body.table import RecordTable
from explorer.core.text.data import MemoryStore
from explorer.tui.body.child_process import wait_for_ended
from explorer.tui.body.layout_process import LayoutProcess
from explorer.tui.body.reader import BodyReader

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from textual.worker import Worker

    from explorer.core.text.data import Data

INLINE_LIMIT: Final = 65_536
"""Bodies up to this many bytes are prepared immediately; larger ones in a thread."""
PROCESS_FROM: Final = 1_000_000
"""Bodies from this many bytes on are laid out in another process, in a temporary file."""
_STEP_PAUSE: Final = 0.0003
"""Seconds between two steps of a thread, so that keys are handled in between."""
_UPDATE_INTERVAL: Final = 0.1


class BodyLoader(BodyReader):
    """The part of the panel that owns the body. The caller has redacted it."""

    def __init__(self, **options: Any) -> None:
        self._number = 0
        self._original: Document | None = None
        self._arriving: MemoryStore | None = None
        """The bytes so far of a body that is still arriving."""
        self._layout_process: LayoutProcess | None = None
        self._process_problem = ""
        super().__init__(**options)

    @property
    def document(self) -> Document | None:
        """The body, laid out, or None."""
        return self._original

    @property
    def arriving(self) -> bool:
        """Whether the body is still arriving."""
        return self._arriving is not None

    # -- complete bodies -------------------------------------------------------------------------------------------

    def show(self, body: Data, content_type: str, *, name: str = "response") -> None:
        """Show *body* from its top. *name* is the suggested file name without extension."""
        self.clear()
        self._file_name = name
        if len(body) < PROCESS_FROM:
            document = Document.opened(body, content_type)
            self._own(document)
            steps = document.steps()
            next(steps, None)  # a few milliseconds, so that the first frame has the first lines
            self._present(document)
            self._prepare_body(document, steps)
            return
        document = Document.opened(b"", content_type)
        self._own(document)
        for _ in document.lay_out_ahead(MemoryStore(body[:INLINE_LIMIT])):
            pass
        document.complete_body(body)
        self._present(document)
        # Only after the first frame, which starting a process would delay.
        self.call_after_refresh(self._prepare_all_in_process, self._number, document, body)

    def _own(self, document: Document) -> None:
        """Make *document* the body."""
        self._original = document

    def _release_all(self) -> None:
        """Release the body and its process."""
        self._number += 1
        self._original, self._arriving, self._process_problem = None, None, ""
        if self._layout_process is not None:
            self._layout_process.close()
            self._layout_process = None

    def clear(self) -> None:
        """Remove the body and stop all work on it."""
        raise NotImplementedError

    async def on_unmount(self) -> None:
        """Release the body and wait for its processes."""
        self._release_all()
        await wait_for_ended()

    def _present(self, document: Document | RecordTable, *, keep_place: bool = False) -> None:
        self._outline = None if isinstance(document, RecordTable) else Outline(document)
        self._path = ""
        self.view.show(document, keep_place=keep_place)
        self._link(document)
        self._tell()

    def _link(self, document: Document | RecordTable) -> None:
        """Mark the values that can be followed."""
        raise NotImplementedError

    # -- arriving bodies -------------------------------------------------------------------------------------------

    def begin(self, content_type: str, *, name: str = "response") -> None:
        """Show a body that is still arriving: ``feed`` it, then ``finish``."""
        self.clear()
        self._file_name = name
        self._arriving = MemoryStore()
        document = Document.opened(b"", content_type)
        self._own(document)
        self._present(document)

    def feed(self, data: bytes) -> None:
        """Append to the body."""
        document, arriving = self._original, self._arriving
        if document is None or arriving is None or not data or self._process_problem:
            return
        if self._layout_process is None:
            arriving.append(data)
            data = arriving.data[:]
            for _ in document.lay_out_ahead(arriving if len(data) < PROCESS_FROM else MemoryStore(data[:INLINE_LIMIT])):
                pass
            if len(data) >= PROCESS_FROM:
                self._prepare_in_process(document)
        if self._layout_process is not None:
            self._send_to_process(data)
            if self._layout_process is not None:
                document.update_body(self._layout_process.body.data)
        self._grown(self._number, document)

    def _send_to_process(self, data: bytes) -> None:
        if self._layout_process is not None:
            try:
                self._layout_process.append(data)
            except OSError as error:
                self._fail(error)
            self._arriving = MemoryStore()  # it is in the file

    def finish(self, body: Data, content_type: str, *, name: str = "response") -> None:
        """Complete the body. If *body* differs from the bytes shown so far, show it from the start."""
        document, arriving, process = self._original, self._arriving, self._layout_process
        fits = document is not None and arriving is not None and document.content_type == content_type
        if fits and process is None:  # bytes in a file are compared when it is filled
            fits = not self._process_problem and arriving is not None and body[: len(arriving.data)] == arriving.data[:]
        if document is None or not fits:
            self.show(body, content_type, name=name)
            return
        self._arriving = None
        document.complete_body(body)
        if process is None:
            self._prepare_body(document, document.steps())
        else:
            self._fill(document, body)
        self._tell()

    def _prepare_all_in_process(self, number: int, document: Document, body: Data) -> None:
        if number == self._number:
            self._prepare_in_process(document)
            self._fill(document, body)

    # -- in another process ----------------------------------------------------------------------------------------

    def _prepare_in_process(self, document: Document) -> None:
        try:
            self._layout_process = LayoutProcess()
        except OSError as error:
            self._fail(error)
            return
        self._run_in_background(partial(self._run_in_process, self._layout_process, document, self._number))

    async def _run_in_process(self, process: LayoutProcess, document: Document, number: int) -> None:
        try:
            await process.run(document, partial(self._grown, number, document))
        except (OSError, EOFError) as error:
            if number == self._number:
                self._fail(error)

    def _fill(self, document: Document, body: Data) -> None:
        if self._layout_process is not None:
            self._run_in_background(partial(self._fill_in_process, self._layout_process, document, body, self._number))

    def _run_in_background(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run *work*, which ends when the files are closed."""
        _: Worker[None] = self.run_worker(work, group="apart", exit_on_error=False, description="prepare a body")

    async def _fill_in_process(self, process: LayoutProcess, document: Document, body: Data, number: int) -> None:
        try:
            if not await asyncio.to_thread(process.begins, body):
                if number == self._number:
                    self.show(body, document.content_type, name=self._file_name)
                return
            await process.fill(body)
        except OSError as error:
            if number == self._number:
                self._fail(error)

    def _fail(self, error: OSError | EOFError) -> None:
        """Fall back to laying out the body in this process, once it is complete."""
        document = self._original
        if self._layout_process is not None:
            self._layout_process.close()
            self._layout_process = None
        reason = getattr(error, "strerror", None) or str(error) or "it ended"
        self._process_problem = f"formatted without a worker process: {reason}"
        if document is None or self._arriving is not None:
            return
        restarted = document.reopened()
        self._own(restarted)
        self._present(restarted, keep_place=True)
        self._prepare_body(restarted, restarted.steps())

    @property
    def problems(self) -> list[str]:
        """Problems with the process or its files."""
        return [self._process_problem]

    # -- in a thread -----------------------------------------------------------------------------------------------

    def _prepare_body(self, document: Document | RecordTable, steps: Iterator[None]) -> None:
        """Run *steps*: immediately for a small body, otherwise in a thread that reports progress."""
        if document.size <= INLINE_LIMIT:
            for _ in steps:
                pass
            self._grown(self._number, document)
            return
        walk = partial(self._walk, self._number, document, steps)
        self.run_worker(walk, thread=True, group="ready", exit_on_error=False, description="prepare a body")

    def _walk(self, number: int, document: Document | RecordTable, steps: Iterator[None]) -> None:
        worker, reported = get_current_worker(), 0.0
        for _ in steps:
            if worker.is_cancelled or number != self._number:
                return
            if monotonic() - reported > _UPDATE_INTERVAL:
                reported = monotonic()
                self.call_later(self._grown, number, document)
            sleep(_STEP_PAUSE)
        self.call_later(self._grown, number, document)

    def _grown(self, number: int, document: Document | RecordTable) -> None:
        if number == self._number and document is self.view.document:
            self.view.grown()
            self._follow()
