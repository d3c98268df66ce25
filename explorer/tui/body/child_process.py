"""Worker processes for work that may not end or needs much memory; they can be killed at any time."""

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
_MAX_LINE = 1 << 22
"""Maximum bytes of a line of JSON."""


_REAPING: set[asyncio.Task[None]] = set()


async def wait_for_ended() -> None:
    """Wait up to 2 s until all killed processes are gone."""
    if _REAPING:
        await asyncio.wait(set(_REAPING), timeout=2)


async def _reap(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
    if process.stdout is not None:
        with contextlib.suppress(RuntimeError):  # another reader will reach the end of the pipe itself
            while await process.stdout.read(_CHUNK):
                pass


class WorkerProcess:
    """A Python process that runs *function* of *module*, without the credentials in the environment.

    The function gets stdin and stdout as binary files.
    """

    def __init__(self, module: str, function: str = "worker_main") -> None:
        self._module = module
        self._function = function
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, head: dict[str, Any], body: Data, *, files: tuple[int, ...] = ()) -> None:
        """Start the process and send *head* (plus ``size``) and *body*; it inherits the descriptors *files*.

        Raises:
            OSError: the process cannot be started.
            EOFError: it ended early.
        """
        code = (
            f"import sys; from {self._module} import {self._function} as run; run(sys.stdin.buffer, sys.stdout.buffer)"
        )
        environment = {name: os.environ[name] for name in _PASSED_VARIABLES if name in os.environ}
        environment["PYTHONPATH"] = _PACKAGE_ROOT
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", code),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            pass_fds=files,
            limit=_MAX_LINE,
        )
        await self.send(head | {"size": len(body)})
        for start in range(0, len(body), _CHUNK):
            await self._write(body[start : start + _CHUNK])

    async def send(self, value: object) -> None:
        """Send one line of JSON. Raises ``EOFError`` if the process has ended."""
        await self._write(json.dumps(value).encode() + b"\n")

    async def line(self) -> dict[str, Any]:
        """Read one line of JSON. Raises ``EOFError`` if the process has ended."""
        assert self._process is not None and self._process.stdout is not None  # noqa: S101, PT018 - started before
        line = await self._process.stdout.readline()
        if not line:
            raise EOFError
        message: dict[str, Any] = json.loads(line)
        return message

    async def read(self, size: int) -> bytes:
        """Read *size* bytes. Raises ``EOFError`` if the process ends before that."""
        assert self._process is not None and self._process.stdout is not None  # noqa: S101, PT018 - started before
        try:
            return await self._process.stdout.readexactly(size)
        except asyncio.IncompleteReadError:
            raise EOFError from None

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield length-prefixed blocks (8 bytes, native order) until a length of all ones."""
        while True:
            size = int.from_bytes(await self.read(8), sys.byteorder)
            if size == (1 << 64) - 1:
                return
            yield await self.read(size)

    def end(self) -> None:
        """Kill the process; ``wait_for_ended`` waits until it and its pipes are gone."""
        process, self._process = self._process, None
        if process is not None:
            task = asyncio.get_running_loop().create_task(_reap(process))
            _REAPING.add(task)
            task.add_done_callback(_REAPING.discard)

    async def _write(self, data: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None  # noqa: S101, PT018 - started before
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError from None
