"""Having a large body laid out by another process (``maker``)."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from typing import IO, TYPE_CHECKING, Any

from explorer.core.body.remote_layout import BODY_PLACE, RemoteLayout
from explorer.core.text.data import release_pages
from explorer.tui.body.child_process import WorkerProcess
from explorer.tui.body.region import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.body.document import Document
    from explorer.core.text.data import Data, Store

_STEP = 1 << 20


class LayoutProcess:
    """Two temporary files and the process that fills one with the lines of the other. ``close`` gives both back.

    Nobody else can read them, and no name leads to them, so that they are gone when the program ends, however that
    happens.
    """

    def __init__(self) -> None:
        self._files: list[IO[bytes]] = []
        self._child: WorkerProcess | None = None
        self._more = asyncio.Event()
        self._whole = False
        self._closed = False
        self._lock = threading.Lock()
        try:
            for _ in range(2):
                self._files.append(tempfile.TemporaryFile(prefix="api-explorer-"))  # noqa: SIM115 - see ``close``
        except OSError:
            self.close()
            raise
        self.body = Region(self._files[0].fileno())

    def begins(self, body: Data) -> bool:
        """Whether *body* begins with what has come; works on it for a while."""
        with self._lock:
            data, size = b"" if self._closed else self.body.data, self.body.size
        return size <= len(body) and all(
            data[i : i + _STEP] == body[i : min(i + _STEP, size)] for i in range(0, size, _STEP)
        )

    async def fill(self, body: Data) -> None:
        """Write all of *body* that is not there yet, and say that it is whole. Raises ``OSError``."""
        while self.body.size < len(body) and not self._closed:
            await asyncio.to_thread(self._fill, body)
            self._more.set()
        self._whole = True
        self._more.set()

    def _fill(self, body: Data) -> None:
        start = self.body.size
        self._write(body[start : start + _STEP])
        if not start % _STEP:
            release_pages(body, start, min(_STEP, len(body) - start))

    def append(self, data: bytes) -> None:
        """Add what has come. Raises ``OSError``."""
        self._write(data)
        self._more.set()

    def _write(self, data: bytes) -> None:
        with self._lock:  # a descriptor that was given back may be another file's
            if not self._closed:
                self.body.append(data)

    def is_open(self) -> bool:
        """Whether the files are not yet given back."""
        return not self._closed

    async def run(self, document: Document, told: Callable[[], None]) -> None:
        """Have *document* laid out as far as its body comes; *told* is called when there is more of it to be read.

        Raises:
            OSError, EOFError: the process cannot be started, or has ended.
        """
        if not self.is_open():
            return
        child = self._child = WorkerProcess("explorer.tui.body.layout_worker")
        body, laid = (file.fileno() for file in self._files)
        try:
            head: dict[str, Any] = {"type": document.content_type, "view": document.view, "body": body, "laid": laid}
            await child.start(head, b"", files=(body, laid))
            if not self.is_open():
                return
            layout = document.use_remote_layout(self._store_at)
            async with asyncio.TaskGroup() as tasks:
                feeding = tasks.create_task(self._feed(child))
                while not await self._read_updates(child, layout, document, told):
                    pass
                feeding.cancel()
        except* (OSError, EOFError) as errors:
            raise errors.exceptions[0] from None
        finally:
            child.end()

    async def _feed(self, child: WorkerProcess) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            whole = self._whole
            await child.send({"size": self.body.size, "whole": whole})
            if whole:
                return

    async def _read_updates(
        self, child: WorkerProcess, layout: RemoteLayout, document: Document, told: Callable[[], None]
    ) -> bool:
        message: dict[str, Any] = await child.line()
        layout.apply(message, last=message["done"])
        document.complete = message["done"]
        told()
        return document.complete

    def _store_at(self, place: int, size: int) -> Store:
        file = self._files[0 if place == BODY_PLACE else 1]
        return Region(file.fileno(), max(place, 0), size)

    def close(self) -> None:
        """End the process and give the files back; maps of them that are still read stay valid."""
        if self._child is not None:
            self._child.end()
        with self._lock:
            self._closed = True
            for file in self._files:
                file.close()
