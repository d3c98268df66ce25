"""The UI side of ``layout_worker``: lays out a large body in another process."""

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
    """A process that lays out the body in one temporary file and writes the lines to another; ``close`` frees both.

    The files are private and unlinked after opening, so the OS removes them even after a crash.
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
        """Return whether *body* begins with the bytes received so far. Blocking."""
        with self._lock:
            data, size = b"" if self._closed else self.body.data, self.body.size
        return size <= len(body) and all(
            data[i : i + _STEP] == body[i : min(i + _STEP, size)] for i in range(0, size, _STEP)
        )

    async def fill(self, body: Data) -> None:
        """Write the rest of *body* and mark it as whole. Raises ``OSError``."""
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
        """Append received bytes. Raises ``OSError``."""
        self._write(data)
        self._more.set()

    def _write(self, data: bytes) -> None:
        with self._lock:  # a closed descriptor may belong to another file by now
            if not self._closed:
                self.body.append(data)

    def is_open(self) -> bool:
        """Return whether the files are still open."""
        return not self._closed

    async def run(self, document: Document, on_update: Callable[[], None]) -> None:
        """Lay out *document* as its body arrives; *on_update* is called when more of it can be read.

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
                while not await self._read_updates(child, layout, document, on_update):
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
        self, child: WorkerProcess, layout: RemoteLayout, document: Document, on_update: Callable[[], None]
    ) -> bool:
        message: dict[str, Any] = await child.line()
        layout.apply(message, last=message["done"])
        document.complete = message["done"]
        on_update()
        return document.complete

    def _store_at(self, place: int, size: int) -> Store:
        file = self._files[0 if place == BODY_PLACE else 1]
        return Region(file.fileno(), max(place, 0), size)

    def close(self) -> None:
        """End the process and close the files; memory maps in use stay valid."""
        if self._child is not None:
            self._child.end()
        with self._lock:
            self._closed = True
            for file in self._files:
                file.close()
