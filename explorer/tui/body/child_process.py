"""Work that may take for ever or needs much memory, in a process of its own that can be ended at any time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import explorer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from explorer.core.text.data import Data

_PACKAGE_ROOT = str(Path(explorer.__file__).resolve().parents[1])
_PASSED_VARIABLES = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG", "LC_ALL")
_CHUNK = 1 << 20
_LINE = 1 << 22
"""Bytes of a line of JSON at most."""


_REAPING: set[asyncio.Task[None]] = set()


async def wait_for_ended() -> None:
    """Wait for the processes that were ended."""
    if _REAPING:
        await asyncio.wait(set(_REAPING), timeout=2)


async def _reap(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
    if process.stdout is not None:
        with contextlib.suppress(RuntimeError):  # whoever still reads comes to the end by itself
            while await process.stdout.read(_CHUNK):
                pass


class WorkerProcess:
    """A Python process that runs ``worker_main`` of the module *module*. Credentials of the environment are not
    passed on."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, head: dict[str, Any], body: Data, *, files: tuple[int, ...] = ()) -> None:
        """Start it and hand it *head* (with the size added), *body* and the open *files*. Raises ``OSError``."""
        code = f"import sys; from {self._module} import worker_main; worker_main(sys.stdin.buffer, sys.stdout.buffer)"
        environment = {name: os.environ[name] for name in _PASSED_VARIABLES if name in os.environ}
        environment["PYTHONPATH"] = _PACKAGE_ROOT
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", code),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            pass_fds=files,
            limit=_LINE,
        )
        await self.send(head | {"size": len(body)})
        for start in range(0, len(body), _CHUNK):
            await self._write(body[start : start + _CHUNK])

    async def send(self, value: object) -> None:
        """Write one line of JSON."""
        await self._write(json.dumps(value).encode() + b"\n")

    async def line(self) -> dict[str, Any]:
        """Read one line of JSON. Raises ``EOFError`` when the process has ended."""
        assert self._process is not None and self._process.stdout is not None  # noqa: S101, PT018 - start came first
        line = await self._process.stdout.readline()
        if not line:
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def read(self, size: int) -> bytes:
        """Read *size* bytes. Raises ``EOFError`` when the process ends before."""
        assert self._process is not None and self._process.stdout is not None  # noqa: S101, PT018 - start came first
        try:
            return await self._process.stdout.readexactly(size)
        except asyncio.IncompleteReadError:
            raise EOFError from None

    async def blocks(self) -> AsyncIterator[bytes]:
        """Blocks with their sizes in front, up to the one that ends them."""
        while True:
            size = int.from_bytes(await self.read(8), sys.byteorder)
            if size == (1 << 64) - 1:
                return
            yield await self.read(size)

    def end(self) -> None:
        """End it now, whatever it does; ``wait_for_ended`` waits until it and its pipes are gone."""
        process, self._process = self._process, None
        if process is not None:
            task = asyncio.get_running_loop().create_task(_reap(process))
            _REAPING.add(task)
            task.add_done_callback(_REAPING.discard)

    async def _write(self, data: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None  # noqa: S101, PT018 - start came first
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError from None
