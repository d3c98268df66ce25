"""An orderly end when the system asks for one: SIGTERM, and SIGHUP when the terminal is closed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SHUTDOWN: Final = 5.0
"""Seconds that an orderly end may take; the process ends then, whatever it waits for."""


def install_end_handlers(end: Callable[[int], None]) -> None:
    """Have *end* called in the running loop with the exit code when a signal asks the process to end.

    Called in the main thread. Handlers of ``signal`` run before the callbacks of the loop and before the library's
    handler for SIGCONT, which the kernel sends together with SIGHUP.
    """
    if sys.platform == "win32":
        return
    loop = asyncio.get_running_loop()

    def handle(number: int, _frame: object) -> None:
        watchdog = threading.Timer(MAX_SHUTDOWN, os._exit, (128 + number,))
        watchdog.daemon = True
        watchdog.start()
        if number == signal.SIGHUP:
            _detach_terminal()
        loop.call_soon_threadsafe(end, 128 + number)

    for one in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(one, handle)


def _detach_terminal() -> None:
    """Put ``/dev/null`` in its place: a write to a terminal that is gone ends the library's writing thread, and then
    the next writes wait for that thread for ever."""
    if sys.platform != "win32":
        signal.signal(signal.SIGCONT, signal.SIG_IGN)  # the library would start to write to it anew
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        if os.isatty(stream):
            os.dup2(null, stream)
    os.close(null)
