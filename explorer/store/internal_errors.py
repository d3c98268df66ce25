"""Reports of internal errors: types and code positions, never a value, since any value could be a secret.

unexpected exception ─► format_error: types, files, lines, functions ─► <data>/defects/defect-N.txt
                                                                     └► one line on the terminal
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final

from explorer import __version__
from explorer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from explorer.store.folders import Folders

MAX_REPORTS: Final = 20
"""Report files kept; the oldest are deleted."""
EXIT_CODE: Final = 70
"""Exit code of both programs: EX_SOFTWARE of BSD's ``sysexits.h``. No vendor or user error has it."""
_DEPTH: Final = 60
"""Maximum frames per exception; the innermost are kept."""


def format_error(error: BaseException) -> str:
    """Return the exception and its causes as types and code positions."""
    head = f"API Explorer {__version__}, Python {platform.python_version()}, {platform.system()}\n"
    return head + "\n".join(_chain(error)) + "\n"


def _chain(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield (
            f"\n{type(current).__module__}.{type(current).__qualname__}"
            if len(seen) == 1
            else (f"\ncaused by {type(current).__module__}.{type(current).__qualname__}")
        )
        yield from _places(current.__traceback__)
        for inner in getattr(current, "exceptions", ()):
            yield f"  contains {type(inner).__module__}.{type(inner).__qualname__}"
            yield from _places(inner.__traceback__)
        wrapped = getattr(current, "error", None)  # a worker's failure has the original error
        cause = current.__cause__ or current.__context__
        current = cause or (wrapped if isinstance(wrapped, BaseException) else None)


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"  {_relative_path(code.co_filename)}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    return places[-_DEPTH:]


def _relative_path(file: str) -> str:
    """Return a path without its personal part: from the package or the library on."""
    parts = Path(file).parts
    for mark in ("site-packages", "lib"):
        if mark in parts:
            return "/".join(parts[parts.index(mark) + 1 :])
    if "explorer" in parts:
        return "/".join(parts[len(parts) - 1 - parts[::-1].index("explorer") :])
    return parts[-1] if parts else file


def write_crash_report(error: BaseException, folders: Folders) -> str:
    """Write the details into the data folder and return the message for the user. Blocks."""
    from explorer.store.files import write_atomic

    text = format_error(error)
    kind = type(error).__name__
    folder = folders.data / "defects"
    try:
        path = _next_path(folder)
        write_atomic(path, text.encode("utf-8", "replace"))
    except (OSError, StoreError):
        return f"Internal error ({kind}). The details could not be written to {folder}:\n{text}"
    return (
        f"Internal error ({kind}). Your history is safe. Please report it with {path}, "
        "which contains types and code positions but no values."
    )


def _next_path(folder: Path) -> Path:
    """Return the next free path in *folder*, after deleting the oldest reports."""
    numbers = sorted(
        int(number) for file in folder.glob("defect-*.txt") if (number := file.stem.removeprefix("defect-")).isdigit()
    )
    for old in numbers[: max(0, len(numbers) - MAX_REPORTS + 1)]:
        (folder / f"defect-{old}.txt").unlink(missing_ok=True)
    return folder / f"defect-{(numbers[-1] if numbers else 0) + 1}.txt"
