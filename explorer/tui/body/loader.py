"""Making bodies ready to be read: at once, in a thread, or in another process, and while they still arrive.

show ──► small: steps on the spot or in a thread ──────────────────────────┐
     └─► large: its beginning on the spot, the rest by ``LayoutProcess`` ─────────┼─► BodyView grows
begin ─► feed … ─► what has come, laid out as far as that goes ─► finish ──┘
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
"""Bodies up to this many bytes are made ready on the spot; larger ones in a thread."""
PROCESS_FROM: Final = 1_000_000
"""Bodies from this many bytes on are laid out by another process, into a temporary file."""
_STEP_PAUSE: Final = 0.0003
"""Seconds between two steps of a thread, in which keys are answered."""
_UPDATE_INTERVAL: Final = 0.1


class BodyLoader(BodyReader):
    """The part of the panel that has the body. What it is given has been redacted by the caller."""

    def __init__(self, **options: Any) -> None:
        self._number = 0
        self._original: Document | None = None
        self._arriving: MemoryStore | None = None
        """What has come of a body that is yet to come whole."""
        self._layout_process: LayoutProcess | None = None
        self._trouble = ""
        super().__init__(**options)

    @property
    def document(self) -> Document | None:
        """The body, laid out; None while there is none."""
        return self._original

    @property
    def arriving(self) -> bool:
        """Whether more of the body is to come."""
        return self._arriving is not None

    # -- all of it is there ----------------------------------------------------------------------------------------

    def show(self, body: Data, content_type: str, *, name: str = "response") -> None:
        """Show *body* from its top. *name* is what a file of it would be called, without an ending."""
        self.clear()
        self._file_name = name
        if len(body) < PROCESS_FROM:
            document = Document.opened(body, content_type)
            self._own(document)
            steps = document.steps()
            next(steps, None)  # a few milliseconds, and the first frame has the first lines
            self._present(document)
            self._prepare_body(document, steps)
            return
        document = Document.opened(b"", content_type)
        self._own(document)
        for _ in document.lay_out_ahead(MemoryStore(body[:INLINE_LIMIT])):
            pass
        document.complete_body(body)
        self._present(document)
        # The first lines first: a process that starts takes the time of the frame that shows them.
        self.call_after_refresh(self._prepare_all_in_process, self._number, document, body)

    def _own(self, document: Document) -> None:
        """*document* is the body from now on."""
        self._original = document

    def _release_all(self) -> None:
        """Forget the body and what is under way for it."""
        self._number += 1
        self._original, self._arriving, self._trouble = None, None, ""
        if self._layout_process is not None:
            self._layout_process.close()
            self._layout_process = None

    def clear(self) -> None:
        """Let go of the body and of everything that is under way for it."""
        raise NotImplementedError

    async def on_unmount(self) -> None:
        """Nothing stays behind."""
        self._release_all()
        await wait_for_ended()

    def _present(self, document: Document | RecordTable, *, keep_place: bool = False) -> None:
        self._outline = None if isinstance(document, RecordTable) else Outline(document)
        self._path = ""
        self.view.show(document, keep_place=keep_place)
        self._link(document)
        self._tell()

    def _link(self, document: Document | RecordTable) -> None:
        """Mark what leads on."""
        raise NotImplementedError

    # -- it still arrives ------------------------------------------------------------------------------------------

    def begin(self, content_type: str, *, name: str = "response") -> None:
        """A body begins to arrive: ``feed`` it, then ``finish``."""
        self.clear()
        self._file_name = name
        self._arriving = MemoryStore()
        document = Document.opened(b"", content_type)
        self._own(document)
        self._present(document)

    def feed(self, data: bytes) -> None:
        """More of the body has come."""
        document, arriving = self._original, self._arriving
        if document is None or arriving is None or not data or self._trouble:
            return
        if self._layout_process is None:
            arriving.append(data)
            data = arriving.data[:]
            for _ in document.lay_out_ahead(arriving if len(data) < PROCESS_FROM else MemoryStore(data[:INLINE_LIMIT])):
                pass
            if len(data) >= PROCESS_FROM:
                self._prepare_in_process(document)
        if self._layout_process is not None:
            self._hand_over(data)
            if self._layout_process is not None:
                document.update_body(self._layout_process.body.data)
        self._grown(self._number, document)

    def _hand_over(self, data: bytes) -> None:
        if self._layout_process is not None:
            try:
                self._layout_process.append(data)
            except OSError as error:
                self._fail(error)
            self._arriving = MemoryStore()  # it is in the file

    def finish(self, body: Data, content_type: str, *, name: str = "response") -> None:
        """That was all: *body* is the whole of it. Where it is not what was shown of it, it is shown anew."""
        document, arriving, making = self._original, self._arriving, self._layout_process
        fits = document is not None and arriving is not None and document.content_type == content_type
        if fits and making is None:  # what was handed to a file is looked at when that is filled
            fits = not self._trouble and arriving is not None and body[: len(arriving.data)] == arriving.data[:]
        if document is None or not fits:
            self.show(body, content_type, name=name)
            return
        self._arriving = None
        document.complete_body(body)
        if making is None:
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
        self._beside(partial(self._run_in_process, self._layout_process, document, self._number))

    async def _run_in_process(self, making: LayoutProcess, document: Document, number: int) -> None:
        try:
            await making.run(document, partial(self._grown, number, document))
        except (OSError, EOFError) as error:
            if number == self._number:
                self._fail(error)

    def _fill(self, document: Document, body: Data) -> None:
        if self._layout_process is not None:
            self._beside(partial(self._fill_in_process, self._layout_process, document, body, self._number))

    def _beside(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run *work*, which ends by itself when the files are closed."""
        _: Worker[None] = self.run_worker(work, group="apart", exit_on_error=False, description="make a body ready")

    async def _fill_in_process(self, making: LayoutProcess, document: Document, body: Data, number: int) -> None:
        try:
            if not await asyncio.to_thread(making.begins, body):
                if number == self._number:
                    self.show(body, document.content_type, name=self._file_name)
                return
            await making.fill(body)
        except OSError as error:
            if number == self._number:
                self._fail(error)

    def _fail(self, error: OSError | EOFError) -> None:
        """No other process can do it: do it here, as soon as the body is whole."""
        document = self._original
        if self._layout_process is not None:
            self._layout_process.close()
            self._layout_process = None
        why = getattr(error, "strerror", None) or str(error) or "it has ended"
        self._trouble = f"not laid out by a process of its own: {why}"
        if document is None or self._arriving is not None:
            return
        anew = document.reopened()
        self._own(anew)
        self._present(anew, keep_place=True)
        self._prepare_body(anew, anew.steps())

    @property
    def problems(self) -> list[str]:
        """What went wrong with the other process or its files."""
        return [self._trouble]

    # -- in a thread -----------------------------------------------------------------------------------------------

    def _prepare_body(self, document: Document | RecordTable, steps: Iterator[None]) -> None:
        """Walk *steps*: at once for a small body, else in a thread that tells every now and then."""
        if document.size <= INLINE_LIMIT:
            for _ in steps:
                pass
            self._grown(self._number, document)
            return
        walk = partial(self._walk, self._number, document, steps)
        self.run_worker(walk, thread=True, group="ready", exit_on_error=False, description="make a body ready")

    def _walk(self, number: int, document: Document | RecordTable, steps: Iterator[None]) -> None:
        worker, told = get_current_worker(), 0.0
        for _ in steps:
            if worker.is_cancelled or number != self._number:
                return
            if monotonic() - told > _UPDATE_INTERVAL:
                told = monotonic()
                self.call_later(self._grown, number, document)
            sleep(_STEP_PAUSE)
        self.call_later(self._grown, number, document)

    def _grown(self, number: int, document: Document | RecordTable) -> None:
        if number == self._number and document is self.view.document:
            self.view.grown()
            self._follow()
