"""Which process wrote an entry, and whether it still runs: an entry without an answer may be under way or cut off."""

from __future__ import annotations

import os
import sys
from functools import cache


def this_process() -> str:
    """The owner's mark of this process: its number, and a word that a later process of the same number has not."""
    return f"{os.getpid()}.{_word(os.getpid())}"


@cache
def _word(_pid: int) -> str:
    return os.urandom(6).hex()


def is_gone(owner: str) -> bool:
    """Whether the process that left the mark has certainly ended; in doubt it has not."""
    number, _, word = owner.partition(".")
    if not number.isdigit():
        return True
    pid = int(number)
    if pid == os.getpid():
        return word != _word(pid)
    if sys.platform == "win32":
        return _is_gone_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's process
        return False
    return False


if sys.platform == "win32":

    def _is_gone_on_windows(pid: int) -> bool:
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return bool(ctypes.windll.kernel32.GetLastError() == 87)  # no such process
        code = ctypes.c_ulong()
        ctypes.windll.kernel32.GetExitCodeProcess(handle, ctypes.byref(code))
        ctypes.windll.kernel32.CloseHandle(handle)
        return code.value != 259  # still active
